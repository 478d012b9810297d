"""Charts of a night as inline SVG: altitude against time, and a strip as small as a word.

Pure: called by tom_observations and tom_targets with the arrays of ``tom_common.astro.visibility``. They need
neither script nor inline style; curves stretch with the page while text keeps its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from numpy.typing import NDArray

from tom_common.astro.time import mjd_utc_to_datetime
from tom_common.astro.visibility import Curves, airmass

Array = NDArray[np.float64]

_UNITS = 1000
"""Width of the stretched drawing, in its own units."""
_HOVER_MIN = 20.0
_MAX_HOVERS = 60
_SKY_STEPS = ((-18.0, "dark"), (-12.0, "astro"), (-6.0, "nautical"), (-0.8333, "civil"), (90.0, "day"))
_AXIS_ALTITUDES = (15, 30, 45, 60, 75)
MAX_CURVES = 8


@dataclass(frozen=True)
class Curve:
    """One line of a chart: its name and altitudes (n,), in degrees."""

    label: str
    altitude_deg: Array
    moon_separation_deg: Array


def curves_of(curves: Curves, labels: Sequence[str]) -> list[Curve]:
    """Return the lines of a chart, one for each target."""
    return [
        Curve(label, curves.altitude_deg[i], curves.moon_separation_deg[i]) for i, label in enumerate(labels)
    ]


def altitude_chart(
    sky: Curves,
    lines: Sequence[Curve],
    *,
    label: str,
    min_altitude_deg: float | None = None,
    now_mjd: float | None = None,
    with_moon_words: bool = True,
) -> SafeString:
    """Draw altitudes against time (UTC) over the steps of twilight, with airmass beside, the Moon and now.

    Parameters
    ----------
    sky : Curves
        Times, Sun and Moon at the site.
    lines : sequence of Curve
        At most 8 are drawn.
    label : str
        Text alternative.
    min_altitude_deg : float, optional
        Drawn as a line across.
    now_mjd : float, optional
        Drawn as an upright line where it lies within the times.
    with_moon_words : bool
        Whether the hovers tell of the Moon's height.

    Returns
    -------
    SafeString
        An ``<svg class="tom-night-chart">``; ``night_chart.css`` gives height and colours.
    """
    times = sky.mjd_utc
    begin, end = float(times[0]), float(times[-1])
    drawn = [_twilight(times, sky.sun_altitude_deg)]
    if min_altitude_deg is not None:
        y = _UNITS - min_altitude_deg / 90 * _UNITS
        drawn.append(f'<path class="tom-night-limit" d="M0 {y:.0f}H{_UNITS}"/>')
    drawn.append(_path("tom-night-moon", times, sky.moon_altitude_deg))
    for i, line in enumerate(lines[:MAX_CURVES]):
        drawn.append(_path(f"tom-night-line is-{i}", times, line.altitude_deg))
    if now_mjd is not None and begin < now_mjd < end:
        drawn.append(f'<path class="tom-night-now" d="M{_x(now_mjd, begin, end):.1f} 0V{_UNITS}"/>')
    stretched = (
        f'<svg viewBox="0 0 {_UNITS} {_UNITS}" width="100%" height="100%" preserveAspectRatio="none">'
        f"{''.join(drawn)}</svg>"
    )
    return mark_safe(  # noqa: S308  texts are escaped, the rest are our own numbers
        f'<svg class="tom-night-chart" role="img" aria-label="{escape(label)}">{stretched}'
        f"{_axes(begin, end)}{_hovers(sky, lines, with_moon_words)}</svg>"
    )


def _x(mjd: float, begin: float, end: float) -> float:
    return (mjd - begin) / (end - begin) * _UNITS


def _path(css: str, times: Array, altitude: Array) -> str:
    """Return a line through the altitudes above the horizon; it breaks where they are below or not known."""
    begin, end = float(times[0]), float(times[-1])
    steps, is_down = [], True
    for i, (mjd, height) in enumerate(zip(times.tolist(), altitude.tolist(), strict=True)):
        if not height > 0:
            if not is_down:  # end on the horizon
                steps.append(_to_horizon("L", times, altitude, i - 1, begin, end))
            is_down = True
            continue
        if is_down and i and altitude[i - 1] <= 0:
            steps.append(_to_horizon("M", times, altitude, i - 1, begin, end))
            is_down = False
        point = f"{_x(mjd, begin, end):.1f} {_UNITS - height / 90 * _UNITS:.0f}"
        steps.append(f"{'M' if is_down else 'L'}{point}")
        is_down = False
    return f'<path class="{css}" d="{"".join(steps)}"/>' if steps else ""


def _to_horizon(letter: str, times: Array, altitude: Array, i: int, begin: float, end: float) -> str:
    low, high = float(altitude[i]), float(altitude[i + 1])
    part = low / (low - high) if low != high else 0.0
    if not 0 <= part <= 1:
        return ""
    return f"{letter}{_x(float(times[i] + part * (times[i + 1] - times[i])), begin, end):.1f} {_UNITS}"


def _twilight(times: Array, sun: Array) -> str:
    """Return rectangles that shade the chart by how deep the Sun is."""
    begin, end = float(times[0]), float(times[-1])
    edges = {begin, end}
    for altitude, _ in _SKY_STEPS[:-1]:
        height = sun - altitude
        for i in np.flatnonzero((height[:-1] > 0) != (height[1:] > 0)):
            edges.add(float(times[i] + (times[i + 1] - times[i]) * height[i] / (height[i] - height[i + 1])))
    bounds = sorted(edges)
    parts = []
    for left, right in zip(bounds[:-1], bounds[1:], strict=True):
        depth = float(np.interp((left + right) / 2, times, sun))
        step = next(name for altitude, name in _SKY_STEPS if depth <= altitude)
        x, width = _x(left, begin, end), _x(right, begin, end) - _x(left, begin, end)
        parts.append(f'<rect class="tom-sky-{step}" x="{x:.1f}" width="{width:.1f}" height="{_UNITS}"/>')
    return "".join(parts)


def _axes(begin: float, end: float) -> str:
    parts = []
    for altitude in _AXIS_ALTITUDES:
        y = 100 - altitude / 90 * 100
        parts.append(
            f'<line class="tom-night-grid" x1="0" x2="100%" y1="{y:.2f}%" y2="{y:.2f}%"/>'
            f'<text x="4" y="{y:.2f}%" dy="-3">{altitude}°</text>'
            f'<text x="100%" y="{y:.2f}%" dx="-4" dy="-3" text-anchor="end">{_airmass(altitude)}</text>'
        )
    hours = (end - begin) * 24
    every = next((step for step in (1, 2, 3, 6, 12, 24) if hours / step <= 15), 24)
    for hour in range(int(np.ceil(begin * 24 / every)) * every, int(end * 24) + 1, every):
        x = (hour / 24 - begin) / (end - begin) * 100
        text = f"{hour % 24:02d}" if every < 24 else f"{mjd_utc_to_datetime(hour / 24):%d %b}"
        parts.append(f'<line class="tom-night-tick" x1="{x:.2f}%" x2="{x:.2f}%" y1="100%" y2="97%"/>')
        if 2 < x < 98:
            parts.append(f'<text x="{x:.2f}%" y="97%" dy="-3" text-anchor="middle">{text}</text>')
    return "".join(parts)


def _airmass(altitude_deg: float) -> str:
    return f"{float(airmass(altitude_deg)):.2f}"


def _hovers(sky: Curves, lines: Sequence[Curve], with_moon_words: bool) -> str:
    """Return columns that say on hover what the curves are at a time."""
    begin, end = float(sky.mjd_utc[0]), float(sky.mjd_utc[-1])
    count = int(np.clip((end - begin) * 1440 / _HOVER_MIN, 1, _MAX_HOVERS))
    parts = []
    for i in range(count):
        mjd = begin + (i + 0.5) / count * (end - begin)
        at = int(np.argmin(np.abs(sky.mjd_utc - mjd)))
        texts = [f"{mjd_utc_to_datetime(float(sky.mjd_utc[at])):%H:%M} UTC"]
        for line in lines[:MAX_CURVES]:
            height = float(line.altitude_deg[at])
            if height > 0:
                texts.append(
                    f"{line.label}: {height:.0f}°, airmass {_airmass(height)},"
                    f" {float(line.moon_separation_deg[at]):.0f}° from the Moon"
                )
            elif height <= 0:
                texts.append(f"{line.label}: below the horizon")
        moon = float(sky.moon_altitude_deg[at])
        if with_moon_words:
            texts.append(f"Moon {moon:.0f}° up" if moon > 0 else "Moon below the horizon")
        x, width = 100 * i / count, 100 / count
        parts.append(
            f'<rect class="tom-night-hover" x="{x:.2f}%" width="{width:.2f}%" height="100%">'
            f"<title>{escape(chr(10).join(texts))}</title></rect>"
        )
    return "".join(parts)


def night_strip_svg(
    rows: Sequence[tuple[tuple[float, float] | None, tuple[float, float] | None]],
    *,
    begin: float,
    end: float,
    label: str,
) -> SafeString:
    """Draw one line for each site: when it is dark (thin), and when a target is observable (thick).

    Parameters
    ----------
    rows : sequence of (dark, window)
        Each a pair of times (MJD, UTC), or None.
    begin, end : float
        Times at the left and right end.
    label : str
        Text alternative.
    """
    height = 4 * len(rows)
    dark, open_ = [], []
    for i, (night, window) in enumerate(rows):
        for paths, span in ((dark, night), (open_, window)):
            if span is not None:
                x = [round((min(max(mjd, begin), end) - begin) / (end - begin) * 240) for mjd in span]
                paths.append(f"M{x[0]} {4 * i + 2}H{x[1]}")
    return mark_safe(  # noqa: S308  the label is escaped, the rest are our own numbers
        f'<svg class="tom-night-strip" viewBox="0 0 240 {height}" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(label)}"><path class="is-dark" d="{"".join(dark)}"/>'
        f'<path class="is-open" d="{"".join(open_)}"/></svg>'
    )
