import datetime as dt
import os
import sys
import threading
import time
import types

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import connection, transaction
from django.test.client import ClientHandler
from django.utils import timezone

from tom_common import background, job_worker, jobs
from tom_common.background import current_job
from tom_common.job_context import JobContext
from tom_common.job_worker import JobWorker
from tom_common.models import Job, JobLogLine, Notification
from tom_common.tests import background_tasks as tasks

State = Job.State


@pytest.fixture(autouse=True)
def _fresh_tasks():
    tasks.calls.clear()
    tasks.release.clear()
    tasks.started.clear()
    yield
    tasks.release.set()


@pytest.fixture
def owner(db):
    return get_user_model().objects.create_user("owner")


@pytest.fixture
def at_once(db, monkeypatch):
    """Run what waits for a commit without waiting: emptying all tables after a real commit takes seconds."""
    monkeypatch.setattr(transaction, "on_commit", lambda function, **_: function())


@pytest.fixture
def thread_mode(settings, transactional_db):
    """Send to the worker thread; the tests run it themselves."""
    settings.TOM_BACKGROUND = "thread"


def _run_due(count=1):
    worker = JobWorker()
    return sum(worker.run_one() for _ in range(count))


# --- the decorator


def test_task_is_still_a_function():
    assert tasks.add(2, second=3) == 5
    assert tasks.add.__name__ == "add"
    assert tasks.add.__doc__ == "Add two numbers."


def test_current_job_outside_of_a_job_keeps_nothing():
    job = current_job()
    job.progress(1, 2, "x")
    job.log("x")
    job.check_cancelled()

    assert job.pk is None


@pytest.mark.parametrize("send", [tasks.add.send, tasks.add.enqueue])
def test_sent_inline_runs_after_the_commit(send, transactional_db):
    with transaction.atomic():
        job = send(2, second=40)
        assert tasks.calls == []

    job.refresh_from_db()
    assert tasks.calls == [(2, 40)]
    assert (job.state, job.result, job.attempts) == (State.DONE, 42, 1)


def test_sent_in_a_transaction_rolled_back_never_runs(transactional_db):
    with transaction.atomic():
        tasks.add.send(1)
        transaction.set_rollback(True)

    assert tasks.calls == []
    assert Job.objects.count() == 0


def test_submitted_job_tells_who_and_what(at_once, owner):
    job = tasks.report.submit(user=owner, title="Report of three", total=3)

    job.refresh_from_db()
    assert (job.user, job.title, job.state) == (owner, "Report of three", State.DONE)
    assert (job.done_count, job.total_count, job.message, job.percent) == (3, 3, "piece 3", 100)
    assert [line.text for line in job.log_lines.all()] == ["did piece 1", "did piece 2", "did piece 3"]
    assert job.result == {"pieces": 3}
    assert job.finished_at >= job.started_at


def test_models_are_no_arguments(owner):
    with pytest.raises(TypeError, match="primary keys and plain values"):
        tasks.add.send(owner)


def test_result_that_is_no_json_is_kept_as_text(at_once):
    job = tasks.unserialisable.send()

    job.refresh_from_db()
    assert (job.state, job.result) == (State.DONE, "{1, 2}")


def test_inline_failure_is_recorded_and_not_repeated(at_once, owner, caplog):
    job = tasks.fail.submit(user=owner, message="broken file")

    job.refresh_from_db()
    assert (job.state, job.error, job.attempts) == (State.FAILED, "ValueError: broken file", 1)
    assert "Traceback" in job.log_lines.get().text
    assert "broken file" in caplog.text


@pytest.mark.parametrize(
    ("task", "kind", "words"), [(tasks.add, "job_done", "Add: done."), (tasks.fail, "job_failed", "no luck")]
)
def test_owner_is_told_the_end(at_once, owner, task, kind, words):
    arguments = {"first": 1} if task is tasks.add else {}
    job = task.submit(user=owner, **arguments)

    news = Notification.objects.get(user=owner)
    assert (news.kind, news.url, news.read_at) == (kind, job.get_absolute_url(), None)
    assert words in news.text


# --- the modes


def test_tests_run_inline(settings):
    assert background.mode() == "inline"


