"""Charts over days, as inline SVG: altitudes at several sites, and how far the Moon is from a target.

Pure: called by tags of tom_observations and tom_targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from numpy.typing import NDArray

from tom_common.astro.observer import Site
from tom_common.astro.time import mjd_utc_to_datetime
from tom_common.astro.visibility import TWILIGHTS, Bodies, altitude_curves
from tom_common.night_chart import MAX_CURVES, Curve, altitude_chart

Array = NDArray[np.float64]

_MAX_POINTS = 600
_UNITS = 1000
# The geoid's equator is this far from the centre of the Earth, from where the Moon is looked at here.
_EQUATOR_M = 6_378_137.0


@dataclass(frozen=True)
class Plan:
    """A chart with the names of its lines in their order."""

    chart: SafeString
    labels: list[str]


def plan_chart(
    bodies: Bodies,
    name: str,
    sites: Sequence[Site],
    *,
    begin_mjd: float,
    end_mjd: float,
    step_min: float = 10.0,
    min_altitude_deg: float | None = None,
    now_mjd: float | None = None,
) -> Plan:
    """Draw the altitude of a target through hours or days at up to 8 sites, where it is dark there.

    With one site its twilight and Moon are drawn too, and the target by day.
    """
    sites = sites[:MAX_CURVES]
    count = int(np.clip((end_mjd - begin_mjd) * 1440 / step_min, 2, _MAX_POINTS)) + 1
    times = np.linspace(begin_mjd, end_mjd, count)
    found = [altitude_curves(bodies, site, times) for site in sites]
    lines = []
    for curves in found:
        dark = curves.sun_altitude_deg <= TWILIGHTS["astronomical"]
        altitude = (
            curves.altitude_deg[0] if len(found) == 1 else np.where(dark, curves.altitude_deg[0], np.nan)
        )
        lines.append(Curve(curves.site.label, altitude, curves.moon_separation_deg[0]))
    sky = found[0]
    if len(found) > 1:  # the night and the Moon of one site say nothing of the others
        nothing = np.full(len(times), -90.0)
        sky = replace(sky, sun_altitude_deg=nothing + 180.0, moon_altitude_deg=nothing)
    chart = altitude_chart(
        sky,
        lines,
        label=f"Altitude of {name} at {', '.join(line.label for line in lines)}",
        min_altitude_deg=min_altitude_deg,
        now_mjd=now_mjd,
        with_moon_words=len(found) == 1,
    )
    return Plan(chart, [line.label for line in lines])


def moon_chart(bodies: Bodies, name: str, *, begin_mjd: float, days: int) -> SafeString:
    """Draw how far the Moon is from a target and how full it is, as seen from the centre of the Earth.

    Parameters
    ----------
    bodies : Bodies
        The first is meant.
    name : str
    begin_mjd : float
        UTC.
    days : int
        At least 1.
    """
    centre = Site("", "the centre of the Earth", 0.0, 0.0, -_EQUATOR_M)
    times = begin_mjd + np.arange(0, days + 0.01, max(0.25, days / 200))
    curves = altitude_curves(bodies, centre, times)
    separation, lit = curves.moon_separation_deg[0], curves.moon_illuminated
    lines = (
        f'<path class="tom-night-line is-0" d="{_polyline(times, separation / 180)}"/>'
        f'<path class="tom-night-moon" d="{_polyline(times, lit)}"/>'
    )
    texts = []
    for part in (0.25, 0.5, 0.75):
        y = 100 - part * 100
        texts.append(
            f'<line class="tom-night-grid" x1="0" x2="100%" y1="{y:.0f}%" y2="{y:.0f}%"/>'
            f'<text x="4" y="{y:.0f}%" dy="-3">{part * 180:.0f}°</text>'
            f'<text x="100%" y="{y:.0f}%" dx="-4" dy="-3" text-anchor="end">{part * 100:.0f}% lit</text>'
        )
    every = max(1, round(days / 8))
    for day in range(int(np.ceil(times[0])), int(times[-1]) + 1, every):
        x = (day - times[0]) / (times[-1] - times[0]) * 100
        if 3 < x < 97:
            texts.append(
                f'<text x="{x:.1f}%" y="100%" dy="-5" text-anchor="middle">'
                f"{mjd_utc_to_datetime(day):%d %b}</text>"
            )
    words = f"Distance of the Moon from {name}: {separation.min():.0f} to {separation.max():.0f} degrees"
    return mark_safe(  # noqa: S308  the text is escaped, the rest are our own numbers
        f'<svg class="tom-night-chart is-low" role="img" aria-label="{escape(words)}">'
        f'<svg viewBox="0 0 {_UNITS} {_UNITS}" width="100%" height="100%" preserveAspectRatio="none">'
        f"{lines}</svg>"
        f"{''.join(texts)}</svg>"
    )


def _polyline(times: Array, part: Array) -> str:
    x = (times - times[0]) / (times[-1] - times[0]) * _UNITS
    y = _UNITS - part * _UNITS
    return "M" + "L".join(f"{a:.0f} {b:.0f}" for a, b in zip(x, y, strict=True) if np.isfinite(b))
