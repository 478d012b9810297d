"""Queries that run by themselves, and results that are thrown away."""

import datetime as dt
from importlib import import_module

import pytest
from django.utils import timezone

from tom_common.job_context import JobStopped
from tom_common.job_worker import JobWorker
from tom_common.models import Job, Notification
from tom_dataservices import periodic
from tom_dataservices.models import DataServiceQuery, QueryRun
from tom_dataservices.periodic import run_due_queries, run_kept_query, tidy_queries
from tom_dataservices.saved_queries import copy_query


def test_a_due_query_runs_once_and_is_due_again_an_hour_later(services, query):
    assert run_due_queries() == {"begun": 1}
    assert run_due_queries() == {"begun": 0}
    run = QueryRun.objects.get()
    assert (run.user, run.found, run.query_id) == (query.user, 11, query.pk)
    query.refresh_from_db()
    assert 3590 < (query.next_run - timezone.now()).total_seconds() <= 3600
    assert query.last_run is not None


def test_the_owner_is_told_of_new_results_only(services, query, monkeypatch):
    run_due_queries()
    assert not Notification.objects.exists()
    new = {"name": "Star 3x", "ra": 1.0, "dec": 1.0, "mag": 9}
    monkeypatch.setitem(services.query_service.__globals__, "STARS", [*services.stars(), new])
    DataServiceQuery.objects.update(next_run=timezone.now())
    run_due_queries()
    told = Notification.objects.get()
    assert (told.user, told.text) == (query.user, "Stars with 3: 1 new result")


def test_a_failing_query_keeps_no_other_from_running(services, query, users):
    DataServiceQuery.objects.create(
        name="Broken",
        data_service="Stars",
        parameters={"fail": "bug"},
        user=users["owner"],
        every_minutes=60,
        next_run=timezone.now() - dt.timedelta(days=1),
    )
    DataServiceQuery.objects.create(
        name="Gone", data_service="No such", parameters={}, user=users["owner"], next_run=timezone.now()
    )
    assert run_due_queries() == {"begun": 3}
    failed = {job.title: job.result for job in Job.objects.filter(state="done")}
    assert failed["By itself: Broken"]["error"].startswith("The stars failed: ValueError: unexpected star.")
    assert "No such" in failed["By itself: Gone"]["error"]
    assert failed["By itself: Stars with 3"] == {"results": 11, "new": 0}


def test_a_query_that_runs_by_itself_is_fetched_to_its_end(services, query):
    DataServiceQuery.objects.update(parameters={"name_begins": ""})
    run_due_queries()
    run = QueryRun.objects.get()
    assert (run.found, run.has_more) == (250, False)


def test_whatever_a_query_raises_keeps_no_other_from_running(services, query, users, monkeypatch, caplog):
    bad = DataServiceQuery.objects.create(
        name="Bad", data_service="Stars", parameters={}, user=users["owner"], next_run=timezone.now()
    )

    def screen(run):
        if run.query_id == bad.pk:
            raise RuntimeError("a filter that breaks")

    monkeypatch.setattr("tom_dataservices.ingest.screening._result_screens", [screen])
    DataServiceQuery.objects.filter(pk=query.pk).update(next_run=timezone.now())  # the bad one goes first
    DataServiceQuery.objects.filter(pk=bad.pk).update(next_run=timezone.now() - dt.timedelta(days=1))
    assert run_due_queries() == {"begun": 2}
    states = dict(Job.objects.values_list("title", "state"))
    assert states == {"By itself: Bad": "failed", "By itself: Stars with 3": "done"}
    assert "a filter that breaks" in caplog.text


def test_a_query_that_lasts_ends_at_its_limit_and_is_a_job_of_nobody(services, query):
    run_due_queries()
    job = Job.objects.get()
    assert (job.user, job.queue) == (None, "bulk")
    assert 0 < run_kept_query.time_limit_ms <= 3_600_000


def test_a_query_of_somebody_who_left_does_not_run(services, query, users):
    users["owner"].is_active = False
    users["owner"].save()
    assert run_due_queries() == {"begun": 0}


def test_a_query_that_lasts_longer_than_its_rhythm_does_not_run_beside_itself(services, query, users):
    under_way = Job.objects.create(
        title="x",
        task=run_kept_query.path,
        state=Job.State.RUNNING,
        arguments={"args": [], "kwargs": {"model": "tom_dataservices.DataServiceQuery", "pk": query.pk}},
    )
    other = copy_query(query, user=users["owner"])
    DataServiceQuery.objects.filter(pk=other.pk).update(every_minutes=60, next_run=timezone.now())
    assert run_due_queries() == {"begun": 1}
    assert QueryRun.objects.get().query_id == other.pk
    Job.objects.filter(pk=under_way.pk).update(state=Job.State.DONE)
    DataServiceQuery.objects.filter(pk=query.pk).update(next_run=timezone.now())
    assert run_due_queries() == {"begun": 1}


