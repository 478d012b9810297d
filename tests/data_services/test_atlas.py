"""ATLAS: a query from the form to the points, and everything that may go wrong on the way."""

import logging

import pytest

from tests.shared_data import shared_data_dir
from tests.standins.atlas import HEADER, ROW
from tom_common.models import Job
from tom_dataproducts.models import DataProduct, PhotometryReducedDatum, ServiceQuery
from tom_dataproducts.single_target_data_service.queries import cancel_query, retry_query, start_query
from tom_dataproducts.single_target_data_service.single_target_data_service import (
    SingleTargetDataServiceException,
    get_service_class,
)
from tom_dataproducts.tasks import atlas_query

State = ServiceQuery.State
QUEUE = "/forcedphot/queue/"


@pytest.fixture
def ask(atlas, target, people):
    def start(user="owner", **asked):
        service = get_service_class("Atlas")()
        return start_query(service, {"target_id": target.pk, **asked}, user=people[user])

    return start


def test_a_query_brings_a_file_and_its_points(atlas, ask, work, the_query):
    atlas.table = (shared_data_dir() / "data/services/atlas/test_atlas_fp.csv").read_bytes()
    ask(min_date=60316.0, max_date=60340.0)
    work()

    query = the_query()
    assert (query.state, query.error, query.open_key) == (State.DONE, "", None)
    with query.product.data.open() as file:
        assert file.read() == atlas.table, "the raw file is kept"
    assert query.report["stored"] == PhotometryReducedDatum.objects.count() > 20
    (task,) = atlas.tasks.values()
    assert (task["ra"], task["dec"], task["mjd_min"], task["mjd_max"]) == (65.00165, -20.25, 60316.0, 60340.0)
    assert (task["send_email"], task["comment"]) == (False, query.mark)
    assert atlas.deleted == [task["id"]], "what was fetched is deleted at the service"
    assert query.job.state == Job.State.DONE


def test_the_queue_position_and_the_work_are_told(atlas, ask, work, the_query):
    atlas.queued_s, atlas.run_s = 1000.0, 1000.0
    ask()
    work(2)
    waiting = the_query()
    for task in atlas.tasks.values():
        task["made"] -= 1500
    work(2)
    assert (waiting.state, waiting.queue_position) == (State.SUBMITTED, 0)
    assert waiting.message == "Waiting in the queue of ATLAS forced photometry, next in turn."
    assert (the_query().state, the_query().message) == (
        State.RUNNING,
        "ATLAS forced photometry is working on it.",
    )


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("19.34 20.82", " 9.34 20.82"),
        ("19.34 20.82", "19.34 16.50"),
        ("-0.504", "-1.504"),
        ("   37 o", " 20037 o"),
    ],
)
def test_what_atlas_advises_to_leave_out_is_left_out(atlas, ask, work, the_query, good, bad):
    whole = (HEADER + ROW * 2).format(mjd=60001.5, mag=17.0, flux=500, ra=65.0, dec=-20.0, day=60001)
    atlas.table = bad.join(whole.replace("60001.5", "60002.5", 1).rsplit(good, 1)).encode()
    ask()
    work()
    assert (the_query().report["stored"], the_query().report["left_out"]) == (1, 1)


def test_a_table_without_rows_is_a_result(atlas, ask, work, the_query):
    atlas.rows = 0
    ask()
    work()
    assert (the_query().state, the_query().product, the_query().job.state) == (State.EMPTY, None, "done")


@pytest.mark.parametrize(
    ("said", "state", "words"),
    [
        ("No data returned for this position", State.EMPTY, "No data returned"),
        ("Unknown MPC object name", State.FAILED, "Unknown MPC object name"),
    ],
)
def test_done_with_an_error_and_no_result_ends(atlas, ask, work, the_query, said, state, words):
    atlas.error_msg = said
    ask()
    work()
    query = the_query()
    assert query.state == state
    assert words in (query.error or query.message)
    assert len(atlas.tasks) == 1


