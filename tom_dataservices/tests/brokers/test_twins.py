"""One measurement that several brokers tell: with and without its number, its sign, and in another unit."""

import copy

import pytest
from django.core.cache import cache

from tests.standins.babamul import RUBIN
from tom_common.models import ChangeSet
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.clients.alerce_rows import light_curve as alerce_curve
from tom_dataservices.clients.antares import light_curve as antares_curve
from tom_dataservices.clients.babamul import babamul_object
from tom_dataservices.clients.broker import point
from tom_dataservices.clients.rubin_rows import flux_points
from tom_dataservices.data_services.broker import store_points
from tom_dataservices.dataservices import get_data_service_class
from tom_dataservices.tests.brokers.standing_in import standing_in
from tom_targets.tests.factories import SiderealTargetFactory

CANDID = "3400000000015000001"
SOURCE = 170000000000000001
MJD = 61300.25
TAI_UTC_D = 37 / 86400
ANTARES_HEAD = "time,alert_id,ant_mjd,ant_survey,ant_ra,ant_dec,ant_passband,ant_mag,ant_magerr,ant_maglim\n"
BARE = {"mjd": MJD, "band": "r", "mag": 18.5, "mag_err": 0.05}


@pytest.fixture
def target(db):
    return SiderealTargetFactory(name="Mine")


def rows_of(target):
    return list(PhotometryReducedDatum.objects.filter(target=target).order_by("timestamp", "pk"))


def titles():
    return list(ChangeSet.objects.order_by("pk").values_list("title", flat=True))


def antares(target, *, mag=18.5):
    row = f"2026-11-20T06:00:00,ztf_candidate:{CANDID},{MJD},1,10,10,R,{mag},0.05,20.1\n"
    store_points(target, antares_curve(ANTARES_HEAD + row), survey="ZTF")


def alerce(target, sign, *, mag=18.5):
    row = {"mjd": MJD, "candid": CANDID, "fid": 2, "magpsf": mag, "sigmapsf": 0.05, "isdiffpos": sign}
    store_points(target, alerce_curve({"detections": [row]}), survey="ZTF")


def store(target, **changes):
    store_points(target, [point(**{**BARE, **changes})], survey="ZTF")


# --- signs


@pytest.mark.parametrize(("sign", "is_negative"), [(-1, True), (1, False)])
def test_a_broker_without_signs_leaves_the_stored_sign(target, sign, is_negative):
    alerce(target, sign)
    changes = titles()
    antares(target)
    alerce(target, sign)
    (row,) = rows_of(target)
    assert row.value == {"candid": CANDID} | ({"negative": True} if is_negative else {})
    assert titles() == changes
    antares(target, mag=18.7)
    (row,) = rows_of(target)
    assert (row.brightness, row.value.get("negative", False)) == (18.7, is_negative)


def test_a_sign_that_is_told_later_is_taken(target):
    antares(target)
    alerce(target, -1)
    antares(target)
    (row,) = rows_of(target)
    assert row.value == {"candid": CANDID, "negative": True}
    alerce(target, 1)
    (row,) = rows_of(target)
    assert row.value == {"candid": CANDID}


def test_a_new_sign_or_band_without_an_error_leaves_the_error(target):
    store(target, measurement=CANDID)
    store(target, measurement=CANDID, mag_err=None, negative=True, band="g")
    (row,) = rows_of(target)
    assert (row.bandpass, row.brightness_error, row.value["negative"]) == ("g", 0.05, True)
    store(target, measurement=CANDID, mag_err=None, mag=17.0)
    (row,) = rows_of(target)
    assert (row.brightness, row.brightness_error) == (17.0, None)


@pytest.mark.parametrize("sign", [None, "", "null", float("nan")])
def test_a_sign_that_alerce_leaves_out_is_not_told(target, sign):
    alerce(target, "-1")
    alerce(target, sign)
    (row,) = rows_of(target)
    assert row.value["negative"] is True


# --- numbers


@pytest.mark.parametrize("is_numbered_first", [True, False])
@pytest.mark.parametrize(
    "rounded", [{}, {"mag": 18.50002}, {"mjd": MJD + 2e-6}, {"mag": 18.4995, "mjd": MJD - 5e-6}]
)
def test_a_detection_with_and_without_its_number_is_one_row(target, is_numbered_first, rounded):
    told = [{"measurement": CANDID}, rounded]
    for changes in (*told, *told) if is_numbered_first else (*reversed(told), *told):
        store(target, **changes)
        assert len(rows_of(target)) == 1
    (row,) = rows_of(target)
    assert row.value == {"candid": CANDID}
    store(target, measurement=CANDID, mag=18.9)
    (row,) = rows_of(target)
    assert row.brightness == 18.9


