import datetime as dt
import threading
import time

from django.contrib.auth.models import Group
from django.db import connection
from django.utils import timezone

from tom_common import job_worker, jobs
from tom_common.job_context import JobContext
from tom_common.job_owner import worker_name
from tom_common.job_worker import JobWorker
from tom_common.models import Job, Notification, Worker
from tom_common.tests import background_tasks as tasks
from tom_common.tests.background.running import run_due

State = Job.State


# --- the worker thread


def test_worker_runs_waiting_jobs_in_order(thread_mode):
    first, second = tasks.add.send(1), tasks.add.send(2)

    assert run_due(3) == 2
    assert tasks.calls == [(1, 1), (2, 1)]
    assert set(Job.objects.filter(pk__in=[first.pk, second.pk]).values_list("state", flat=True)) == {
        State.DONE
    }


def test_worker_thread_is_woken_and_stops(thread_mode, monkeypatch):
    monkeypatch.setattr(job_worker, "POLL_S", 60)
    crew = job_worker.Crew(Worker.Kind.WEB, runs_jobs=True)
    crew.start()
    time.sleep(0.2)
    monkeypatch.setattr(job_worker, "_crew", crew)

    job = tasks.add.send(5)
    deadline = time.monotonic() + 10
    while Job.objects.get(pk=job.pk).state != State.DONE and time.monotonic() < deadline:
        time.sleep(0.02)
    told = list(Worker.objects.values_list("kind", "queues", "threads"))
    crew.stop(5)

    assert Job.objects.get(pk=job.pk).result == 6
    assert not any(thread.is_alive() for thread in crew.threads)
    assert told == [("web", "interactive, bulk", 7)]
    assert not Worker.objects.exists()


def test_two_claim_one_runs(thread_mode):
    job = tasks.add.send(1)
    barrier = threading.Barrier(2)
    won = []

    def compete():
        mine = Job.objects.get(pk=job.pk)
        barrier.wait(10)
        won.append(jobs.claim(mine))
        connection.close()

    threads = [threading.Thread(target=compete) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(won) == [False, True]
    assert Job.objects.get(pk=job.pk).attempts == 1


def test_many_workers_run_each_job_once(thread_mode):
    sent = [tasks.add.send(number).pk for number in range(12)]

    def work():
        worker = JobWorker()
        while worker.run_one():
            pass
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(first for first, _ in tasks.calls) == list(range(12))
    assert set(Job.objects.filter(pk__in=sent).values_list("state", "attempts")) == {(State.DONE, 1)}


def test_progress_is_seen_while_the_task_runs(thread_mode, monkeypatch):
    monkeypatch.setattr("tom_common.job_context.WRITE_INTERVAL_S", 0.05)
    job = tasks.wait_for_release.send()
    thread = threading.Thread(target=lambda: (run_due(), connection.close()))
    thread.start()
    assert tasks.started.wait(10)

    running = Job.objects.get(pk=job.pk)
    tasks.release.set()
    thread.join(30)

    assert (running.state, running.worker) == (State.RUNNING, worker_name())
    assert Job.objects.get(pk=job.pk).state == State.DONE


def test_what_is_told_survives_the_rollback_of_the_task(thread_mode, monkeypatch):
    monkeypatch.setattr("tom_common.job_context.WRITE_INTERVAL_S", 0.02)
    job = tasks.tell_inside_a_transaction_rolled_back.send()

    run_due()

    job.refresh_from_db()
    assert (job.done_count, job.total_count, job.message) == (7, 10, "inside")
    assert [line.text for line in job.log_lines.all()] == ["told inside"]
    assert not Group.objects.filter(name="never kept").exists()


def test_inline_progress_is_written_at_most_twice_a_second(db, django_assert_max_num_queries):
    job = Job.objects.create(title="x", task="x", state=State.RUNNING)
    context = JobContext(job.pk, monitored=False)

    with django_assert_max_num_queries(3):
        for done in range(1000):
            context.progress(done, 1000)

    assert context.unwritten()["done_count"] == 999


def test_failed_job_waits_longer_each_time_then_fails(thread_mode, owner):
    job = tasks.fail.submit(user=owner)
    waits = []
    for _ in range(3):
        before = timezone.now()
        Job.objects.filter(pk=job.pk).update(run_after=before)
        run_due()
        job.refresh_from_db()
        waits.append((job.state, round((job.run_after - before).total_seconds())))

    assert waits == [(State.QUEUED, 15), (State.QUEUED, 30), (State.FAILED, 0)]
    assert (job.attempts, job.error) == (3, "ValueError: no luck")
    assert Notification.objects.filter(user=owner, kind="job_failed").count() == 1


def test_job_is_not_run_before_its_time(thread_mode):
    job = tasks.add.send_with_options(args=(1,), delay=60_000)

    assert run_due() == 0
    assert job.run_after > timezone.now() + dt.timedelta(seconds=55)


def test_task_that_refuses_its_input_fails_at_once_with_its_words(thread_mode):
    job = tasks.refuse.send()
    run_due()
    job.refresh_from_db()
    assert (job.state, job.error, job.attempts) == (State.FAILED, "there is nothing in the file", 1)
    assert not job.log_lines.filter(text__contains="Traceback").exists()


def test_task_that_waits_for_others_runs_again_later(thread_mode):
    job = tasks.poll.send()
    run_due()
    job.refresh_from_db()
    waiting = (job.state, job.message, job.error, job.attempts)
    Job.objects.filter(pk=job.pk).update(run_after=timezone.now())
    run_due()

    job.refresh_from_db()
    assert waiting == (State.QUEUED, "waiting for the queue", "", 0), "waiting uses up no attempt"
    assert (job.state, job.result) == (State.DONE, "ready")


def test_task_over_its_time_is_interrupted(thread_mode, monkeypatch):
    monkeypatch.setattr("tom_common.job_context.WRITE_INTERVAL_S", 0.05)
    job = tasks.never_end.send()
    started = time.monotonic()

    run_due()

    job.refresh_from_db()
    assert (job.state, job.error) == (State.FAILED, "JobTimedOut")
    assert time.monotonic() - started < 5


def test_task_that_takes_its_end_for_the_fault_of_an_item_is_interrupted_again(thread_mode, monkeypatch):
    monkeypatch.setattr("tom_common.job_context.WRITE_INTERVAL_S", 0.05)
    monkeypatch.setattr("tom_common.job_context.OVERDUE_S", 0.2)
    job = tasks.go_on_after_everything.send()

    run_due()

    job.refresh_from_db()
    assert (job.state, job.error) == (State.FAILED, "JobTimedOut")
    assert tasks.calls == ["JobTimedOut"]


def test_renamed_task_fails_its_job_and_not_the_worker(thread_mode):
    job = Job.objects.create(title="old", task="tom_common.tests.background_tasks.gone")
    other = Job.objects.create(title="no task", task="os.getpid")

    assert run_due(2) == 2

    job.refresh_from_db()
    other.refresh_from_db()
    assert job.state == other.state == State.FAILED
    assert "gone" in job.error
    assert "is no background task" in other.error
