"""Regions of the sky as people write them: boxes, polygons, multi-order coverage maps (MOC).

Called by ``tom_targets.sky_regions``, which turns them into conditions for the database.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import hpgeom
import numpy as np
from numpy.typing import NDArray

from tom_common.astro.sky_index import ORDER

Ints = NDArray[np.int64]
Vectors = NDArray[np.float64]
MAX_VERTICES = 60
_WORDS = re.compile(r"\b(?:box|polygon|icrs|j2000|fk5)\b|[()\[\]{};,\"']", re.IGNORECASE)
_MOC_TOKEN = re.compile(r"(\d+)/|(\d+)-(\d+)|(\d+)")
# Within so many degrees of its middle a polygon has to lie: farther out, which side is inside is not clear.
_WIDEST_DEG = 85.0


@dataclass(frozen=True)
class Box:
    """Between two meridians and two parallels, ICRS degrees; RA may run across zero."""

    ra_from: float
    ra_to: float
    dec_from: float
    dec_to: float

    def __str__(self) -> str:
        return f"{self.ra_from:g}, {self.ra_to:g}, {self.dec_from:g}, {self.dec_to:g}"

    @property
    def width_deg(self) -> float:
        """Width in right ascension; 360 for the whole belt."""
        if self.ra_to - self.ra_from >= 360.0:
            return 360.0
        return (self.ra_to - self.ra_from) % 360.0


@dataclass(frozen=True)
class Polygon:
    """Corners joined by great circles, ICRS degrees, and the triangles that make it up, as unit normals."""

    corners: tuple[tuple[float, float], ...]
    triangles: tuple[tuple[int, int, int], ...]

    def __str__(self) -> str:
        return ", ".join(f"{ra:g} {dec:g}" for ra, dec in self.corners)

    def normals(self) -> list[Vectors]:
        """Give for each triangle three inward normals, shape (3, 3): inside, all products are positive."""
        at = _unit(self.corners)
        return [
            np.array([_cross(at[first], at[second]) for first, second in ((a, b), (b, c), (c, a))])
            for a, b, c in self.triangles
        ]

    def pixels(self, order: int) -> Ints:
        """Give the HEALPix pixels, NESTED, of an order that the polygon touches."""
        ra, dec = (np.array(column) for column in zip(*self.corners, strict=True))
        found = [
            hpgeom.query_polygon(2**order, ra[list(one)], dec[list(one)], inclusive=True, fact=4, nest=True)
            for one in self.triangles
        ]
        return np.unique(np.concatenate(found)).astype(np.int64)


@dataclass(frozen=True)
class Moc:
    """Ranges of the sky index, both ends included, ascending and apart from each other."""

    ranges: tuple[tuple[int, int], ...]
    text: str

    def __str__(self) -> str:
        return self.text if len(self.text) <= 60 else f"{self.text[:57]}..."


def _numbers(text: str) -> list[float]:
    words = _WORDS.sub(" ", text.replace("−", "-")).split()
    numbers = []
    for word in words:
        try:
            number = float(word)
        except ValueError as error:
            raise ValueError(f"{word!r} is not a number of degrees") from error
        if not math.isfinite(number):
            raise ValueError(f"{word!r} is not a number of degrees")
        numbers.append(number)
    return numbers


def _check_dec(dec_deg: float) -> None:
    if abs(dec_deg) > 90.0:
        raise ValueError(f"a declination lies between -90 and 90 degrees, {dec_deg:g} does not")


def read_box(text: str) -> Box:
    """Read ``RA from, RA to, Dec from, Dec to`` in degrees.

    Raises
    ------
    ValueError
        If it is no box; the text says why.
    """
    numbers = _numbers(text)
    if len(numbers) != 4:
        raise ValueError(f"a box has four numbers: RA from, RA to, Dec from, Dec to; here are {len(numbers)}")
    ra_from, ra_to, dec_from, dec_to = numbers
    _check_dec(dec_from)
    _check_dec(dec_to)
    if dec_from > dec_to:
        raise ValueError(f"the lower declination comes first: {dec_to:g}, {dec_from:g}")
    return Box(ra_from, ra_to, dec_from, dec_to)


def read_polygon(text: str) -> Polygon:
    """Read the corners of a polygon, ``RA Dec, RA Dec, ...`` in degrees, in either sense; it may be concave.

    Raises
    ------
    ValueError
        If it is no polygon; the text says why.
    """
    numbers = _numbers(text)
    if len(numbers) % 2 or len(numbers) < 6:
        raise ValueError(f"a polygon has three or more pairs of RA and Dec; here are {len(numbers)} numbers")
    corners = list(zip(numbers[::2], numbers[1::2], strict=True))
    for _, dec in corners:
        _check_dec(dec)
    corners = [(ra % 360.0, dec) for ra, dec in corners]
    corners = [one for place, one in enumerate(corners) if one != corners[place - 1]]
    if not 3 <= len(corners) <= MAX_VERTICES:
        raise ValueError(f"a polygon has 3 to {MAX_VERTICES} different corners, this one {len(corners)}")
    plane = _on_plane(_unit(corners))
    area = _area(plane)
    if abs(area) < 1e-18:
        raise ValueError("the corners lie on one line")
    if area < 0.0:
        corners, plane = corners[::-1], plane[::-1]
    return Polygon(tuple(corners), tuple(_triangles(plane)))


def read_moc(text: str) -> Moc:
    """Read a coverage map, ASCII (``5/1-3 8 6/40``) or JSON (``{"5": [1, 2]}``); cells may overlap.

    Raises
    ------
    ValueError
        If it is none; the text says why.
    """
    stripped = text.strip()
    first, last = _json_cells(stripped) if stripped.startswith("{") else _ascii_cells(stripped)
    if not first:
        raise ValueError("the coverage map holds no cell")
    return Moc(tuple(joined(first, last)), stripped)


def joined(first: Sequence[int], last: Sequence[int]) -> list[tuple[int, int]]:
    """Join ranges, both ends included, that overlap or touch; ascending."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(zip(first, last, strict=True)):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found


