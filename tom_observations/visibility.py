"""Visibility of targets as pages and endpoints show it: what a night at each site offers, in words.

The mathematics is in ``tom_common.astro.visibility``; here targets go in and texts come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.utils.safestring import SafeString

from tom_common.astro.observer import Site
from tom_common.astro.time import mjd_utc_to_datetime
from tom_common.astro.visibility import (
    Bodies,
    Limits,
    NightSummary,
    altitude_curves,
    chart_times,
    darkness,
    summarize_night,
)
from tom_common.night_chart import altitude_chart, curves_of

_DASH = "–"


def clock(mjd_utc: float | None) -> str:
    """Write a time as hours and minutes, UTC; a dash for none."""
    if mjd_utc is None or not np.isfinite(mjd_utc):
        return _DASH
    return f"{mjd_utc_to_datetime(mjd_utc) + timedelta(seconds=30):%H:%M}"


def hours_text(hours: float) -> str:
    """Write hours with one decimal, ``"6.4 h"``; a dash for what is not known."""
    if not np.isfinite(hours):
        return _DASH
    return f"{hours:.1f} h" if hours else "0"


@dataclass(frozen=True)
class SiteNight:
    """One target in one night at one site, as a row of a table."""

    site: Site
    summary: NightSummary
    index: int = 0

    def _value(self, name: str) -> float:
        return float(getattr(self.summary, name)[self.index])

    @property
    def dark(self) -> tuple[float, float] | None:
        """Begin and end of the dark part of the night, MJD (UTC)."""
        return darkness(self.summary.night, self.summary.limits.twilight)

    @property
    def dark_text(self) -> str:
        """When it is dark."""
        if self.dark is None:
            return "the Sun does not set" if self.summary.night.sun_stays_up else "not dark enough"
        return f"{clock(self.dark[0])} to {clock(self.dark[1])}"

    @property
    def window(self) -> tuple[float, float] | None:
        """Longest time without a break in which the target is observable, MJD (UTC)."""
        start, end = self._value("window_start"), self._value("window_end")
        return (start, end) if np.isfinite(start) else None

    @property
    def window_text(self) -> str:
        """When the target is observable, or why it is not."""
        if self.window is not None:
            return f"{clock(self.window[0])} to {clock(self.window[1])}"
        if self.dark is None:
            return "not dark enough"
        top, limits = self._value("best_altitude_deg"), self.summary.limits
        if not np.isfinite(top):
            return _DASH
        if top <= 0:
            return "below the horizon"
        if top < limits.min_altitude_deg:
            return f"at most {top:.0f}° high"
        return "too near the Moon"

    @property
    def is_observable(self) -> bool:
        """Whether there is any time for it."""
        return self.window is not None

    @property
    def hours(self) -> float:
        """Hours in which the target is observable."""
        return self._value("hours")

    @property
    def hours_text(self) -> str:
        """The same in words."""
        return hours_text(self.hours)

    @property
    def best_text(self) -> str:
        """When the target stands highest in the dark."""
        return clock(self._value("best_mjd"))

    @property
    def height_text(self) -> str:
        """How high it stands then, with airmass."""
        top = self._value("best_altitude_deg")
        if not np.isfinite(top):
            return _DASH
        if top <= 0:
            return f"{top:.0f}°".replace("-", "−")
        return f"{top:.0f}°, {float(self.summary.best_airmass[self.index]):.2f}"

    @property
    def moon_text(self) -> str:
        """How far the Moon is then, and whether it is up."""
        distance = self._value("best_moon_deg")
        if not np.isfinite(distance):
            return _DASH
        height = self._value("best_moon_altitude_deg")
        return f"{distance:.0f}°, {f'{height:.0f}° up' if height > 0 else 'down'}"

    def as_json(self) -> dict[str, Any]:
        """Return the row as the REST API gives it: times ISO in UTC, degrees, hours; null for none."""
        summary = self.summary
        return {
            "site": self.site.code,
            "site_name": self.site.label,
            "night": summary.evening.isoformat(),
            "dark_from": iso(self.dark[0]) if self.dark else None,
            "dark_until": iso(self.dark[1]) if self.dark else None,
            "hours": number(self.hours, 3),
            "observable_from": iso(self.window[0]) if self.window else None,
            "observable_until": iso(self.window[1]) if self.window else None,
            "best_time": iso(self._value("best_mjd")),
            "best_altitude_deg": number(self._value("best_altitude_deg"), 2),
            "best_airmass": number(float(summary.best_airmass[self.index]), 3),
            "moon_separation_deg": number(self._value("best_moon_deg"), 2),
            "moon_altitude_deg": number(self._value("best_moon_altitude_deg"), 2),
            "moon_illuminated": number(summary.night.moon_illuminated, 3),
        }


def iso(mjd_utc: float | None) -> str | None:
    """Write a time as ISO to the second, UTC; None for none."""
    if mjd_utc is None or not np.isfinite(mjd_utc):
        return None
    moment = mjd_utc_to_datetime(mjd_utc) + timedelta(microseconds=500_000)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def number(value: float, digits: int) -> float | None:
    """Return a rounded number, None for NaN."""
    return round(float(value), digits) if np.isfinite(value) else None


def site_nights(bodies: Bodies, nights: Sequence[tuple[Site, date]], limits: Limits) -> list[NightSummary]:
    """Return what a night at each site offers; `nights` are sites with the evening of the night."""
    return [summarize_night(bodies, site, evening, limits) for site, evening in nights]


def night_chart(
    bodies: Bodies, names: Sequence[str], found: NightSummary, *, now_mjd: float | None
) -> SafeString:
    """Return the chart of targets in a night at a site."""
    curves = altitude_curves(bodies, found.site, chart_times([found.night]))
    label = (
        f"Altitude of {', '.join(names)} in the night of {found.evening} at {found.site.label};"
        " the numbers stand in the table"
    )
    return altitude_chart(
        curves,
        curves_of(curves, names),
        label=label,
        min_altitude_deg=found.limits.min_altitude_deg,
        now_mjd=now_mjd,
    )


def chart_rows(bodies: Bodies, found: NightSummary, names: Sequence[str]) -> list[list[Any]]:
    """Return what the chart of a night shows as rows, heads first, for a file."""
    curves = altitude_curves(bodies, found.site, chart_times([found.night], step_min=5.0))
    head = ["time_utc", "sun_altitude_deg", "moon_altitude_deg", "moon_illuminated"]
    for name in names:
        head += [f"{name} altitude_deg", f"{name} airmass", f"{name} moon_separation_deg"]
    rows: list[list[Any]] = [head]
    for i, mjd in enumerate(curves.mjd_utc.tolist()):
        row: list[Any] = [
            iso(mjd),
            number(curves.sun_altitude_deg[i], 3),
            number(curves.moon_altitude_deg[i], 3),
            number(curves.moon_illuminated[i], 4),
        ]
        for j in range(len(names)):
            height = float(curves.altitude_deg[j, i])
            mass = 1 / np.sin(np.radians(height)) if height > 0 else np.nan
            row += [number(height, 3), number(mass, 4), number(curves.moon_separation_deg[j, i], 3)]
        rows.append(row)
    return rows
