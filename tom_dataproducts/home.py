"""What light curves add to the home page; each function takes the request."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from tom_dataproducts.models import LightCurveSummary
from tom_dataproducts.summaries import summaries_for
from tom_targets import selectors
from tom_targets.permissions import may_create_targets

_SHOWN = 10
_RECENT_DAYS = 14
_COLUMNS = ("light_curve", "last_mag", "rate", "last_detection")


def new_data(request: Any) -> dict[str, Any]:
    """Return the targets to which data came since the user last looked; the newest for who never looked.

    Never None: an empty TOM says here what to do first. Five queries at most.
    """
    since = last_look(request)
    targets = selectors.with_summaries(selectors.visible_targets(request.user)).filter(
        light_curve_summary__point_count__gt=0
    )
    rows = targets.order_by("-light_curve_summary__changed", "-pk")
    found = list(rows.filter(light_curve_summary__changed__gt=since)[: _SHOWN + 1]) if since else []
    is_new = bool(found)
    if not found:
        found = list(rows[: _SHOWN + 1])
    return {
        "table": _table(found[:_SHOWN]) if found else None,
        "is_new": is_new,
        "since": since,
        "has_more": len(found) > _SHOWN,
        "may_add": may_create_targets(request.user),
    }


def brightest(request: Any) -> dict[str, Any] | None:
    """Return the targets that were brightest when last seen, of those seen in the last two weeks, or None."""
    recent: QuerySet = selectors.visible_targets(request.user).filter(
        light_curve_summary__last_detection__gte=timezone.now() - timedelta(days=_RECENT_DAYS),
        light_curve_summary__last_mag__isnull=False,
    )
    found = list(selectors.with_summaries(recent).order_by("light_curve_summary__last_mag", "pk")[:_SHOWN])
    if not found:
        return None
    return {"table": _table(found, by_brightness=True), "days": _RECENT_DAYS}


def last_look(request: Any) -> datetime | None:
    """Return when the user last looked at the home page, None where nobody knows."""
    profile = getattr(request.user, "profile", None) if request.user.is_authenticated else None
    return getattr(profile, "last_seen_home", None)


def _table(targets: list[Any], *, by_brightness: bool = False) -> Any:
    """Return the rows of some targets, with summaries that are right at this moment."""
    stale = [target.pk for target in targets if target.light_curve_summary.is_stale]
    for pk, facts in (summaries_for(stale) if stale else {}).items():
        target = next(target for target in targets if target.pk == pk)
        target.light_curve_summary = LightCurveSummary(target=target, is_stale=False, **facts)
    if by_brightness:
        targets = sorted(targets, key=lambda target: _brightness(target.light_curve_summary))
    return selectors.target_table(targets, _COLUMNS)


def _brightness(summary: LightCurveSummary) -> float:
    return 99.0 if summary.last_mag is None else summary.last_mag
