"""Queries that run by themselves and fail, are deleted meanwhile, or whose plugin is gone."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from tom_common.background import JobCancelled, JobTimedOut
from tom_common.models import Job, Notification
from tom_common.remote import RemoteUnavailable
from tom_dataservices import runs
from tom_dataservices.models import DataServiceQuery, QueryRun
from tom_dataservices.periodic import run_due_queries, run_kept_query
from tom_dataservices.saved_queries import UNATTENDED
from tom_targets.models import Target


@pytest.fixture
def query(query):
    """Give a saved query that was due for days."""
    query.next_run = timezone.now() - dt.timedelta(days=3)
    query.save()
    return query


def run_again():
    DataServiceQuery.objects.update(next_run=timezone.now())
    run_due_queries()
    return DataServiceQuery.objects.get()


def minutes_from_now(moment):
    return round((moment - timezone.now()).total_seconds() / 60)


def told():
    return list(
        Notification.objects.filter(kind="query_failed").order_by("pk").values_list("text", flat=True)
    )


@pytest.fixture
def silent(services, monkeypatch):
    """Let the service give no answer, or do what is said instead."""

    def away(self, query_parameters, **kwargs):
        if isinstance(answer[0], Exception):
            raise answer[0]
        return answer[0]

    answer = [RemoteUnavailable("The stars did not answer.")]
    monkeypatch.setattr(services, "query_service", away)
    return answer


def test_the_path_of_the_task_is_what_looks_for_its_jobs(services, query):
    assert run_kept_query.path == UNATTENDED


def test_after_a_long_stop_a_query_runs_once(services, query):
    assert [run_due_queries()["begun"] for _ in range(3)] == [1, 0, 0]
    assert QueryRun.objects.count() == 1
    query.refresh_from_db()
    assert minutes_from_now(query.next_run) == 60


def test_the_owner_is_told_once_and_the_service_is_asked_again_soon(silent, query):
    waits = [minutes_from_now(run_again().next_run) for _ in range(5)]
    assert waits == [5, 10, 20, 60, 60]
    (words,) = told()
    assert words.startswith("Stars with 3 failed: The stars did not answer. It is tried again at ")
    silent[0] = []
    assert minutes_from_now(run_again().next_run) == 60
    assert QueryRun.objects.latest("pk").error == ""
    silent[0] = ValueError("no star")
    run_again()
    assert len(told()) == 2
    assert "ValueError: no star" in told()[1]


def test_a_refused_question_is_not_asked_again_before_its_time(services, query):
    DataServiceQuery.objects.update(parameters={"fail": "spoken"})
    assert minutes_from_now(run_again().next_run) == 60
    assert told() == ["Stars with 3 failed: The stars are behind clouds."]
    note = Notification.objects.get()
    assert (note.user, note.url) == (query.user, QueryRun.objects.get().get_absolute_url())


def test_a_rhythm_shorter_than_the_pause_is_kept(silent, query):
    DataServiceQuery.objects.update(every_minutes=3)
    assert minutes_from_now(run_again().next_run) == 3


def test_a_query_that_takes_too_long_is_told(services, query, monkeypatch):
    def slow(self, query_parameters, **kwargs):
        yield {"name": "Star 3", "ra": 1.0, "dec": 1.0, "mag": 9}
        raise JobTimedOut("The job took too long.")

    monkeypatch.setattr(services, "query_targets", slow)
    run_again()
    assert Job.objects.get().state == "failed"
    assert told() == [
        "Stars with 3 failed: The query took too long: these are the results that had come by then."
    ]
    assert QueryRun.objects.get().found == 1


def test_a_run_that_ends_unexpectedly_is_told_once_and_listed(services, query, as_owner, monkeypatch):
    def broken(run):
        raise ValueError("no such screen")

    monkeypatch.setattr(runs, "tell_result_screens", broken)
    for _ in range(3):
        run_again()
    assert set(Job.objects.values_list("state", flat=True)) == {"failed"}
    why = "It was not run to its end: no such screen"
    assert told() == [f"Stars with 3 failed: {why}."]
    assert [run.error for run in QueryRun.objects.filter(finished__isnull=False)] == [why] * 3
    assert f'title="{why}"' in as_owner.get(reverse("dataservices:query_list")).content.decode()


def test_a_run_whose_results_cannot_be_kept_has_ended(services, query, monkeypatch):
    def broken(run, batch):
        raise ValueError("no room")

    monkeypatch.setattr(runs, "_keep", broken)
    run_again()
    run = QueryRun.objects.get()
    assert (run.error, run.finished is None) == ("It was not run to its end: no room", False)


def test_a_cancelled_run_is_no_failure(silent, query, as_owner):
    DataServiceQuery.objects.update(every_minutes=3)
    silent[0] = JobCancelled()
    run_again()
    assert QueryRun.objects.get().error.startswith("The query was cancelled: ")
    page = as_owner.get(reverse("dataservices:query_list")).content.decode()
    assert 'title="The query was cancelled' not in page and told() == []
    silent[0] = RemoteUnavailable("The stars did not answer.")
    run_again()
    assert len(told()) == 1
    silent[0] = JobCancelled()
    run_again()
    silent[0] = RemoteUnavailable("The stars did not answer.")
    run_again()
    assert len(told()) == 1  # the failure before was told


def test_the_list_shows_what_failed_and_when_it_runs_next(services, query, as_owner, users):
    DataServiceQuery.objects.update(parameters={"fail": "spoken"})
    run_again()
    page = as_owner.get(reverse("dataservices:query_list")).content.decode()
    assert 'title="The stars are behind clouds."' in page
    assert "every hour, next" in page
    DataServiceQuery.objects.get().groups.add(users["group"])
    as_owner.force_login(users["member"])  # whose own runs did not fail
    assert "behind clouds" not in as_owner.get(reverse("dataservices:query_list")).content.decode()


# --- deleted


def test_a_query_that_is_deleted_is_run_no_more(services, query, as_owner):
    job = Job.objects.create(
        title="x",
        task=UNATTENDED,
        arguments={"args": [], "kwargs": {"model": query._meta.label, "pk": query.pk}},
    )
    running = Job.objects.create(title="y", task=UNATTENDED, state="running", arguments=job.arguments)
    other = Job.objects.create(
        title="z", task=UNATTENDED, arguments={"args": [], "kwargs": {"model": query._meta.label, "pk": 0}}
    )
    Job.objects.filter(pk=running.pk).update(heartbeat_at=timezone.now(), worker="another:1")
    as_owner.post(reverse("dataservices:delete", args=[query.pk]))
    assert not DataServiceQuery.objects.exists()
    states = dict(Job.objects.values_list("title", "state"))
    assert (states["x"], states["z"], other.state) == ("cancelled", "queued", "queued")
    assert Job.objects.get(pk=running.pk).cancel_requested or states["y"] == "cancelled"
    assert run_kept_query(query._meta.label, query.pk) == {"error": "The query was deleted."}
    assert not QueryRun.objects.exists()


@pytest.mark.parametrize("fails", [False, True])
def test_nobody_is_told_of_a_query_that_was_deleted_while_it_ran(services, query, monkeypatch, fails):
    run_again()  # of which the next differs
    new = {"name": "Star 3x", "ra": 1.0, "dec": 1.0, "mag": 9}

    def deleting(self, query_parameters, **kwargs):
        DataServiceQuery.objects.all().delete()
        if fails:
            raise RemoteUnavailable("away")
        return [*services.stars(), new]

    monkeypatch.setattr(services, "query_service", deleting)
    DataServiceQuery.objects.update(next_run=timezone.now())
    run_due_queries()
    assert not Notification.objects.exists()
    assert Job.objects.latest("pk").state == "done"


# --- a plugin that is gone


def test_a_query_of_a_plugin_that_is_gone_is_told_and_can_be_deleted(services, query, as_owner, settings):
    found = run_again() and QueryRun.objects.get()
    settings.TOM_DATA_SERVICE_CLASSES = []
    words = "Stars with 3: Stars is not installed in this TOM any more."
    for name in ("run_saved", "update"):
        page = as_owner.get(reverse(f"dataservices:{name}", args=[query.pk]), follow=True)
        assert words in page.content.decode()
    page = as_owner.post(reverse("dataservices:run_saved", args=[query.pk]), follow=True).content.decode()
    assert words in page
    assert "not installed</span>" in page
    shown = as_owner.get(found.get_absolute_url()).content.decode()
    assert "Star 33" in shown
    assert "Stars is not installed in this TOM any more: it cannot be asked." in shown
    assert "Make targets" not in shown
    again = as_owner.post(reverse("dataservices:more", args=[found.pk]), {"again": "1"}, follow=True)
    assert "it cannot be asked" in again.content.decode()
    as_owner.post(reverse("dataservices:create-target"), {"run": found.pk, "all": "1"})
    assert "Stars is not installed in this TOM any more" in Job.objects.latest("pk").error
    assert not Target.objects.exists()
    as_owner.post(reverse("dataservices:delete", args=[query.pk]))
    assert not DataServiceQuery.objects.exists()


def test_a_query_of_a_plugin_that_is_gone_is_told_once_when_it_runs_by_itself(services, query, settings):
    settings.TOM_DATA_SERVICE_CLASSES = []
    for _ in range(3):
        run_again()
    (words,) = told()
    assert words.startswith("Stars with 3 failed: Stars cannot be asked: ")
    assert QueryRun.objects.filter(query_id=query.pk).exclude(error="").count() == 3
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}


# --- shared


def test_whoever_left_the_group_sees_the_query_no_more_but_the_own_results(services, query, as_owner, users):
    query.groups.add(users["group"])
    as_owner.force_login(users["member"])
    as_owner.get(reverse("dataservices:run_saved", args=[query.pk]))
    run = QueryRun.objects.get()
    assert run.user == users["member"]
    users["member"].groups.clear()
    assert as_owner.get(reverse("dataservices:run_saved", args=[query.pk])).status_code == 404
    assert as_owner.post(reverse("dataservices:copy", args=[query.pk])).status_code == 404
    assert as_owner.get(run.get_absolute_url()).status_code == 200
    DataServiceQuery.objects.update(parameters={"name_begins": "Star 9"})  # not the leaver's any more
    as_owner.post(reverse("dataservices:more", args=[run.pk]), {"again": "1"})
    again = QueryRun.objects.latest("pk")
    assert (again.query_id, again.parameters["name_begins"]) == (None, "Star 3")


def test_a_query_of_nobody_runs_by_itself_and_tells_nobody(services, query):
    DataServiceQuery.objects.update(user=None, parameters={"fail": "spoken"})
    run_again()
    assert QueryRun.objects.get().error == "The stars are behind clouds."
    assert not Notification.objects.exists()
