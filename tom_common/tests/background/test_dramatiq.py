import datetime as dt
import os
import sys
import threading
import time
import types

import pytest
from django.core.management import call_command
from django.utils import timezone

import tom_common
from tom_common import background, caretaker, job_owner, jobs
from tom_common.models import Job, JobLogLine
from tom_common.tests import background_tasks as tasks
from tom_common.tests.background.running import abandoned, wait_for

State = Job.State


# --- dramatiq


@pytest.fixture
def messages(monkeypatch):
    """Collect what would be handed to dramatiq."""
    sent = []
    monkeypatch.setattr(background, "mode", lambda: "dramatiq")
    monkeypatch.setattr(
        background,
        "send_message",
        lambda pk, *, delay_s=0, queue=None: sent.append((pk, round(delay_s))) or True,
    )
    return sent


def test_dramatiq_message_runs_the_job_once(at_once, messages):
    job = tasks.add.send(1)
    assert messages == [(job.pk, 0)]

    background.run_from_message(job.pk)
    background.run_from_message(job.pk)

    assert len(tasks.calls) == 1


def test_dramatiq_message_of_a_running_job_comes_back_later(at_once, messages):
    job = abandoned(heartbeat_at=timezone.now())

    background.run_from_message(job.pk)

    assert messages == [(job.pk, job_owner.STALE_AFTER_S)]


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
    monkeypatch.delattr(tom_common, "tasks", raising=False)
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


def test_dramatiq_worker_that_ends_is_gone_from_the_health_page(stub_broker, monkeypatch):
    from dramatiq import Worker

    from tom_common import models

    at_once = caretaker.Caretaker._try

    def slowly(self, name, work):
        time.sleep(0.5 if name == "saying good-bye" else 0)
        at_once(self, name, work)

    monkeypatch.setattr(caretaker.Caretaker, "_try", slowly)
    worker = Worker(stub_broker, worker_timeout=100, worker_threads=2)
    tasks.add.send(1)  # imports the actors, and with them what looks after the worker
    worker.start()
    wait_for(models.Worker.objects.filter(kind="dramatiq", threads=2).exists)

    worker.stop()

    assert not models.Worker.objects.exists()
    assert not [thread for thread in threading.enumerate() if thread.name == "tom-caretaker"]


def test_forked_process_has_a_word_of_its_own(monkeypatch):
    mine = job_owner.worker_name()
    monkeypatch.setattr(os, "getpid", lambda: 2**22 + 6)

    assert job_owner.worker_name().split(":")[2] != mine.split(":")[2]


def test_message_of_a_deleted_job_is_dropped(at_once, messages):
    background.run_from_message(12345)

    assert messages == []


def test_job_that_dramatiq_lost_is_sent_again_by_one_process(at_once, messages):
    long_ago = timezone.now() - dt.timedelta(minutes=5)
    job = Job.objects.create(title="lost", task="x", run_after=long_ago)

    caretaker.nudge()
    caretaker.nudge()

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
