"""Light curves of results that lists of brokers do not hold: fetched in the background, with the images."""

import pytest
from django.urls import reverse

from tests.standins.alerce import LSST_OID, OID
from tests.standins.lasair import LSST_ID, ZTF_ID
from tom_common.models import Job
from tom_dataservices.data_services.alerce import AlerceZtfService
from tom_dataservices.data_services.broker.points import newest_brightness
from tom_dataservices.models import QueryRun
from tom_dataservices.result_curves import fetch_curves

CURVE = "<svg"


def asked(client, service, *, url="dataservices:create", key="data_service", **values):
    ask = {key: service, "query_name": "", "max_results": "10", **values}
    client.post(reverse(url), ask, follow=True)
    return QueryRun.objects.latest("pk")


def cell(client, run, which="curve"):
    page = client.get(run.get_absolute_url()).content.decode()
    return page.partition(f'id="{which}-{run.results.first().pk}"')[2].partition("</td>")[0]


@pytest.mark.parametrize(
    ("service", "values", "brightness"),
    [
        ("ALeRCE", {"objects": OID}, "g 18.61 ± 0.10 mag"),
        # 31.4 - 2.5 log10(5200) and 1.0857 * 410 / 5200
        ("ALeRCE LSST", {"objects": str(LSST_OID)}, "r 22.11 ± 0.09 mag"),
        ("Lasair", {"objects": str(LSST_ID)}, "i 20.44 mag"),
        ("Lasair ZTF", {"objects": ZTF_ID}, "g 16.82 mag"),
        ("Fink ZTF", {"class_name": "SN candidate"}, "nJy"),
        ("Fink LSST", {"class_name": "in_tns"}, "nJy"),
    ],
)
def test_results_get_their_light_curve_and_brightness(
    stand_ins, as_owner, users, at_once, service, values, brightness
):
    run = asked(as_owner, service, **values)
    assert brightness in cell(as_owner, run, "bright")
    has_many = len(run.results.first().values["points"]) > 1
    assert (CURVE in cell(as_owner, run)) is has_many
    assert has_many or service == "ALeRCE LSST"  # of which one point is positive


def test_fink_is_asked_once_for_all_light_curves(stand_ins, as_owner, users, at_once):
    run = asked(as_owner, "Fink ZTF", class_name="SN candidate")
    assert [endpoint for _, endpoint, _ in stand_ins.fink.asked if endpoint == "objects"] == ["objects"]
    assert run.results.count() == 10
    again = as_owner.post(reverse("dataservices:more", args=[run.pk]), {"again": "1"}, follow=True)
    assert again.context["run"].pk != run.pk
    assert [row.values["points"] for row in again.context["run"].results.all()] == [
        row.values["points"] for row in run.results.all()
    ]
    assert [endpoint for _, endpoint, _ in stand_ins.fink.asked if endpoint == "objects"] == ["objects"]


def test_an_object_costs_alerce_one_request_besides_its_image(stand_ins, as_owner, users, at_once):
    asked(as_owner, "ALeRCE", objects=OID)
    assert stand_ins.alerce.calls("GET", f"/ztf/v1/objects/{OID}") == [f"/ztf/v1/objects/{OID}/lightcurve"]


def test_a_broken_light_curve_keeps_neither_the_others_nor_the_images_out(
    stand_ins, as_owner, users, at_once
):
    stand_ins.alerce.faults = {("GET", "/ztf/v1/objects/ZTF26aaaaaba/lightcurve"): 404}
    run = asked(as_owner, "ALeRCE", objects=f"{OID} ZTF26aaaaaba ZTF26aaaaaca")
    assert [len(row.values.get("points", ())) > 1 for row in run.results.all()] == [True, False, True]
    job = Job.objects.get(title__startswith="Light curves and images")
    assert job.result["curves"] == job.result["images"] == 2
    assert "ZTF26aaaaaba was not fetched" in " ".join(job.log_lines.values_list("text", flat=True))