def test_throttling_is_waited_for_as_asked(atlas, ask, work, the_query):
    text = {"detail": "Request was throttled. Expected available in 37 seconds."}
    atlas.faults[("POST", QUEUE)] = [(429, text, {}), None]
    ask()
    work(1)
    job = Job.objects.get()
    waits_s = (job.run_after - job.started_at).total_seconds()
    work()
    assert 37 <= waits_s < 45
    assert (the_query().state, len(atlas.tasks)) == (State.DONE, 1)


def test_too_many_queued_tasks_are_waited_for(atlas, ask, work, the_query):
    atlas.limit = 0
    ask()
    work(2)
    assert "too many queued tasks" in the_query().message
    atlas.limit = 500
    work()
    assert (the_query().state, len(atlas.tasks)) == (State.DONE, 1)


@pytest.mark.parametrize("fault", ["drop", "hang"])
def test_a_request_that_arrived_is_not_sent_again(atlas, ask, work, the_query, fault, monkeypatch):
    """The answer to the POST is lost; the task is found by its comment."""
    monkeypatch.setattr("tom_common.remote.service.READ_TIMEOUT_S", 0.3)
    atlas.faults[("POST", QUEUE)] = [fault, None]
    ask()
    work()
    assert (the_query().state, len(atlas.tasks)) == (State.DONE, 1)
    assert len(atlas.calls("POST")) == (1 if fault == "drop" else 2), "what hung did not arrive"


def test_a_worker_killed_before_it_wrote_the_answer_down_finds_its_task(atlas, ask, work, the_query):
    ask()
    work(1)
    ServiceQuery.objects.update(remote_id="", state=State.SUBMITTED, result_address="")
    assert len(atlas.tasks) == 1
    ServiceQuery.objects.update(product=None, open_key="x", finished=None)
    Job.objects.update(state=Job.State.QUEUED)
    atlas.deleted.clear()
    work()
    assert (the_query().state, len(atlas.tasks), len(atlas.calls("POST"))) == (State.DONE, 1, 1)


@pytest.mark.parametrize("fault", [500, 503, "html", "half", 429])
def test_a_service_in_trouble_is_asked_again(atlas, ask, work, the_query, fault):
    atlas.faults[("GET", "/forcedphot/queue/10")] = [fault, fault, None]
    atlas.faults[("GET", "/forcedphot/static/")] = [fault, None]
    ask()
    work()
    assert (the_query().state, the_query().failing_since) == (State.DONE, None)
    assert (len(atlas.tasks), DataProduct.objects.count()) == (1, 1)


