"""The all-sky map as SVG: grid, planes, Sun and Moon, and targets as points or as tiles of a density map.

Pure: arrays in, markup out. Called by the page of the map and by the tag ``target_distribution``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import hpgeom
import numpy as np
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from numpy.typing import ArrayLike, NDArray

from tom_common.astro.sky_projection import ECLIPTIC_NORTH_POLE, GALACTIC_NORTH_POLE, aitoff, great_circle

UNITS_PER_DEG = 1000.0 / 180.0
"""Units of the drawing for a degree of arc at the centre of the map, which is 2,000 units wide."""
VIEW_BOX = "-1020 -520 2040 1040"
LEVELS = 6

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Body:
    """A body that the map marks; ``css`` names its class."""

    name: str
    css: str
    ra_deg: float
    dec_deg: float


@dataclass(frozen=True)
class Tiles:
    """How many targets lie in HEALPix pixels of an order (NESTED); the arrays share the shape (n,)."""

    order: int
    pixel: NDArray[np.int64]
    count: NDArray[np.int64]

    @property
    def centres(self) -> tuple[Array, Array]:
        """ICRS right ascension and declination of the centres, in degrees."""
        return hpgeom.pixel_to_angle(2**self.order, self.pixel)

    @property
    def limits(self) -> list[int]:
        """The least count of each step of the density scale, at most `LEVELS`, rising from 1."""
        if not len(self.count):
            return []
        highest = max(int(self.count.max()), 1)
        lowest = max(1.0, min(float(np.percentile(self.count, 5)), highest / 4))  # an even sky looks even
        steps = np.round(np.geomspace(lowest, highest + 1, LEVELS + 1)[:-1]).astype(int)
        return sorted({1, *(int(step) for step in steps[1:] if step <= highest)})

    def coarser(self, order: int) -> Tiles:
        """Give the same targets in larger pixels."""
        parents, where = np.unique(self.pixel >> (2 * (self.order - order)), return_inverse=True)
        return Tiles(order, parents, np.bincount(where, weights=self.count).astype(np.int64))

    def outlines(self) -> list[str]:
        """Give the path of each pixel in units of the drawing; one that crosses the edge is there twice."""
        step = max(1, 2 ** (3 - self.order))
        corner_ra, corner_dec = hpgeom.boundaries(2**self.order, self.pixel, step=step)
        centre_ra = (self.centres[0] + 180.0) % 360.0 - 180.0
        ra = centre_ra[:, None] + (corner_ra - centre_ra[:, None] + 180.0) % 360.0 - 180.0
        paths = _closed_paths(ra, corner_dec)
        crossing = np.flatnonzero((np.abs(ra) > 180.0).any(axis=1))
        if len(crossing):
            others = _closed_paths(
                ra[crossing] - 360.0 * np.sign(centre_ra[crossing])[:, None], corner_dec[crossing]
            )
            for i, path in zip(crossing.tolist(), others, strict=True):
                paths[i] += path
        return paths


def _closed_paths(ra_deg: Array, dec_deg: Array) -> list[str]:
    x, y = _units(*aitoff(ra_deg, dec_deg, unwrapped=True))
    across, down = np.diff(x, axis=1).tolist(), np.diff(y, axis=1).tolist()
    starts = zip(x[:, 0].tolist(), y[:, 0].tolist(), strict=True)
    return [f"M{x0} {y0}l{_joined(dx, dy)}z" for (x0, y0), dx, dy in zip(starts, across, down, strict=True)]


def _joined(dx: Sequence[int], dy: Sequence[int]) -> str:
    return " ".join(f"{a} {b}" for a, b in zip(dx, dy, strict=True)).replace(" -", "-")


def _units(x: Array, y: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.round(x * UNITS_PER_DEG).astype(np.int64), np.round(-y * UNITS_PER_DEG).astype(np.int64)


def _line(ra_deg: Array, dec_deg: Array) -> str:
    """Return a path along positions, broken where it goes over the edge of the map."""
    x, y = _units(*aitoff(ra_deg, dec_deg))
    parts, is_new = [], True
    for i, (px, py) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        if i and abs(px - x[i - 1]) > 500:
            is_new = True
        parts.append(f"{'M' if is_new else 'L'}{px} {py}")
        is_new = False
    return "".join(parts).replace(" -", "-")


@cache
def ground() -> SafeString:
    """Give what lies below the targets on every map: the sky and its grid."""
    latitudes, turn = np.linspace(-90.0, 90.0, 25), np.linspace(-180.0, 179.999, 61)
    grid = "".join(_unbroken(np.full(25, float(ra)), latitudes) for ra in range(-150, 180, 30))
    grid += "".join(_unbroken(turn, np.full(61, float(dec))) for dec in (-60, -30, 0, 30, 60))
    return mark_safe(  # noqa: S308  our own numbers
        f'<ellipse class="sky-ground" rx="1000" ry="500"/><path class="sky-grid" d="{grid}"/>'
    )


@cache
def landmarks() -> SafeString:
    """Give what lies above the targets on every map: Galactic plane, ecliptic, edge and the grid's labels."""
    labels = "".join(_hour_label(hour) for hour in range(0, 24, 2) if hour != 12)
    labels += "".join(_dec_label(dec) for dec in (-60, -30, 30, 60))
    planes = "".join(
        f'<path class="sky-halo" d="{path}"/><path class="{css}" d="{path}"/>'
        for css, path in (
            ("sky-galactic", _line(*great_circle(GALACTIC_NORTH_POLE, 181))),
            ("sky-ecliptic", _line(*great_circle(ECLIPTIC_NORTH_POLE, 181))),
        )
    )
    return mark_safe(  # noqa: S308  our own numbers
        f'<g class="sky-planes">{planes}</g><ellipse class="sky-edge" rx="1000" ry="500"/>'
        f'<g class="sky-labels" aria-hidden="true">{labels}</g>'
    )


