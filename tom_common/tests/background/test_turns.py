"""A service that hangs keeps neither other services nor other interactive work waiting."""

import threading

import pytest

from tom_common import job_worker, turns
from tom_common.background import background_task
from tom_common.models import Job, Worker
from tom_common.tests import background_tasks as tasks
from tom_common.tests.background.running import run_due, wait_for
from tom_common.turns import Turns, shares, turn

State = Job.State
answered = threading.Event()
asked = []


@background_task()
def ask(service):
    with turn(service):
        asked.append(service)
        if service.startswith("silent"):
            answered.wait(20)


@pytest.fixture(autouse=True)
def _nobody_asks(monkeypatch):
    """Let each test count turns of its own, and jobs without one look again soon."""
    monkeypatch.setattr("tom_common.turns.turns", mine := Turns())
    monkeypatch.setattr(job_worker, "turns", mine)
    monkeypatch.setattr("tom_common.turns.WAIT_S", 0.05)
    monkeypatch.setattr(job_worker, "POLL_S", 0.1)
    answered.clear()
    asked.clear()
    yield
    answered.set()


def states_of(jobs):
    return set(Job.objects.filter(pk__in=[job.pk for job in jobs]).values_list("state", flat=True))


def test_what_hangs_leaves_threads_to_others(thread_mode):
    hanging = [ask.send("silent") for _ in range(5)]
    other, quick = ask.send("another"), tasks.add.send(1)
    crew = job_worker.Crew(Worker.Kind.WEB, runs_jobs=True)
    crew.start()
    try:
        wait_for(lambda: states_of([other, quick]) == {State.DONE})
        assert asked.count("silent") == 2  # of five turns
        waiting = Job.objects.filter(
            state=State.QUEUED, message__startswith="Waits until silent can be asked"
        )
        wait_for(waiting.exists)
        second = [ask.send("silent too") for _ in range(3)]
        wait_for(lambda: asked.count("silent too") == 2)
        still = ask.send("another")
        wait_for(lambda: states_of([still]) == {State.DONE})
        second += [ask.send("silent as well")]
        wait_for(lambda: "silent as well" in asked)
        last = tasks.add.send(2)  # all turns are taken: other work goes on
        wait_for(lambda: states_of([last]) == {State.DONE})
        answered.set()
        wait_for(lambda: states_of([*hanging, *second]) == {State.DONE})
    finally:
        answered.set()
        crew.stop(2)
    assert asked.count("silent") == 5


def test_a_job_that_waits_for_its_turn_uses_up_no_attempt(thread_mode, monkeypatch):
    monkeypatch.setattr("tom_common.turns.turns.take", lambda service: False)
    job = ask.send("another")
    for _ in range(3):
        Job.objects.update(run_after="2026-01-01T00:00:00Z")
        assert run_due() == 1
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error) == (State.QUEUED, 0, "")


@background_task(max_retries=1)
def ask_in_vain():
    with turn("another"):
        raise ValueError("no luck")


def test_a_job_that_failed_and_waits_for_its_turn_keeps_count_of_its_failures(thread_mode, monkeypatch):
    job = ask_in_vain.send()

    def look_again():
        Job.objects.update(run_after="2026-01-01T00:00:00Z")
        assert run_due() == 1
        job.refresh_from_db()
        return job.state, job.attempts

    assert look_again() == (State.QUEUED, 1)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("tom_common.turns.turns.take", lambda service: False)
        assert look_again() == (State.QUEUED, 1)
        assert look_again() == (State.QUEUED, 1)
    assert look_again() == (State.FAILED, 2)
    assert job.error == "ValueError: no luck"


def test_what_runs_inline_or_in_no_job_waits_for_nobody(at_once, monkeypatch):
    monkeypatch.setattr("tom_common.turns.turns.take", lambda service: False)
    ask.send("another")
    ask("another")
    assert asked == ["another", "another"]


@background_task()
def fail_while_asking():
    with turn("another"):
        raise ValueError("no luck")


def test_a_job_that_fails_gives_its_turn_back(thread_mode):
    turns.turns.share_out(1)
    job = fail_while_asking.send()
    assert run_due() == 1
    job.refresh_from_db()
    assert job.error == "ValueError: no luck"
    taken = []
    thread = threading.Thread(target=lambda: taken.append(turns.turns.take("another")))
    thread.start()
    thread.join()
    assert taken == [True]
    assert not turns.turns.take("another")  # that thread has it now


@pytest.mark.parametrize(
    ("threads", "bulk", "asking"), [(2, 1, 1), (3, 1, 1), (4, 2, 1), (8, 4, 3), (16, 8, 7)]
)
def test_threads_of_dramatiq_are_shared_out(threads, bulk, asking):
    assert shares(threads) == (bulk, asking)
    assert threads < 3 or bulk + asking < threads