@pytest.mark.parametrize(
    ("apps", "broker", "is_web", "expected"),
    [
        ([], None, False, "inline"),
        ([], None, True, "thread"),
        (["django_dramatiq"], None, True, "thread"),
        (["django_dramatiq"], {"BROKER": "x"}, False, "dramatiq"),
        (["django_dramatiq.apps.DjangoDramatiqConfig"], {"BROKER": "x"}, True, "dramatiq"),
    ],
)
def test_mode_follows_from_what_is_there(monkeypatch, apps, broker, is_web, expected):
    monkeypatch.delattr(mail, "outbox")
    monkeypatch.setattr(
        background, "settings", types.SimpleNamespace(INSTALLED_APPS=apps, DRAMATIQ_BROKER=broker)
    )
    monkeypatch.setattr(job_worker, "_web_process_pid", os.getpid() if is_web else None)

    assert background.mode() == expected


@pytest.mark.parametrize("value", ["celery", "dramatiq"])
def test_mode_that_cannot_be_is_named(settings, value):
    settings.TOM_BACKGROUND = value
    with pytest.raises(ImproperlyConfigured, match=value):
        background.mode()


def test_only_a_real_request_makes_a_web_process(settings, monkeypatch):
    settings.TOM_BACKGROUND = "inline"
    monkeypatch.setattr(job_worker, "_web_process_pid", None)

    job_worker.on_request_started(ClientHandler)
    after_test_client = job_worker.is_web_process()
    job_worker.on_request_started(WSGIHandler)

    assert (after_test_client, job_worker.is_web_process()) == (False, True)


def test_forked_process_is_no_web_process_yet(monkeypatch):
    monkeypatch.setattr(job_worker, "_web_process_pid", os.getpid() + 1)

    assert not job_worker.is_web_process()


# --- the worker thread


def test_worker_runs_waiting_jobs_in_order(thread_mode):
    first, second = tasks.add.send(1), tasks.add.send(2)

    assert _run_due(3) == 2
    assert tasks.calls == [(1, 1), (2, 1)]
    assert set(Job.objects.filter(pk__in=[first.pk, second.pk]).values_list("state", flat=True)) == {
        State.DONE
    }


def test_worker_thread_is_woken_and_stops(thread_mode, monkeypatch):
    monkeypatch.setattr(job_worker, "POLL_S", 60)
    worker = JobWorker()
    worker.start()
    time.sleep(0.2)
    monkeypatch.setattr(job_worker, "_worker", worker)

    job = tasks.add.send(5)
    deadline = time.monotonic() + 10
    while Job.objects.get(pk=job.pk).state != State.DONE and time.monotonic() < deadline:
        time.sleep(0.02)
    worker.stop()
    worker.join(10)

    assert Job.objects.get(pk=job.pk).result == 6
    assert not worker.is_alive()


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
    thread = threading.Thread(target=lambda: (_run_due(), connection.close()))
    thread.start()
    assert tasks.started.wait(10)

    running = Job.objects.get(pk=job.pk)
    tasks.release.set()
    thread.join(30)

    assert (running.state, running.worker) == (State.RUNNING, jobs.worker_name())
    assert Job.objects.get(pk=job.pk).state == State.DONE


def test_what_is_told_survives_the_rollback_of_the_task(thread_mode, monkeypatch):
    monkeypatch.setattr("tom_common.job_context.WRITE_INTERVAL_S", 0.02)
    job = tasks.tell_inside_a_transaction_rolled_back.send()

    _run_due()

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
        _run_due()
        job.refresh_from_db()
        waits.append((job.state, round((job.run_after - before).total_seconds())))

    assert waits == [(State.QUEUED, 15), (State.QUEUED, 30), (State.FAILED, 0)]
    assert (job.attempts, job.error) == (3, "ValueError: no luck")
    assert Notification.objects.filter(user=owner, kind="job_failed").count() == 1


def test_job_is_not_run_before_its_time(thread_mode):
    job = tasks.add.send_with_options(args=(1,), delay=60_000)

    assert _run_due() == 0
    assert job.run_after > timezone.now() + dt.timedelta(seconds=55)


