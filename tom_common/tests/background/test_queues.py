"""Two queues: bulk work never keeps interactive work waiting, in any mode."""

import threading
import time

import pytest
from django.core.management import CommandError, call_command

from tom_common import background, job_worker, jobs
from tom_common.job_context import stop_running
from tom_common.models import Job, Worker
from tom_common.tests import background_tasks as tasks
from tom_common.tests.background.running import run_due, state_of, wait_for

State = Job.State


def test_a_task_says_its_queue(at_once):
    assert tasks.add_in_bulk.send(1).queue == "bulk"
    assert tasks.add.send(1).queue == "interactive"
    with pytest.raises(ValueError, match="urgent"):
        background.background_task(queue="urgent")(print)


def test_interactive_work_goes_first(thread_mode):
    tasks.add_in_bulk.send("bulk")
    tasks.add.send(1)

    assert run_due(3) == 2
    assert tasks.calls == [(1, 1), "bulk"]
    assert set(Job.objects.values_list("state", flat=True)) == {State.DONE}


def test_a_long_bulk_job_does_not_hold_up_a_web_process(thread_mode):
    bulk = tasks.wait_in_bulk.send()
    crew = job_worker.Crew(Worker.Kind.WEB, runs_jobs=True)
    crew.start()
    try:
        assert tasks.started.wait(10)
        quick = tasks.add.send(2)
        wait_for(lambda: state_of(quick) == State.DONE)
        assert state_of(bulk) == State.RUNNING
        tasks.release.set()
        wait_for(lambda: state_of(bulk) == State.DONE)
    finally:
        crew.stop(1)


def test_bulk_messages_leave_a_thread_free_and_none_is_forgotten(thread_mode):
    slots = background.BulkSlots(1)
    first = tasks.wait_in_bulk.send()
    others = [tasks.add_in_bulk.send(number) for number in range(3)]
    holder = threading.Thread(target=background.run_bulk_from_message, args=(first.pk, slots))
    holder.start()
    assert tasks.started.wait(10)

    for job in others:
        background.run_bulk_from_message(job.pk, slots)  # returns at once: no slot is free
    assert [state_of(job) for job in others] == [State.QUEUED] * 3
    tasks.release.set()
    holder.join(20)

    assert tasks.calls == ["bulk released", 0, 1, 2]
    assert [state_of(job) for job in (first, *others)] == [State.DONE] * 4


def test_a_worker_that_ends_takes_no_further_bulk_job(thread_mode):
    slots = background.BulkSlots(1)
    first, second = tasks.wait_in_bulk.send(), tasks.add_in_bulk.send(1)
    holder = threading.Thread(target=background.run_bulk_from_message, args=(first.pk, slots))
    holder.start()
    assert tasks.started.wait(10)

    slots.close()
    stop_running(0)
    holder.join(20)
    background.run_bulk_from_message(second.pk, slots)

    assert [state_of(job) for job in (first, second)] == [State.QUEUED] * 2
    assert tasks.calls == []


def test_stopping_gives_a_job_its_time(thread_mode):
    job = tasks.wait_for_release.send()
    crew = job_worker.Crew(Worker.Kind.RUN_JOBS, runs_jobs=True)
    crew.start()
    assert tasks.started.wait(10)
    threading.Timer(0.3, tasks.release.set).start()

    crew.stop(10)

    assert state_of(job) == State.DONE


def test_stopping_puts_a_job_that_needs_longer_back_into_the_queue(thread_mode):
    job = tasks.wait_for_release.send()
    crew = job_worker.Crew(Worker.Kind.RUN_JOBS, runs_jobs=True)
    crew.start()
    assert tasks.started.wait(10)

    crew.stop(0.1)

    job.refresh_from_db()
    assert (job.state, job.attempts, job.error) == (State.QUEUED, 0, "")
    assert "process was stopped" in job.log_lines.last().text
    tasks.release.set()
    assert run_due() == 1
    assert state_of(job) == State.DONE


