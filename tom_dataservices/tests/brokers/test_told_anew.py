"""Updates of a target's data: the same twice changes nothing, corrections and withdrawals are followed."""

import copy

import pytest

from tests.standins.alerce import LSST_OID
from tests.standins.lasair import LSST_ID
from tom_common.models import ChangeSet
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.clients.alerce import AlerceLsst
from tom_dataservices.clients.broker import point
from tom_dataservices.clients.fink import FinkLsst
from tom_dataservices.data_services.broker import store_points
from tom_dataservices.data_services.broker.points import remove_points
from tom_dataservices.providers import DataServiceProvider
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory

POINT = {"mjd": 61300.25, "band": "g", "mag": 18.5, "mag_err": 0.05, "measurement": "3400000000015000001"}


@pytest.fixture
def target(db):
    return SiderealTargetFactory(name="Mine")


def row_of(target):
    return PhotometryReducedDatum.objects.get(target=target)


def store(target, **changes):
    return store_points(target, [point(**{**POINT, **changes})], survey="ZTF")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mag": 18.7}, {"brightness": 18.7}),
        ({"mag_err": 0.09}, {"brightness_error": 0.09}),
        ({"negative": True}, {"value": {"candid": POINT["measurement"], "negative": True}}),
        ({"band": "r"}, {"bandpass": "r"}),
    ],
)
def test_a_point_of_the_same_number_with_another_value_is_corrected(target, changes, told):
    (first,) = store(target)
    (second,) = store(target, **changes)
    assert second.pk == first.pk
    row = row_of(target)
    assert {name: getattr(row, name) for name in told} == told
    noted = ChangeSet.objects.get(title="1 point of Mine corrected by the survey")
    store(target, **changes)
    assert ChangeSet.objects.latest("pk") == noted


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"mag": 18.5009},  # as brokers round
        {"mag_err": None},  # not told by this one
        {"mjd": 61300.250004},  # a third of a second
        {"mag": None, "mag_err": None, "flux_njy": 1e5},  # another measurement of the moment
    ],
)
def test_what_another_broker_rounds_or_leaves_out_is_no_correction(target, changes):
    store(target)
    told = ChangeSet.objects.count()
    store(target, **changes)
    row = row_of(target)
    assert (row.brightness, row.brightness_error, row.unit) == (18.5, 0.05, "mag")
    assert ChangeSet.objects.count() == told


def test_what_a_user_wrote_beside_a_corrected_point_stays(target):
    (row,) = store(target, negative=True)
    PhotometryReducedDatum.objects.filter(pk=row.pk).update(value={**row.value, "note": "mine"})
    store(target, mag=17.0)
    assert row_of(target).value == {"candid": POINT["measurement"], "note": "mine"}


def test_a_corrected_point_that_came_without_a_number_too_stays_once(target):
    store(target)
    store(target, measurement=None, mag=18.7)
    assert PhotometryReducedDatum.objects.filter(target=target).count() == 2
    store(target, mag=18.7)
    row = row_of(target)
    assert (row.brightness, row.value) == (18.7, {"candid": POINT["measurement"]})


@pytest.mark.parametrize("survey", ["TNS", "Hermes"])
def test_two_telescopes_at_one_moment_are_two_points(target, survey):
    here, there = (
        {**point(**{**POINT, "measurement": None, "mag": mag}), "telescope": telescope, "instrument": "CCD"}
        for telescope, mag in (("P60", 18.0), ("LT", 19.0))
    )

    def told(*points):
        store_points(target, points, survey=survey)
        rows = PhotometryReducedDatum.objects.filter(target=target)
        return dict(rows.values_list("telescope", "brightness")), rows.count()

    assert told(here, there) == ({"P60": 18.0, "LT": 19.0}, 2)
    changes = ChangeSet.objects.count()
    for points in ((here, there), (there, here), (there,), (here,)):
        assert told(*points) == ({"P60": 18.0, "LT": 19.0}, 2)
    assert ChangeSet.objects.count() == changes
    assert told({**there, "mag": 19.5}, here) == ({"P60": 18.0, "LT": 19.5}, 2)
    assert remove_points(target, [there], survey=survey) == 1
    assert told(here) == ({"P60": 18.0}, 1)
    assert told(there) == ({"P60": 18.0, "LT": 19.0}, 2)
    PhotometryReducedDatum.objects.get(telescope="P60").delete()
    assert told(there) == ({"LT": 19.0}, 1)


def test_a_numbered_point_is_one_whatever_somebody_calls_its_telescope(target):
    (row,) = store(target)
    PhotometryReducedDatum.objects.filter(pk=row.pk).update(telescope="Palomar 48 inch")
    store(target, mag=18.7)
    assert row_of(target).brightness == 18.7


def test_withdrawn_points_go_and_can_be_brought_back(target):
    store(target)
    store(target, measurement="3400000000015000002", mjd=61301.25)
    gone = [point(**{**POINT, "mag": 99.0})]
    assert remove_points(target, gone, survey="ZTF") == 1
    assert row_of(target).value == {"candid": "3400000000015000002"}
    assert remove_points(target, gone, survey="ZTF") == 0
    noted = ChangeSet.objects.get(title="1 point of Mine withdrawn by the survey")
    assert noted.changes.get().action == "delete"


def test_an_update_follows_corrections_and_withdrawals_of_rubin(stand_ins, db):
    target = Target.objects.create(name=f"LSST-P-DO-{LSST_ID}", ra=9.0, dec=-44.0)
    asked = DataServiceProvider("Lasair")
    assert asked.update(target) == 9
    stand_ins.lasair.full = copy.deepcopy(stand_ins.lasair.full)
    first, second, *_ = stand_ins.lasair.full["diaSourcesList"]
    first["psfFlux"] = 12345.0
    second["timeWithdrawnMjdTai"] = 61000.0
    assert asked.update(target) == 8
    rows = PhotometryReducedDatum.objects.filter(target=target)
    assert rows.get(value__diaSourceId=str(first["diaSourceId"])).brightness == 12345.0
    assert not rows.filter(value__diaSourceId=str(second["diaSourceId"])).exists()
    told = ChangeSet.objects.count()
    assert asked.update(target) == 8
    assert ChangeSet.objects.count() == told


def test_each_client_of_rubin_tells_what_was_withdrawn(stand_ins):
    row = {
        "r:diaObjectId": LSST_OID,
        "r:diaSourceId": LSST_OID + 1,
        "r:midpointMjdTai": 61300.2,
        "r:band": "r",
        "r:ra": 150.1,
        "r:dec": -2.2,
        "r:psfFlux": 5200.0,
        "r:timeWithdrawnMjdTai": 61301.0,
    }
    (found,) = FinkLsst().objects_of([row])
    assert (found.detections, found.mag, found.points, found.ra_deg) == (0, None, (), 150.1)
    assert [one["measurement"] for one in found.withdrawn] == [str(LSST_OID + 1)]
    answered = stand_ins.alerce.lsst

    def lsst(path, query):
        status, said, kind = answered(path, query)
        for one in said.get("detections", ()) if path == "lightcurve_api/lightcurve" else ():
            one["timeWithdrawnMjdTai"] = 61301.0
        return status, said, kind

    stand_ins.alerce.lsst = lsst
    known = AlerceLsst().known(str(LSST_OID))
    assert [one["measurement"] for one in known.withdrawn] == [str(LSST_OID + 1)]
    assert [one.get("forced") for one in known.points] == [True]