def test_task_that_waits_for_others_runs_again_later(thread_mode):
    job = tasks.poll.send()
    _run_due()
    job.refresh_from_db()
    waiting = (job.state, job.message, job.error)
    Job.objects.filter(pk=job.pk).update(run_after=timezone.now())
    _run_due()

    job.refresh_from_db()
    assert waiting == (State.QUEUED, "waiting for the queue", "")
    assert (job.state, job.result) == (State.DONE, "ready")


def test_task_over_its_time_is_interrupted(thread_mode, monkeypatch):
    monkeypatch.setattr("tom_common.job_context.WRITE_INTERVAL_S", 0.05)
    job = tasks.never_end.send()
    started = time.monotonic()

    _run_due()

    job.refresh_from_db()
    assert (job.state, job.error) == (State.FAILED, "JobTimedOut")
    assert time.monotonic() - started < 5


def test_renamed_task_fails_its_job_and_not_the_worker(thread_mode):
    job = Job.objects.create(title="old", task="tom_common.tests.background_tasks.gone")
    other = Job.objects.create(title="no task", task="os.getpid")

    assert _run_due(2) == 2

    job.refresh_from_db()
    other.refresh_from_db()
    assert job.state == other.state == State.FAILED
    assert "gone" in job.error
    assert "is no background task" in other.error


# --- processes that end in the middle


def _abandoned(**changes):
    values = {
        "title": "abandoned",
        "task": "tom_common.tests.background_tasks.add",
        "arguments": {"args": [1], "kwargs": {}},
        "state": State.RUNNING,
        "worker": "elsewhere:1:x",
        "heartbeat_at": timezone.now() - dt.timedelta(seconds=jobs.STALE_AFTER_S + 1),
        "attempts": 1,
    }
    return Job.objects.create(**(values | changes))


def test_job_without_heartbeat_is_run_again(thread_mode):
    job = _abandoned()

    assert _run_due() == 1
    job.refresh_from_db()
    assert (job.state, job.result, job.attempts) == (State.DONE, 2, 2)
    assert job.log_lines.get().text == "Attempt 2 started."


def test_job_of_a_living_worker_is_left_alone(thread_mode):
    _abandoned(heartbeat_at=timezone.now())

    assert _run_due() == 0
    assert tasks.calls == []


@pytest.mark.parametrize("pid", [os.getpid(), 2**22 + 5], ids=["this one", "none"])
def test_job_of_a_process_that_ended_here_is_known_at_once(thread_mode, pid):
    host = jobs.worker_name().split(":")[0]
    job = _abandoned(worker=f"{host}:{pid}:other", heartbeat_at=timezone.now())

    assert _run_due() == 1
    job.refresh_from_db()
    assert job.state == State.DONE


def test_job_that_ends_its_process_each_time_is_given_up(thread_mode, owner):
    job = _abandoned(attempts=jobs.CRASHES_ALLOWED, user=owner)

    assert _run_due() == 0
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


# --- cancel and retry


def test_waiting_job_is_cancelled_at_once(thread_mode, owner):
    job = tasks.add.submit(user=owner, first=1)

    assert jobs.cancel_job(job)
    assert job.state == State.CANCELLED
    assert _run_due() == 0
    assert not Notification.objects.exists()


def test_running_job_is_cancelled_at_its_next_look(thread_mode, monkeypatch):
    monkeypatch.setattr("tom_common.job_context.WRITE_INTERVAL_S", 0.05)
    job = tasks.wait_for_release.send()
    thread = threading.Thread(target=lambda: (_run_due(), connection.close()))
    thread.start()
    assert tasks.started.wait(10)

    assert jobs.cancel_job(job)
    thread.join(30)

    job.refresh_from_db()
    assert job.state == State.CANCELLED
    assert tasks.calls == []


def test_abandoned_job_is_cancelled_at_once(thread_mode):
    job = _abandoned()

    assert jobs.cancel_job(job)
    assert job.state == State.CANCELLED


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


# --- dramatiq


@pytest.fixture
def messages(monkeypatch):
    """Collect what would be handed to dramatiq."""
    sent = []
    monkeypatch.setattr(background, "mode", lambda: "dramatiq")
    monkeypatch.setattr(
        background, "send_message", lambda pk, *, delay_s=0: sent.append((pk, round(delay_s)))
    )
    return sent


def test_dramatiq_message_runs_the_job_once(at_once, messages):
    job = tasks.add.send(1)
    assert messages == [(job.pk, 0)]

    background.run_from_message(job.pk)
    background.run_from_message(job.pk)

    assert len(tasks.calls) == 1


