"""Targets within a region of the sky: box, polygon, coverage map. Called by the filters of lists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.db.models import QuerySet

from tom_common.astro.sky_region import Box, Moc, Polygon
from tom_targets.sky_expressions import InBox, InIndexRanges, InPolygon
from tom_targets.sky_search import merged_ranges

MOST_RANGES = 2000
"""So many ranges of the index go into a statement."""
_COARSEST, _FINEST, _ENOUGH_PIXELS = 3, 12, 24


def within_box(targets: QuerySet, box: Box) -> QuerySet:
    """Return the targets between two meridians and two parallels, borders included."""
    low = box.ra_from % 360.0
    high = low + box.width_deg
    inside = InBox(low, high, box.dec_from, box.dec_to)
    if cover := _cover_of_box(box, low, high):
        return targets.filter(InIndexRanges(cover), inside)
    return targets.filter(inside, sky_index__isnull=False)


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


def within_polygon(targets: QuerySet, polygon: Polygon) -> QuerySet:
    """Return the targets within a polygon with great-circle sides, border included."""
    at = np.array(polygon.corners)
    ra, dec = np.radians(at.T)
    vectors = np.column_stack((np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)))
    size_deg = float(np.degrees(np.linalg.norm(vectors.max(axis=0) - vectors.min(axis=0))))
    order = _order_for(size_deg)
    cover = merged_ranges(polygon.pixels(order), order)
    return targets.filter(InIndexRanges(cover), InPolygon(polygon.normals()))


def within_moc(targets: QuerySet, moc: Moc) -> QuerySet:
    """Return the targets within a coverage map; its cells hold for positions to 0.4 mas."""
    return within_ranges(targets, moc.ranges)


def within_ranges(targets: QuerySet, ranges: Sequence[tuple[int, int]]) -> QuerySet:
    """Return the targets of which the sky index lies in one of some ranges."""
    return targets.filter(InIndexRanges(ranges))
