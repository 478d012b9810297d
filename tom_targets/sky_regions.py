"""Targets within a region of the sky: box, polygon, coverage map. Called by the filters of lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db.models import QuerySet

from tom_common.astro.sky_region import Box, Moc, Polygon
from tom_targets.list_expressions import Condition, KeysIn, keys_if_few
from tom_targets.models import BaseTarget
from tom_targets.sky_expressions import InBox, InIndexRanges, InPolygon
from tom_targets.sky_search import INDEX_ORDER, bounds_of_circle, cone, index_ranges, merged_ranges

MOST_RANGES = 2000
"""So many ranges of the index go into a statement."""
_SMALL_DEG = 1.5
_BOUNDS_ORDER = 4
_COARSEST, _FINEST, _ENOUGH_PIXELS = 3, 12, 24


def within_box(targets: QuerySet, box: Box, *, sort: str = "") -> QuerySet:
    """Return the targets between two meridians and two parallels, borders included.

    Parameters
    ----------
    targets : QuerySet
    box : Box
    sort : str
        Field that the list is sorted by.
    """
    low = box.ra_from % 360.0
    high = low + box.width_deg
    inside = InBox(low, high, box.dec_from, box.dec_to)
    bounds = {"dec": (box.dec_from, box.dec_to)}
    if high < 360.0:
        bounds["ra"] = (low, high)
    return _narrowed(targets, _cover_of_box(box, low, high), inside, sort=sort, bounds=bounds)


def _narrowed(
    targets: QuerySet,
    ranges: Sequence[tuple[int, int]],
    *exact: Condition,
    sort: str = "",
    bounds: Mapping[str, tuple[float, float]] | None = None,
) -> QuerySet:
    """Return the targets in ranges of the sky index that fit: few by their keys, many on the way."""
    for one in exact:
        one.are_many = True  # of those that are looked at, whether few or many, about half fit
    if ranges:
        few = _keys_in(targets, ranges)
        if few is not None:
            return targets.filter(KeysIn(few), *exact)
        targets = targets.filter(InIndexRanges(ranges, are_many=True))
    return _from_the_edge(targets.filter(*exact), sort, bounds or {})


def _from_the_edge(targets: QuerySet, sort: str, bounds: Mapping[str, tuple[float, float]]) -> QuerySet:
    """Return the targets of a region, of which a list sorted by RA or Dec is read from its edge on."""
    if sort not in bounds:
        return targets
    everywhere = BaseTarget._base_manager.using(targets.db)
    if sort == "ra" and (everywhere.filter(ra__lt=0.0).exists() or everywhere.filter(ra__gte=360.0).exists()):
        return targets  # a right ascension that was stored as it came may lie in the region, too
    return targets.filter(**{f"{sort}__range": bounds[sort]})


def _cover_of_box(box: Box, low: float, high: float) -> list[tuple[int, int]]:
    import hpgeom

    height = box.dec_to - box.dec_from
    width = (high - low) * np.cos(np.radians(min(abs(box.dec_from), abs(box.dec_to), 89.0)))
    if max(height, width) > 60.0 or min(height, width) == 0.0:
        return []
    order = _order_for(float(np.sqrt(height * width)))
    pixels = hpgeom.query_box(
        2**order, low, high, box.dec_from, box.dec_to, inclusive=True, fact=4, nest=True
    )
    return merged_ranges(pixels, order)


def _order_for(size_deg: float) -> int:
    """Return an order of which a dozen or two of pixels cover a region of this size."""
    order = int(np.log2(max(58.6 / max(size_deg, 1e-6) * np.sqrt(_ENOUGH_PIXELS), 1.0)))
    return min(max(order, _COARSEST), _FINEST)


def _keys_in(targets: QuerySet, ranges: Sequence[tuple[int, int]]) -> list[int] | None:
    """Return the keys in ranges of the sky index if they are few; read from the index alone."""
    return keys_if_few(BaseTarget._base_manager.using(targets.db).filter(InIndexRanges(ranges)))


def within_polygon(targets: QuerySet, polygon: Polygon, *, sort: str = "") -> QuerySet:
    """Return the targets within a polygon with great-circle sides, border included."""
    at = np.array(polygon.corners)
    ra, dec = np.radians(at.T)
    vectors = np.column_stack((np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)))
    size_deg = float(np.degrees(np.linalg.norm(vectors.max(axis=0) - vectors.min(axis=0))))
    order = _order_for(size_deg)
    cover = merged_ranges(polygon.pixels(order), order)
    bounds = _bounds_of(vectors)
    return _narrowed(targets, cover, InPolygon(polygon.normals()), sort=sort, bounds=bounds)


def _bounds_of(vectors: Any) -> dict[str, tuple[float, float]]:
    """Return the bounds of a circle around corners (unit vectors): less than a half sky, it is convex."""
    middle = vectors.mean(axis=0)
    if not np.linalg.norm(middle):
        return {}
    middle /= np.linalg.norm(middle)
    radius_deg = float(np.degrees(np.arccos(np.clip((vectors @ middle).min(), -1.0, 1.0))))
    if radius_deg >= 89.0:
        return {}
    ra_deg = float(np.degrees(np.arctan2(middle[1], middle[0])))
    dec_deg = float(np.degrees(np.arcsin(np.clip(middle[2], -1.0, 1.0))))
    return bounds_of_circle(ra_deg=ra_deg, dec_deg=dec_deg, radius_deg=radius_deg)


def within_moc(targets: QuerySet, moc: Moc, *, sort: str = "") -> QuerySet:
    """Return the targets within a coverage map; its cells hold for positions to 0.4 mas."""
    return within_ranges(targets, moc.ranges, sort=sort)


def within_ranges(targets: QuerySet, ranges: Sequence[tuple[int, int]], *, sort: str = "") -> QuerySet:
    """Return the targets of which the sky index lies in one of some ranges."""
    if not len(ranges):
        return targets.none()
    bounds = _bounds_of_ranges(ranges) if sort in ("ra", "dec") else None
    return _narrowed(targets, ranges, sort=sort, bounds=bounds)


def _bounds_of_ranges(ranges: Sequence[tuple[int, int]]) -> dict[str, tuple[float, float]]:
    """Return the bounds of the pixels of a coarse order that hold ranges; no RA near a pole or across 0."""
    import hpgeom

    shift = 2 * (INDEX_ORDER - _BOUNDS_ORDER)
    pixels = np.unique(np.concatenate([np.arange(low >> shift, (high >> shift) + 1) for low, high in ranges]))
    ra, dec = hpgeom.boundaries(2**_BOUNDS_ORDER, pixels, 2, nest=True, lonlat=True, degrees=True)
    found = {"dec": (float(dec.min()) - 0.1, float(dec.max()) + 0.1)}
    if np.abs(dec).max() < 85.0 and (np.ptp(ra, axis=1) < 180.0).all():
        found["ra"] = (float(ra.min()) - 0.5, float(ra.max()) + 0.5)
    return found


def within_circle(
    targets: QuerySet, *, ra_deg: float, dec_deg: float, radius_deg: float, sort: str = ""
) -> QuerySet:
    """Return the targets within a circle like ``cone``, as a list that may be long and in any order."""
    circle: dict[str, Any] = {"ra_deg": ra_deg, "dec_deg": dec_deg, "radius_arcsec": radius_deg * 3600.0}
    if radius_deg < _SMALL_DEG:
        return cone(targets, **circle)
    ranges = index_ranges(ra_deg=ra_deg % 360.0, dec_deg=dec_deg, radius_arcsec=circle["radius_arcsec"])
    few = _keys_in(targets, ranges) if ranges else None
    if few is not None:
        return cone(targets, **circle).filter(KeysIn(few))
    bounds = (
        bounds_of_circle(ra_deg=ra_deg, dec_deg=dec_deg, radius_deg=radius_deg) if radius_deg < 89 else {}
    )
    return _from_the_edge(cone(targets, **circle, are_many=True), sort, bounds)
