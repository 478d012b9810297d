"""Cells of the CSV files that this TOM writes: no spreadsheet takes one for a formula."""

from __future__ import annotations

import math
import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def no_formula(text: str) -> str:
    """Return a cell that no spreadsheet computes: what could be a formula gets an apostrophe in front.

    A number stays as it is. A text that has apostrophes before such a sign gets one more, so that an import
    which takes one off has what was written.
    """
    if not _FORMULA.match(text):
        return text
    try:
        if math.isfinite(float(text)):
            return text  # a number computes nothing
    except ValueError:
        pass
    return f"'{text}"
