"""Compares many positions with the stored targets at once.

Few positions are looked up through the index of ``sky_index``; for many the positions of all targets are
streamed past them, in blocks. Called by ``known_targets`` and by the task of the cross-match page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Q, QuerySet

from tom_common.astro.sky_match import Floats, Ints, Neighbourhoods

MAX_PAIRS = 1_000_000
"""More hits than that are no answer: the cross-match refuses them and asks for a smaller radius."""
# Up to so many ranges are asked for by the index; beyond, reading a million rows in order is quicker.
_FEW_RANGES = 20_000
_RANGES_PER_QUERY = 100
_BLOCK = 50_000
_ROW = np.dtype([("pk", "i8"), ("index", "i8"), ("ra", "f8"), ("dec", "f8")])


class TooManyPairsError(ValueError):
    """There are more hits than `MAX_PAIRS`."""


class Pairs(NamedTuple):
    """Hits, one a place in each array: row of the list, key of the target, their distance."""

    row: Ints
    pk: Ints
    separation_arcsec: Floats


def pairs_within(
    targets: QuerySet,
    *,
    ra_deg: Any,
    dec_deg: Any,
    radius_arcsec: float,
    nearest: bool = False,
    max_pairs: int = MAX_PAIRS,
) -> Pairs:
    """Return which targets lie within a radius of positions.

    Parameters
    ----------
    targets : QuerySet of targets
        Those to look among, for example those that a user may see.
    ra_deg, dec_deg : array_like, shape (n,)
        ICRS, deg; NaN where a row has no position.
    radius_arcsec : float
        At least 0.
    nearest : bool
        Only the nearest target of each row.
    max_pairs : int
        How many hits are an answer.

    Returns
    -------
    Pairs
        By row, then by distance.

    Raises
    ------
    ValueError
        If the radius is negative or not finite.
    TooManyPairsError
        If there are more hits than `max_pairs`.
    """
    around = Neighbourhoods(ra_deg, dec_deg, radius_arcsec)
    found: list[Pairs] = []
    count = 0
    for block in _positions(targets, around):
        for row, other, separation in around.pairs(block["index"], block["ra"], block["dec"]):
            found.append(Pairs(row, block["pk"][other], separation))
            count += len(row)
            if nearest and count > 2 * len(around.ra_deg) + max_pairs:
                found = [_sorted(found, nearest=True)]
                count = len(found[0].row)
            elif count > max_pairs and not nearest:
                raise TooManyPairsError(
                    f"more than {max_pairs:,} targets lie within {radius_arcsec:g} arcsec of these positions;"
                    " a smaller radius, or only the nearest of each, gives an answer"
                )
    return _sorted(found, nearest=nearest)


def _sorted(found: list[Pairs], *, nearest: bool) -> Pairs:
    if not found:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    row, pk, separation = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((pk, separation, row))
    if nearest:
        order = order[np.flatnonzero(np.diff(row[order], prepend=-1))]
    return Pairs(row[order], pk[order], separation[order])


def _positions(targets: QuerySet, around: Neighbourhoods) -> Iterator[np.ndarray]:
    """Yield keys and positions of targets, at least of all that lie near, in blocks."""
    columns = ("pk", "sky_index", "ra", "dec")
    first, last = around.index_ranges()
    if len(first) > _FEW_RANGES:
        rows = targets.filter(sky_index__isnull=False).order_by().values_list(*columns)
        yield from _blocks(rows.iterator(chunk_size=_BLOCK))
        return
    ranges = iter(zip(first.tolist(), last.tolist(), strict=True))
    while some := list(islice(ranges, _RANGES_PER_QUERY)):
        inside = reduce(or_, (Q(sky_index__gte=low, sky_index__lte=high) for low, high in some))
        yield from _blocks(
            targets.filter(inside).order_by().values_list(*columns).iterator(chunk_size=_BLOCK)
        )


def _blocks(rows: Iterable[tuple[Any, ...]]) -> Iterator[np.ndarray]:
    rows = iter(rows)
    while len(block := np.fromiter(islice(rows, _BLOCK), dtype=_ROW)):
        yield block
