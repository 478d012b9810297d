"""Scout's filters and orbits, and GraceDB's superevents with their sky maps."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from tests.standins.scout import scout
from tom_common.job_worker import JobWorker
from tom_common.models import Job
from tom_common.remote import service
from tom_dataservices.clients import alone
from tom_dataservices.data_services.gracedb import GraceDbForm, GraceDbService
from tom_dataservices.data_services.scout import ScoutForm, ScoutService
from tom_dataservices.exceptions import MissingDataException
from tom_dataservices.providers import DataServiceProvider
from tom_dataservices.runs import start_run
from tom_dataservices.tests.brokers.standing_in import standing_in
from tom_targets.sky_models import SkyRegion
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def scouting(settings):
    with scout() as state:
        settings.DATA_SERVICES = state.settings()
        yield state


@pytest.fixture
def events(settings):
    with standing_in("GraceDB") as state:
        settings.DATA_SERVICES = state.settings()
        yield state


def found(service, form_class, **values):
    form = form_class({"data_service": service.name, **values})
    assert form.is_valid(), form.errors
    return list(service.query_targets(service.build_query_parameters(form.cleaned_data)))


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, ["P12aBcD", "A11xYz9", "C0FAINT", "ZTF10xx"]),
        ({"neo_score_min": 90}, ["P12aBcD", "ZTF10xx"]),
        ({"pha_score_min": 10}, ["A11xYz9"]),
        ({"v_mag_max": 20}, ["A11xYz9", "ZTF10xx"]),
        ({"v_mag_min": 22}, ["C0FAINT"]),
        ({"error_max": 15}, ["A11xYz9", "ZTF10xx"]),
        ({"elongation_min": 100}, ["P12aBcD", "ZTF10xx"]),
        ({"rate_min": 5}, ["A11xYz9", "ZTF10xx"]),
        ({"rate_max": 1}, ["C0FAINT"]),
        ({"observations_min": 21}, ["A11xYz9"]),
        ({"rating_min": 2}, ["A11xYz9"]),  # one without a rating does not fit
        ({"geocentric_score_max": 0}, ["P12aBcD", "A11xYz9", "C0FAINT", "ZTF10xx"]),
        ({"objects": "ZTF10xx"}, ["ZTF10xx"]),
    ],
)
def test_every_filter_of_scout_counts(scouting, values, names):
    assert [one["name"] for one in found(ScoutService(), ScoutForm, **values)] == names
    assert len(scouting.requests) == 1


def test_a_target_of_scout_is_on_one_of_its_orbits(scouting):
    service = ScoutService()
    target = service.to_target(found(service, ScoutForm, objects="P12aBcD")[0])
    assert (target.type, target.eccentricity, target.perihdist) == ("NON_SIDEREAL", 0.303, 0.91)
    assert target.abs_mag == 24.2  # of the orbit, and no magnitude of a measurement
    assert target.ra is None


@pytest.mark.django_db(transaction=True)
def test_a_query_of_scout_does_not_sleep_while_others_ask(scouting, users, settings, monkeypatch):
    settings.TOM_BACKGROUND = "thread"
    monkeypatch.setattr("tom_dataservices.clients.alone.time.sleep", lambda _: pytest.fail("it slept"))
    cache.set("alone:Scout", "another process")
    try:
        run = start_run(DataServiceProvider("Scout", users["owner"]), {})
        assert JobWorker().run_one()
        job = Job.objects.get(pk=run.job_id)
        assert (job.state, job.attempts) == ("queued", 0)
        assert job.message == "Waits until Scout can be asked: it takes one question at a time."
        assert not scouting.requests
    finally:
        cache.delete("alone:Scout")
    Job.objects.update(run_after="2026-01-01T00:00:00Z")
    assert JobWorker().run_one()
    run.refresh_from_db()
    assert (run.found, run.error) == (4, "")


def test_a_question_is_alone_for_as_long_as_it_may_last():
    longest_s = service.TRIES * (
        service.CONNECT_TIMEOUT_S + service.READ_TIMEOUT_S + service.WHOLE_TIMEOUT_S
    ) + 60 * (service.TRIES - 1)
    assert alone._HELD_S > longest_s


def test_gravitational_wave_events_are_asked_for_in_their_own_words(events):
    service = GraceDbService()
    rows = found(service, GraceDbForm, category="Production", label="ADVOK", far_max=1e-7, words="gwtc-4")
    assert events.words[0] == "gwtc-4 category: Production label: ADVOK far < 1e-07"
    assert [one["name"] for one in rows] == ["S230518h", "S230520ae", "MS230521b"]
    assert rows[0]["time"] == "2023-05-18T12:59:08Z"
    assert rows[0]["extras"]["false_alarms_per_year"] == pytest.approx(0.0101, abs=1e-4)
    assert rows[0]["class"] == "CBC AllSky"
    assert rows[1]["class"] == "retracted"


def test_a_window_of_time_becomes_gps_seconds(events):
    found(GraceDbService(), GraceDbForm, since="2023-05-18T12:59:08Z", until="2023-05-19")
    assert events.words[0] == "t_0: 1368449966 .. 1368489618"


def test_a_sky_map_is_kept_as_a_region_once(events):
    service = GraceDbService()
    for _ in range(2):
        rows = found(service, GraceDbForm, sky_maps=2)
    assert rows[0]["extras"]["sky_map"].startswith("region “S230518h bayestar 90%”, ")
    assert rows[1]["extras"]["sky_map"] == "none yet"
    region = SkyRegion.objects.get()
    assert 0 < region.area_deg2 < 41253


def test_a_region_that_another_user_calls_so_is_not_taken_for_the_sky_map(events, users):
    kept = GraceDbService(user=users["stranger"]).keep_region("S230518h").region
    own = GraceDbService(user=users["owner"]).keep_region("S230518h").region
    assert (own.name, own.user) == (kept.name, users["owner"])
    assert GraceDbService(user=users["owner"]).keep_region("S230518h").region == own


def test_keeping_sky_maps_waits_for_its_turn(events, as_owner, at_once, settings, monkeypatch):
    run, _ = results_page(as_owner)
    settings.TOM_BACKGROUND = "thread"
    monkeypatch.setattr("tom_common.turns.turns.take", lambda service: service != "GraceDB")
    as_owner.post(
        reverse("dataservices:keep-regions", args=[run.pk]),
        {"selected_results": [run.results.first().row_id], "percent": "50"},
    )
    assert JobWorker().run_one()
    waiting = Job.objects.get(task__endswith="keep_sky_maps")
    assert (waiting.state, SkyRegion.objects.exists()) == ("queued", False)
    assert waiting.message.startswith("Waits until GraceDB can be asked")


def test_a_superevent_is_no_target(events):
    service = GraceDbService()
    with pytest.raises(MissingDataException, match="S230518h is a region of the sky"):
        service.to_target(found(service, GraceDbForm, objects="S230518h")[0])


def results_page(client, **values):
    ask = {"data_service": "GraceDB", "query_name": "", "category": "Production", **values}
    run = client.post(reverse("dataservices:create"), ask, follow=True).context["run"]
    return run, client.get(run.get_absolute_url()).content.decode()


def test_results_offer_regions_in_place_of_targets(events, as_owner, at_once):
    run, page = results_page(as_owner)
    assert "Make targets" not in page
    assert "Keep the sky maps of those ticked" in page
    ticked = [row.row_id for row in run.results.all()[:2]]
    url = reverse("dataservices:keep-regions", args=[run.pk])
    as_owner.post(url, {"selected_results": ticked, "percent": "50"})
    region = SkyRegion.objects.get()
    assert region.name == "S230518h bayestar 50%"
    page = as_owner.get(run.get_absolute_url()).content.decode()
    assert f'href="{region.get_absolute_url()}"' in page
    assert "none yet" in page
    as_owner.post(url, {"selected_results": ticked, "percent": "50"})
    assert SkyRegion.objects.count() == 1
    assert len(events.calls("GET", "/api/superevents/S230518h/files/bayestar")) == 1


def test_a_sky_map_that_was_made_anew_is_another_region(events):
    service = GraceDbService()
    first = service.keep_region("S230518h")
    events.maps = 3
    second = service.keep_region("S230518h")
    assert (first.region.name, second.region.name) == (
        "S230518h bayestar 90%",
        "S230518h bayestar 3 90%",
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"percent": "90"}, "No result was chosen"),
        ({"selected_results": [f"row-{number}" for number in range(11)]}, "At most 10 sky maps"),
        ({"selected_results": "row-1", "percent": "nan"}, "between 1 and 99.9"),
        ({"selected_results": "row-1", "percent": "all"}, "between 1 and 99.9"),
    ],
)
def test_what_cannot_be_kept_is_told(events, as_owner, at_once, values, words):
    run, _ = results_page(as_owner)
    page = as_owner.post(reverse("dataservices:keep-regions", args=[run.pk]), values, follow=True)
    assert words in page.content.decode()
    assert not SkyRegion.objects.exists()


def test_regions_of_results_of_others_and_of_other_services_are_refused(
    events, as_owner, users, at_once, client
):
    run, _ = results_page(as_owner)
    url = reverse("dataservices:keep-regions", args=[run.pk])
    type(run).objects.filter(pk=run.pk).update(provider="TNS")
    assert as_owner.post(url, {"percent": "90"}).status_code == 404
    type(run).objects.filter(pk=run.pk).update(provider="GraceDB")
    client.force_login(users["stranger"])
    assert client.post(url, {"percent": "90"}).status_code == 404
    client.logout()
    assert client.post(url, {"percent": "90"}).status_code == 302
    assert not SkyRegion.objects.exists()


def test_what_cannot_be_asked_for_a_place_takes_no_target_for_its_first_object(scouting):
    target = SiderealTargetFactory(name="M 31 variable", ra=10.0, dec=41.0)
    with pytest.raises(MissingDataException, match="no name that JPL Scout knows"):
        list(ScoutService().query_aliases(target=target))
