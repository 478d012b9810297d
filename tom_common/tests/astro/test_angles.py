import pytest

from tom_common.astro.angles import dec_to_dms, parse_dec_deg, parse_position, parse_ra_deg, ra_to_hms


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
