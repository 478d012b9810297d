"""Searches by position: index ranges of HEALPix pixels first, the exact great-circle distance after.

``cone`` is the one search around a position: pages, the REST API, filters, the match manager and checks for
duplicates ask it. It runs in the database; an extension such as Q3C is neither needed nor in the way.
"""

from __future__ import annotations

import math
from typing import Any

from django.db.models import ExpressionWrapper, F, FloatField, Q, QuerySet, Value
from django.db.models.functions import ASin, ATan2, Cos, Least, Power, Radians, Sin, Sqrt

from tom_common.astro.sky_match import GUARD_ARCSEC

INDEX_ORDER = 29
MAX_RADIUS_ARCSEC = 648_000.0
_MAX_RANGES = 16
# Added to angles, in degrees, before they are subtracted: PostgreSQL refuses to square numbers like 1e-200,
# the difference of two positions that nobody can tell apart.
_RA_OFFSET, _DEC_OFFSET = 512.0, 128.0


def cone(queryset: QuerySet, *, ra_deg: float, dec_deg: float, radius_arcsec: float) -> QuerySet:
    """Return the targets within a circle on the sky, annotated with their distance from its centre.

    Parameters
    ----------
    queryset : QuerySet of targets
    ra_deg, dec_deg : float
        ICRS position of the centre, in degrees; any finite right ascension is taken modulo 360.
    radius_arcsec : float
        Radius, in arcsec, at least 0; from 648,000 (180 degrees) on every position is inside.

    Returns
    -------
    QuerySet
        With the annotation ``separation``, in degrees. A target at exactly the radius is inside.

    Raises
    ------
    ValueError
        If a value is not finite, the declination is beyond a pole or the radius is negative.
    """
    _check(ra_deg, dec_deg, radius_arcsec)
    ra_deg = ra_deg % 360.0
    distance = separation_deg(ra_deg=ra_deg, dec_deg=dec_deg, is_far=radius_arcsec > 90.0 * 3600.0)
    queryset = queryset.filter(pixel_ranges(ra_deg=ra_deg, dec_deg=dec_deg, radius_arcsec=radius_arcsec))
    queryset = queryset.annotate(separation=distance)
    if radius_arcsec >= MAX_RADIUS_ARCSEC:
        return queryset
    return queryset.filter(separation__lte=(radius_arcsec + GUARD_ARCSEC) / 3600.0)


def _check(ra_deg: float, dec_deg: float, radius_arcsec: float) -> None:
    for what, value in (("right ascension", ra_deg), ("declination", dec_deg), ("radius", radius_arcsec)):
        if not math.isfinite(value):
            raise ValueError(f"the {what} of a cone is a finite number, not {value}")
    if abs(dec_deg) > 90.0:
        raise ValueError(f"a declination lies between -90 and 90 degrees, {dec_deg} does not")
    if radius_arcsec < 0.0:
        raise ValueError(f"a radius is not negative, {radius_arcsec} arcsec is")


def separation_deg(*, ra_deg: float, dec_deg: float, is_far: bool = True) -> ExpressionWrapper:
    """Return the great-circle distance of a row from a position, in degrees.

    Parameters
    ----------
    ra_deg, dec_deg : float
        ICRS, deg.
    is_far : bool
        Whether distances beyond 90 degrees matter. The haversine formula alone is exact up to there, and
        loses milliarcseconds near 180 degrees; with that of the opposite point it is exact everywhere.
    """
    half_dec = Radians((F("dec") + _DEC_OFFSET) - Value(dec_deg + _DEC_OFFSET)) / Value(2.0)
    half_ra = Radians((F("ra") + _RA_OFFSET) - Value(ra_deg + _RA_OFFSET)) / Value(2.0)
    dec_rad = Radians((F("dec") + _DEC_OFFSET) - Value(_DEC_OFFSET))
    cosines = Cos(dec_rad) * Value(math.cos(math.radians(dec_deg)))
    near = _square(Sin(half_dec)) + cosines * _square(Sin(half_ra))
    if not is_far:
        angle: Any = ASin(Sqrt(Least(near, Value(1.0))))
    else:
        middle_dec = Radians((F("dec") + _DEC_OFFSET) + Value(dec_deg - _DEC_OFFSET)) / Value(2.0)
        angle = ATan2(Sqrt(near), Sqrt(_square(Sin(middle_dec)) + cosines * _square(Cos(half_ra))))
    return ExpressionWrapper(angle * Value(360.0 / math.pi), output_field=FloatField())


def _square(number: Any) -> Power:
    return Power(number, Value(2.0))


def pixel_ranges(*, ra_deg: float, dec_deg: float, radius_arcsec: float) -> Q:
    """Return a condition on ``sky_index`` that holds for every row inside a circle and few others."""
    if radius_arcsec >= 90.0 * 3600.0:
        return Q(sky_index__isnull=False)
    from tom_common.astro.sky_match import circle_pixels

    return within_pixels(*circle_pixels(ra_deg=ra_deg, dec_deg=dec_deg, radius_arcsec=radius_arcsec))


def within_pixels(pixels: Any, order: int) -> Q:
    """Return a condition on ``sky_index`` that holds for the rows in pixels and perhaps for some others.

    Parameters
    ----------
    pixels : array_like of int
        HEALPix pixels, NESTED.
    order : int
        Their order.
    """
    import numpy as np

    pixels = np.unique(np.asarray(pixels, dtype=np.int64))
    if not len(pixels):
        return Q(pk__in=[])
    breaks = np.flatnonzero(np.diff(pixels) > 1)
    if len(breaks) >= _MAX_RANGES:  # keep the widest gaps only
        gaps = np.diff(pixels)[breaks]
        breaks = np.sort(breaks[np.argsort(gaps, kind="stable")[-(_MAX_RANGES - 1) :]])
    firsts = pixels[np.concatenate(([0], breaks + 1))]
    lasts = pixels[np.concatenate((breaks, [len(pixels) - 1]))]
    shift = 2 * (INDEX_ORDER - order)
    condition = Q()
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        condition |= Q(sky_index__gte=first << shift, sky_index__lte=((last + 1) << shift) - 1)
    return condition