def test_both_in_one_answer_are_one_row(target):
    store_points(
        target, [point(**BARE, negative=None), point(**BARE, measurement=CANDID, negative=True)], survey="ZTF"
    )
    (row,) = rows_of(target)
    assert row.value == {"candid": CANDID, "negative": True}


@pytest.mark.parametrize(
    "changes",
    [
        {"mag": 18.6},
        {"mjd": MJD + 30 / 86400},
        {"band": "g"},
        {"forced": True},
        {"survey": "DECam"},
        {"mag": None, "mag_err": None, "limit": 18.5},
    ],
)
@pytest.mark.parametrize("is_numbered_first", [True, False])
def test_what_differs_by_more_than_rounding_stays_another_point(target, changes, is_numbered_first):
    told = [{"measurement": CANDID}, changes]
    for one in told if is_numbered_first else reversed(told):
        store(target, **one)
    assert len(rows_of(target)) == 2


def test_two_numbers_of_one_exposure_stay_two(target):
    other = "3400000000015000002"
    store_points(
        target,
        [point(**BARE, measurement=CANDID), point(**{**BARE, "mag": 18.5004}, measurement=other)],
        survey="ZTF",
    )
    store(target, mag=18.5004)
    store(target)
    assert {row.value["candid"]: row.brightness for row in rows_of(target)} == {CANDID: 18.5, other: 18.5004}


def test_a_row_that_gets_its_number_keeps_sign_and_remarks_and_tells_so(target):
    store(target, negative=True)
    PhotometryReducedDatum.objects.filter(target=target).update(value={"negative": True, "note": "mine"})
    store(target, measurement=CANDID, negative=None)
    (row,) = rows_of(target)
    assert row.value == {"candid": CANDID, "negative": True, "note": "mine"}
    assert "1 point of Mine has its number of the survey now" in titles()


@pytest.mark.parametrize("told", [{}, {"measurement": CANDID}])
def test_a_point_that_is_stored_twice_already_becomes_one(target, told):
    store(target, measurement=CANDID)
    (kept,) = rows_of(target)
    PhotometryReducedDatum.objects.filter(pk=kept.pk).update(timestamp="2020-01-01T00:00:00Z")
    store(target, mag=18.50002)
    PhotometryReducedDatum.objects.filter(pk=kept.pk).update(timestamp=kept.timestamp)
    assert len(rows_of(target)) == 2
    store(target, **{"mag": 18.50002, **told})
    assert [row.pk for row in rows_of(target)] == [kept.pk]
    assert "1 point of Mine removed: it was stored twice" in titles()


def test_a_point_of_a_file_is_not_taken_for_one_of_the_survey(target):
    when = point(**BARE)
    store_points(target, [when], survey="ZTF")
    PhotometryReducedDatum.objects.filter(target=target).update(point_key=None, brightness=18.5002)
    store(target, measurement=CANDID)
    assert len(rows_of(target)) == 2


# --- Babamul


@pytest.fixture
def recorded_object(db, settings):
    cache.clear()
    with standing_in("Babamul") as state:
        settings.DATA_SERVICES = state.settings()
        yield state.ztf, get_data_service_class("Babamul")().known("ZTF25aagbkaj").points


@pytest.mark.parametrize("is_babamul_first", [True, False])
def test_babamul_and_a_broker_with_numbers_give_one_light_curve(target, recorded_object, is_babamul_first):
    said, of_babamul = recorded_object
    detected = [
        {
            "mjd": round(one["jd"] - 2400000.5, 7),
            "fid": {"g": 1, "r": 2, "i": 3}[one["band"]],
            "magpsf": round(one["magpsf"], 6),
            "sigmapsf": round(one["sigmapsf"], 6),
            "isdiffpos": -1,
            "candid": str(
                said["_id"] if one["jd"] == said["candidate"]["jd"] else 3000000000000000000 + place
            ),
        }
        # Babamul repeats one measurement itself, with another last digit.
        for place, one in enumerate({one["jd"]: one for one in said["prv_candidates"]}.values())
    ]
    of_alerce = list(alerce_curve({"detections": detected}))
    assert len(of_alerce) == 13
    first, second = (of_babamul, of_alerce) if is_babamul_first else (of_alerce, of_babamul)
    for points in (first, second, of_babamul, of_alerce):
        store_points(target, points, survey="ZTF")
        seen = [row for row in rows_of(target) if row.brightness is not None]
        assert len(seen) == 13
    assert all(row.value["candid"] and row.value["negative"] for row in seen)