def test_dramatiq_message_of_a_running_job_comes_back_later(at_once, messages):
    job = _abandoned(heartbeat_at=timezone.now())

    background.run_from_message(job.pk)

    assert messages == [(job.pk, jobs.STALE_AFTER_S)]


def test_dramatiq_retry_is_sent_with_its_delay(at_once, messages):
    job = tasks.fail.send()
    background.run_from_message(job.pk)
    background.run_from_message(job.pk)  # comes too early

    assert messages == [(job.pk, 0), (job.pk, 15), (job.pk, 15)]
    assert len(tasks.calls) == 1


@pytest.fixture
def stub_broker(monkeypatch, transactional_db):
    """Give dramatiq's broker for tests, with our actor on it."""
    import dramatiq
    from dramatiq.brokers.stub import StubBroker

    broker = StubBroker()
    broker.emit_after("process_boot")
    before = dramatiq.broker.global_broker
    dramatiq.set_broker(broker)
    monkeypatch.delitem(sys.modules, "tom_common.tasks", raising=False)
    monkeypatch.setattr(background, "mode", lambda: "dramatiq")
    yield broker
    broker.close()
    dramatiq.broker.global_broker = before
    sys.modules.pop("tom_common.tasks", None)


def test_dramatiq_worker_runs_what_was_sent(stub_broker):
    from dramatiq import Worker

    jobs_sent = [tasks.add.send(number) for number in range(3)]
    worker = Worker(stub_broker, worker_timeout=100, worker_threads=2)
    worker.start()
    stub_broker.join("default", timeout=20_000)
    worker.join()
    worker.stop()

    stored = Job.objects.filter(pk__in=[job.pk for job in jobs_sent]).order_by("pk")
    assert [(job.state, job.result, job.attempts) for job in stored] == [
        (State.DONE, n + 1, 1) for n in range(3)
    ]


def test_forked_process_has_a_word_of_its_own(monkeypatch):
    mine = jobs.worker_name()
    monkeypatch.setattr(os, "getpid", lambda: 2**22 + 6)

    assert jobs.worker_name().split(":")[2] != mine.split(":")[2]


def test_message_of_a_deleted_job_is_dropped(at_once, messages):
    background.run_from_message(12345)

    assert messages == []


def test_job_that_dramatiq_lost_is_sent_again_by_one_process(at_once, messages):
    long_ago = timezone.now() - dt.timedelta(minutes=5)
    job = Job.objects.create(title="lost", task="x", run_after=long_ago)

    JobWorker(hand_to_dramatiq=True)._nudge()
    JobWorker(hand_to_dramatiq=True)._nudge()

    assert messages == [(job.pk, 0)]


def test_job_waits_while_the_broker_cannot_be_reached(at_once, monkeypatch, caplog):
    class Unreachable:
        def send_with_options(self, **_):
            raise ConnectionError("no broker")

    monkeypatch.setitem(sys.modules, "tom_common.tasks", types.SimpleNamespace(run_job=Unreachable()))
    monkeypatch.setattr(background, "mode", lambda: "dramatiq")

    job = tasks.add.send(1)

    job.refresh_from_db()
    assert job.state == State.QUEUED
    assert "cannot be reached" in caplog.text


# --- housekeeping


def test_old_jobs_go(at_once, owner, settings):
    settings.TOM_JOB_KEEP_DAYS = 30
    now = timezone.now()
    for title, user, age in (
        ("old", owner, 31),
        ("kept", owner, 29),
        ("nobody's", None, 8),
        ("new", None, 6),
    ):
        Job.objects.create(
            title=title, task="x", user=user, state=State.DONE, finished_at=now - dt.timedelta(days=age)
        )
    Job.objects.create(title="waiting", task="x", user=owner)

    jobs.delete_old_jobs()

    assert set(Job.objects.values_list("title", flat=True)) == {"kept", "new", "waiting"}


def test_run_jobs_runs_what_is_due(thread_mode, capsys):
    tasks.add.send(1)
    tasks.add.send(2)

    call_command("run_jobs", "--once")

    assert "2 jobs run" in capsys.readouterr().out
    assert JobLogLine.objects.count() == 0
