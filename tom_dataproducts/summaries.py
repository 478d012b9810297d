"""Summaries of light curves, computed for many targets at once. Called by ingest, tasks, commands and pages.

A summary is stale from the moment photometry of its target is written until ``refresh_summaries`` has run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections, router, transaction
from django.db.models import (
    BooleanField,
    Case,
    Count,
    ExpressionWrapper,
    F,
    Max,
    Min,
    Q,
    QuerySet,
    SmallIntegerField,
    When,
    Window,
)
from django.db.models.functions import Lower, RowNumber
from django.utils import timezone

from tom_common.astro.time import datetime_to_unix_us
from tom_dataproducts.expressions import HasFlag
from tom_dataproducts.light_curve_facts import Point, Totals, facts_of_curve, facts_of_newest, points_of
from tom_dataproducts.light_curves import FORCED_VERSION, MIN_SNR, converted
from tom_dataproducts.models import LightCurveSummary, PhotometryReducedDatum, ReducedDatum
from tom_dataproducts.models.summary import COMPUTED_FIELDS
from tom_dataproducts.selectors import TYPED_COLUMNS, light_curve_columns, measurements
from tom_dataproducts.values import FLUX_UNITS, NEGATIVE_KEY, brightness_unit
from tom_targets.models import BaseTarget

CHUNK = 500
MANY_POINTS = 1000
NEWEST = 40
"""Points of each kind (positive detections, limits) per target that are read."""

_IS_NEGATIVE, _IS_POSITIVE = 1, 2
_IS_FLUX = Q(unit_name__in=FLUX_UNITS)
_NO_ERROR = Q(brightness_error__isnull=True) | Q(brightness_error__lte=0)
_SIGNIFICANT = Q(brightness__gt=0) & (_NO_ERROR | Q(brightness__gte=F("brightness_error") * MIN_SNR))
_SIGNIFICANTLY_NEGATIVE = Q(brightness__lt=0) & (
    _NO_ERROR | Q(brightness__lte=F("brightness_error") * -MIN_SNR)
)
_IS_FORCED = Q(reduction_version__startswith=FORCED_VERSION)
_MEASURED = Q(brightness__isnull=False) & ~_IS_FORCED
_DETECTION = _MEASURED & (~_IS_FLUX | _SIGNIFICANT | _SIGNIFICANTLY_NEGATIVE)
_LIMIT = Q(brightness__isnull=True, limit__isnull=False) & ~_IS_FORCED
_POSITIVE = _MEASURED & Q(is_negative=False) & (~_IS_FLUX | _SIGNIFICANT)


def mark_stale(target_ids: Iterable[int], *, using: str | None = None) -> None:
    """Note that photometry of targets was written by other ways than the ORM.

    Called by ingest in the transaction that writes the points; one statement per thousand targets.
    """
    using = using or router.db_for_write(LightCurveSummary)
    LightCurveSummary.objects.using(using).mark_stale(target_ids, notify=False)


def after_rows_moved(*, target_pks: Iterable[int], **_: Any) -> None:
    """Receive the signal that rows of any app moved between targets: photometry may be among them."""
    LightCurveSummary.objects.mark_stale(target_pks)


def refresh_summaries(target_ids: Iterable[int] | None = None, limit: int | None = None) -> int:
    """Compute summaries anew and store them.

    Parameters
    ----------
    target_ids : iterable of int, optional
        Whose, whether stale or not; by default all that are stale.
    limit : int, optional
        Most summaries to compute.

    Returns
    -------
    int
        How many were computed. Each 500 targets cost six statements and one transaction, whose locks keep
        points that are written meanwhile from being missed.
    """
    if target_ids is not None:
        ids = sorted(set(target_ids))[:limit]
        _add_missing(ids)
        return sum(_refresh(ids[start : start + CHUNK]) for start in range(0, len(ids), CHUNK))
    done, last = 0, 0
    while limit is None or done < limit:
        size = CHUNK if limit is None else min(CHUNK, limit - done)
        # By key, so that a summary that is marked again meanwhile cannot keep the loop going.
        stale = LightCurveSummary.objects.filter(is_stale=True, pk__gt=last).order_by("pk")
        ids = list(stale.values_list("pk", flat=True)[:size])
        if not ids:
            break
        done += _refresh(ids)
        last = ids[-1]
    return done


def summaries_for(target_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return the summaries of targets as dicts of the columns of ``LightCurveSummary``, right at this moment.

    Stale ones are computed for the answer, not stored, so that a page that is only read writes nothing. At
    most four queries. Targets that never had photometry are left out.
    """
    ids = sorted(set(target_ids))
    stored = LightCurveSummary.objects.filter(pk__in=ids)
    found = {}
    stale = []
    for summary in stored:
        found[summary.pk] = summary.as_facts()
        if summary.is_stale:
            stale.append(summary.pk)
    if stale:
        found.update(compute_facts(stale))
    return found


def current_summaries(target_ids: Iterable[int], *, quick: bool = False) -> dict[int, LightCurveSummary]:
    """Return summaries computed now, as rows that are not stored, for pages that show rows of summaries.

    Parameters
    ----------
    target_ids : iterable of int
    quick : bool
        At most three queries for all of them: targets that would cost some of their own are left out.
    """
    ids = sorted(set(target_ids))
    if not ids:
        return {}
    facts = compute_facts(ids, quick=quick)
    return {pk: LightCurveSummary(target_id=pk, is_stale=False, **found) for pk, found in facts.items()}


def _add_missing(ids: Sequence[int]) -> None:
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        known = set(LightCurveSummary.objects.filter(pk__in=chunk).values_list("pk", flat=True))
        mark_stale(set(chunk) - known)


