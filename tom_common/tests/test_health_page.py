"""The health page of staff: who may open it, what it tells, and what can be done there."""

import datetime as dt

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from tom_common import health, jobs, scheduler
from tom_common.models import Job, PeriodicTask, RemoteServiceState, Worker

ADD = "tom_common.tests.background_tasks.add"
State = Job.State


@pytest.fixture
def people(db):
    users = get_user_model().objects
    return {
        "user": users.create_user("user"),
        "staff": users.create_user("staff", is_staff=True),
        "superuser": users.create_user("super", is_superuser=True),
    }


@pytest.fixture
def silent(db):
    return RemoteServiceState.objects.create(
        service="Survey",
        host="survey.example.org",
        failures_in_a_row=5,
        trips=1,
        last_error="Survey did not answer within 30 s.",
        last_failure_at=timezone.now(),
        open_until=timezone.now() + dt.timedelta(minutes=1),
    )


def alive(**values):
    now = timezone.now()
    values = {"name": "here:1:x", "kind": "web", "queues": "interactive, bulk", "threads": 2} | values
    return Worker.objects.create(**({"started_at": now, "seen_at": now} | values))


@pytest.mark.parametrize(
    ("who", "expected"), [(None, 302), ("user", 403), ("staff", 200), ("superuser", 200)]
)
def test_page_is_for_staff(client, people, who, expected):
    if who:
        client.force_login(people[who])
    response = client.get(reverse("health"))
    assert response.status_code == expected
    assert (b'href="/health/"' in client.get(reverse("home")).content) == (expected == 200)


@pytest.mark.parametrize(
    ("who", "expected"), [(None, 302), ("user", 403), ("staff", 302), ("superuser", 302)]
)
def test_only_staff_resets_and_runs(client, people, silent, settings, who, expected):
    settings.TOM_PERIODIC_TASKS = {"adding": {"task": ADD, "every_s": 60, "kwargs": {"first": 1}}}
    if who:
        client.force_login(people[who])
    done = who in ("staff", "superuser")

    assert client.post(reverse("health-service-reset", args=[silent.pk])).status_code == expected
    assert client.post(reverse("health-periodic-run"), {"name": "adding"}).status_code == expected

    silent.refresh_from_db()
    assert (silent.open_until is None) == done
    assert Job.objects.filter(task=ADD).exists() == done


@pytest.mark.parametrize(("who", "retried"), [(None, 0), ("user", 1), ("staff", 2)])
def test_failed_jobs_are_tried_again_by_those_who_see_them(client, people, monkeypatch, who, retried):
    monkeypatch.setattr(transaction, "on_commit", lambda function, **_: None)
    for user in (people["user"], None):
        Job.objects.create(user=user, task=ADD, state=State.FAILED, error="x")
    if who:
        client.force_login(people[who])

    assert client.post(reverse("job-retry-all")).status_code == 302
    assert Job.objects.filter(state=State.QUEUED).count() == retried


@pytest.mark.parametrize("name", ["health-periodic-run", "job-retry-all"])
def test_a_link_changes_nothing(client, people, name):
    client.force_login(people["staff"])
    assert client.get(reverse(name)).status_code == 405


def test_what_is_not_there_is_not_found(client, people):
    client.force_login(people["staff"])
    assert client.post(reverse("health-service-reset", args=[1])).status_code == 404
    assert client.post(reverse("health-periodic-run"), {"name": "none"}).status_code == 404


def test_work_that_is_not_queued_says_why(client, people, settings):
    settings.TOM_PERIODIC_TASKS = {
        "gone": {"task": "tom_common.no.such_task", "every_s": 60},
        "busy": {"task": ADD, "every_s": 60},
    }
    busy = Job.objects.create(task=ADD, state=State.RUNNING)
    PeriodicTask.objects.create(name="busy", next_run_at=timezone.now(), last_job=busy)
    client.force_login(people["staff"])

    gone = client.post(reverse("health-periodic-run"), {"name": "gone"}, follow=True).content.decode()
    late = client.post(reverse("health-periodic-run"), {"name": "busy"}, follow=True).content.decode()

    assert "“gone” was not queued. Could not import tom_common.no.such_task" in gone
    assert "“busy” was not queued. The job of the last time has not ended yet." in late


