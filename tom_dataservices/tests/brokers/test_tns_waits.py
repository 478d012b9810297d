"""A job with a turn does not wait for the limit of TNS: it goes back to its queue, and on where it was."""

import json
import time

import pytest
from django.core.cache import cache

from tests.standins.tns import tns
from tom_common.background import background_task, current_job
from tom_common.models import Job
from tom_common.tests.background.running import run_due
from tom_common.turns import turn
from tom_dataservices.clients import tns_connection
from tom_dataservices.clients.tns_search import TnsSearch
from tom_dataservices.made_targets import Wanted
from tom_dataservices.providers import DataServiceProvider
from tom_dataservices.runs import start_run
from tom_dataservices.tasks import make_targets_later

State = Job.State
PAUSE = tns_connection.pause
SPENT = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": "40"}


@pytest.fixture
def standin(settings, transactional_db, monkeypatch):
    settings.TOM_BACKGROUND = "thread"
    cache.clear()
    monkeypatch.setattr(tns_connection, "pause", lambda wait_s: pytest.fail("it slept"))
    with tns() as state:
        settings.DATA_SERVICES = state.settings()
        yield state
    cache.clear()


def spends_the_limit(standin, what):
    """Let the next answer be a good one that tells that the limit is spent."""
    said = standin.search({}) if what == "search" else standin.object({"objname": "2026abc"})
    content = json.dumps({"id_code": 200, "id_message": "OK", "data": said}).encode()
    standin.faults["POST", f"/api/get/{what}"] = [(200, content, SPENT)]


def run_once():
    """Run what is due; the time of what waits comes first."""
    Job.objects.filter(state=State.QUEUED).update(run_after="2026-01-01T00:00:00Z")
    return run_due()


def a_minute_passes(standin):
    cache.delete_many([f"tns-limit:{standin.url}/:42:{kind}" for kind in ("any", "cone")])


def test_a_query_goes_on_by_itself_where_it_was(standin, users):
    spends_the_limit(standin, "object")
    asked = DataServiceProvider("TNS", users["owner"])
    run = start_run(asked, {"position": "150.1 -32.2", "radius": 5.0})
    run_once()
    run.refresh_from_db()
    job = Job.objects.get(pk=run.job_id)
    assert (job.state, run.found, run.finished, run.error) == (State.QUEUED, 1, None, "")
    assert "goes on by itself" in job.message
    assert standin.calls("POST", "/api/get/") == ["/api/get/search", "/api/get/object"]
    run_once()  # too early: nothing is asked
    assert len(standin.calls("POST", "/api/get/")) == 2
    a_minute_passes(standin)
    run_once()
    run.refresh_from_db()
    assert (run.found, run.error, bool(run.finished)) == (3, "", True)
    assert [result.name for result in run.results.all()] == ["SN 2026abc", "AT 2026abd", "SN 2026abe"]
    assert len(standin.calls("POST", "/api/get/search")) == 1
    assert len(standin.calls("POST", "/api/get/object")) == 3


def test_a_query_that_is_never_let_ends_with_a_sentence(standin, users, monkeypatch):
    monkeypatch.setattr(tns_connection, "MOST_WAITS", 2)
    standin.faults["POST", "/api/get/search"] = (429, b"{}", {"x-rate-limit-reset": "0"})
    run = start_run(DataServiceProvider("TNS", users["owner"]), {"position": "150.1 -32.2", "radius": 5.0})
    for _ in range(3):
        run_once()
        a_minute_passes(standin)
    run.refresh_from_db()
    assert "waited 2 times" in run.error and "later" in run.error
    assert Job.objects.get(pk=run.job_id).state == State.FAILED


def test_a_job_that_makes_several_targets_asks_nothing_twice(standin, users):
    asked = DataServiceProvider("TNS", users["owner"])
    run = start_run(asked, {"position": "150.1 -32.2", "radius": 5.0, "details": 0})
    run_once()
    spends_the_limit(standin, "object")
    job = make_targets_later(run, users["owner"], None, Wanted())
    run_once()
    job.refresh_from_db()
    assert (job.state, "goes on by itself" in job.message) == (State.QUEUED, True)
    a_minute_passes(standin)
    run_once()
    job.refresh_from_db()
    assert (job.state, job.result["created"]) == (State.DONE, 3), job.error
    assert len(standin.calls("POST", "/api/get/object")) == 3


@background_task()
def ask_over_two_connections():
    with turn("TNS"):
        TnsSearch().object("2026abc")
        TnsSearch().search({"objname": "2026abd"})


def test_waits_count_over_all_connections_of_a_job(standin, monkeypatch):
    monkeypatch.setattr(tns_connection, "MOST_WAITS", 2)
    standin.faults["POST", "/api/get/search"] = (429, b"{}", {"x-rate-limit-reset": "0"})
    job = ask_over_two_connections.send()
    for _ in range(3):
        run_once()
        a_minute_passes(standin)
    job.refresh_from_db()
    assert (job.state, "waited 2 times" in job.error) == (State.FAILED, True)
    assert len(standin.calls("POST", "/api/get/object")) == 1


@background_task(queue="bulk")
def ask_without_a_turn():
    TnsSearch().object("2026abc")


def test_bulk_work_waits_and_minds_that_it_is_cancelled(standin, monkeypatch):
    monkeypatch.setattr(tns_connection, "pause", PAUSE)
    slept = []

    def cancel_the_job(seconds):
        slept.append(seconds)
        current_job()._cancelled = True  # as its monitor does

    monkeypatch.setattr(tns_connection, "sleep", cancel_the_job)
    cache.set(f"tns-limit:{standin.url}/:42:any", time.time() + 80, 80)
    job = ask_without_a_turn.send()
    assert run_once() == 1
    job.refresh_from_db()
    assert (job.state, slept) == (State.CANCELLED, [1.0])
    assert standin.requests == []
