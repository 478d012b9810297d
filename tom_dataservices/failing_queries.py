"""What becomes of a query that runs by itself and fails: its owner is told, once; it is asked again soon."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Max
from django.utils import timezone

from tom_common.notifications import notifications_for_user, notify
from tom_common.remote import RemoteBadReply, RemoteUnavailable
from tom_dataservices.kept_answers import plain
from tom_dataservices.models import QueryRun
from tom_dataservices.plugin_errors import PluginFailedError
from tom_dataservices.runs import CANCELLED, digest_of
from tom_dataservices.saved_query import SavedQuery

_FIRST_AGAIN = dt.timedelta(minutes=5)
_TRIES = 3
"""So often a service that did not answer is asked before the next time; then in the rhythm of the query."""
_MAY_PASS = (RemoteUnavailable, RemoteBadReply)
"""What another try may cure: a wrong key or a refused question stays as it is."""


def refused_run(query: SavedQuery, reason: str, job_pk: int | None = None) -> QueryRun:
    """Store the run of a query that nobody could be asked, so that it is listed with the reason."""
    kind, name = query.asks()
    return QueryRun.objects.create(
        user=query.user,
        kind=kind,
        provider=name,
        parameters=plain(query.parameters),
        digest=digest_of(kind, name, query.parameters),
        query_id=query.pk,
        title=query.name,
        wanted=0,
        error=reason,
        finished=timezone.now(),
        job_id=job_pk,
    )


def ask_again_soon(query: SavedQuery, problem: PluginFailedError) -> dt.datetime | None:
    """Let a query whose service did not answer run before its next time; return when, None if it does not."""
    if not isinstance(problem.__cause__, _MAY_PASS):
        return None
    failures = _failures_in_a_row(query)
    if failures > _TRIES:
        return None
    again = timezone.now() + _FIRST_AGAIN * 2 ** (failures - 1)
    later = type(query)._default_manager.filter(pk=query.pk, next_run__gt=again)
    return again if later.update(next_run=again) else None


def tell_of_failure(query: SavedQuery, run: QueryRun, again: dt.datetime | None = None) -> None:
    """Tell the owner of a query that it failed, unless the run before it failed, too."""
    if _failures_in_a_row(query, before=run) > 0:
        return
    then = f" It is tried again at {again:%H:%M} UTC." if again is not None else ""
    words = f"{query.name} failed: {run.error.rstrip('.')}.{then}"
    tell_once(query, run, "query_failed", words)


def tell_once(query: SavedQuery, run: QueryRun, kind: str, words: str) -> None:
    """Tell the owner of a query, if it is still kept, something of a run, unless the same was told before.

    A job that was stopped comes to this again.
    """
    if query.user is None or not still_kept(query):
        return
    url = run.get_absolute_url()
    if not notifications_for_user(query.user).filter(kind=kind, url=url).exists():
        notify(query.user, kind, words, url=url)


def last_failures(kind: str, queries: Iterable[SavedQuery], user: Any) -> dict[int, str]:
    """Return why the last run of queries for a user failed, by their keys; without those that did not.

    A run that somebody cancelled is not looked at.
    """
    rows = QueryRun.objects.filter(kind=kind, user=user, finished__isnull=False).exclude(error=CANCELLED)
    newest = rows.filter(query_id__in=[query.pk for query in queries]).order_by().values("query_id")
    last = newest.annotate(last=Max("pk")).values("last")
    failed = QueryRun.objects.filter(pk__in=last).exclude(error="")
    return {key: error for key, error in failed.values_list("query_id", "error") if key is not None}


def still_kept(query: SavedQuery) -> bool:
    """Tell whether nobody deleted a query meanwhile."""
    return type(query)._default_manager.filter(pk=query.pk).exists()


def _failures_in_a_row(query: SavedQuery, before: QueryRun | None = None) -> int:
    """Return how many runs of a query for its owner failed one after the other, up to now or another run.

    Those that somebody cancelled are not looked at.
    """
    kind, _ = query.asks()
    rows = QueryRun.objects.filter(kind=kind, query_id=query.pk, user=query.user, finished__isnull=False)
    rows = rows.exclude(error=CANCELLED)
    if before is not None:
        rows = rows.filter(pk__lt=before.pk)
    errors = list(rows.order_by("-pk").values_list("error", flat=True)[: _TRIES + 1])
    return next((number for number, error in enumerate(errors) if not error), len(errors))
