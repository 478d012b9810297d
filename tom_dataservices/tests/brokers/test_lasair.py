"""Lasair: SQL of the form, cones of both shapes, tokens and limits, recorded packets."""

import pytest

from tests.standins.lasair import LSST_ID, ZTF_ID
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.clients.lasair import LasairLsst
from tom_dataservices.exceptions import NotConfiguredError, QueryServiceError
from tom_dataservices.models import ObjectClassification
from tom_dataservices.providers import Access, DataServiceProvider

from .conftest import form_of


@pytest.mark.parametrize(
    ("service", "values", "conditions", "tables"),
    [
        ("Lasair", {"detections_min": "5"}, "(objects.nDiaSources >= 5)", "objects"),
        (
            "Lasair",
            {"class_name": "SN", "host_separation_max": "3"},
            "(sherlock_classifications.classification = 'SN') AND "
            "(sherlock_classifications.separationArcsec <= 3.0)",
            "objects, sherlock_classifications",
        ),
        ("Lasair", {"since": "61000"}, "(objects.lastDiaSourceMjdTai >= 61000.000428)", "objects"),
        ("Lasair", {"rise_rate_min": "0.1"}, "(objects.BBBRiseRate >= 0.1)", "objects"),
        (
            "Lasair",
            {"only_tns": "on", "reliability_min": "0.9"},
            "(objects.latestR >= 0.9)",
            "objects, crossmatch_tns",
        ),
        ("Lasair", {"watchlist": "7", "area": "3"}, "", "objects, watchlists:7, areas:3"),
        ("Lasair", {"annotator": "our_annotator"}, "", "objects, annotators:our_annotator"),
        (
            "Lasair",
            {"conditions": "objects.ebv < 0.1;", "tables": "sherlock_classifications"},
            "(objects.ebv < 0.1)",
            "objects, sherlock_classifications",
        ),
        (
            "Lasair",
            {"class_name": "it's"},
            "(sherlock_classifications.classification = 'it''s')",
            "objects, sherlock_classifications",
        ),
        (
            "Lasair ZTF",
            {"rate_min": "0.1", "until": "59000"},
            "(objects.jdmax <= 2459000.500000) AND (objects.dmdt_g >= 0.1)",
            "objects",
        ),
    ],
)
def test_the_form_becomes_sql(ask, stand_ins, service, values, conditions, tables):
    ask(service, **values)
    (asked, *_) = stand_ins.lasair.queries
    assert asked["conditions"].partition(" ORDER BY ")[0] == conditions
    assert asked["tables"] == tables


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "Ask for something"),
        ({"conditions": "SELECT * FROM objects"}, "without SELECT"),
        ({"conditions": "x > 1", "tables": "objects; drop table objects"}, "is no name of a table"),
        ({"position": "10 10", "radius": "1001"}, "at most 1000 arcsec"),
    ],
)
def test_the_form_refuses_what_lasair_does_not_take(db, values, words):
    form = form_of("Lasair", **values)
    assert not form.is_valid()
    assert words in str(form.errors)


def test_pages_end_with_a_short_one(ask, stand_ins):
    assert len(ask("Lasair", detections_min="1", max_results="100")) == 5
    assert [asked["offset"] for asked in stand_ins.lasair.queries] == ["0", "2", "4"]


def test_names_of_targets_stand_for_their_numbers(ask, stand_ins):
    found = ask("Lasair", objects=f"LSST-P-DO-{LSST_ID} LSST-AP-DO-{LSST_ID + 1} {LSST_ID}")
    assert [one["id"] for one in found] == [str(LSST_ID), str(LSST_ID + 1)]
    assert f"IN ({LSST_ID}, {LSST_ID + 1})" in stand_ins.lasair.queries[0]["conditions"]


def test_a_row_shows_the_flux_measured_last(ask):
    found = ask("Lasair", objects=str(LSST_ID))[0]
    assert (found["band"], found["flux_njy"], found["detections"]) == ("i", 24162.1953125, 8)
    assert found["mag"] == pytest.approx(31.4 - 2.5 * 4.38313, abs=1e-3)
    assert found["id"] == str(LSST_ID)


