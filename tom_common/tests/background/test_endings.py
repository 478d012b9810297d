import datetime as dt
import os
import subprocess
import sys
import threading

import pytest
from django.db import InterfaceError, connection
from django.utils import timezone

from tom_common import jobs
from tom_common.job_context import JobContext
from tom_common.job_owner import worker_name
from tom_common.models import Job, Notification
from tom_common.tests import background_tasks as tasks
from tom_common.tests.background.running import abandoned, run_due, state_of

State = Job.State


# --- processes that end in the middle


def test_job_without_heartbeat_is_run_again(thread_mode):
    job = abandoned()

    assert run_due() == 1
    job.refresh_from_db()
    assert (job.state, job.result, job.attempts) == (State.DONE, 2, 2)
    assert job.log_lines.get().text == "Attempt 2 started."


def test_job_of_a_living_worker_is_left_alone(thread_mode):
    abandoned(heartbeat_at=timezone.now())

    assert run_due() == 0
    assert tasks.calls == []


def test_job_of_this_process_is_not_begun_twice_while_no_heartbeat_can_be_written(thread_mode, monkeypatch):
    monkeypatch.setattr(JobContext, "_write", lambda self: None)  # as while the database is away
    job = tasks.wait_for_release.send()
    thread = threading.Thread(target=run_due)
    thread.start()
    try:
        assert tasks.started.wait(10)
        Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - dt.timedelta(hours=1))

        assert jobs.abandoned_jobs() == []
        job.refresh_from_db()
        assert not jobs.claim(job)
    finally:
        tasks.release.set()
        thread.join(20)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.DONE, 1)


def test_job_that_this_process_left_is_run_again(thread_mode):
    job = abandoned(worker=worker_name())

    assert run_due() == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.DONE, 2)


@pytest.mark.parametrize("pid", [os.getpid(), 2**22 + 5], ids=["this one", "none"])
def test_job_of_a_process_that_ended_here_is_known_at_once(thread_mode, pid):
    host = worker_name().split(":")[0]
    job = abandoned(worker=f"{host}:{pid}:other", heartbeat_at=timezone.now())

    assert run_due() == 1
    job.refresh_from_db()
    assert job.state == State.DONE


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="this system has no /proc")
def test_job_of_a_process_that_ended_and_was_not_collected_is_known_at_once(thread_mode):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # seen, not collected: its number is kept
    host = worker_name().split(":")[0]
    job = abandoned(worker=f"{host}:{ended.pid}:other", heartbeat_at=timezone.now())

    try:
        assert run_due() == 1
    finally:
        ended.wait()
    job.refresh_from_db()
    assert job.state == State.DONE


def test_job_that_ends_its_process_each_time_is_given_up(thread_mode, owner):
    job = abandoned(attempts=jobs.CRASHES_ALLOWED, user=owner)

    assert run_due() == 0
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "ended each time" in Notification.objects.get(user=owner).text


def test_worker_that_was_taken_for_dead_does_not_overwrite(thread_mode, caplog):
    job = tasks.add.send(1)
    assert jobs.claim(job)
    Job.objects.filter(pk=job.pk).update(worker="elsewhere:2:y")

    jobs.run_claimed(job, monitored=True)

    job.refresh_from_db()
    assert (job.state, job.worker) == (State.RUNNING, "elsewhere:2:y")
    assert "taken over" in caplog.text


def test_task_that_calls_sys_exit_fails_its_job_and_not_the_worker(thread_mode):
    job = tasks.leave_the_process.send()

    assert run_due() == 1

    job.refresh_from_db()
    assert (job.state, job.error) == (State.FAILED, "SystemExit: there is nothing to do here")


@pytest.mark.only_on("postgresql")  # has the server end a connection
@pytest.mark.parametrize("inside", [True, False], ids=["in a transaction", "outside of one"])
def test_job_whose_database_connection_broke_ends(thread_mode, inside):
    job = tasks.lose_the_database.send(inside)

    assert run_due() == 1

    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "closed the connection" in job.error or "terminating connection" in job.error


