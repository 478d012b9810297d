import pytest

from tom_targets.derived import simplify_name, simplify_names
from tom_targets.designations import hold_transients
from tom_targets.name_clashes import owner_key, owner_keys

NAMES = ["SN 2024abc", "M 31", "", "NGC-(1)_2", "ΟΔΟΣ", "Σ 1", "İstanbul", "two\nlines", "AT2019qiz", "  "]


@pytest.mark.parametrize("names", [NAMES, ["M 31"], [], [""], [name for name in NAMES if "\n" not in name]])
def test_many_names_are_simplified_like_each_of_them(names):
    assert simplify_names(names) == [simplify_name(name) for name in names]
    assert owner_keys(names) == [owner_key(name) for name in names]


def test_a_transient_among_many_names_is_seen():
    assert hold_transients(["m31", "tde2024abc"])
    assert not hold_transients(["m31", "2024", "sn2024abcx1"])
