"""Periodic work is queued once each time, whoever looks."""

import datetime as dt
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, connection
from django.utils import timezone

from tom_common import scheduler
from tom_common.models import Job, PeriodicTask
from tom_common.tests import background_tasks as tasks

ADD = "tom_common.tests.background_tasks.add"
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _only_ours(monkeypatch, settings):
    monkeypatch.setattr(scheduler, "collect", lambda name: [])
    settings.TOM_PERIODIC_TASKS = {
        "adding": {"task": ADD, "every_s": 600, "title": "Adding", "kwargs": {"first": 1}}
    }


def due(name="adding"):
    scheduler.run_due()
    PeriodicTask.objects.filter(name=name).update(next_run_at=timezone.now() - MINUTE)


def test_new_work_waits_a_minute_and_then_runs_once_each_time(at_once):
    assert scheduler.run_due() == []
    row = PeriodicTask.objects.get()
    assert dt.timedelta(seconds=50) < row.next_run_at - timezone.now() <= MINUTE
    due()

    [job] = scheduler.run_due()

    assert (job.title, job.arguments["kwargs"], job.state) == ("Adding", {"first": 1}, Job.State.QUEUED)
    assert scheduler.run_due() == []
    row.refresh_from_db()
    assert row.last_job == job
    assert row.next_run_at > timezone.now() + 9 * MINUTE
    assert tasks.calls == []  # the scheduler runs nothing itself


def test_two_that_look_at_once_queue_it_once(thread_mode):
    due()
    barrier = threading.Barrier(4)
    found = []

    def look():
        try:
            barrier.wait(10)
            found.extend(scheduler.run_due())
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(found) == Job.objects.count() == 1


def test_work_whose_last_job_still_waits_is_not_piled_up(at_once):
    due()
    [job] = scheduler.run_due()
    due()

    assert scheduler.run_due() == []
    assert "not ended" in PeriodicTask.objects.get().note
    Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED)
    due()
    assert len(scheduler.run_due()) == 1
    assert PeriodicTask.objects.get().note == ""


def test_one_broken_entry_does_not_stop_the_others(at_once, settings, caplog):
    settings.TOM_PERIODIC_TASKS = {
        **settings.TOM_PERIODIC_TASKS,
        "gone": {"task": "tom_common.no.such_task", "every_s": 60},
        "no task": {"every_s": 60},
        "no number": {"task": ADD, "every_s": "often"},
    }
    scheduler.run_due()
    PeriodicTask.objects.update(next_run_at=timezone.now() - MINUTE)

    assert [job.title for job in scheduler.run_due()] == ["Adding"]
    assert "tom_common.no.such_task" in PeriodicTask.objects.get(name="gone").note
    assert "'no task' is left out" in caplog.text
    assert "'no number' is left out" in caplog.text


def test_the_system_check_tells_of_broken_entries(settings):
    from tom_common.checks import check_periodic_tasks

    assert check_periodic_tasks() == []
    settings.TOM_PERIODIC_TASKS = {
        "gone": {"task": "tom_common.no.such_task", "every_s": 60},
        "no task": 60,
        "words": "every day",
    }
    told = " ".join(message.msg for message in check_periodic_tasks())
    for words in ("'gone': there is no module 'tom_common.no'", "'no task': KeyError", "every day"):
        assert words in told


def test_a_project_changes_and_stops_what_apps_offer(monkeypatch, settings):
    offered = [("app", {"name": name, "task": ADD, "every_s": 60}) for name in ("one", "two", "three")]
    monkeypatch.setattr(scheduler, "collect", lambda name: offered)
    settings.TOM_PERIODIC_TASKS = {"one": None, "two": 7200, "three": {"every_s": 1}}

    found = scheduler.periodic_tasks()

    assert {name: entry.every_s for name, entry in found.items()} == {"two": 7200, "three": 10}


@pytest.mark.parametrize("error", [RuntimeError, DataError, IntegrityError])
def test_work_that_cannot_be_queued_does_not_keep_the_others_waiting(
    at_once, monkeypatch, settings, caplog, error
):
    settings.TOM_PERIODIC_TASKS = {
        "a broken one": {"task": ADD, "every_s": 600, "title": "Breaks"},
        **settings.TOM_PERIODIC_TASKS,
    }
    scheduler.run_due()
    PeriodicTask.objects.update(next_run_at=timezone.now() - MINUTE)
    leave = scheduler.BackgroundTask.leave

    def fail(self, *, title, **kwargs):
        if title == "Breaks":
            Job.objects.create(task="x")
            raise error("no licence")
        return leave(self, title=title, **kwargs)

    monkeypatch.setattr(scheduler.BackgroundTask, "leave", fail)
    assert [job.title for job in scheduler.run_due()] == ["Adding"]

    assert Job.objects.count() == 1  # what the broken one had begun is rolled back
    row = PeriodicTask.objects.get(name="a broken one")
    assert f"{error.__name__}: no licence" in row.note
    assert row.last_run_at is None
    assert dt.timedelta(seconds=50) < row.next_run_at - timezone.now() <= MINUTE  # it is tried again soon
    assert "no licence" in caplog.text


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_is_away_is_not_taken_for_a_broken_task(at_once, monkeypatch, error):
    due()

    def fail(self, **_):
        raise error("gone")

    monkeypatch.setattr(scheduler.BackgroundTask, "leave", fail)
    with pytest.raises(error):
        scheduler.run_due()

    assert PeriodicTask.objects.get().next_run_at < timezone.now()


def test_what_an_app_offers_wrongly_is_left_out(at_once, monkeypatch):
    offered = [
        ("app", "every day"),
        ("other", {"task": ADD, "every_s": 60}),
        ("third", {"name": "n" * 101, "task": ADD, "every_s": 60}),
        ("fourth", {"name": "unplain", "task": ADD, "every_s": 60, "kwargs": {"first": {1}}}),
    ]
    monkeypatch.setattr(scheduler, "collect", lambda name: offered)

    assert list(scheduler.periodic_tasks()) == ["adding"]
    told = scheduler.refused_tasks()
    assert set(told) == {"app", "", "n" * 101, "unplain"}
    assert "every day" in told["app"]
    assert "not JSON serializable" in told["unplain"]


def test_command_runs_one_pass_and_tells(at_once, capsys, settings):
    due()
    call_command("run_scheduler", "--list")
    call_command("run_scheduler", "--once")
    call_command("run_scheduler", "--once")
    said = capsys.readouterr().out

    assert "adding" in said
    assert "1 queued" in said
    assert "0 queued" in said
    with pytest.raises(CommandError, match="there is no periodic work 'sleeping'"):
        call_command("run_scheduler", "--now", "sleeping")
    with pytest.raises(CommandError, match="not ended yet"):
        call_command("run_scheduler", "--now", "adding")
