"""Periodic work of queries: those that run by themselves, results that are old, lists that services keep."""

from __future__ import annotations

import logging

from django.apps import apps

from tom_common.background import background_task
from tom_common.notifications import notify
from tom_dataservices.plugin_errors import JOB_ENDS, PluginFailedError, plugin_reported
from tom_dataservices.providers import provider
from tom_dataservices.registry import data_services
from tom_dataservices.runs import MOST_RESULTS, fetch_now, start_run, throw_away_old
from tom_dataservices.saved_queries import claim_due, due_queries
from tom_dataservices.saved_query import SavedQuery
from tom_dataservices.service_choices import keep_choices, services_to_read

logger = logging.getLogger(__name__)


@background_task(title="Queries that run by themselves", queue="bulk")
def run_due_queries() -> dict[str, int]:
    """Run the kept queries whose time has come, each with the rights of its owner; safe to run twice.

    An owner is told of results that the run before did not have. All results are fetched: nobody is there to
    ask for more of them. A query that fails, however it does, keeps no other from running.
    """
    counts = {"run": 0, "failed": 0}
    for model in apps.get_models():
        if not issubclass(model, SavedQuery):
            continue
        for query in due_queries(model).select_related("user"):
            if claim_due(query):
                counts["run" if _run_alone(query) else "failed"] += 1
    return counts


def _run_alone(query: SavedQuery) -> bool:
    """Run a query, and log what it raises beyond what a plugin may."""
    try:
        return _run(query)
    except JOB_ENDS:
        raise
    except Exception:
        logger.exception("the query %s (%s) failed", query.pk, query)
        return False


def _run(query: SavedQuery) -> bool:
    kind, name = query.asks()
    try:
        asked = provider(kind, name, query.user)
    except ImportError:
        return False  # its plugin is gone; the list of queries and the system check say so
    run = start_run(
        asked, dict(query.parameters), query=query, again=True, in_background=False, wanted=MOST_RESULTS
    )
    try:
        fetch_now(run)
    except PluginFailedError:
        return False  # the run holds the sentence, and is listed among what was asked lately
    new = run.results.filter(is_new=True).count()
    if new and query.user is not None:
        words = f"{query.name}: {new} new result{'s' * (new != 1)}"
        notify(query.user, "query", words, url=run.get_absolute_url())
    return True


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