def test_a_web_process_that_ends_starts_nothing_again(thread_mode, monkeypatch):
    monkeypatch.setattr(job_worker, "is_web_process", lambda: True)
    monkeypatch.setattr(job_worker, "WEB_GRACE_S", 0.1)
    monkeypatch.setattr(job_worker.atexit, "register", lambda function: None)
    monkeypatch.setattr(job_worker, "_crew", None)
    monkeypatch.setattr(job_worker, "_ending_pid", None)
    job = tasks.wait_for_release.send()
    assert tasks.started.wait(10)

    job_worker._end()

    assert state_of(job) == State.QUEUED
    assert not any(thread.is_alive() for thread in job_worker._crew.threads)
    job_worker.wake()
    assert not job_worker._crew.is_alive()


def test_a_thread_that_has_ended_is_replaced_and_none_is_doubled(thread_mode, monkeypatch):
    monkeypatch.setattr(job_worker, "is_web_process", lambda: True)
    monkeypatch.setattr(job_worker.atexit, "register", lambda function: None)
    monkeypatch.setattr(job_worker, "_crew", None)
    job_worker.wake()
    first = job_worker._crew
    first.workers[0].stop()
    first.workers[0].join(10)

    job = tasks.add.send(1)

    try:
        assert job_worker._crew is not first
        wait_for(lambda: state_of(job) == State.DONE)
        wait_for(lambda: not any(thread.is_alive() for thread in first.threads), 20)
        assert job_worker._crew.is_alive()
        assert Worker.objects.get().threads == len(job_worker._crew.workers)
    finally:
        job_worker._crew.stop(1)


def test_an_interrupted_job_is_not_begun_again_by_the_process_that_ends(thread_mode, settings):
    settings.TOM_BACKGROUND = "inline"  # as in run_jobs with TOM_BACKGROUND=auto
    job = Job.objects.create(task=f"{tasks.__name__}.wait_for_release", arguments={})
    crew = job_worker.Crew(Worker.Kind.RUN_JOBS, runs_jobs=True)
    crew.start()
    assert tasks.started.wait(10)
    tasks.started.clear()

    crew.stop(0.1)

    assert state_of(job) == State.QUEUED
    assert not tasks.started.is_set()


def test_nothing_to_stop_takes_no_time():
    begun = time.monotonic()
    assert stop_running(5) == 0
    assert time.monotonic() - begun < 1


def test_all_failed_jobs_are_started_again_by_staff(at_once, owner, monkeypatch):
    monkeypatch.setattr(background, "dispatch", lambda pk, **_: None)
    mine = Job.objects.create(user=owner, task="x.y", state=State.FAILED, attempts=2)
    other = Job.objects.create(task="x.y", state=State.FAILED)
    done = Job.objects.create(user=owner, task="x.y", state=State.DONE)

    assert jobs.retry_failed_jobs(owner) == 1
    assert (state_of(mine), state_of(other), state_of(done)) == (State.QUEUED, State.FAILED, State.DONE)
    owner.is_staff = True
    assert jobs.retry_failed_jobs(owner) == 1
    assert state_of(other) == State.QUEUED


def test_many_failed_jobs_are_started_again_with_few_queries(owner, thread_mode, django_assert_num_queries):
    owner.is_staff = True
    path = tasks.__name__
    Job.objects.bulk_create(
        Job(task=f"{path}.{name}", state=State.FAILED, attempts=number, error="x")
        for number, name in enumerate(["add", "fail", "gone"] * 10)
    )

    with django_assert_num_queries(4):  # which ones, and an UPDATE for each task
        assert jobs.retry_failed_jobs(owner) == 30

    assert not Job.objects.exclude(state=State.QUEUED, error="").exists()
    left = {(job.task, job.attempts_allowed - job.attempts) for job in Job.objects.all()}
    assert left == {(f"{path}.add", 1), (f"{path}.fail", 3), (f"{path}.gone", 1)}


def test_a_superuser_who_is_no_staff_starts_the_failed_jobs_of_all_again(at_once, owner, monkeypatch):
    monkeypatch.setattr(background, "dispatch", lambda pk, **_: None)
    other = Job.objects.create(task="x.y", state=State.FAILED)
    owner.is_superuser = True
    assert jobs.retry_failed_jobs(owner) == 1
    assert state_of(other) == State.QUEUED


@pytest.mark.parametrize("name", ["rundramatiq", "rundramatic"])
def test_without_a_queue_the_command_says_what_to_do(name):
    with pytest.raises(CommandError, match="no queue is set up: set REDIS_URL or RABBITMQ_URL"):
        call_command(name)
