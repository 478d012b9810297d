"""Reads: the light curve of a target as columns, and the files that a user may see."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.db.models import F, QuerySet

from tom_dataproducts.expressions import HasFlag, TimeColumn
from tom_dataproducts.light_curves import LightCurveColumns, Measurements, light_curve, times_to_unix_us
from tom_dataproducts.models import DataProduct, LightCurveSummary, PhotometryReducedDatum, ReducedDatum
from tom_dataproducts.permissions import data_products_for_user, rows_of_visible_target
from tom_dataproducts.values import NEGATIVE_KEY, PhotometryValue

TYPED_COLUMNS = (
    TimeColumn("timestamp"),
    F("bandpass"),
    F("brightness"),
    F("brightness_error"),
    F("limit"),
    F("unit"),
    F("reduction_version"),
    F("source_name"),
    F("telescope"),
    F("instrument"),
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


def light_curve_columns(target: Any, *, user: Any = None) -> LightCurveColumns:
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
    """
    typed = _rows(PhotometryReducedDatum.objects.filter(target=target.pk), user)
    generic = _rows(ReducedDatum.objects.filter(target=target.pk, data_type__iexact="photometry"), user)
    return light_curve(
        joined(
            measurements(typed.values_list(*TYPED_COLUMNS)),
            generic_measurements(generic.values_list(*GENERIC_COLUMNS)),
        )
    )


def _rows(queryset: QuerySet, user: Any) -> QuerySet:
    return (queryset if user is None else rows_of_visible_target(user, queryset)).order_by("timestamp")


def measurements(rows: Any) -> Measurements:
    """Return typed rows as columns."""
    columns = list(zip(*rows, strict=True)) or [()] * len(TYPED_COLUMNS)
    time, band, brightness, error, limit, unit, version, *origin, negative = columns
    return Measurements(
        time_us=times_to_unix_us(time),
        band=band,
        brightness=np.array(brightness, float),
        error=np.array(error, float),
        limit=np.array(limit, float),
        unit=unit,
        version=version,
        origin=list(zip(*origin, strict=True)),
        negative=np.array(negative, bool),
    )


def generic_measurements(rows: Any) -> Measurements:
    """Return generic rows of type photometry as columns; those without brightness and limit are left out."""
    times, versions, points, origins = [], [], [], []
    for time, value, version, source, telescope, instrument in rows:
        point = PhotometryValue.from_json(value)
        if point is None:
            continue
        times.append(time)
        versions.append(version)
        points.append(point)
        origins.append((source, telescope or point.telescope, instrument or point.instrument))
    return Measurements(
        time_us=times_to_unix_us(times),
        band=[point.band for point in points],
        brightness=np.array([point.brightness for point in points], float),
        error=np.array([point.error for point in points], float),
        limit=np.array([point.limit for point in points], float),
        unit=[point.unit for point in points],
        version=versions,
        origin=origins,
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
    return Measurements(
        time_us=np.concatenate([typed.time_us, generic.time_us[kept]]),
        brightness=np.concatenate([typed.brightness, generic.brightness[kept]]),
        error=np.concatenate([typed.error, generic.error[kept]]),
        limit=np.concatenate([typed.limit, generic.limit[kept]]),
        negative=np.concatenate([typed.negative, generic.negative[kept]]),
        **{
            name: [*getattr(typed, name), *(getattr(generic, name)[number] for number in kept)]
            for name in ("band", "unit", "version", "origin")
        },
    )


def _identities(points: Measurements) -> list[tuple]:
    value = np.where(np.isfinite(points.brightness), points.brightness, points.limit)
    is_limit = ~np.isfinite(points.brightness)
    return list(zip(points.time_us.tolist(), points.band, value.tolist(), is_limit.tolist(), strict=True))


def light_curve_version(target: Any) -> LightCurveSummary | None:
    """Return the row that tells when the photometry of a target was last written, or None before the first.

    Only ``changed`` is loaded.
    """
    return LightCurveSummary.objects.filter(pk=target.pk).only("changed").first()


def files_of(target: Any, *, user: Any) -> QuerySet:
    """Return the data products of a target that a user may see, newest first."""
    return data_products_for_user(user, DataProduct.objects.filter(target=target.pk)).order_by(
        "-created", "-pk"
    )
