"""The finder chart as SVG: north up, east to the left, in the tangential projection that telescopes see.

Pure: positions in, markup out. Called by the page of the chart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

SIDE = 600
"""Side of the drawing, in its own units."""
_BARS_ARCSEC = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
_LABELLED = 20


@dataclass(frozen=True)
class Mark:
    """A position on the chart: ICRS degrees, and what is written beside it."""

    ra_deg: float
    dec_deg: float
    label: str = ""


def tangent_offset_arcsec(
    ra_deg: float, dec_deg: float, *, centre_ra_deg: float, centre_dec_deg: float
) -> tuple[float, float] | None:
    """Give the offsets of a position from a centre in the tangential plane.

    Parameters
    ----------
    ra_deg, dec_deg, centre_ra_deg, centre_dec_deg : float
        ICRS, deg.

    Returns
    -------
    (float, float) or None
        East and north, in arcsec; None for a position 90 degrees or more away.

    References
    ----------
    Calabretta & Greisen (2002), doi:10.1051/0004-6361:20021327, section 5.1.3.
    """
    dec, dec0 = math.radians(dec_deg), math.radians(centre_dec_deg)
    turn = math.radians(ra_deg - centre_ra_deg)
    depth = math.sin(dec0) * math.sin(dec) + math.cos(dec0) * math.cos(dec) * math.cos(turn)
    if depth <= 1e-9:
        return None
    east = math.cos(dec) * math.sin(turn) / depth
    north = (math.cos(dec0) * math.sin(dec) - math.sin(dec0) * math.cos(dec) * math.cos(turn)) / depth
    return math.degrees(east) * 3600.0, math.degrees(north) * 3600.0


def scale_bar_arcsec(field_arcmin: float) -> int:
    """Give a round length for the scale bar: the longest of at most a third of the field."""
    fitting = [length for length in _BARS_ARCSEC if length <= field_arcmin * 60.0 / 3.0]
    return fitting[-1] if fitting else _BARS_ARCSEC[0]


def length_text(arcsec: float) -> str:
    """Write a length as one reads it on a chart: 30″, 2′, 1°."""
    for unit, sign in ((3600, "°"), (60, "′")):
        if arcsec >= unit:
            return f"{arcsec / unit:g}{sign}"
    return f"{arcsec:g}″"


def finder_chart(
    centre: Mark,
    *,
    field_arcmin: float,
    neighbours: Sequence[Mark] = (),
    stored: Mark | None = None,
    background_url: str = "",
    label: str,
) -> SafeString:
    """Draw a chart.

    Parameters
    ----------
    centre : Mark
        The target, where it is at the date of the chart.
    field_arcmin : float
        Side of the field.
    neighbours : sequence of Mark
        Other targets; those outside the field are left out, the nearest 20 (the first) get their labels.
    stored : Mark, optional
        Where the target was at its epoch, if it moved.
    background_url : str
        An image of exactly this field, north up and east to the left.
    label : str
        Text alternative.

    Returns
    -------
    SafeString
        ``<svg class="finder-chart">``; ``finder.css`` gives the colours.
    """
    units = SIDE / (field_arcmin * 60.0)
    parts = [f'<rect class="finder-field" width="{SIDE}" height="{SIDE}"/>']
    if background_url:
        size = f'width="{SIDE}" height="{SIDE}"'
        parts.append(f'<image class="finder-image" {size} href="{escape(background_url)}"/>')
    for number, mark in enumerate(neighbours):
        place = _place(mark, centre, units)
        if place is not None:
            parts.append(_neighbour(*place, mark.label if number < _LABELLED else ""))
    if stored is not None and (place := _place(stored, centre, units)):
        x, y = place
        middle = SIDE // 2
        parts.append(f'<path class="finder-motion" d="M{x:.1f} {y:.1f}L{middle} {middle}"/>')
        parts.append(f'<circle class="finder-stored" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
    parts += [_crosshair(), _compass(), _scale_bar(field_arcmin, units)]
    return mark_safe(  # noqa: S308  texts are escaped, the rest are our own numbers
        f'<svg class="finder-chart" viewBox="-1 -1 {SIDE + 2} {SIDE + 2}" role="img"'
        f' aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _place(mark: Mark, centre: Mark, units: float) -> tuple[float, float] | None:
    offset = tangent_offset_arcsec(
        mark.ra_deg, mark.dec_deg, centre_ra_deg=centre.ra_deg, centre_dec_deg=centre.dec_deg
    )
    if offset is None:
        return None
    x, y = SIDE / 2 - offset[0] * units, SIDE / 2 - offset[1] * units
    return (x, y) if 0 <= x <= SIDE and 0 <= y <= SIDE else None


def _both(path: str, css: str = "finder-line") -> str:
    """Return a line with a paler one below, so that it shows on any image."""
    return f'<path class="finder-halo" d="{path}"/><path class="{css}" d="{path}"/>'


def _crosshair() -> str:
    near, far, middle = 14, 44, SIDE // 2
    arms = (
        f"M{middle - far} {middle}H{middle - near}M{middle + near} {middle}H{middle + far}"
        f"M{middle} {middle - far}V{middle - near}M{middle} {middle + near}V{middle + far}"
    )
    return _both(arms, "finder-line is-strong")


def _neighbour(x: float, y: float, label: str) -> str:
    ring = f"M{x - 9:.1f} {y:.1f}a9 9 0 1 0 18 0a9 9 0 1 0-18 0"
    at_right = x > SIDE * 0.75
    anchor, dx = ("end", -13) if at_right else ("start", 13)
    text = (
        f'<text x="{x + dx:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}">{escape(label)}</text>'
        if label
        else ""
    )
    return _both(ring) + text


def _compass() -> str:
    x, y, arm = 70, 76, 42
    north = f"M{x} {y}V{y - arm}m-5 9l5-9l5 9"
    east = f"M{x} {y}H{x - arm}m9-5l-9 5l9 5"
    return (
        _both(north + east)
        + f'<text x="{x}" y="{y - arm - 6}" text-anchor="middle">N</text>'
        + f'<text x="{x - arm - 5}" y="{y + 5}" text-anchor="end">E</text>'
    )


def _scale_bar(field_arcmin: float, units: float) -> str:
    arcsec = scale_bar_arcsec(field_arcmin)
    length = arcsec * units
    x, y = SIDE - 28 - length, SIDE - 28
    return (
        _both(f"M{x:.1f} {y - 6}V{y + 6}M{x:.1f} {y}h{length:.1f}M{x + length:.1f} {y - 6}V{y + 6}")
        + f'<text x="{x + length / 2:.1f}" y="{y - 12}" text-anchor="middle">{length_text(arcsec)}</text>'
    )
