"""Searches by position: index ranges of HEALPix pixels first, the exact great-circle distance after.

``cone`` is the one search around a position: pages, the REST API, filters, the match manager and checks for
duplicates ask it. It runs in the database; an extension such as Q3C is neither needed nor in the way.
"""

from __future__ import annotations

import math
from typing import Any

from django.db.models import QuerySet

from tom_common.astro.sky_match import GUARD_ARCSEC
from tom_targets.sky_expressions import InIndexRanges, Separation

INDEX_ORDER = 29
MAX_RADIUS_ARCSEC = 648_000.0
MAX_RANGES = 16
_NEAR_ARCSEC = 90.0 * 3600.0


def cone(
    queryset: QuerySet, *, ra_deg: float, dec_deg: float, radius_arcsec: float, are_many: bool = False
) -> QuerySet:
    """Return the targets within a circle on the sky, annotated with their distance from its centre.

    Parameters
    ----------
    queryset : QuerySet of targets
    ra_deg, dec_deg : float
        ICRS position of the centre, in degrees; any finite right ascension is taken modulo 360.
    radius_arcsec : float
        Radius, in arcsec, at least 0; from 648,000 (180 degrees) on every position is inside.
    are_many : bool
        Whether so many targets lie there that a page of a list is found sooner in the order of the list.

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
    if covered := index_ranges(ra_deg=ra_deg, dec_deg=dec_deg, radius_arcsec=radius_arcsec):
        queryset = queryset.filter(InIndexRanges(covered, are_many=are_many))
    else:
        queryset = queryset.filter(sky_index__isnull=False)
    distance = Separation(ra_deg, dec_deg, is_far=radius_arcsec > _NEAR_ARCSEC)
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


def bounds_of_circle(*, ra_deg: float, dec_deg: float, radius_deg: float) -> dict[str, tuple[float, float]]:
    """Return which right ascensions and declinations (deg) a circle spans; without RA where it takes in 0.

    A list sorted by one of them is read from there, and not from the edge of the sky.
    """
    radius_deg += 1e-6
    found = {"dec": (dec_deg - radius_deg, dec_deg + radius_deg)}
    if abs(dec_deg) + radius_deg < 90.0:
        half = math.degrees(math.asin(math.sin(math.radians(radius_deg)) / math.cos(math.radians(dec_deg))))
        low, high = ra_deg % 360.0 - half, ra_deg % 360.0 + half
        if low >= 0.0 and high < 360.0:
            found["ra"] = (low, high)
    return found


def index_ranges(*, ra_deg: float, dec_deg: float, radius_arcsec: float) -> list[tuple[int, int]]:
    """Return ranges of the sky index that hold every position in a circle and few others; none for all.

    Parameters
    ----------
    ra_deg, dec_deg : float
        ICRS position of the centre, deg, 0 <= ra < 360.
    radius_arcsec : float
    """
    if radius_arcsec >= _NEAR_ARCSEC:
        return []
    from tom_common.astro.sky_match import circle_pixels

    return merged_ranges(*circle_pixels(ra_deg=ra_deg, dec_deg=dec_deg, radius_arcsec=radius_arcsec))


def within_pixels(pixels: Any, order: int) -> InIndexRanges:
    """Return the condition that a row lies in one of some pixels; many at once take in a few others.

    Parameters
    ----------
    pixels : array_like of int
        HEALPix pixels, NESTED.
    order : int
        Their order.
    """
    return InIndexRanges(merged_ranges(pixels, order))


def merged_ranges(pixels: Any, order: int, *, most: int = MAX_RANGES) -> list[tuple[int, int]]:
    """Return few ranges of the sky index that hold pixels; the widest gaps between them stay gaps.

    Parameters
    ----------
    pixels : array_like of int
        HEALPix pixels, NESTED.
    order : int
        Their order.
    most : int
        How many ranges there may be.
    """
    import numpy as np

    pixels = np.unique(np.asarray(pixels, dtype=np.int64))
    if not len(pixels):
        return []
    breaks = np.flatnonzero(np.diff(pixels) > 1)
    if len(breaks) >= most:
        gaps = np.diff(pixels)[breaks]
        breaks = np.sort(breaks[np.argsort(gaps, kind="stable")[len(gaps) - most + 1 :]])
    firsts = pixels[np.concatenate(([0], breaks + 1))]
    lasts = pixels[np.concatenate((breaks, [len(pixels) - 1]))]
    shift = 2 * (INDEX_ORDER - order)
    return list(zip((firsts << shift).tolist(), (((lasts + 1) << shift) - 1).tolist(), strict=True))
