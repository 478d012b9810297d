"""Filters with all their candidates deleted: few at once, very many by a job. Called by page and REST API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from tom_alerts.filter_models import AlertFilter, Candidate
from tom_alerts.filter_rules import switch_off

MOST_AT_ONCE = 1000
"""A filter with more candidates is deleted by a job."""
_BATCH = 500


def delete_filter(one: AlertFilter, *, user: Any) -> Any:
    """Delete a filter; return the job that does it where it has very many candidates, else None.

    It is off from now on.
    """
    if len(one.candidates.order_by("pk").values_list("pk", flat=True)[: MOST_AT_ONCE + 1]) <= MOST_AT_ONCE:
        delete_with_candidates(one)
        return None
    from tom_alerts.tasks import delete_filter_soon

    with transaction.atomic():
        switch_off(one)
        return delete_filter_soon.submit(
            user=user, title=f"Deletion of the filter {one}"[:200], filter_pk=one.pk, user_id=user.pk
        )


def delete_with_candidates(one: AlertFilter, on_progress: Callable[[int], None] = lambda done: None) -> int:
    """Delete a filter and its candidates, some in each transaction; return how many these were.

    Safe to run again where it was interrupted.

    Parameters
    ----------
    one : AlertFilter
    on_progress : callable
        Takes the number of candidates deleted so far; may raise to stop.
    """
    done = 0
    rows = Candidate.objects.filter(alert_filter=one.pk).order_by("pk")
    while keys := list(rows.values_list("pk", flat=True)[:_BATCH]):
        on_progress(done)
        Candidate.objects.filter(pk__in=keys).delete()
        done += len(keys)
    one.delete()
    return done
