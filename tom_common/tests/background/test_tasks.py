import datetime as dt
import os
import types

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
from django.test.client import ClientHandler

from tom_common import background, job_worker, jobs
from tom_common.background import current_job
from tom_common.models import Job, Notification
from tom_common.tests import background_tasks as tasks

State = Job.State


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


def test_soon_success_of_what_is_waited_for_is_no_news(at_once, owner, monkeypatch):
    for task in (tasks.add, tasks.fail):
        monkeypatch.setattr(task, "success_is_news_after_s", 20.0)

    soon = tasks.add.submit(user=owner, first=1)
    tasks.fail.submit(user=owner)

    soon.refresh_from_db()
    assert soon.state == State.DONE
    assert [one.kind for one in Notification.objects.filter(user=owner)] == ["job_failed"]


def test_late_success_of_what_is_waited_for_is_news(at_once, owner, monkeypatch):
    monkeypatch.setattr(tasks.add, "success_is_news_after_s", 20.0)
    job = tasks.add.submit(user=owner, first=1)
    job.refresh_from_db()
    job.finished_at = job.created_at + dt.timedelta(seconds=20)

    jobs._tell(job)

    assert [one.kind for one in Notification.objects.filter(user=owner)] == ["job_done"]


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
