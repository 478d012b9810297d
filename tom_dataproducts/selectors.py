"""Reads: the light curve of a target as columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.db.models import F, QuerySet

from tom_dataproducts.expressions import LABEL_SEPARATOR, HasFlag, Labels, TimeColumn
from tom_dataproducts.light_curves import (
    FORCED_VERSION,
    Coded,
    Label,
    LightCurveColumns,
    Measurements,
    light_curve,
    times_to_unix_us,
)
from tom_dataproducts.models import LightCurveSummary, PhotometryReducedDatum, ReducedDatum
from tom_dataproducts.permissions import rows_of_visible_target
from tom_dataproducts.superseding import TOLERANCE_US, current
from tom_dataproducts.values import NEGATIVE_KEY, PhotometryValue

TYPED_COLUMNS = (
    TimeColumn("timestamp"),
    Labels("bandpass", "unit", "reduction_version", "source_name", "telescope", "instrument"),
    F("brightness"),
    F("brightness_error"),
    F("limit"),
    HasFlag("value", key=NEGATIVE_KEY, as_stored=True),
)
GENERIC_COLUMNS = (
    TimeColumn("timestamp"),
    F("value"),
    F("reduction_version"),
    F("source_name"),
    F("telescope"),
    F("instrument"),
)


def light_curve_columns(target: Any, *, user: Any = None, with_superseded: bool = False) -> LightCurveColumns:
    """Return the photometry of a target, sorted by time.

    The union of typed rows and of generic rows of type photometry. A generic row is left out if a typed row
    or a generic row before it has the same time, band and brightness (or limit).

    Parameters
    ----------
    target : BaseTarget
        A target that the user may see.
    user : User, optional
        Where measurements have permissions of their own (``TARGET_PERMISSIONS_ONLY`` False), whose. Without a
        user all rows are returned.
    with_superseded : bool
        Whether points are among them for which there are some of a newer reduction (``superseding``).
    """
    typed = _rows(PhotometryReducedDatum.objects.filter(target=target.pk), user)
    generic = _rows(ReducedDatum.objects.filter(target=target.pk, data_type__iexact="photometry"), user)
    points = joined(
        measurements(typed.values_list(*TYPED_COLUMNS)),
        generic_measurements(generic.values_list(*GENERIC_COLUMNS)),
    )
    return light_curve(points if with_superseded else current(points))


def _rows(queryset: QuerySet, user: Any) -> QuerySet:
    return (queryset if user is None else rows_of_visible_target(user, queryset)).order_by("timestamp", "pk")


def measurements(rows: Any) -> Measurements:
    """Return typed rows as columns."""
    time, label, brightness, error, limit, negative = list(zip(*rows, strict=True)) or [()] * 6
    last = len(Label._fields) - 1
    return Measurements(
        time_us=times_to_unix_us(time),
        label=Coded.of(label).mapped(lambda text: Label(*text.split(LABEL_SEPARATOR, last))),
        brightness=np.array(brightness, float),
        error=np.array(error, float),
        limit=np.array(limit, float),
        negative=np.array(negative, bool),
    )


def generic_measurements(rows: Any) -> Measurements:
    """Return generic rows of type photometry as columns; those without brightness and limit are left out."""
    times, labels, points = [], [], []
    for time, value, version, source, telescope, instrument in rows:
        point = PhotometryValue.from_json(value)
        if point is None:
            continue
        times.append(time)
        points.append(point)
        origin = (source, telescope or point.telescope, instrument or point.instrument)
        labels.append(Label(point.band, point.unit, version, *origin))
    return Measurements(
        time_us=times_to_unix_us(times),
        label=Coded.of(labels),
        brightness=np.array([point.brightness for point in points], float),
        error=np.array([point.error for point in points], float),
        limit=np.array([point.limit for point in points], float),
        negative=np.array([point.is_negative for point in points], bool),
    )


def joined(typed: Measurements, generic: Measurements) -> Measurements:
    """Return typed rows and those generic rows that repeat neither a typed nor an earlier generic one."""
    if not len(generic):
        return typed
    seen = set(_identities(typed))
    kept = []
    for number, identity in enumerate(_identities(generic)):
        if identity not in seen:
            seen.add(identity)
            kept.append(number)
    labels = generic.label.expanded()
    return Measurements(
        label=Coded.of([*typed.label.expanded(), *(labels[number] for number in kept)]),
        **{
            name: np.concatenate([getattr(typed, name), getattr(generic, name)[kept]])
            for name in ("time_us", "brightness", "error", "limit", "negative")
        },
    )


def _identities(points: Measurements) -> list[tuple]:
    is_limit = ~np.isfinite(points.brightness)
    value = np.where(is_limit, points.limit, points.brightness)
    bands = [label.band for label in points.label.expanded()]
    return list(zip(points.time_us.tolist(), bands, value.tolist(), is_limit.tolist(), strict=True))


def light_curve_version(target: Any) -> LightCurveSummary | None:
    """Return the row that tells when the photometry of a target was last written, or None before the first.

    Only ``changed`` is loaded.
    """
    return LightCurveSummary.objects.filter(pk=target.pk).only("changed").first()


def newest_points(target: Any, *, user: Any = None, limit: int = 20) -> LightCurveColumns:
    """Return the newest points of a target, newest first, without reading all of them.

    More rows are read than points are asked for, since some are superseded or repeated: until there are
    enough of which all reductions were read.

    Parameters
    ----------
    target : BaseTarget
        A target that the user may see.
    user : User, optional
        As for `light_curve_columns`.
    limit : int
        Most points.
    """
    typed = _rows(PhotometryReducedDatum.objects.filter(target=target.pk), user)
    generic = _rows(ReducedDatum.objects.filter(target=target.pk, data_type__iexact="photometry"), user)
    parts = (
        typed.order_by("-timestamp", "-pk").values_list(*TYPED_COLUMNS),
        generic.order_by("-timestamp", "-pk").values_list(*GENERIC_COLUMNS),
    )
    size = max(limit, 1)
    while True:
        size *= 2
        typed_rows, generic_rows = (list(part[:size]) for part in parts)
        points = joined(measurements(typed_rows), generic_measurements(generic_rows))
        newest = light_curve(current(points)).newest(limit)
        ends = [rows[-1][0] for rows in (typed_rows, generic_rows) if len(rows) == size]
        # Another reduction of the last point may lie a moment before it, where nothing was read any more.
        sure = not ends or (newest.time_us > max(times_to_unix_us(ends)) + TOLERANCE_US).all()
        if sure and (not ends or len(newest) == limit):
            return newest


def bands_of(target: Any, *, user: Any = None) -> list[str]:
    """Return the names of the bands in which a target was measured, in no order.

    Parameters
    ----------
    target, user
        As for `light_curve_columns`.
    """
    typed = _rows(PhotometryReducedDatum.objects.filter(target=target.pk), user)
    generic = _rows(ReducedDatum.objects.filter(target=target.pk, data_type__iexact="photometry"), user)
    found = set(typed.order_by().values_list("bandpass", flat=True).distinct())
    for value in generic.order_by().values_list("value", flat=True).iterator():
        point = PhotometryValue.from_json(value)
        if point is not None:
            found.add(point.band)
    return list(found)


def has_versions(target: Any) -> bool:
    """Tell whether points of a target have a version of their reduction, so that some may be superseded."""
    rows = PhotometryReducedDatum.objects.filter(target=target.pk)
    return rows.exclude(reduction_version__in=("", FORCED_VERSION)).exists()
