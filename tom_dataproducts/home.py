"""What light curves add to the home page; each function takes the request."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from tom_dataproducts.models import LightCurveSummary
from tom_targets import selectors
from tom_targets.permissions import may_create_targets
from tom_targets.summaries import bring_up_to_date

_SHOWN = 10
_RECENT_DAYS = 14
_LOOKED_UP = 4  # candidates for each target that is shown
_COLUMNS = ("light_curve", "last_mag", "rate", "last_detection")


def new_data(request: Any) -> dict[str, Any]:
    """Return the targets to which data came since the user last looked; the newest for who never looked.

    Never None: an empty TOM says here what to do first. Seven queries at most for a user who sees most
    targets.
    """
    since = last_look(request)
    rows = LightCurveSummary.objects.filter(point_count__gt=0).order_by("-changed")
    found = _first_visible(request.user, rows.filter(changed__gt=since), _SHOWN + 1) if since else []
    is_new = bool(found)
    if not found:
        found = _first_visible(request.user, rows, _SHOWN + 1)
    return {
        "table": _table(found[:_SHOWN]) if found else None,
        "is_new": is_new,
        "since": since,
        "has_more": len(found) > _SHOWN,
        "may_add": may_create_targets(request.user),
    }


def brightest(request: Any) -> dict[str, Any] | None:
    """Return the targets that were brightest when last seen, of those seen in the last two weeks, or None."""
    recent = LightCurveSummary.objects.filter(
        last_detection__gte=timezone.now() - timedelta(days=_RECENT_DAYS), last_mag__isnull=False
    )
    found = _first_visible(request.user, recent.order_by("last_mag"), _SHOWN)
    if not found:
        return None
    return {"table": _table(found, by_brightness=True), "days": _RECENT_DAYS}


def _first_visible(user: Any, summaries: QuerySet[LightCurveSummary], count: int) -> list[Any]:
    """Return the first targets, in the order of some summaries, that a user may see; with their summaries.

    The order is read from an index of the summaries, without their light curves, and a few targets are
    looked up; asked in one statement, the databases prefer to read and sort every summary that fits. Who
    sees so few targets that these do not suffice is answered by that statement.
    """
    targets = selectors.with_summaries(selectors.visible_targets(user))
    looked_up = _LOOKED_UP * count
    candidates = list(summaries.values_list("pk", flat=True)[:looked_up])
    if not candidates:
        return []
    by_pk = {target.pk: target for target in targets.filter(pk__in=candidates)}
    found = [by_pk[pk] for pk in candidates if pk in by_pk]
    if len(found) < count and len(candidates) == looked_up:
        rows = list(
            summaries.filter(target__in=targets.select_related(None)).values_list("pk", flat=True)[:count]
        )
        by_pk = {target.pk: target for target in targets.filter(pk__in=rows)}
        found = [by_pk[pk] for pk in rows if pk in by_pk]
    return found[:count]


def last_look(request: Any) -> datetime | None:
    """Return when the user last looked at the home page, None where nobody knows."""
    profile = getattr(request.user, "profile", None) if request.user.is_authenticated else None
    return getattr(profile, "last_seen_home", None)


def _table(targets: list[Any], *, by_brightness: bool = False) -> Any:
    """Return the rows of some targets, with summaries that are right at this moment."""
    bring_up_to_date(targets)
    if by_brightness:
        targets = sorted(targets, key=lambda target: _brightness(target.light_curve_summary))
    return selectors.target_table(targets, _COLUMNS)


def _brightness(summary: LightCurveSummary) -> float:
    return 99.0 if summary.last_mag is None else summary.last_mag
