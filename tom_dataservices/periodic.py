"""Periodic work of queries: those that run by themselves, results that are old, lists that services keep."""

from __future__ import annotations

import logging
from typing import Any

from django.apps import apps
from django.db import transaction

from tom_common.background import JobCancelled, RunAgain, background_task, current_job
from tom_dataservices.failing_queries import ask_again_soon, refused_run, tell_of_failure, tell_once
from tom_dataservices.models import QueryRun
from tom_dataservices.plugin_errors import PluginFailedError, plugin_reported
from tom_dataservices.providers import provider
from tom_dataservices.registry import data_services
from tom_dataservices.runs import MOST_RESULTS, digest_of, fetch_now, start_run, throw_away_old
from tom_dataservices.saved_queries import claim_due, due_queries, jobs_under_way, query_models
from tom_dataservices.saved_query import SavedQuery
from tom_dataservices.service_choices import keep_choices, services_to_read
from tom_dataservices.tasks import fetch_images_later

logger = logging.getLogger(__name__)


@background_task(title="Queries that run by themselves", queue="bulk")
def run_due_queries() -> dict[str, int]:
    """Begin the kept queries whose time has come, each a job of its own; safe to run twice.

    So one that fails or lasts keeps no other from running. One whose last job has not ended yet waits for its
    next time. One that missed many times, since nothing ran, runs once.
    """
    begun = 0
    for model in query_models():
        for query in due_queries(model):
            if claim_due(query) and not jobs_under_way(query).exists():
                run_kept_query.submit(title=f"By itself: {query}"[:200], model=model._meta.label, pk=query.pk)
                begun += 1
    return {"begun": begun}


@background_task(title="A query that runs by itself", queue="bulk", time_limit_ms=30 * 60 * 1000)
def run_kept_query(model: str, pk: int) -> dict[str, Any]:
    """Run a kept query with the rights of its owner, who is told of results that the run before had not.

    All results are fetched: nobody is there to ask for more of them. A service that fails is no failure of
    the job: the run holds the sentence, the owner is told once, and a service that did not answer is asked
    again before the next time. A job that is taken up again goes on with its run: the next one would compare
    itself with it, and find nothing new.
    """
    query: SavedQuery | None = apps.get_model(model)._default_manager.filter(pk=pk).first()
    if query is None:
        return {"error": "The query was deleted."}
    job = current_job()
    try:
        run = _run_of(query, job.pk)
    except ImportError as error:  # its plugin is gone; the list of queries and the system check say so
        refusal = f"{query.asks()[1]} cannot be asked: {error}"
        run = _begun_by(job.pk) or refused_run(query, refusal, job.pk)
        tell_of_failure(query, run)
        return {"error": run.error}

    def tell(count: int) -> None:
        job.check_cancelled()
        job.progress(count, None, f"{count} results so far")

    try:
        if run.finished is None:
            fetch_now(run, tell)
    except PluginFailedError as error:
        again = ask_again_soon(query, error)
        tell_of_failure(query, run, again)
        return {"error": str(error)}
    except (JobCancelled, RunAgain):
        raise
    except Exception:
        tell_of_failure(query, run)
        raise
    fetch_images_later(run, user=None)
    new = run.results.filter(is_new=True).count()
    if new:
        tell_once(query, run, "query", f"{query.name}: {new} new result{'s' * (new != 1)}")
    return {"results": run.found, "new": new}


def _run_of(query: SavedQuery, job_pk: int | None) -> QueryRun:
    """Return the run of a job: that of an earlier attempt, opened again if it failed, else a new one.

    A job that is retried later, when the query has run since or asks something else, begins a new one: what
    was told since would be news to the old run.

    Raises
    ------
    ImportError
        If the plugin of the query is gone.
    """
    run = _begun_by(job_pk)
    if run is not None and not _is_newest(query, run):
        run = None
    if run is not None and not run.error:
        return run
    asked = provider(*query.asks(), query.user)
    with transaction.atomic():
        if run is None:
            run = start_run(
                asked,
                dict(query.parameters),
                query=query,
                again=True,
                in_background=False,
                wanted=MOST_RESULTS,
            )
        run.job_id, run.wanted, run.error, run.finished = job_pk, MOST_RESULTS, "", None
        run.save(update_fields=["job_id", "wanted", "error", "finished"])
    return run


def _begun_by(job_pk: int | None) -> QueryRun | None:
    """Return the run that a job has begun, however far it came."""
    if job_pk is None:
        return None
    return QueryRun.objects.filter(job_id=job_pk).order_by("-pk").first()


def _is_newest(query: SavedQuery, run: QueryRun) -> bool:
    """Tell whether a run asks what its query asks, and no later one does."""
    later = QueryRun.objects.filter(kind=run.kind, query_id=run.query_id, pk__gt=run.pk)
    return run.digest == digest_of(*query.asks(), query.parameters) and not later.exists()


@background_task(title="Old results of queries", queue="bulk")
def tidy_queries() -> dict[str, int]:
    """Throw away results that are older than they are kept."""
    return {"runs": throw_away_old()}


@background_task(title="Lists of classes of the brokers", queue="bulk")
def read_service_choices() -> dict[str, int]:
    """Read the lists that services in use keep themselves, once a day each; forms are made of them."""
    counts = {"read": 0, "failed": 0}
    known = data_services.all()
    for name in services_to_read():
        ask = getattr(known.get(name), "lists", None)
        if ask is None:
            continue
        try:
            with plugin_reported(name):
                keep_choices(name, known[name]().lists())
            counts["read"] += 1
        except PluginFailedError as error:  # the lists read before go on being shown
            logger.warning("the lists of %s were not read: %s", name, error)
            counts["failed"] += 1
    return counts
