import datetime
import time
from collections import Counter, defaultdict

import numpy as np
import pytest

from tom_alerts.simulation import simulate_survey
from tom_alerts.simulation.population import CLASS_MIX, class_counts, object_name
from tom_alerts.simulation.survey import SIMULATED_BROKER

from .conftest import NIGHT


def test_same_night_and_seed_give_the_same_bytes():
    first = dict(simulate_survey(NIGHT, seed=3, objects=30).packets())
    second = dict(simulate_survey(NIGHT, seed=3, objects=30).packets())
    assert first == second
    assert list(first) == list(second)


def test_another_seed_or_night_shares_no_name():
    names = [
        {found.name for found in simulate_survey(night, seed=seed, objects=20).objects}
        for night, seed in ((NIGHT, 3), (NIGHT, 4), (NIGHT + datetime.timedelta(days=1), 3))
    ]
    assert not names[0] & names[1]
    assert not names[0] & names[2]


def test_survey_has_the_size_of_a_demo(survey, files):
    assert 290 <= len(survey.objects) <= 300
    assert 1000 <= survey.alert_count <= 2000
    assert len(files) == survey.alert_count
    assert sum(map(len, files.values())) < 50e6


def test_simulation_is_quick():
    started = time.perf_counter()
    assert sum(1 for _ in simulate_survey(NIGHT, seed=8, objects=100).packets()) > 300
    assert time.perf_counter() - started < 15  # some 2 s on two idle cores


def test_class_mix_is_complete(survey):
    found = Counter(fact.class_name for fact in survey.objects)
    assert set(CLASS_MIX) | {"Solar System object"} <= set(found)
    assert 60 <= found["SN Ia"] <= 85
    assert found["Kilonova"] == 1
    assert found["Solar System object"] >= 5


@pytest.mark.parametrize("objects", [1, 5, 24, 300, 1234])
def test_class_counts_sum_up(objects):
    counts = class_counts(objects)
    assert sum(counts.values()) == objects
    assert min(counts.values()) >= (1 if objects >= 24 else 0)


def test_magnitudes_are_spread(survey):
    brightest = np.array([fact.brightest_mag for fact in survey.objects])
    assert brightest.min() > 12.0
    assert np.count_nonzero(brightest < 15.5) > 10
    assert np.count_nonzero(brightest > 18.5) > 50
    assert brightest.max() < 21.0


def test_last_night_brings_new_and_rising_objects(survey):
    new = [fact for fact in survey.objects if fact.is_new_tonight]
    assert len(new) >= 10
    assert {"SN Ia", "CV"} <= {fact.class_name for fact in new}
    assert np.mean([fact.last_detection_mjd > survey.first_mjd_of_night for fact in survey.objects]) > 0.6
    rising = 0
    for history in survey.histories:
        recent = history.detections[
            history.exposures.mjd_utc[history.detections] > survey.first_mjd_of_night - 12
        ]
        red = recent[history.exposures.band[recent] == 1]
        if history.source.class_name.startswith("SN") and len(red) > 1 and np.ptp(history.mag[red]) > 0.3:
            rising += history.mag[red[-1]] < history.mag[red[0]]
    assert rising >= 5


def test_known_places_that_are_up_hold_an_object(survey):
    places = {fact.place: fact for fact in survey.objects if fact.place}
    m31 = places["M31"]
    assert m31.class_name == "Nova"
    apart = np.hypot((m31.ra_deg - 10.6847) * np.cos(np.radians(41.27)), m31.dec_deg - 41.2690)
    assert 60 / 3600 < apart < 300 / 3600
    assert {"ER UMa field", "Perseus cluster"} <= set(places)


def test_variables_fade_below_their_reference_too(survey):
    negative = defaultdict(int)
    for history in survey.histories:
        negative[history.source.class_name] += int(np.sum(history.flux_njy[history.detections] < 0))
    assert negative["Eclipsing binary"] > 20
    assert negative["RR Lyrae"] > 20
    assert negative["SN Ia"] == 0


def test_weather_leaves_gaps_and_the_last_night_is_clear(survey):
    nights = np.unique(np.concatenate([np.floor(history.exposures.mjd_utc) for history in survey.histories]))
    assert nights[-1] == survey.first_mjd_of_night
    assert 25 <= len(nights) <= 58
    assert np.diff(nights).max() >= 2


def test_simulated_broker_is_mostly_right(survey):
    said = survey.classifications
    assert set(said) == {fact.name for fact in survey.objects}
    right = np.mean([said[fact.name].class_name == fact.class_name for fact in survey.objects])
    assert 0.83 < right < 0.97
    assert all(0.3 <= word.probability <= 1 and word.broker == SIMULATED_BROKER for word in said.values())
    wrong = [
        said[fact.name].probability
        for fact in survey.objects
        if said[fact.name].class_name != fact.class_name
    ]
    assert max(wrong) < 0.63


def test_names_are_ours_and_ordered():
    assert object_name(datetime.date(2026, 1, 1), 0, 0) == "SIM26abaaaaa"
    assert object_name(datetime.date(2026, 12, 31), 675, 17575) == "SIM26obzzzzz"
    with pytest.raises(ValueError, match="17576"):
        object_name(NIGHT, 0, 17576)


@pytest.mark.parametrize(
    ("night", "options", "reason"),
    [
        (datetime.date(2015, 1, 1), {}, "2015-01-01"),
        (datetime.date(2100, 1, 1), {}, "2100-01-01"),
        (NIGHT, {"objects": 0}, "0 objects"),
        (NIGHT, {"objects": 20_000}, "20000 objects"),
        (NIGHT, {"seed": -1}, "-1"),
    ],
)
def test_what_cannot_be_simulated_is_refused(night, options, reason):
    with pytest.raises(ValueError, match=reason):
        simulate_survey(night, **options)


@pytest.mark.parametrize("month", [2, 5, 8])
def test_every_season_gives_a_full_survey(month):
    survey = simulate_survey(datetime.date(2027, month, 14), objects=120)
    assert len(survey.objects) >= 112
    assert {fact.place for fact in survey.objects} - {""}


def test_one_object_is_enough():
    survey = simulate_survey(NIGHT, objects=1)
    assert len(survey.objects) == 1
    assert survey.alert_count == survey.objects[0].alerts == len(list(survey.packets()))