def test_a_light_curve_that_did_not_come_is_asked_for_again(stand_ins, as_owner, users, at_once):
    stand_ins.alerce.faults = {("GET", f"/ztf/v1/objects/{OID}/lightcurve"): 404}
    run = asked(as_owner, "ALeRCE", objects=OID)
    assert CURVE not in cell(as_owner, run)
    stand_ins.alerce.faults = {}
    fetch_curves(run, AlerceZtfService())  # as when more results are loaded
    assert CURVE in cell(as_owner, run)


@pytest.mark.parametrize("asked_at", [{}, {"curve_asked": True}])
def test_a_light_curve_that_did_not_come_hides_none_of_a_later_run(
    stand_ins, as_owner, users, at_once, asked_at
):
    stand_ins.alerce.faults = {("GET", f"/ztf/v1/objects/{OID}/lightcurve"): 404}
    first = asked(as_owner, "ALeRCE", objects=OID).results.get()
    first.values |= asked_at  # as earlier versions noted it
    first.save()
    stand_ins.alerce.faults = {}
    run = asked(as_owner, "ALeRCE", objects=f"{OID} ZTF26aaaaaba")
    assert first.run_id != run.pk
    assert CURVE in cell(as_owner, run)


def test_a_light_curve_without_a_time_is_not_taken_again(stand_ins, as_owner, users, at_once):
    first = asked(as_owner, "ALeRCE", objects=OID).results.get()
    first.values |= {"mjd_utc": None, "points": [[1.0, 20.0, "g", False], [2.0, 20.0, "g", False]]}
    first.save()
    run = asked(as_owner, "ALeRCE", objects=f"{OID} ZTF26aaaaaba")
    result = run.results.get(result_id=OID)
    del result.values["curve_asked"], result.values["points"]
    result.values["mjd_utc"] = None
    result.save()
    fetch_curves(run, AlerceZtfService())
    result.refresh_from_db()
    assert len(result.values["points"]) > 2


def test_images_come_although_the_light_curves_do_not(
    stand_ins, as_owner, users, at_once, settings, monkeypatch
):
    monkeypatch.setattr("tom_common.remote.service.FIRST_PAUSE_S", 0.01)
    settings.TOM_BREAKER_FAILURES = 0
    stand_ins.fink.faults = {("GET", "/ztf/api/v1/objects"): 500}
    run = asked(as_owner, "Fink ZTF", class_name="SN candidate")
    page = as_owner.get(run.get_absolute_url()).content.decode()
    assert page.count("<img src=") == 10
    assert "answered 500" in Job.objects.get(title__startswith="Light curves and images").error


def test_brokers_of_the_alert_pages_bring_both_too(stand_ins, as_owner, users, at_once):
    run = asked(
        as_owner, "ALeRCE", url="alerts:create", key="broker", objects=OID, query_name="Mine", run="1"
    )
    page = as_owner.get(run.get_absolute_url()).content.decode()
    assert run.kind == "broker"
    assert reverse("dataservices:result-cutout", args=[run.results.get().pk]) in page
    assert CURVE in cell(as_owner, run)


def test_the_newest_detection_is_the_brightness():
    faded = {"mjd": 3.0, "band": "r", "mag": 20.0, "negative": True}
    points = [
        {"mjd": 1.0, "band": "g", "mag": 18.0, "mag_err": 0.1},
        {"mjd": 2.0, "band": "g", "limit": 20.0},
        {"mjd": 4.0, "band": "g", "flux_njy": 5.0, "forced": True},
    ]
    assert newest_brightness(points) == {"mag": 18.0, "mag_err": 0.1, "flux_njy": None, "band": "g"}
    # 10^(0.4 (31.4 - 20)) nJy below the reference
    assert newest_brightness([*points, faded])["flux_njy"] == pytest.approx(-36307.8, abs=10)
    assert newest_brightness([points[1]]) == {}