def _unbroken(ra_deg: Array, dec_deg: Array) -> str:
    x, y = _units(*aitoff(ra_deg, dec_deg, unwrapped=True))
    path = "M" + "L".join(f"{a} {b}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    return path.replace(" -", "-")


def _hour_label(hour: int) -> str:
    ra = hour * 15.0 if hour < 12 else hour * 15.0 - 360.0
    x, y = _units(*aitoff(ra, 0.0, unwrapped=True))
    css = "" if hour % 6 == 0 else ' class="sky-fine"'
    return f'<text{css} x="{int(x)}" y="{int(y) + 30}">{hour}h</text>'


def _dec_label(dec: int) -> str:
    x, y = _units(*aitoff(0.0, float(dec)))
    sign = "+" if dec > 0 else "−"
    return f'<text x="{int(x) + 8}" y="{int(y) - 8}" class="sky-dec">{sign}{abs(dec)}°</text>'


def points_markup(ra_deg: ArrayLike, dec_deg: ArrayLike) -> SafeString:
    """Draw targets as dots, in one path."""
    x, y = _units(*aitoff(ra_deg, dec_deg))
    dots = "".join(
        f"M{a} {b}h0" for a, b in zip(np.atleast_1d(x).tolist(), np.atleast_1d(y).tolist(), strict=True)
    )
    return mark_safe(f'<path class="sky-points" d="{dots}"/>')  # noqa: S308  numbers only


def tiles_markup(tiles: Tiles, outlines: Sequence[str] | None = None) -> SafeString:
    """Draw a density map: one path for each step of its scale, stronger where there are more targets."""
    limits = tiles.limits
    paths = tiles.outlines() if outlines is None else outlines
    step_of = np.searchsorted(np.array(limits), tiles.count, side="right") - 1
    drawn = ['<g class="sky-tiles" clip-path="url(#sky-edge)">']
    for step in range(len(limits)):
        members = np.flatnonzero(step_of == step).tolist()
        drawn.append(f'<path class="is-{step}" d="{"".join(paths[i] for i in members)}"/>')
    drawn.append("</g>")
    return mark_safe("".join(drawn))  # noqa: S308  numbers only


def scale_steps(tiles: Tiles) -> list[tuple[int, str]]:
    """Give number and words of each step of the density scale: ``(0, "1–4")``."""
    limits = tiles.limits
    last = int(tiles.count.max()) if len(tiles.count) else 0
    ends = [limit - 1 for limit in limits[1:]] + [last]
    return [
        (step, f"{first:,}" if first == end else f"{first:,}–{end:,}")
        for step, (first, end) in enumerate(zip(limits, ends, strict=True))
    ]


def tile_width_text(order: int) -> str:
    """Give the width of the pixels of an order in words: the root of their area."""
    width_deg = 58.6323 / 2**order
    return f"{width_deg:.0f}°" if width_deg >= 10 else f"{width_deg:.1f}°"


def bodies_markup(bodies: Sequence[Body]) -> SafeString:
    """Draw discs with a name for the Sun and the Moon."""
    parts = []
    for body in bodies:
        x, y = _units(*aitoff(body.ra_deg, body.dec_deg))
        parts.append(
            f'<g class="{body.css}"><circle cx="{int(x)}" cy="{int(y)}" r="14"/>'
            f'<text x="{int(x)}" y="{int(y) - 22}">{escape(body.name)}</text></g>'
        )
    return mark_safe(f'<g class="sky-bodies">{"".join(parts)}</g>')  # noqa: S308  names are escaped


def map_markup(marks: str, *, label: str, bodies: Sequence[Body] = ()) -> SafeString:
    """Put a map together.

    Parameters
    ----------
    marks : SafeString
        From `points_markup` or `tiles_markup`.
    label : str
        Text alternative.
    bodies : sequence of Body

    Returns
    -------
    SafeString
        ``<svg class="sky-map">``, which ``sky_map.css`` gives its colours.
    """
    return mark_safe(  # noqa: S308  the label is escaped, the rest are our own numbers
        f'<svg class="sky-map" viewBox="{VIEW_BOX}" role="img" aria-label="{escape(label)}">'
        '<defs><clipPath id="sky-edge"><ellipse rx="1000" ry="500"/></clipPath></defs>'
        f'{ground()}<g class="sky-marks">{marks}</g>{landmarks()}{bodies_markup(bodies)}'
        '<g class="sky-overlay"></g></svg>'
    )
