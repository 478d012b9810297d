"""A light curve as small as a word: inline SVG of at most one kilobyte, for rows of lists and cards.

Pure: called by tom_targets and tom_dataproducts with the points of a stored summary.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

MAX_POINTS = 40
MAX_BYTES = 1024
# Drawn at twice the size of the box, so that whole numbers resolve half a pixel.
_WIDTH, _HEIGHT, _MARGIN = 240, 56, 6


def sparkline_svg(points: Iterable[Sequence[Any]], *, label: str = "") -> SafeString:
    """Draw magnitude against time, brighter up: a dot for a detection, a short line downwards for a limit.

    Parameters
    ----------
    points : iterable of [mjd_utc, magnitude, band, is_limit]
        MJD (UTC) in days, AB magnitude; what lies further on in a point may be missing. Points without finite
        numbers are left out, and all but the newest 40.
    label : str
        Text alternative, for example ``"r 18.2, fading 0.05 mag/day"``.

    Returns
    -------
    SafeString
        An ``<svg>`` element of at most 1 kB in the class ``tom-sparkline`` (120 x 28 px, drawn with the
        current colour); empty without points.
    """
    kept = _finite(points)
    if not kept:
        return SafeString("")
    label = escape(label[:100])
    dots, limits = _paths(kept)
    drawn = ""
    if limits:
        drawn += f'<path d="{limits}" stroke-width="2" opacity=".6"/>'
    if dots:
        drawn += f'<path d="{dots}" stroke-width="6" stroke-linecap="round"/>'
    return mark_safe(  # noqa: S308  the label is escaped, the rest are our own numbers
        f'<svg class="tom-sparkline" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}"'
        f' fill="none" stroke="currentColor">{drawn}</svg>'
    )


def _finite(points: Iterable[Sequence[Any]]) -> list[tuple[float, float, bool]]:
    kept = []
    for point in points:
        mjd, mag = point[0], point[1]
        if mjd is None or mag is None or not (math.isfinite(mjd) and math.isfinite(mag)):
            continue
        kept.append((float(mjd), float(mag), bool(point[3]) if len(point) > 3 else False))
    kept.sort()
    return kept[-MAX_POINTS:]


def _paths(points: list[tuple[float, float, bool]]) -> tuple[str, str]:
    times, mags = [point[0] for point in points], [point[1] for point in points]
    # Faint scatter is not blown up to the full height: the axis spans a fifth of a magnitude at least.
    middle, span = (max(mags) + min(mags)) / 2, max(max(mags) - min(mags), 0.2)
    duration = times[-1] - times[0]
    dots, limits = [], []
    for mjd, mag, is_limit in points:
        along = (mjd - times[0]) / duration if duration else 0.5
        x = round(_MARGIN + along * (_WIDTH - 2 * _MARGIN))
        y = round(_MARGIN + (0.5 + (mag - middle) / span) * (_HEIGHT - 2 * _MARGIN - 4))
        (limits if is_limit else dots).append(f"M{x} {y}v8" if is_limit else f"M{x} {y}h0")
    return "".join(dots), "".join(limits)