@pytest.mark.parametrize(
    ("service", "ids"), [("Lasair", [str(LSST_ID), str(LSST_ID + 1)]), ("Lasair ZTF", [ZTF_ID])]
)
def test_a_cone_takes_two_calls_in_either_shape_and_is_sorted(ask, stand_ins, service, ids):
    found = ask(service, position="9.057 -44.118", radius="10")
    assert [one["id"] for one in found] == ids
    assert found[0]["separation_arcsec"] in (0.3, 0.5)
    assert len(stand_ins.lasair.requests) == 2


def test_a_recorded_packet_becomes_points_and_classes(ask, users):
    found = ask("Lasair", objects=str(LSST_ID))[0]
    asked = DataServiceProvider("Lasair")
    target = asked.make_target(found, Access(users["owner"])).target
    assert asked.bring_data(target, found) == 9  # the withdrawn one is left out
    rows = PhotometryReducedDatum.objects.filter(target=target)
    assert rows.get(brightness__lt=0).brightness == -120.5
    assert rows.filter(value__diaSourceId="313673107864813598").count() == 1
    said = ObjectClassification.objects.filter(target=target).values_list("classifier", "class_name")
    assert set(said) == {("Sherlock", "ORPHAN"), ("TNS", "SN II"), ("our_annotator", "SN")}
    assert "SN 2025abc" in [alias.name for alias in target.aliases.all()]


def test_a_lite_packet_is_read_too(stand_ins):
    lite = {
        "diaObjectId": LSST_ID,
        "diaSourcesList": [{"psfFlux": 1.0, "midpointMjdTai": 61000.0, "band": "g"}],
    }
    assert len(LasairLsst().packet(lite).points) == 1


def test_the_ztf_archive_tells_limits_by_their_missing_number(ask, users):
    (found,) = ask("Lasair ZTF", objects=ZTF_ID)
    assert (found["band"], found["mag"]) == ("g", 16.82)
    asked = DataServiceProvider("Lasair ZTF")
    target = asked.make_target(found, Access(users["owner"])).target
    asked.bring_data(target, found)
    rows = PhotometryReducedDatum.objects.filter(target=target)
    assert rows.filter(brightness__isnull=False).count() == 1
    assert rows.filter(limit__isnull=False).count() == 1
    assert target.aliases.filter(name="SN 2023bip").exists()


def test_a_wrong_token_and_a_spent_limit_are_told_without_the_token(ask, stand_ins, settings):
    stand_ins.lasair.calls_left = 0
    stand_ins.lasair.faults = {("GET", "/lsst/"): (429, {"message": "limit"}, {"Retry-After": "3000"})}
    with pytest.raises(QueryServiceError, match="takes no more calls of this account for now"):
        ask("Lasair", detections_min="5")
    stand_ins.lasair.faults = {}
    settings.DATA_SERVICES["Lasair"]["api_key"] = "another secret"
    with pytest.raises(NotConfiguredError, match="does not accept the token") as caught:
        ask("Lasair", detections_min="5")
    assert "secret" not in str(caught.value)
    del settings.DATA_SERVICES["Lasair"]["api_key"]
    with pytest.raises(NotConfiguredError, match="set api_key in DATA_SERVICES"):
        ask("Lasair", detections_min="5")


@pytest.mark.parametrize(
    ("conditions", "words"), [("broken", "an error in your SQL syntax"), ("older code", "not allowed")]
)
def test_refused_sql_is_told_in_lasairs_words(ask, conditions, words):
    with pytest.raises(QueryServiceError, match=words):
        ask("Lasair", conditions=conditions)


def test_what_is_too_long_is_refused_before_it_is_sent(ask, stand_ins):
    with pytest.raises(QueryServiceError, match="at most 4,096 characters"):
        ask("Lasair", objects=" ".join(str(LSST_ID + one) for one in range(90)), conditions="x" * 2900)
    assert stand_ins.lasair.requests == []