def rubin(day, *, is_utc):
    """Return an alert of one day and its list of those before it, which tell no midpointMjdTai."""

    def measured(number):
        tai = MJD + number
        return {
            "diaSourceId": SOURCE + number,
            "jd": 2400000.5 + tai - TAI_UTC_D * is_utc,
            "band": "r",
            "psfFlux": 5000.0 + number,
            "psfFluxErr": 100.0,
        }

    return {
        "candid": SOURCE + day,
        "objectId": str(SOURCE),
        "candidate": {**measured(day), "midpointMjdTai": MJD + day, "ra": 10.0, "dec": 10.0},
        "prv_candidates": [measured(number) for number in range(day + 1)],
        "fp_hists": [{**measured(day + 5), "diaSourceId": None}],
    }


@pytest.mark.parametrize("is_utc", [True, False])
def test_lists_of_rubin_are_read_by_their_number_and_in_the_scale_of_the_server(target, is_utc):
    for day in (0, 1):
        found = babamul_object(rubin(day, is_utc=is_utc), "LSST")
        assert all(one["tai"] for one in found.points)
        forced = next(one for one in found.points if one.get("forced"))
        assert forced["mjd"] == pytest.approx(MJD + day + 5, abs=1e-8)
        store_points(target, found.points, survey="LSST")
    seen = [row for row in rows_of(target) if row.reduction_version == ""]
    assert [row.value for row in seen] == [{"diaSourceId": str(SOURCE + day)} for day in (0, 1)]
    assert [row.timestamp.isoformat(timespec="seconds") for row in seen] == [
        "2026-09-17T05:59:23+00:00",
        "2026-09-18T05:59:23+00:00",
    ]


def test_a_server_that_never_tells_the_scale_is_read_as_tai():
    found = babamul_object(copy.deepcopy(RUBIN), "LSST")
    assert found.points[0]["mjd"] == 61365.25


# --- units


def rubin_of_antares(target):
    row = f"x,lsst:{SOURCE},{MJD},4,10,10,r,22.0,0.05,24\n"
    store_points(target, antares_curve(ANTARES_HEAD + row), survey="ZTF")


def rubin_flux(target, flux=-5200.0):
    row = {"diaSourceId": SOURCE, "midpointMjdTai": MJD + TAI_UTC_D, "band": "r", "psfFlux": flux}
    store_points(target, flux_points([{**row, "psfFluxErr": 410.0}], "diaSourceId"), survey="LSST")


def test_the_signed_flux_of_rubin_takes_the_place_of_a_magnitude(target):
    rubin_of_antares(target)
    (first,) = rows_of(target)
    assert (first.unit, first.brightness) == ("mag", 22.0)
    rubin_flux(target)
    (row,) = rows_of(target)
    assert (row.pk, row.unit, row.brightness, row.brightness_error) == (first.pk, "nJy", -5200.0, 410.0)
    assert row.value == {"diaSourceId": str(SOURCE)}
    assert titles()[-1] == "1 point of Mine corrected by the survey"


def test_a_magnitude_never_takes_the_place_of_a_flux(target):
    rubin_flux(target)
    changes = titles()
    rubin_of_antares(target)
    rubin_flux(target)
    (row,) = rows_of(target)
    assert (row.unit, row.brightness) == ("nJy", -5200.0)
    assert titles() == changes


def test_two_telescopes_that_measured_at_one_moment_stay_two(target):
    when = {"mjd": 61300.5, "band": "r", "mag": 18.5}
    store_points(target, [{**point(**when), "telescope": "Faulkes", "instrument": "Spectral"}], survey="ZTF")
    store_points(target, [point(**when, measurement="3400000000015000001")], survey="ZTF")
    rows = PhotometryReducedDatum.objects.filter(target=target)
    assert sorted(row.telescope for row in rows) == ["Faulkes", "P48"]