def _ascii_cells(text: str) -> tuple[list[int], list[int]]:
    words = text.replace(",", " ").split()
    order: int | None = None
    first, last = [], []
    for word in (part for one in words for part in re.split(r"(?<=/)", one) if part):
        found = _MOC_TOKEN.fullmatch(word)
        if not found:
            raise ValueError(f"{word[:40]!r} is no part of a coverage map such as 5/1-3 8 6/40")
        if found[1]:
            order = int(found[1])
        elif order is None:
            raise ValueError(f"the order, for example 5/, has to stand before {word[:40]!r}")
        else:
            low, high = (found[4], found[4]) if found[4] else (found[2], found[3])
            _add_cells(order, int(low), int(high), first, last)
    return first, last


def _json_cells(text: str) -> tuple[list[int], list[int]]:
    first: list[int] = []
    last: list[int] = []
    try:
        cells = json.loads(text)
        pairs = [(int(order), int(pixel)) for order, pixels in cells.items() for pixel in pixels]
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError('a coverage map in JSON looks like {"5": [1, 2], "6": [40]}') from error
    for order, pixel in pairs:
        _add_cells(order, pixel, pixel, first, last)
    return first, last


def _add_cells(order: int, low: int, high: int, first: list[int], last: list[int]) -> None:
    if not 0 <= order <= ORDER:
        raise ValueError(f"orders of HEALPix are 0 to {ORDER}, {order} is not")
    if not 0 <= low <= high < 12 * 4**order:
        raise ValueError(f"there are no cells {low} to {high} of order {order}")
    shift = 2 * (ORDER - order)
    first.append(low << shift)
    last.append(((high + 1) << shift) - 1)


def _unit(corners: Sequence[tuple[float, float]]) -> Vectors:
    ra, dec = np.radians(np.array(corners, np.float64)).T
    return np.column_stack((np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)))


def _cross(first: Vectors, second: Vectors) -> Vectors:
    normal = np.cross(first, second)
    return normal / np.linalg.norm(normal)


def _on_plane(at: Vectors) -> Vectors:
    """Project corners from the centre of the sphere: great circles become straight lines. Shape (n, 2)."""
    middle = at.sum(axis=0)
    length = float(np.linalg.norm(middle))
    if length < 1e-6 or (at @ middle / length).min() < math.cos(math.radians(_WIDEST_DEG)):
        raise ValueError(f"the corners of a polygon lie within {_WIDEST_DEG:g} degrees of its middle")
    middle /= length
    east = _cross(np.array([0.0, 0.0, 1.0]) if abs(middle[2]) < 0.9 else np.array([1.0, 0.0, 0.0]), middle)
    north = np.cross(middle, east)
    return np.column_stack((at @ east, at @ north)) / (at @ middle)[:, None]


def _area(plane: Vectors) -> float:
    x, y = plane.T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2.0


def _turn(a: Vectors, b: Vectors, c: Vectors) -> float:
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def _triangles(plane: Vectors) -> list[tuple[int, int, int]]:
    """Cut a polygon, corners counter-clockwise, into triangles: ear after ear."""
    left = list(range(len(plane)))
    found = []
    while len(left) > 3:
        ear = next((place for place in range(len(left)) if _is_ear(plane, left, place)), None)
        if ear is None:
            raise ValueError("the sides of the polygon cross each other")
        found.append((left[ear - 1], left[ear], left[(ear + 1) % len(left)]))
        del left[ear]
    if _turn(*plane[left]) <= 0.0:
        raise ValueError("the sides of the polygon cross each other")
    return [*(one for one in found if _turn(*plane[list(one)]) > 0.0), (left[0], left[1], left[2])]


def _is_ear(plane: Vectors, left: list[int], place: int) -> bool:
    a, b, c = (plane[left[at]] for at in (place - 1, place, (place + 1) % len(left)))
    if _turn(a, b, c) < 0.0:
        return False
    others = [plane[one] for at, one in enumerate(left) if at not in _around(place, len(left))]
    return not any(
        _turn(a, b, p) >= 0.0 and _turn(b, c, p) >= 0.0 and _turn(c, a, p) >= 0.0
        for p in others
        if not (np.array_equal(p, a) or np.array_equal(p, c))
    )


def _around(place: int, count: int) -> tuple[int, int, int]:
    return (place - 1) % count, place, (place + 1) % count
