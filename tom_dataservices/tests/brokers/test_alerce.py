"""ALeRCE: pages, ranges by position, cones at 0, classifiers, recorded light curves."""

import pytest

from tests.standins.alerce import LSST_OID, OID
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.clients.alerce import AlerceZtf, version_key
from tom_dataservices.models import ObjectClassification
from tom_dataservices.providers import Access, DataServiceProvider
from tom_dataservices.registry import get_data_service_class
from tom_dataservices.service_choices import keep_choices

from .conftest import form_of


def sent(stand_ins, path="/ztf/v1/objects/"):
    return [query for asked, query in stand_ins.alerce.asked if asked == path]


def test_pages_are_asked_as_they_are_needed(ask, stand_ins):
    assert len(ask("ALeRCE", max_results="45")) == 45
    assert [query["page"] for query in sent(stand_ins)] == [["1"], ["2"], ["3"]]
    stand_ins.alerce.asked.clear()
    assert len(ask("ALeRCE", max_results="5")) == 5
    assert [query["page_size"] for query in sent(stand_ins)] == [["20"]]


@pytest.mark.parametrize(
    ("values", "arguments"),
    [
        ({"detections_min": "8", "detections_max": "9"}, {"ndet": ["8", "9"]}),
        ({"detections_max": "9"}, {"ndet": ["0", "9"]}),
        ({"detections_min": "8"}, {"ndet": ["8"]}),
        ({"until": "58905"}, {"lastmjd": ["0", "58905.0"]}),
        ({"since": "58901", "until": "58905"}, {"lastmjd": ["58901.0", "58905.0"]}),
        ({"first_until": "58900"}, {"firstmjd": ["0", "58900.0"]}),
        (
            {"position": "0 0", "radius": "30"},
            {"ra": ["0.000000001"], "dec": ["0.000000001"], "radius": ["30.0"]},
        ),
        (
            {
                "classifier": "LC_classifier_ATAT_forced_phot(beta)|1.0",
                "class_name": "QSO",
                "probability_min": "0.5",
            },
            {
                "classifier": ["LC_classifier_ATAT_forced_phot(beta)"],
                "classifier_version": ["1.0"],
                "class": ["QSO"],
                "probability": ["0.5"],
            },
        ),
        ({"class_name": "SNIa", "ranking": "2"}, {"ranking": ["2"]}),
        ({"sort": "deltajd", "descending": "on"}, {"order_by": ["deltajd"], "order_mode": ["DESC"]}),
        ({"objects": "ZTF20*"}, {"oid": ["ZTF20*"]}),
        ({"objects": f"{OID} ZTF26aaaaaba"}, {"oid": [OID, "ZTF26aaaaaba"]}),
    ],
)
def test_each_field_is_sent_as_the_server_reads_it(ask, stand_ins, values, arguments):
    ask("ALeRCE", **values)
    assert arguments.items() <= sent(stand_ins)[0].items()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"classifier": "lc_classifier", "class_name": "bogus"},
            "lc_classifier has no such class; it has: SNIa",
        ),
        ({"probability_min": "0.5"}, "is that of a class"),
        ({"objects": "ZTF20* ZTF21abcdefg"}, "has to stand alone"),
        ({"first_since": "61000", "first_until": "60000"}, "ends before it begins"),
    ],
)
def test_the_form_says_what_does_not_fit(db, values, words):
    form = form_of("ALeRCE", **values)
    assert not form.is_valid()
    assert words in str(form.errors)


def test_classifiers_are_read_with_their_newest_version_first(db, stand_ins):
    keep_choices("ALeRCE", get_data_service_class("ALeRCE")().lists())
    form = form_of("ALeRCE")
    keys = [key for key, _ in form.fields["classifier"].choices]
    assert keys[2:] == ["stamp_classifier|stamp_1.0.10", "stamp_classifier|stamp_1.0.9"]
    assert version_key("1.10") > version_key("1.9")
    assert form_of("ALeRCE", classifier=keys[2], class_name="bogus").is_valid()


def test_a_recorded_light_curve_becomes_points_with_exact_numbers(ask, users):
    (found,) = ask("ALeRCE", objects=OID)
    asked = DataServiceProvider("ALeRCE")
    target = asked.make_target(found, Access(users["owner"])).target
    count = asked.bring_data(target, found)
    rows = PhotometryReducedDatum.objects.filter(target=target)
    assert rows.filter(limit__isnull=False).count() == 17
    assert rows.filter(reduction_version="").exclude(brightness=None).count() == 58
    assert rows.filter(value__candid="1101542291015015004").count() == 1
    forced = rows.filter(reduction_version="forced")
    assert forced.count() == count - 75 == 15
    assert [row.value.get("negative") for row in forced.order_by("timestamp")].count(True) > 0
    said = ObjectClassification.objects.filter(target=target)
    assert set(said.values_list("class_name", flat=True)) == {
        "SNIa",
        "SNIbc",
        "SN",
    }  # the ninth place is left out
    assert asked.bring_data(target, found) == count
    assert said.count() == 3


def test_detections_come_although_forced_photometry_fails(stand_ins, db):
    stand_ins.alerce.faults = {("GET", "/v2/"): 404}
    found = AlerceZtf().known(OID)
    assert len(found.points) == 75


def test_an_object_without_classes_still_has_its_light_curve(stand_ins, db):
    stand_ins.alerce.faults = {("GET", f"/ztf/v1/objects/{OID}/probabilities"): 404}
    found = AlerceZtf().known(OID)
    assert (found.classifications, len(found.points)) == ((), 90)


def test_the_server_is_asked_with_the_slash_that_it_wants(ask, stand_ins):
    ask("ALeRCE", objects=OID)
    assert stand_ins.alerce.asked[0][0] == "/ztf/v1/objects/"


def test_lsst_times_are_tai_and_fluxes_keep_their_sign(ask, users, stand_ins):
    (found,) = ask("ALeRCE LSST", objects=str(LSST_OID), since="61300")
    (since,) = sent(stand_ins, "/lsst/object_api/list_objects")[0]["lastmjd"]
    assert float(since) == pytest.approx(61300 + 37 / 86400, abs=1e-8)
    assert found["name"] == f"LSST-P-DO-{LSST_OID}"
    assert found["url"] == f"https://lsst.alerce.online/object/{LSST_OID}?survey=lsst"
    assert found["time"] == "2026-09-17T04:47:23Z"
    asked = DataServiceProvider("ALeRCE LSST")
    target = asked.make_target(found, Access(users["owner"])).target
    assert asked.bring_data(target, found) == 2
    rows = PhotometryReducedDatum.objects.filter(target=target)
    assert rows.get(reduction_version="forced").brightness == -90.0
    assert rows.get(reduction_version="").value == {"diaSourceId": str(LSST_OID + 1)}
