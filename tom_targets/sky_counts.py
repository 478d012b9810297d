"""Which targets, or how many, lie where on the sky: what the all-sky map shows.

Counts come from the database, by integer arithmetic on ``sky_index``; no row of a large list reaches Python.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from django.core.cache import cache
from django.db.models import Count, F, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from tom_common.astro.sky_index import ORDER as INDEX_ORDER
from tom_common.astro.sky_index import sky_index
from tom_targets.sky_map import Tiles

MAX_POINTS = 2000
"""Up to so many targets are points; more are a density map."""
TILE_ORDER = 4
"""3,072 tiles of 3.7 degrees."""
COARSE_ORDER = 3
REGION_ORDER = 1
"""48 regions of 29 degrees: the table beside the map."""
_FINE_FROM = 20_000
_KEPT_S = 300
_QUICK_S = 0.05


@dataclass(frozen=True)
class SkyContent:
    """The targets of a map: either each with its position, or numbers in tiles."""

    count: int
    """How many are on the map."""
    without_position: int
    counted_at: datetime
    points: list[tuple[int, str, float, float]] = field(default_factory=list)
    """Key, name, right ascension and declination (ICRS, degrees)."""
    tiles: Tiles | None = None

    @property
    def positions(self) -> NDArray[np.float64]:
        """Right ascensions and declinations of the points, shape (2, n)."""
        return np.array([row[2:] for row in self.points], dtype=float).reshape(-1, 2).T

    @property
    def regions(self) -> Tiles:
        """The same targets in the regions of the table."""
        if self.tiles is not None:
            return self.tiles.coarser(REGION_ORDER)
        index = np.asarray(sky_index(*self.positions), dtype=np.int64)
        pixels, counts = np.unique(index >> (2 * (INDEX_ORDER - REGION_ORDER)), return_counts=True)
        return Tiles(REGION_ORDER, pixels, counts)


def sky_content(targets: QuerySet, *, cache_key: str = "", only_quick: bool = False) -> SkyContent | None:
    """Return what a map of some targets shows, in one query, or two where there are many.

    Parameters
    ----------
    targets : QuerySet
        Those that the user may see, filtered.
    cache_key : str
        Names user and filter: a density map that took long is kept for five minutes. Points are never kept,
        and nothing is without a key.
    only_quick : bool
        Whether to return None where many targets would have to be counted.
    """
    kept = cache.get(cache_key) if cache_key else None
    if kept is not None:
        return kept
    rows = _rows(targets)
    if len(rows) <= MAX_POINTS:
        return _points(rows, 0)
    if only_quick:
        return None
    started = time.perf_counter()
    counts = tile_counts(targets, order=TILE_ORDER)
    missing = counts.pop(None, 0)
    found = sum(counts.values())
    if found <= MAX_POINTS:
        return _points(_rows(targets.filter(sky_index__isnull=False)), missing)
    pixels, numbers = np.array(sorted(counts.items()), dtype=np.int64).T
    tiles = Tiles(TILE_ORDER, pixels, numbers)
    if found < _FINE_FROM:
        tiles = tiles.coarser(COARSE_ORDER)
    content = SkyContent(found, missing, timezone.now(), tiles=tiles)
    if cache_key and time.perf_counter() - started > _QUICK_S:
        cache.set(cache_key, content, _KEPT_S)
    return content


def sky_content_of_rows(rows: Iterable[Any]) -> SkyContent:
    """Return the content of a map of targets that were read already: as points up to 2,000, else as tiles."""
    points = _points([(row.pk, row.name, row.ra, row.dec) for row in rows], 0)
    if points.count <= MAX_POINTS:
        return points
    index = np.asarray(sky_index(*points.positions), dtype=np.int64)
    pixels, counts = np.unique(index >> (2 * (INDEX_ORDER - COARSE_ORDER)), return_counts=True)
    tiles = Tiles(COARSE_ORDER, pixels, counts)
    return SkyContent(points.count, points.without_position, points.counted_at, tiles=tiles)


def _rows(targets: QuerySet) -> list[tuple[int, str, float | None, float | None]]:
    return list(targets.order_by().values_list("pk", "name", "ra", "dec")[: MAX_POINTS + 1])


def _points(rows: list[tuple[int, str, float | None, float | None]], missing: int) -> SkyContent:
    placed = [(pk, name, ra, dec) for pk, name, ra, dec in rows if ra is not None and dec is not None]
    return SkyContent(len(placed), missing + len(rows) - len(placed), timezone.now(), points=placed)


def tile_counts(targets: QuerySet, *, order: int) -> dict[int | None, int]:
    """Return how many targets lie in each HEALPix pixel; the key None is for those without a position.

    Parameters
    ----------
    targets : QuerySet
    order : int
        Of the pixels (NESTED), from 0 to 29.
    """
    tile = F("sky_index").bitrightshift(2 * (INDEX_ORDER - order))
    counted = targets.order_by().annotate(sky_map_tile=tile).values("sky_map_tile")
    return dict(counted.annotate(sky_map_count=Count("pk")).values_list("sky_map_tile", "sky_map_count"))