def test_half_a_table_is_fetched_again(atlas, ask, work, the_query):
    whole = (shared_data_dir() / "data/services/atlas/test_atlas_fp.csv").read_bytes()
    atlas.table = whole[: len(whole) // 2]
    ask()
    work(3)
    assert "breaks off" in the_query().message
    atlas.table = whole
    work()
    assert (the_query().state, DataProduct.objects.count()) == (State.DONE, 1)


def test_an_expired_token_is_told_and_nothing_is_asked_twice(atlas, ask, work, the_query, settings, caplog):
    caplog.set_level(logging.DEBUG)
    atlas.run_s = 1000.0
    ask()
    work(2)
    atlas.token, atlas.run_s = "f" * 40, 0.0
    work(2)
    failed = the_query()
    settings.SINGLE_TARGET_DATA_SERVICES["ATLAS"]["api_key"] = "f" * 40
    retry_query(the_query())
    work()
    assert failed.state == State.FAILED
    assert "does not accept the credentials" in failed.error
    assert (the_query().state, len(atlas.tasks)) == (State.DONE, 1)
    told = caplog.text + failed.error + failed.message + str(list(Job.objects.values()))
    assert atlas.token not in told and "0123456789abcdef" not in told


def test_what_atlas_refuses_is_shown(atlas, ask, work, the_query):
    atlas.faults[("POST", QUEUE)] = (400, {"dec": ["dec must be between -90 and 90"]}, {})
    ask()
    work()
    assert the_query().state == State.FAILED
    assert "dec must be between -90 and 90" in the_query().error


def test_a_task_deleted_at_atlas_fails_and_the_next_try_sends_a_new_one(atlas, ask, work, the_query):
    atlas.run_s = 1000.0
    ask()
    work(2)
    atlas.deleted.append(1000)
    work(2)
    failed = the_query()
    atlas.run_s = 0.0
    retry_query(the_query())
    work()
    assert "has not got the request any more" in failed.error
    assert (the_query().state, len(atlas.tasks)) == (State.DONE, 2)


def test_one_open_query_for_a_user_and_position(atlas, ask, people, target):
    first, was_open = ask()
    second, is_second_open = ask(use_reduced=True)
    other, _ = ask("superuser")
    assert (was_open, is_second_open, second.pk == first.pk, other.pk != first.pk) == (
        False,
        True,
        True,
        True,
    )


def test_cancelling_tells_atlas(atlas, ask, work, the_query):
    atlas.queued_s = 1000.0
    ask()
    work(2)
    assert cancel_query(the_query())
    work()
    assert (the_query().state, the_query().job.state) == (State.CANCELLED, Job.State.CANCELLED)
    assert atlas.deleted == [1000]
    assert not cancel_query(the_query())


def test_cancelling_on_the_page_of_jobs_is_the_same(atlas, ask, work, the_query):
    from tom_common.jobs import cancel_job

    atlas.queued_s = 1000.0
    ask()
    work(2)
    cancel_job(the_query().job)
    work()
    assert (the_query().state, atlas.deleted) == (State.CANCELLED, [1000])


def test_a_cancelled_query_that_is_tried_again_sends_a_new_request(atlas, ask, work, the_query):
    atlas.queued_s = 1000.0
    ask()
    work(2)
    cancel_query(the_query())
    work()
    atlas.queued_s = 0.0
    retry_query(the_query())
    work()
    assert (the_query().state, len(atlas.tasks)) == (State.DONE, 2)


def test_asking_again_stores_nothing_twice(atlas, ask, work):
    for _ in range(2):
        ask(min_date=60000.0, max_date=60010.0)
        work()
    assert ServiceQuery.objects.filter(state=State.DONE).count() == 2
    assert PhotometryReducedDatum.objects.count() == atlas.rows


def test_without_a_key_it_says_what_is_missing(ask, settings):
    settings.SINGLE_TARGET_DATA_SERVICES["ATLAS"]["api_key"] = "your atlas account api token"
    with pytest.raises(SingleTargetDataServiceException, match="ATLAS token, or 'api_key'"):
        ask()


def test_the_task_called_directly_waits_for_the_answer(atlas, target):
    atlas.run_s = 0.2
    assert atlas_query(60000.0, 60010.0, target.pk, "atlas_photometry") is True
    assert PhotometryReducedDatum.objects.count() == atlas.rows


@pytest.mark.parametrize("way", ["send", "enqueue"])
def test_the_task_sent_is_a_job(atlas, target, work, the_query, way):
    atlas.run_s = 1000.0
    getattr(atlas_query, way)(60000.0, None, target.pk, "atlas_photometry", use_reduced=True)
    work(3)
    assert (the_query().state, the_query().job_id) == (State.RUNNING, Job.objects.get().pk)
    atlas.run_s = 0.0
    work()
    assert (the_query().state, len(atlas.tasks), atlas.tasks[1000]["use_reduced"]) == (State.DONE, 1, True)


def test_a_star_is_asked_for_with_its_motion(atlas, ask, work, target, the_query):
    target.pm_ra, target.pm_dec, target.epoch = 1000.0, -500.0, 2000.0
    target.save()
    ask(min_date=61000.0, max_date=61010.0)
    work()
    (task,) = atlas.tasks.values()
    years = task["radec_epoch_year"] - 2000.0
    assert task["radec_epoch_year"] == pytest.approx(2025.9, abs=0.11)
    assert (task["dec"] - target.dec) * 3600 == pytest.approx(-0.5 * years, abs=0.01)
    assert (task["propermotion_ra"], task["propermotion_dec"]) == (1000.0, -500.0)
    assert "proper motion takes it" in the_query().words


def test_a_moving_target_is_asked_for_by_its_name(atlas, ask, work, target):
    type(target).objects.filter(pk=target.pk).update(
        type="NON_SIDEREAL", name="(12267) Donarumma", ra=None, dec=None
    )
    ask()
    work()
    assert (atlas.tasks[1000]["mpc_name"], atlas.tasks[1000]["ra"]) == ("(12267)", None)
