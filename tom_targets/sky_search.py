"""Searches by position: index ranges of HEALPix pixels first, the exact great-circle distance after.

Called by the match manager and by filters.
"""

from __future__ import annotations

import math

from django.db.models import ExpressionWrapper, F, FloatField, Q, QuerySet, Value
from django.db.models.functions import ASin, Cos, Least, Power, Radians, Sin, Sqrt

INDEX_ORDER = 29
_MAX_RANGES = 64
_ARCSEC = math.radians(1.0 / 3600.0)
# Rounding of positions and of the distance formula, in arcsec: pixels are asked for so much further out.
_GUARD_ARCSEC = 1e-6


def cone(queryset: QuerySet, *, ra_deg: float, dec_deg: float, radius_arcsec: float) -> QuerySet:
    """Return the targets within a circle on the sky, annotated with their distance from its centre.

    Parameters
    ----------
    queryset : QuerySet of targets
    ra_deg, dec_deg : float
        ICRS position of the centre, in degrees; any finite right ascension is taken modulo 360.
    radius_arcsec : float
        Radius, in arcsec, at least 0.

    Returns
    -------
    QuerySet
        With the annotation ``separation``, in degrees.

    Raises
    ------
    ValueError
        If a value is not finite, the declination is beyond a pole or the radius is negative.
    """
    if not (math.isfinite(ra_deg) and math.isfinite(dec_deg) and math.isfinite(radius_arcsec)):
        raise ValueError(f"a cone needs finite numbers, not ra={ra_deg} dec={dec_deg} radius={radius_arcsec}")
    if abs(dec_deg) > 90.0:
        raise ValueError(f"declination {dec_deg} is not between -90 and 90 degrees")
    if radius_arcsec < 0.0:
        raise ValueError(f"radius {radius_arcsec} arcsec is negative")
    ra_deg = ra_deg % 360.0
    queryset = queryset.filter(pixel_ranges(ra_deg=ra_deg, dec_deg=dec_deg, radius_arcsec=radius_arcsec))
    queryset = queryset.annotate(separation=separation_deg(ra_deg=ra_deg, dec_deg=dec_deg))
    return queryset.filter(separation__lte=(radius_arcsec + _GUARD_ARCSEC) / 3600.0)


def separation_deg(*, ra_deg: float, dec_deg: float) -> ExpressionWrapper:
    """Return the great-circle distance of a row from a position, in degrees, by the haversine formula.

    The formula keeps its accuracy at small distances; at 180 degrees the argument is held at 1.
    """
    half_dec = Sin((Radians(F("dec")) - Value(math.radians(dec_deg))) / Value(2.0))
    half_ra = Sin((Radians(F("ra")) - Value(math.radians(ra_deg))) / Value(2.0))
    haversine = Power(half_dec, Value(2.0)) + (
        Cos(Radians(F("dec"))) * Value(math.cos(math.radians(dec_deg))) * Power(half_ra, Value(2.0))
    )
    return ExpressionWrapper(
        ASin(Sqrt(Least(haversine, Value(1.0)))) * Value(360.0 / math.pi), output_field=FloatField()
    )


def pixel_ranges(*, ra_deg: float, dec_deg: float, radius_arcsec: float) -> Q:
    """Return a condition on ``sky_index`` that holds for every row inside a circle and few others.

    The order of the pixels follows the radius, so that a handful of ranges covers the circle.
    """
    if radius_arcsec >= 90.0 * 3600.0:
        return Q(sky_index__isnull=False)
    import hpgeom
    import numpy as np

    radius_rad = (radius_arcsec + _GUARD_ARCSEC) * _ARCSEC
    order = max(0, min(INDEX_ORDER, int(math.log2(1.0 / max(radius_rad, 1e-12)))))
    pixels = np.sort(
        hpgeom.query_circle(
            2**order,
            ra_deg,
            dec_deg,
            math.degrees(radius_rad),
            inclusive=True,
            fact=4 if order <= 26 else 1,
            nest=True,
        )
    ).astype(np.int64)
    breaks = np.flatnonzero(np.diff(pixels) > 1)
    firsts = pixels[np.concatenate(([0], breaks + 1))]
    lasts = pixels[np.concatenate((breaks, [len(pixels) - 1]))]
    if len(firsts) > _MAX_RANGES:
        gaps = np.sort(np.argsort(firsts[1:] - lasts[:-1])[-(_MAX_RANGES - 1) :])
        firsts, lasts = (
            firsts[np.concatenate(([0], gaps + 1))],
            lasts[np.concatenate((gaps, [len(lasts) - 1]))],
        )
    shift = 2 * (INDEX_ORDER - order)
    condition = Q(pk__in=[])
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        condition |= Q(sky_index__gte=first << shift, sky_index__lte=((last + 1) << shift) - 1)
    return condition
