"""What a search box understands as a position."""

import pytest

from tom_common.astro.typed_position import is_meant_as_position, read_position

RA, DEC = 188.7366667, -12.5827778


@pytest.mark.parametrize(
    "text",
    [
        "188.7366667 -12.5827778",
        "188.7366667,-12.5827778",
        "188.7366667; -12.5827778",
        "188.7366667 / -12.5827778",
        "12:34:56.8 -12:34:58",
        "12:34:56.8|-12:34:58",
        "12 34 56.8 -12 34 58",
        "12h34m56.8s -12d34m58s",
        "12h 34m 56.8s, −12° 34′ 58″",
        "RA=12:34:56.8 Dec=-12:34:58",
        "RA: 188.7366667, Dec: -12.5827778 (J2000)",
        "J123456.8-123458.0",
        "SDSS J123456.8-123458",
        "WISEJ123456.80-123458.0",
        "12:34:56.8\t-12:34:58",
    ],
)
@pytest.mark.parametrize(
    ("behind", "radius_arcsec"),
    [
        ("", None),
        (" 30 arcsec", 30.0),
        (", r=0.5 deg", 1800.0),
        (", 2'", 120.0),
        (" 10'", 600.0),
        (' 5"', 5.0),
        (" 0.5°", 1800.0),
        (" radius 3 arcmin", 180.0),
    ],
)
def test_a_position_is_understood_with_any_separator_and_radius(text, behind, radius_arcsec):
    found = read_position(text + behind)
    assert found is not None
    assert (found.ra_deg, found.dec_deg) == pytest.approx((RA, DEC), abs=1e-6)
    assert found.radius_arcsec == (None if radius_arcsec is None else pytest.approx(radius_arcsec))


def test_a_bare_number_behind_a_comma_is_a_radius_in_arcsec():
    assert read_position("10.5, 20.25, 5") == (10.5, 20.25, 5.0, False)


def test_a_short_name_gives_its_minutes():
    found = read_position("PSR J0537-6910")
    assert found.is_iau_name
    assert (found.ra_deg, found.dec_deg) == pytest.approx(((5 + 37 / 60) * 15, -(69 + 10 / 60)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SN 2024abc",
        "ZTF21aaaxyz",
        "M 31",
        "NGC 4258",
        "2MASS J99999999+9999999",
        "J126456-123456",
        "J123456-913456",
        "PSR B0531+21",
        "10.5, 95",
        "nan nan",
        "x" * 300,
    ],
)
def test_a_name_is_no_position(text):
    assert read_position(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "10:00:24 +02:12:00",
        "12:99:00 -95",
        "12:99:00 -95, 5 arcsec",
        "12:99:00 -95 r=0.1 deg",
        "12:30:00 +95:00:00",
        "ra=150.1 dec=-95.2",
        "400.5 12.5",
        "25h 10m 3.4s, -12d 20m 3s",
        "10.5, −20.5, 3",
    ],
)
def test_numbers_written_like_a_position_are_meant_as_one(text):
    assert is_meant_as_position(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "433",
        "2003 76",
        "0014+813",
        "1E 1048.1-5937",
        "4FGL J1234.5-0515",
        "BD+30 3639",
        "CD-38 245",
        "C/2012 S1",
        "SN 2023ixf",
        "73P-C",
        "4111834567779557376",
        "2024-01-05",
    ],
)
def test_names_are_not_meant_as_positions(text):
    assert not is_meant_as_position(text)
