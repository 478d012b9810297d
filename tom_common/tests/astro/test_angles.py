import pytest

from tom_common.astro.angles import (
    dec_to_dms,
    parse_dec_deg,
    parse_iau_name,
    parse_position,
    parse_ra_deg,
    ra_to_hms,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("188.737", 188.737),
        ("12:34:56.7", 188.73625),  # (12 + 34/60 + 56.7/3600) * 15
        ("12 34 56.7", 188.73625),
        ("12h34m56.7s", 188.73625),
        ("12h", 180.0),
        ("12:30", 187.5),
        ("360", 0.0),
    ],
)
def test_a_right_ascension_is_read(text, expected):
    assert parse_ra_deg(text) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "text", ["", "abc", "-1", "361", "24:00:00", "12:60:00", "12.5:30", "nan", "inf", "1:2:3:4"]
)
def test_what_is_no_right_ascension_is_refused(text):
    with pytest.raises(ValueError, match=r"right ascension|below 60|decimals"):
        parse_ra_deg(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("-05:15:00", -5.25), ("−5d15m", -5.25), ("-0:30:00", -0.5), ("+89.5", 89.5), ("-90", -90.0)],
)
def test_a_declination_is_read_with_the_sign_of_minus_zero(text, expected):
    assert parse_dec_deg(text) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("text", ["90.0001", "-91", "x", "12:34:60"])
def test_what_is_no_declination_is_refused(text):
    with pytest.raises(ValueError, match=r"declination|below 60"):
        parse_dec_deg(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("188.737 -5.25", (188.737, -5.25, None)),
        ("188.737-5.25", (188.737, -5.25, None)),
        ("150.1 2.2", (150.1, 2.2, None)),
        ("12:34:56.7 -05:15:00", (188.73625, -5.25, None)),
        ("12 34 56.7 +05 15 00", (188.73625, 5.25, None)),
        ("12h34m56.7s 5d15m", (188.73625, 5.25, None)),
        ("188.737,-5.25,10", (188.737, -5.25, 10.0)),
        ("188.737, +5.25, 2 arcmin", (188.737, 5.25, 120.0)),
        ("150.1,2.2,0.5deg", (150.1, 2.2, 1800.0)),
    ],
)
def test_a_pasted_position_is_read(text, expected):
    assert parse_position(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text", ["ZTF18abudxnw", "SN 2018cow", "2004 12", "1 2 3", "12:34", "180,91", "1" * 5000]
)
def test_a_name_is_no_position(text):
    assert parse_position(text) is None


@pytest.mark.parametrize(
    ("ra_deg", "expected"),
    [
        (188.73625, "12:34:56.700"),
        (359.99999999999, "00:00:00.000"),
        (0.0, "00:00:00.000"),
        (-15.0, "23:00:00.000"),
    ],
)
def test_hours_are_written_without_sixty_seconds(ra_deg, expected):
    assert ra_to_hms(ra_deg) == expected


@pytest.mark.parametrize(
    ("dec_deg", "expected"),
    [
        (-5.25, "-05:15:00.00"),
        (-0.0001, "-00:00:00.36"),
        (-1e-9, "+00:00:00.00"),
        (89.999999999, "+90:00:00.00"),
    ],
)
def test_degrees_are_written_with_their_sign(dec_deg, expected):
    assert dec_to_dms(dec_deg) == expected


@pytest.mark.parametrize(
    "text",
    [
        "12h34m56.7s,-5°15'0\"",
        "12ʰ34ᵐ56ˢ.7 −05°15′00″",
        "RA=12:34:56.7 Dec=-05:15:00",
        "R.A. 12 34 56.7, Decl. -05 15 00 (J2000)",
        "α = 12 34 56.7 δ = –05 15 00",
        "12hr34min56.7sec -5deg15min",
        "12:34:56.7\t-05:15:00",
        "188.73625 deg, -5.25 deg",
        "188.73625° -5.25°",
        "188.73625d -5.25d",
        "(188.73625; -5.25)",
        "188d44m10.5s -5d15m",
        "ICRS 188.73625 -5.25",
    ],
)
def test_one_position_is_read_in_every_way_of_writing_it(text):
    ra_deg, dec_deg, radius = parse_position(text)
    assert (ra_deg, dec_deg, radius) == (pytest.approx(188.73625, abs=1e-9), pytest.approx(-5.25), None)


def test_a_declination_in_hours_is_refused():
    with pytest.raises(ValueError, match="in degrees, -5h15m is in hours"):
        parse_dec_deg("-5h15m")


@pytest.mark.parametrize(
    ("name", "ra_deg", "dec_deg", "resolution_arcsec"),
    [
        # 12:34:56.78 -05:15:30.4
        ("SDSS J123456.78-051530.4", 188.736583, -5.258444, 0.15),
        ("2MASS J05352184-0546085", 83.841, -5.769028, 0.15),  # no decimal points: 05:35:21.84 -05:46:08.5
        ("MAXI J1820+070", 275.0, 7.0, 893),  # +07.0
        ("4FGL J1234.5-0515", 188.625, -5.25, 90),
        ("PSR J0205+6449A", 31.25, 64.816667, 383),
        ("WDJ1653−1001", 253.25, -10.016667, 886),
        # SIMBAD: PSR B1937+21 is at 19:39:38.6 +21:34:59; the name says 19:37 +21 in B1950
        ("PSR B1937+21", 294.793, 21.1155, 3600),
    ],
)
def test_the_position_in_a_designation_is_read(name, ra_deg, dec_deg, resolution_arcsec):
    found = parse_iau_name(name)
    assert found.ra_deg == pytest.approx(ra_deg, abs=1e-3 if " B" in name else 1e-6)
    assert found.dec_deg == pytest.approx(dec_deg, abs=1e-3 if " B" in name else 1e-6)
    assert found.resolution_arcsec == pytest.approx(resolution_arcsec, rel=0.01)


@pytest.mark.parametrize(
    "name",
    ["AT2024abc", "SN 2024abc", "ZTF26abcdef", "J2560+10", "J1260+1000", "M31", "B3", "J12345.6-10", ""],
)
def test_a_name_without_a_position_has_none(name):
    assert parse_iau_name(name) is None