def _refresh(ids: Sequence[int]) -> int:
    using = router.db_for_write(LightCurveSummary)
    summaries = LightCurveSummary.objects.using(using)
    with transaction.atomic(using=using):
        if connections[using].features.has_select_for_update:
            list(summaries.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk"))
        # Before the points are read: whoever writes some from now on waits, and marks the row stale again.
        summaries.filter(pk__in=ids).update(is_stale=False)
        facts = compute_facts(ids)
        existing = set(summaries.filter(pk__in=ids).values_list("pk", flat=True))
        rows = [
            LightCurveSummary(target_id=pk, is_stale=False, computed=timezone.now(), **facts[pk])
            for pk in ids
            if pk in existing
        ]
        _upsert(summaries, rows)
    return len(rows)


def _upsert(summaries: QuerySet, rows: list[LightCurveSummary]) -> None:
    options: dict[str, Any] = {
        "update_conflicts": True,
        "update_fields": [*COMPUTED_FIELDS, "is_stale", "computed"],
    }
    if connections[summaries.db].features.supports_update_conflicts_with_target:
        options["unique_fields"] = ["target"]
    summaries.bulk_create(rows, **options)


def compute_facts(ids: Sequence[int], *, quick: bool = False) -> dict[int, dict[str, Any]]:
    """Return the computed columns of the summaries of targets, in three queries.

    A target with generic rows (which a SQL aggregate cannot read) costs two more; ``migrate_reduced_datums``
    makes them typed. So does one with versions of its reduction, of which the newer supersedes the older, and
    one of very many points. `quick` leaves these out.
    """
    generic = set(
        ReducedDatum.objects.filter(target__in=ids, data_type__iexact="photometry")
        .order_by()
        .values_list("target_id", flat=True)
        .distinct()
    )
    facts = {} if quick else _facts_of_curves(generic)
    facts.update(_facts_of_typed([pk for pk in ids if pk not in generic], quick=quick))
    return facts


def _facts_of_curves(ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    return {pk: facts_of_curve(light_curve_columns(BaseTarget(pk=pk)), newest=NEWEST) for pk in ids}


def _photometry(ids: Sequence[int]) -> QuerySet:
    return (
        PhotometryReducedDatum.objects.filter(target__in=ids)
        .annotate(unit_name=Lower("unit"), is_negative=HasFlag("value", key=NEGATIVE_KEY))
        .annotate(
            detection=Case(
                When(_POSITIVE, then=_IS_POSITIVE),
                When(_DETECTION, then=_IS_NEGATIVE),
                default=0,
                output_field=SmallIntegerField(),
            )
        )
        .order_by()
    )


def _facts_of_typed(ids: Sequence[int], *, quick: bool) -> dict[int, dict[str, Any]]:
    totals, versioned = _totals(ids)
    left_out = {pk for pk, found in totals.items() if quick and found.points > MANY_POINTS} | versioned
    ids = [pk for pk in ids if pk not in left_out]
    rows, target_of_row = _newest(ids, totals)
    newest: dict[int, list[Point]] = {}
    for pk, point in zip(target_of_row, points_of(converted(measurements(rows))), strict=True):
        if point is not None:
            newest.setdefault(pk, []).append(point)
    facts = {pk: facts_of_newest(newest.get(pk, []), totals.get(pk, Totals()), newest=NEWEST) for pk in ids}
    return facts if quick else facts | _facts_of_curves(versioned)


def _totals(ids: Sequence[int]) -> tuple[dict[int, Totals], set[int]]:
    """Return totals by target, and the targets of which points have a version of their reduction."""
    groups = (
        _photometry(ids)
        .values("target_id", "bandpass", "unit", "detection")
        .annotate(
            points=Count("pk"),
            first=Min("timestamp"),
            last=Max("timestamp"),
            smallest=Min("brightness"),
            largest=Max("brightness"),
            version=Max("reduction_version"),
        )
    )
    totals: dict[int, Totals] = {}
    versioned: set[int] = set()
    for group in groups:
        if group["version"] not in ("", FORCED_VERSION):
            versioned.add(group["target_id"])
        known = totals.setdefault(group["target_id"], Totals())
        known.points += group["points"]
        unit = brightness_unit(group["unit"])
        if group["detection"] and (unit.flux_njy or unit.is_magnitude):
            known.add_detections(
                count=group["points"],
                first_us=datetime_to_unix_us(group["first"]),
                last_us=datetime_to_unix_us(group["last"]),
            )
            if group["detection"] == _IS_POSITIVE:
                brightest = group["largest"] if unit.flux_njy else group["smallest"]
                known.add_peak(brightest, unit, group["bandpass"])
    return totals, versioned


def _newest(ids: Sequence[int], totals: dict[int, Totals]) -> tuple[list[tuple], list[int]]:
    """Return the newest positive detections and limits as typed rows, and the target of each.

    One query for all targets of few points; two for each of many, which read the end of an index only.
    """
    many = [pk for pk in ids if pk in totals and totals[pk].points > MANY_POINTS]
    few = sorted(set(ids) - set(many))
    newest_first = Window(
        RowNumber(),
        partition_by=[F("target_id"), ExpressionWrapper(Q(brightness__isnull=True), BooleanField())],
        order_by=F("timestamp").desc(),
    )
    ranked = _photometry(few).filter(Q(detection=_IS_POSITIVE) | _LIMIT).annotate(rank=newest_first)
    rows = list(ranked.filter(rank__lte=NEWEST).values_list("target_id", *TYPED_COLUMNS))
    for pk in many:
        for kind in (Q(detection=_IS_POSITIVE), _LIMIT):
            found = _photometry([pk]).filter(kind).order_by("-timestamp")
            rows += found.values_list("target_id", *TYPED_COLUMNS)[:NEWEST]
    return [row[1:] for row in rows], [row[0] for row in rows]
