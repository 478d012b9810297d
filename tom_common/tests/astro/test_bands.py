import re

import pytest

from tom_common.astro.bands import BANDS, LIMIT_MARKER, band_style, canonical_band, sorted_bands


@pytest.mark.parametrize(
    ("spelling", "plain"),
    [
        ("Y", "y"),
        ("ztfr", "r"),
        ("sdss::g", "g"),
        ("r'", "r"),
        ("lsst_i", "i"),
        ("ip", "i"),
        ("gaia::G", "G"),
        ("orange", "o"),
        (" z ", "z"),
        ("F606W", "F606W"),
        ("", ""),
    ],
)
def test_bands_are_known_by_many_spellings(spelling, plain):
    assert canonical_band(spelling) == plain


def test_no_two_known_bands_look_alike():
    looks = {(band.colour, band.marker) for band in BANDS.values()}
    assert len(looks) == len(BANDS)
    assert len({band.marker for band in BANDS.values()}) == len(BANDS)
    assert LIMIT_MARKER not in {band.marker for band in BANDS.values()}


def test_every_colour_is_written_as_six_digits():
    styles = [*BANDS.values(), band_style("F606W"), band_style("clear")]
    assert all(
        re.fullmatch("#[0-9a-f]{6}", colour) for one in styles for colour in (one.colour, one.dark_colour)
    )


def test_an_unknown_band_always_looks_the_same():
    assert band_style("F606W") == band_style(" F606W ")
    assert band_style("F606W").name == "F606W"


def test_bands_stand_from_blue_to_red_and_unknown_ones_last():
    assert sorted_bands(["F606W", "y", "g", "W1", "r", "u"]) == ["u", "g", "r", "y", "W1", "F606W"]