def test_a_job_that_is_taken_up_again_goes_on_with_its_run(
    services, query, transactional_db, settings, monkeypatch, client
):
    settings.TOM_BACKGROUND = "thread"
    monkeypatch.setattr("tom_dataservices.runs._BATCH", 5)
    real = services.query_targets
    calls = []

    def stopped_once(self, parameters):
        for number, star in enumerate(real(self, parameters)):
            if number == 7 and not calls:
                calls.append(number)
                raise JobStopped
            yield star

    monkeypatch.setattr(services, "query_targets", stopped_once)
    run_due_queries.leave()
    worker = JobWorker()
    while worker.run_one():
        continue
    run = QueryRun.objects.get()
    assert (calls, run.found, run.results.count()) == ([7], 11, 11)
    QueryRun.objects.update(finished=None)
    Job.objects.update(state="running")
    client.force_login(query.user)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "11 results so far." in page
    assert run.job.get_absolute_url() not in page  # it is a job of nobody


@pytest.fixture
def stopped_at(services, query, transactional_db, settings, monkeypatch):
    """Give a function that has the process end, once, at the first call of what is at a path."""
    settings.TOM_BACKGROUND = "thread"

    def stopped(path, *, is_done=False):
        module, _, name = path.rpartition(".")
        real = getattr(import_module(module), name)
        left = [JobStopped]

        def ends(*args, **kwargs):
            if not left:
                return real(*args, **kwargs)
            if is_done:
                real(*args, **kwargs)
            raise left.pop()

        monkeypatch.setattr(path, ends)
        DataServiceQuery.objects.update(next_run=timezone.now())
        run_due_queries.leave()
        run_all()
        assert not left
        return [note.text for note in Notification.objects.all()]

    return stopped


def run_all():
    worker = JobWorker()
    while worker.run_one():
        continue


STOPS = [
    ("tom_dataservices.runs.tell_result_screens", False),
    ("tom_dataservices.periodic.fetch_images_later", False),
    ("tom_dataservices.failing_queries.notify", False),
    ("tom_dataservices.failing_queries.notify", True),
    ("tom_dataservices.failing_queries.still_kept", False),
]


@pytest.mark.parametrize(("path", "is_done"), STOPS)
def test_news_of_a_run_are_told_once_wherever_its_job_was_stopped(
    stopped_at, services, query, monkeypatch, path, is_done
):
    run_due_queries.leave()
    run_all()
    new = {"name": "Star 3x", "ra": 1.0, "dec": 1.0, "mag": 9}
    monkeypatch.setitem(services.query_service.__globals__, "STARS", [*services.stars(), new])
    screened = []
    monkeypatch.setattr(
        "tom_dataservices.ingest.screening._result_screens", [lambda run: screened.append(run.pk)]
    )
    assert stopped_at(path, is_done=is_done) == ["Stars with 3: 1 new result"]
    first, second = QueryRun.objects.order_by("pk")
    assert (second.found, second.results.filter(is_new=True).count()) == (12, 1)
    assert screened == [second.pk]
    assert second.job.result == {"results": 12, "new": 1}


@pytest.mark.parametrize(
    ("path", "is_done"), [("tom_dataservices.periodic.ask_again_soon", True), *STOPS[2:]]
)
@pytest.mark.parametrize("is_gone", [False, True])
def test_a_failure_is_told_once_wherever_its_job_was_stopped(stopped_at, query, path, is_done, is_gone):
    if is_gone:
        DataServiceQuery.objects.update(data_service="No such")
        path = "tom_dataservices.periodic.tell_of_failure" if "again" in path else path
    else:
        DataServiceQuery.objects.update(parameters={"fail": "spoken"})
    (told,) = stopped_at(path, is_done=is_done)
    assert told.startswith("Stars with 3 failed: ")
    run = QueryRun.objects.get()
    assert run.error.rstrip(".") in told


def test_what_failed_and_was_stopped_may_come_after_all(stopped_at, services, query, monkeypatch):
    DataServiceQuery.objects.update(parameters={"fail": "spoken"})
    real = services.query_service
    asked = []

    def once(self, query_parameters, **kwargs):
        asked.append(query_parameters)
        return real(self, query_parameters if len(asked) == 1 else {"name_begins": "Star 3"}, **kwargs)

    monkeypatch.setattr(services, "query_service", once)
    assert stopped_at("tom_dataservices.periodic.tell_of_failure") == []
    run = QueryRun.objects.get()
    assert (len(asked), run.error, run.found) == (2, "", 11)


def test_images_come_also_without_anybody_who_asks(services, query, monkeypatch):
    monkeypatch.setattr("tom_dataservices.tasks.gives_cutouts", lambda plugin: plugin is services)
    run_due_queries()
    images = Job.objects.get(task__endswith="fetch_result_cutouts")
    assert (images.user, images.arguments["kwargs"]) == (None, {"run_pk": QueryRun.objects.get().pk})


def test_old_results_are_thrown_away(services, query):
    run_due_queries()
    assert tidy_queries() == {"runs": 0}
    QueryRun.objects.update(created=timezone.now() - dt.timedelta(days=8))
    assert tidy_queries() == {"runs": 1}
    assert not QueryRun.objects.exists()


def test_a_job_that_is_retried_when_the_query_has_run_since_tells_nothing_twice(services, query, monkeypatch):
    run_due_queries()
    monday = QueryRun.objects.get()
    assert periodic._run_of(query, monday.job_id).pk == monday.pk
    later = periodic._run_of(query, None)
    assert later.pk != monday.pk
    again = periodic._run_of(query, monday.job_id)
    assert again.pk not in (monday.pk, later.pk)
    assert periodic._run_of(query, monday.job_id).pk == again.pk
    query.parameters = {"name_begins": "Star 4"}
    assert periodic._run_of(query, monday.job_id).parameters == {"name_begins": "Star 4"}
