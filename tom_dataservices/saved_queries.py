"""Keeps queries: by the form of their service, shared with groups, copied, run by themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from tom_common.jobs import cancel_job
from tom_common.models import Job
from tom_dataservices.models import QueryRun
from tom_dataservices.permissions import saved_queries_for_user
from tom_dataservices.saved_query import SavedQuery

UNATTENDED = "tom_dataservices.periodic.run_kept_query"
"""Path of the task that runs a query by itself."""


def keep_query(
    form: Any,
    *,
    user: Any,
    query: SavedQuery | None = None,
    groups: Sequence[Any] | None = None,
    every_minutes: int | None = None,
) -> Any:
    """Keep what a form asks for, as a new query or in place of one, and return it.

    Parameters
    ----------
    form : Form
        Valid form of a service, whose ``save`` stores the query.
    user : User
        Owner of a new query.
    query : SavedQuery, optional
    groups : sequence of Group, optional
        Which may see and run it; left as they are for None.
    every_minutes : int, optional
        Minutes from one run by itself to the next.
    """
    with transaction.atomic():
        kept = form.save(query_id=query.pk) if query is not None else form.save()
        if query is None:
            kept.user = user
        kept.every_minutes = every_minutes or None
        kept.next_run = _after(every_minutes)
        kept.save()
        if groups is not None:
            kept.groups.set(groups)
    return kept


def copy_query(query: Any, *, user: Any) -> Any:
    """Store a copy of a query for a user, shared with nobody and not run by itself, and return it."""
    copy = type(query)._default_manager.get(pk=query.pk)
    copy.pk, copy.user, copy.name = None, user, f"Copy of {query.name}"[:500]
    copy.every_minutes = copy.next_run = copy.last_run = None
    copy._state.adding = True
    copy.save()
    return copy


def query_models() -> Iterator[type[SavedQuery]]:
    """Yield the models of kept queries: ours, and those of apps above."""
    return (model for model in apps.get_models() if issubclass(model, SavedQuery))


def query_of(run: QueryRun, user: Any, action: str = "view") -> Any:
    """Return the kept query that a run asks, None if there is none (any more) that the user may run.

    With the action ``change``, one that the user may change.
    """
    if run.query_id is None:
        return None
    for model in query_models():
        rows = saved_queries_for_user(user, model._default_manager.filter(pk=run.query_id), action)
        query = rows.first()
        if query is not None and query.asks() == (run.kind, run.provider):
            return query
    return None


def due_queries(model: type[SavedQuery]) -> Any:
    """Return the queries that are to be run by themselves now."""
    may_run = Q(user=None) | Q(user__is_active=True)
    return model._default_manager.filter(may_run, next_run__lte=timezone.now()).order_by("next_run", "pk")


def claim_due(query: Any) -> bool:
    """Take a due query for this process and set its next time; False if another process was quicker."""
    same = type(query)._default_manager.filter(pk=query.pk, next_run=query.next_run)
    return bool(same.update(next_run=_after(query.every_minutes)))


def jobs_under_way(query: SavedQuery) -> QuerySet[Job]:
    """Return the jobs that run a query by itself, or wait to."""
    asked = {"arguments__kwargs__model": query._meta.label, "arguments__kwargs__pk": query.pk}
    states = (Job.State.QUEUED, Job.State.RUNNING)
    return Job.objects.filter(task=UNATTENDED, state__in=states, **asked)


def delete_query(query: SavedQuery) -> None:
    """Delete a kept query; a job that runs it by itself just now is cancelled. What was found stays."""
    for job in jobs_under_way(query):
        cancel_job(job)
    query.delete()


def _after(every_minutes: int | None) -> dt.datetime | None:
    return timezone.now() + dt.timedelta(minutes=every_minutes) if every_minutes else None
