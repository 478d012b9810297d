"""Which positions of one list lie near which of another: HEALPix pixels first, then the exact distance.

Called by the cross-match and by the search for targets that are known already.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import hpgeom
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tom_common.astro.sky_index import ORDER, sky_index

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ARCSEC = math.radians(1.0 / 3600.0)
GUARD_ARCSEC = 1e-8
"""Rounding of positions in double precision: a position at exactly the radius counts as within it."""
# Opposite edges of a pixel of order 0 are at least 0.84 rad apart, of order k about 0.8 / 2**k: a circle
# whose radius is below that, around a position in a pixel, touches that pixel and its eight neighbours only.
_NARROWEST_RAD = 0.7
_FINEST = 26
# Below this radius hpgeom loses pixels: it compares cosines, which hardly differ from 1 there.
_SMALL_ARCSEC = 10.0
_BLOCK = 2_000_000
# Pixels per radius of a circle: finer ones let in fewer positions outside, and fall into more ranges.
_PIXELS_ACROSS = 4.0


def separation_arcsec(
    ra1_deg: ArrayLike, dec1_deg: ArrayLike, ra2_deg: ArrayLike, dec2_deg: ArrayLike
) -> Floats:
    """Give the great-circle distance of positions, exact from 0 to 180 degrees.

    Parameters
    ----------
    ra1_deg, dec1_deg, ra2_deg, dec2_deg : array_like
        ICRS, deg; shapes that fit each other.

    Returns
    -------
    ndarray
        In arcsec, with an error below 1e-9 arcsec for small distances and 1e-8 arcsec for any.
    """
    ra1, dec1, ra2, dec2 = (
        np.radians(np.asarray(one, np.float64)) for one in (ra1_deg, dec1_deg, ra2_deg, dec2_deg)
    )
    cosines = np.cos(dec1) * np.cos(dec2)
    near = np.sin((dec1 - dec2) / 2.0) ** 2 + cosines * np.sin((ra1 - ra2) / 2.0) ** 2
    far = np.sin((dec1 + dec2) / 2.0) ** 2 + cosines * np.cos((ra1 - ra2) / 2.0) ** 2
    return np.asarray(2.0 * np.arctan2(np.sqrt(near), np.sqrt(far)) / ARCSEC)


def circle_pixels(*, ra_deg: float, dec_deg: float, radius_arcsec: float) -> tuple[Ints, int]:
    """Give pixels that cover a circle, of an order that follows its radius, so that they are few.

    Parameters
    ----------
    ra_deg, dec_deg : float
        ICRS position of the centre, deg.
    radius_arcsec : float
        From 0 to 90 degrees.

    Returns
    -------
    pixels : ndarray of int64
        HEALPix, NESTED. Every position within the circle lies in one of them.
    order : int
        Their order.
    """
    if radius_arcsec < _SMALL_ARCSEC:
        shift, pixels = _touched(
            np.array([sky_index(float(ra_deg), float(dec_deg))]), (radius_arcsec + GUARD_ARCSEC) * ARCSEC
        )
        return np.unique(pixels[pixels >= 0]), ORDER - shift // 2
    radius_rad = (radius_arcsec + 1e-3) * ARCSEC
    order = max(0, int(math.log2(_PIXELS_ACROSS / radius_rad)))
    pixels = hpgeom.query_circle(
        2**order, ra_deg, dec_deg, math.degrees(radius_rad), inclusive=True, fact=4, nest=True
    )
    return pixels, order


class Neighbourhoods:
    """Circles of one radius around many positions, to be compared with any number of other positions."""

    def __init__(self, ra_deg: ArrayLike, dec_deg: ArrayLike, radius_arcsec: float) -> None:
        """Find the pixels that the circles touch.

        Parameters
        ----------
        ra_deg, dec_deg : array_like, shape (n,)
            ICRS, deg. A position that is not finite, or beyond a pole, is near nothing.
        radius_arcsec : float
            At least 0.

        Raises
        ------
        ValueError
            If the radius is negative or not finite.
        """
        if not (math.isfinite(radius_arcsec) and radius_arcsec >= 0.0):
            raise ValueError(f"a radius is a number of arcsec from 0 on, not {radius_arcsec}")
        self.ra_deg = np.atleast_1d(np.asarray(ra_deg, np.float64))
        self.dec_deg = np.atleast_1d(np.asarray(dec_deg, np.float64))
        self.radius_arcsec = radius_arcsec + GUARD_ARCSEC
        index = np.atleast_1d(sky_index(self.ra_deg, self.dec_deg))
        rows = np.flatnonzero(index >= 0)
        self._shift, pixels = _touched(index[rows], self.radius_arcsec * ARCSEC)
        owners = np.repeat(rows, pixels.shape[1])
        flat = pixels.ravel()
        order = np.argsort(flat, kind="stable")
        order = order[flat[order] >= 0]
        self._owners = owners[order]
        self.pixels, self._starts, self._counts = np.unique(
            flat[order], return_index=True, return_counts=True
        )

    def index_ranges(self) -> tuple[Ints, Ints]:
        """Give the ranges of the sky index in which anything near lies.

        Returns
        -------
        first, last : ndarray of int64, shape (m,)
            Inclusive, ascending, apart from each other.
        """
        if not len(self.pixels):
            return self.pixels, self.pixels
        breaks = np.flatnonzero(np.diff(self.pixels) > 1)
        first = self.pixels[np.concatenate(([0], breaks + 1))]
        last = self.pixels[np.concatenate((breaks, [len(self.pixels) - 1]))]
        return first << self._shift, ((last + 1) << self._shift) - 1

    def pairs(self, index: Ints, ra_deg: Floats, dec_deg: Floats) -> Iterator[tuple[Ints, Ints, Floats]]:
        """Give the pairs of one of our positions with one of others within the radius.

        Parameters
        ----------
        index : ndarray of int64, shape (k,)
            Sky indices of the others.
        ra_deg, dec_deg : ndarray, shape (k,)
            Their ICRS positions, deg.

        Yields
        ------
        row, other : ndarray of int64, shape (p,)
            Places in our list and in theirs.
        separation : ndarray, shape (p,)
            In arcsec.
        """
        if not len(self.pixels) or not len(index):
            return
        pixels = np.asarray(index, np.int64) >> self._shift
        place = np.minimum(np.searchsorted(self.pixels, pixels), len(self.pixels) - 1)
        others = np.flatnonzero((self.pixels[place] == pixels) & (np.asarray(index) >= 0))
        place = place[others]
        ends = np.cumsum(self._counts[place])
        start = 0
        while start < len(others):
            done = ends[start - 1] if start else 0
            stop = max(int(np.searchsorted(ends, done + _BLOCK, side="right")), start + 1)
            yield self._exact(place[start:stop], others[start:stop], ra_deg, dec_deg)
            start = stop

    def _exact(self, place: Ints, others: Ints, ra_deg: Floats, dec_deg: Floats) -> tuple[Ints, Ints, Floats]:
        counts = self._counts[place]
        offsets = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = self._owners[np.repeat(self._starts[place], counts) + offsets]
        others = np.repeat(others, counts)
        separation = separation_arcsec(self.ra_deg[rows], self.dec_deg[rows], ra_deg[others], dec_deg[others])
        near = separation <= self.radius_arcsec
        return rows[near], others[near], separation[near]


def _touched(index: Ints, radius_rad: float) -> tuple[int, Ints]:
    """Return by how many bits an index is shortened, and the pixels that circles touch: 9 or 12 a row."""
    if radius_rad > _NARROWEST_RAD:
        return 2 * ORDER, np.broadcast_to(np.arange(12), (len(index), 12))
    order = min(_FINEST, int(math.log2(_NARROWEST_RAD / radius_rad)))
    shift = 2 * (ORDER - order)
    own = index >> shift
    if not len(own):
        return shift, np.empty((0, 9), np.int64)
    around = np.atleast_2d(hpgeom.neighbors(2**order, own, nest=True))
    return shift, np.column_stack((own, around)).astype(np.int64)