def test_page_tells_what_there_is(client, people, silent):
    client.force_login(people["staff"])
    alive()
    alive(name="gone:2:x", seen_at=timezone.now() - dt.timedelta(minutes=5))
    hour_ago = timezone.now() - dt.timedelta(hours=1)
    Job.objects.create(task=ADD, run_after=hour_ago)
    Job.objects.create(task=ADD, queue="bulk", state=State.FAILED)
    PeriodicTask.objects.create(name="tidy", next_run_at=hour_ago, note="The job has not ended.")

    page = client.get(reverse("health"))

    text = page.content.decode()
    assert [worker.name for worker in page.context["workers"]] == ["here:1:x"]
    interactive, bulk = page.context["queues"]
    assert (interactive.waiting, interactive.state, interactive.oldest) == (1, "warn", hour_ago)
    assert (bulk.waiting, bulk.failed) == (0, 1)
    for words in (
        "left alone",
        "Survey did not answer within 30 s.",
        "late:",
        "The job has not ended.",
        "Try all failed jobs again",
    ):
        assert words in text
    assert "queued waits" not in text


def test_page_warns_where_nobody_runs_jobs(client, people):
    client.force_login(people["staff"])
    alive(kind="web", queues="", threads=0)
    assert "what is queued waits" in client.get(reverse("health")).content.decode()


def test_page_takes_few_queries_and_asks_no_other_machine(
    client, people, silent, django_assert_max_num_queries
):
    client.force_login(people["staff"])
    for number in range(20):
        alive(name=f"host{number}:1:x")
        Job.objects.create(task=ADD)
        RemoteServiceState.objects.create(service=f"service {number}")
    with django_assert_max_num_queries(14):
        assert client.get(reverse("health")).status_code == 200


def test_an_app_that_offers_no_proper_line_does_not_take_the_page_down(client, people, monkeypatch):
    good = {"label": "Files", "text": "in order", "state": "good"}
    offered = [("one", {"label": "no text"}), ("two", "in words"), ("three", None), ("four", good)]
    monkeypatch.setattr(health, "collect", lambda name: offered)
    client.force_login(people["staff"])

    page = client.get(reverse("health")).content.decode()

    assert page.count("offers a line that cannot be shown") == 3
    assert "Files</span> in order" in page


def test_an_app_whose_lines_fail_does_not_take_the_page_down(client, people, monkeypatch):
    def fail():
        raise RuntimeError("broken app")

    monkeypatch.setattr(apps.get_app_config("tom_common"), "health_items", fail, raising=False)
    client.force_login(people["staff"])

    assert "Disk: " in client.get(reverse("health")).content.decode()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(10, "every 10 seconds"), (60, "every minute"), (5400, "every 1.5 hours"), (86400, "every day")],
)
def test_periods_are_told_in_words(seconds, words):
    assert health._period(seconds) == words


def test_tidying_deletes_what_nobody_needs(db):
    from tom_common.periodic import tidy

    alive(name="gone:2:x", seen_at=timezone.now() - dt.timedelta(days=2))
    alive(name="quiet:3:x", seen_at=timezone.now() - dt.timedelta(hours=2))
    old = timezone.now() - dt.timedelta(days=400)
    Job.objects.create(task=ADD, state=State.DONE, finished_at=old)

    assert tidy() == {"jobs": 1, "sessions": 0, "processes": 1}
    assert Worker.objects.get().name == "quiet:3:x"
    assert "tidy" in scheduler.periodic_tasks()
    assert jobs.delete_old_jobs() == 0
