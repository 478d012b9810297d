"""The language of filters: what it says, what it refuses and where, and that nothing in it can be run."""

import pytest

from tom_alerts.alert_tables import BatchTable
from tom_alerts.expressions import (
    Condition,
    ExpressionError,
    compiled,
    conditions_of,
    parse,
    written,
)
from tom_dataservices.packets.batch import PointKind
from tom_dataservices.tests.ingest.batches import alert, batch


def table():
    """Three alerts: a rising one of ZTF, one without photometry, a fading negative one."""
    objects = [
        alert("ZTF26aaaaaaa", mjd=60003.0, extras={"drb": 0.95, "fink_class": "SN candidate", "ndethist": 7}),
        alert("ZTF26bbbbbbb", ra_deg=float("nan"), dec_deg=float("nan")),
        alert("ZTF26ccccccc", mjd=60002.0, extras={"drb": 0.2, "ssnamenr": "2004 JQ12", "ss_match": True}),
    ]
    rows = [
        {"mjd": 59999.0, "kind": PointKind.LIMIT, "limit": 20.5},
        {"mjd": 60000.0, "brightness": 19.0, "brightness_error": 0.1},
        {"mjd": 60002.9, "brightness": 18.6, "brightness_error": 0.1},
        {"mjd": 60003.0, "brightness": 18.4, "brightness_error": 0.05},
        {"mjd": 60003.0, "brightness": 18.9, "brightness_error": 0.05, "band": 1, "object_index": 2},
        {"mjd": 60002.0, "brightness": 18.0, "brightness_error": 0.05, "object_index": 2},
    ]
    rows[4] = {**rows[4], "mjd": 60001.0, "is_negative": True}
    return BatchTable(batch(objects, rows))


PASSING = [
    ("mag < 19", [0, 2]),
    ("not (mag < 19)", []),  # missing is neither
    ("mag is missing", [1]),
    ("mag is not missing and real_bogus >= 0.5", [0]),
    ("candidate.magpsf <= 18.4 and candidate.drb > 0.9", [0]),
    ("diaSource.reliability > 0.1 or candidate.fid = 1", [0, 2]),
    ("class contains 'sn'", [0]),
    ("class = 'SN candidate'", [0]),
    ("fink.class in ('SN candidate', 'Kilonova')", [0]),
    ("extras.ndethist between 5 and 9", [0]),
    ("band in ['g'] and mag between 18.2 and 18.5", [0]),
    ("derived.rate_mag_per_d < -0.15", [0]),
    ("rate_mag_per_d is missing", [1, 2]),
    ("age_days(mjd_first) >= 3", [0]),
    ("duration_d = 3", [0]),
    ("is_solar_system", [2]),
    ("not is_solar_system and object contains 'aaa'", [0]),
    ("last_limit_mag - mag_peak > 2", [0]),
    ("last_limit_age_d between 0.99 and 1.01", [0]),
    ("distance_deg(150.1, 3.2) < 1.001", [0, 2]),
    ("gal_lat > 40", [0, 2]),
    ("n_detections = 7", [0]),
    ("n_limits > 0", [0]),
    ("snr > 20 and snr < 22", [0, 2]),
    ("flux_njy > 0 and abs(mag(flux_njy) - mag) < 1e-9", [0, 2]),
    ("max(mag, mag_err) = mag", [0, 2]),
    ("known(extras.nothing, extras.drb, 0.5) < 0.6", [1, 2]),
    ("1 / (mag - mag) > 0", []),  # no number, and no error
    ("extras.drb > 'a'", []),  # a text where a number is: neither
    ("mag < 19 or extras.nothing > 1", [0, 2]),
    ("len(object) = 12 and -mag < -18.2", [0]),
    ("mag + 1 * 2 - 3 / 3 = 19.4", [0]),
    ("simulated = false and survey = 'ZTF'", [0, 1, 2]),
]


@pytest.mark.parametrize(("text", "rows"), PASSING, ids=[text for text, _ in PASSING])
def test_an_expression_lets_through_what_it_says(text, rows):
    assert compiled(text).passing(table()) == rows


REFUSED = [
    ("", 1, "empty"),
    ("mag <", 6, "found the end; expected a field, a number or a text"),
    ("mag < 19 and", 13, "found the end"),
    ("magn < 19", 1, "no field “magn”; did you mean mag?"),
    ("mag < 'g'", 7, "this is a text; expected a number to compare it with"),
    ("band and mag < 1", 1, "this is a text; expected a condition"),
    ("mag", 1, "this is a number; expected a condition"),
    ("(mag < 19", 10, "expected “)” to close the one at character 1"),
    ("mag < 19 mag", 10, "expected and, or, or the end"),
    ("mag between 18 or 19", 16, "expected “and” between the two limits"),
    ("band in 'g'", 9, "expected a list such as"),
    ("band in (mag)", 10, "plain numbers and texts"),
    ("abs(1, 2) < mag", 1, "abs takes 1 argument, found 2"),
    ("__import__('os') < mag", 1, "there is no function “__import__”"),
    ("mag.__class__ = 1", 1, "there is no field “mag.__class__”"),
    ("mag < 19; mag", 9, "“;” means nothing here"),
    ("band = 'g", 8, "no closing quotation mark"),
    ("1 < 2", 1, "names no field"),
    ("mag < 1e999", 7, "too large"),
    ("is_negative < true", 13, "compares numbers or texts"),
    ("(" * 41 + "mag" + ")" * 41 + " < 1", 42, "levels of brackets"),
    ("not " * 60 + "is_negative", 165, "levels of brackets"),
    (" and ".join(["mag < 1"] * 200), 1, "parts"),
    ("mag < 1 or " * 400, 4001, "at most 4,000 are read"),
]


@pytest.mark.parametrize(("text", "place", "words"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_read_is_told_with_its_place(text, place, words):
    with pytest.raises(ExpressionError) as told:
        compiled(text)
    assert words in str(told.value)
    if words != "parts":
        assert told.value.place == place


ROWS = [
    Condition("mag", "<", "19.5"),
    Condition("band", "in", "g, r"),
    Condition("rate_mag_per_d", "between", "-1, -0.1"),
    Condition("class", "contains", "it's"),
    Condition("is_solar_system", "=", "false"),
    Condition("extras.drb", "missing"),
    Condition("snr", "present"),
]


def test_rows_of_the_form_become_an_expression_and_rows_again():
    text = written(ROWS)
    assert text.startswith("mag < 19.5 and band in ('g', 'r') and rate_mag_per_d between -1 and -0.1")
    assert conditions_of(parse(text)) == ROWS


@pytest.mark.parametrize("text", ["mag < 19 or mag > 20", "not (mag < 19)", "mag + 1 < 20", "abs(mag) < 20"])
def test_what_says_more_than_rows_can_is_not_shown_as_rows(text):
    assert conditions_of(parse(text)) is None


def test_a_value_that_does_not_fit_its_field_is_told():
    with pytest.raises(ExpressionError, match="expected a number, found “bright”"):
        written([Condition("mag", "<", "bright")])