@pytest.mark.only_on("postgresql")  # has the server end a connection
def test_job_that_did_not_notice_that_its_connection_broke_is_done(thread_mode):
    job = tasks.lose_the_database_unnoticed.send()

    assert run_due() == 1

    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.DONE, 1)


# --- cancel and retry


def test_waiting_job_is_cancelled_at_once(thread_mode, owner):
    job = tasks.add.submit(user=owner, first=1)

    assert jobs.cancel_job(job)
    assert job.state == State.CANCELLED
    assert run_due() == 0
    assert not Notification.objects.exists()


def test_running_job_is_cancelled_at_its_next_look(thread_mode, monkeypatch):
    monkeypatch.setattr("tom_common.job_context.WRITE_INTERVAL_S", 0.05)
    job = tasks.wait_for_release.send()
    thread = threading.Thread(target=lambda: (run_due(), connection.close()))
    thread.start()
    assert tasks.started.wait(10)

    assert jobs.cancel_job(job)
    thread.join(30)

    job.refresh_from_db()
    assert job.state == State.CANCELLED
    assert tasks.calls == []


@pytest.mark.parametrize("fails", [True, False], ids=["tried again", "waits for others"])
def test_job_that_is_cancelled_while_it_runs_does_not_go_back_to_the_queue(thread_mode, fails):
    job = tasks.wait_and_look_again.send(fails)
    thread = threading.Thread(target=lambda: (run_due(), connection.close()))
    thread.start()
    assert tasks.started.wait(10)

    assert jobs.cancel_job(job)
    tasks.release.set()
    thread.join(30)

    job.refresh_from_db()
    assert job.state == State.CANCELLED
    assert job.finished_at is not None
    assert run_due() == 0


def test_job_is_watched_on_after_its_monitor_lost_the_database(thread_mode, monkeypatch):
    monkeypatch.setattr("tom_common.job_context.WRITE_INTERVAL_S", 0.02)
    look, lost = JobContext._look, threading.Event()

    def look_or_lose(self):
        if not lost.is_set():
            lost.set()
            raise InterfaceError("connection already closed")
        look(self)

    monkeypatch.setattr(JobContext, "_look", look_or_lose)
    job = tasks.wait_for_release.send()
    thread = threading.Thread(target=lambda: (run_due(), connection.close()))
    thread.start()
    assert lost.wait(10)

    jobs.cancel_job(job)
    thread.join(10)

    assert not thread.is_alive()
    assert state_of(job) == State.CANCELLED


def test_abandoned_job_is_cancelled_at_once(thread_mode):
    job = abandoned()

    assert jobs.cancel_job(job)
    assert job.state == State.CANCELLED


def test_job_that_goes_back_to_the_queue_in_the_same_moment_is_cancelled(thread_mode, monkeypatch):
    job = abandoned(heartbeat_at=timezone.now())
    end = jobs._end

    def end_and_go_back(*arguments):
        done = end(*arguments)
        Job.objects.filter(pk=job.pk, state=State.RUNNING).update(state=State.QUEUED)
        return done

    monkeypatch.setattr(jobs, "_end", end_and_go_back)

    assert jobs.cancel_job(job)
    assert state_of(job) == State.CANCELLED


def test_finished_job_cannot_be_cancelled(at_once):
    job = tasks.add.send(1)
    job.refresh_from_db()

    assert not jobs.cancel_job(job)
    assert job.state == State.DONE


def test_retry_is_a_further_attempt_of_the_same_row(at_once):
    job = tasks.fail.send("first time")
    job.refresh_from_db()

    assert jobs.retry_job(job)

    job.refresh_from_db()
    assert (job.state, job.attempts, len(tasks.calls)) == (State.FAILED, 2, 2)
    assert Job.objects.count() == 1


def test_finished_well_is_not_retried(at_once):
    job = tasks.add.send(1)
    job.refresh_from_db()

    assert not jobs.retry_job(job)
    assert len(tasks.calls) == 1
