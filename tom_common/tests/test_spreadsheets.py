"""Cells that a spreadsheet would compute get an apostrophe; others stay."""

import pytest

from tom_common.spreadsheets import no_formula


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "'=1", "-inf"]
)
def test_what_could_be_a_formula_gets_an_apostrophe(text):
    assert no_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "SN 2026abc", "-12.5", "+1e3", "a=b", "'quoted'", "[OIII]"])
def test_anything_else_stays(text):
    assert no_formula(text) == text
