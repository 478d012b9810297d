"""When targets can be observed: altitude, Moon and darkness through a night, for many targets at once.

Pure: called by ``tom_observations`` for pages, tags and endpoints. All altitudes are airless; airmass is
1 / sin(altitude), in which facilities take limits. What hangs on site and night alone is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tom_common.astro.night import Night, night_of
from tom_common.astro.observer import Site, Sky, separation_deg, unit
from tom_common.astro.orbits import Orbits
from tom_common.astro.sidereal import Stars

Array = NDArray[np.float64]

TWILIGHTS = {"astronomical": -18.0, "nautical": -12.0, "civil": -6.0, "sunset": -0.8333}
"""Kinds of twilight by the altitude of the Sun's centre, in degrees, below which it is dark enough."""
STEP_MIN = 5.0
_CHART_STEP_MIN = 10.0
_KEPT_NIGHTS = 256


@dataclass(frozen=True)
class Limits:
    """What counts as observable."""

    min_altitude_deg: float = 30.0
    twilight: str = "astronomical"
    min_moon_deg: float = 0.0

    def __post_init__(self) -> None:
        """Refuse limits that mean nothing.

        Raises
        ------
        ValueError
            With the limit that is wrong and what was expected.
        """
        if not 0.0 <= self.min_altitude_deg <= 90.0:
            raise ValueError(f"lowest altitude {self.min_altitude_deg!r}: expected 0 to 90 degrees")
        if self.twilight not in TWILIGHTS:
            raise ValueError(f"twilight {self.twilight!r}: expected one of {', '.join(TWILIGHTS)}")
        if not 0.0 <= self.min_moon_deg <= 180.0:
            raise ValueError(f"distance from the Moon {self.min_moon_deg!r}: expected 0 to 180 degrees")


def airmass(altitude_deg: ArrayLike) -> Array:
    """Return the airmass, 1 / sin(altitude); NaN at and below the horizon."""
    sine = np.sin(np.radians(np.asarray(altitude_deg, dtype=float)))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sine > 0, 1 / sine, np.nan)


def altitude_of_airmass(limit: float) -> float:
    """Return the altitude in degrees at which the airmass has a value.

    Raises
    ------
    ValueError
        For an airmass below 1.
    """
    if not limit >= 1.0:
        raise ValueError(f"airmass {limit!r}: expected 1 or more")
    return float(np.degrees(np.arcsin(1 / limit)))


def darkness(night: Night, twilight: str) -> tuple[float, float] | None:
    """Return when the dark part of a night begins and ends (MJD, UTC), None for a night that has none.

    In the polar night it may be dark from noon to noon, or not dark around noon alone.
    """
    begin = {
        "astronomical": night.astronomical_dusk,
        "nautical": night.nautical_dusk,
        "civil": night.civil_dusk,
        "sunset": night.sunset,
    }[twilight]
    end = {
        "astronomical": night.astronomical_dawn,
        "nautical": night.nautical_dawn,
        "civil": night.civil_dawn,
        "sunset": night.sunrise,
    }[twilight]
    if begin is None and end is None:
        return (night.start, night.end) if night.sun_highest_deg <= TWILIGHTS[twilight] else None
    if begin is not None and end is not None and begin > end:
        return max((night.start, end), (begin, night.end), key=lambda span: span[1] - span[0])
    return night.start if begin is None else begin, night.end if end is None else end


@lru_cache(maxsize=_KEPT_NIGHTS)
def night_and_sky(site: Site, evening: date, twilight: str) -> tuple[Night, Sky | None]:
    """Return a night at a site, and the sky through its dark part in steps of 5 min; None without one.

    Both are kept for the 256 nights asked for last, so that a list of targets costs the sky once.
    """
    night = night_of(evening, latitude_deg=site.latitude_deg, longitude_deg=site.longitude_deg)
    dark = darkness(night, twilight)
    if dark is None:
        return night, None
    count = max(3, int(np.ceil((dark[1] - dark[0]) * 1440 / STEP_MIN)) + 1)
    return night, Sky(site, np.linspace(*dark, count))


@dataclass(frozen=True)
class Bodies:
    """Targets of which visibility is asked: stars, then bodies on orbits; `order` puts them as they came.

    Made by `Bodies.of`; ``order[i]`` is the row among stars and orbits of target i, -1 where it has no place.
    """

    stars: Stars | None
    orbits: Orbits | None
    order: NDArray[np.int64]

    @classmethod
    def fixed(cls, ra_deg: ArrayLike, dec_deg: ArrayLike) -> Bodies:
        """Return targets at positions that stay; NaN for a target without one."""
        stars = Stars.fixed(ra_deg, dec_deg)
        return cls(stars, None, np.arange(len(stars.ra_deg)))

    def __len__(self) -> int:
        """How many targets."""
        return len(self.order)

    def directions(self, sky: Sky) -> Array:
        """Return apparent unit vectors, shape (n, t, 3); NaN for a target without a place."""
        times = len(sky.mjd_utc)
        parts = []
        if self.stars is not None and len(self.stars.ra_deg):
            middle = times // 2
            fixed = self.stars.directions(float(sky.mjd_utc[middle]), sky.barycentric_au[middle])
            apparent = unit(fixed + sky.velocity_c[middle])
            parts.append(np.broadcast_to(apparent[:, None, :], (len(apparent), times, 3)))
        if self.orbits is not None and len(self.orbits):
            seen, _ = self.orbits.seen_from(sky.heliocentric_au, sky.mjd_tt)
            parts.append(unit(unit(seen) + sky.velocity_c))
        if len(parts) == 1 and np.array_equal(self.order, np.arange(len(parts[0]))):
            return parts[0]  # a view: the usual case needs no copy
        parts.append(np.full((1, times, 3), np.nan))
        return np.concatenate(parts)[self.order]


@dataclass(frozen=True)
class NightSummary:
    """What one night at one site offers to n targets; arrays of shape (n,), times MJD (UTC).

    NaN where there is nothing to tell: no window, no darkness, no position. A target that stays too low has
    0 hours, no window, and its highest altitude in the dark as `best_altitude_deg`.
    """

    site: Site
    evening: date
    night: Night
    limits: Limits
    hours: Array
    window_start: Array
    """Begin of the longest time without a break in which the target is observable."""
    window_end: Array
    best_mjd: Array
    """When the target stands highest, of the times when it is observable; else of the dark ones."""
    best_altitude_deg: Array
    best_moon_deg: Array
    """Distance from the Moon then."""
    best_moon_altitude_deg: Array

    @property
    def best_airmass(self) -> Array:
        """Airmass at the best time."""
        return airmass(self.best_altitude_deg)


def summarize_night(bodies: Bodies, site: Site, evening: date, limits: Limits) -> NightSummary:
    """Return when targets can be observed in a night.

    Parameters
    ----------
    bodies : Bodies, of n targets
    site : Site
    evening : date
        Day on which the night begins at the site.
    limits : Limits

    Returns
    -------
    NightSummary
        Times are good to a minute, altitudes to 0.01 degrees.
    """
    night, sky = night_and_sky(site, evening, limits.twilight)
    if sky is None:
        nothing = np.full(len(bodies), np.nan)
        return NightSummary(
            site, evening, night, limits, np.zeros(len(bodies)), *(nothing.copy() for _ in range(6))
        )
    directions = bodies.directions(sky)
    altitude = _altitudes(directions, sky)
    moon = separation_deg(directions, sky.moon) if limits.min_moon_deg else None
    margin = altitude - limits.min_altitude_deg
    if moon is not None:
        margin = np.minimum(margin, moon - limits.min_moon_deg)
    hours, start, end = _windows(sky.mjd_utc, margin)
    best, best_altitude = _highest(sky.mjd_utc, altitude, margin)
    moon_distance, moon_altitude = _moon_then(directions, sky, best)
    known = ~np.isnan(altitude[:, 0])
    return NightSummary(
        site=site,
        evening=evening,
        night=night,
        limits=limits,
        hours=np.where(known, hours, np.nan),
        window_start=start,
        window_end=end,
        best_mjd=best,
        best_altitude_deg=best_altitude,
        best_moon_deg=moon_distance,
        best_moon_altitude_deg=moon_altitude,
    )


def _altitudes(directions: Array, sky: Sky) -> Array:
    """Return altitudes, shape (n, t); one matrix product where the targets do not move."""
    if directions.strides[1] == 0:
        sine = directions[:, 0, :] @ sky.zenith.T
        return np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0)))
    return sky.altitude_deg(directions)


def _windows(times: Array, margin: Array) -> tuple[Array, Array, Array]:
    """Return the hours in which `margin` (n, t) is above zero, and the longest run without a break.

    Between two times the margin runs straight: an altitude differs from that by 0.004 degrees at most.
    """
    left, right = margin[:, :-1], margin[:, 1:]
    step = np.diff(times)
    up = margin > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.clip(left / (left - right), 0.0, 1.0)
    begins, ends = up[:, 1:] & ~up[:, :-1], up[:, :-1] & ~up[:, 1:]
    part = np.where(up[:, :-1] & up[:, 1:], 1.0, 0.0)
    part = np.where(begins, 1.0 - crossing, np.where(ends, crossing, part))
    hours = 24 * part @ step
    at = times[:-1] + crossing * step
    start, end, longest = (np.full(len(margin), np.nan) for _ in range(3))
    for row in np.flatnonzero(up.any(axis=1)):
        starts, stops = at[row][begins[row]], at[row][ends[row]]
        if up[row, 0]:
            starts = np.concatenate([times[:1], starts])
        if up[row, -1]:
            stops = np.concatenate([stops, times[-1:]])
        i = int(np.argmax(stops - starts))
        start[row], end[row], longest[row] = starts[i], stops[i], stops[i] - starts[i]
    return hours, start, end


def _highest(times: Array, altitude: Array, margin: Array) -> tuple[Array, Array]:
    """Return when each target stands highest and how high: of the times within limits, if there are any.

    Through the summit runs a parabola in the sine of the altitude, which has no edge at the zenith.
    """
    inside = margin >= 0
    wanted = np.where(inside | ~inside.any(axis=1, keepdims=True), altitude, -np.inf)
    at = np.argmax(np.where(np.isnan(wanted), -np.inf, wanted), axis=1)
    rows = np.arange(len(altitude))
    sine = np.sin(np.radians(altitude))
    best, top = times[at], sine[rows, at]
    last = len(times) - 1
    middle = np.clip(at, 1, last - 1)
    before, centre, after = (sine[rows, middle + step] for step in (-1, 0, 1))
    bend = before - 2 * centre + after
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.nan_to_num(0.5 * (before - after) / bend)
    is_summit = (sine[rows, np.maximum(at - 1, 0)] <= top) & (sine[rows, np.minimum(at + 1, last)] <= top)
    use = (bend < 0) & (np.abs(shift) <= 1) & is_summit
    best = np.where(use, times[middle] + shift * (times[1] - times[0]), best)
    top = np.where(use, centre - 0.25 * (before - after) * shift, top)
    unknown = np.isnan(altitude[:, 0])
    top = np.degrees(np.arcsin(np.clip(top, -1.0, 1.0)))
    return np.where(unknown, np.nan, best), np.where(unknown, np.nan, top)


def _moon_then(directions: Array, sky: Sky, mjd_utc: Array) -> tuple[Array, Array]:
    """Return distance from the Moon and its altitude at one time for each target, from the nearest step."""
    at = np.searchsorted(sky.mjd_utc, np.nan_to_num(mjd_utc, nan=sky.mjd_utc[0]))
    at = np.clip(at, 1, len(sky.mjd_utc) - 1)
    at -= np.abs(sky.mjd_utc[at - 1] - mjd_utc) < np.abs(sky.mjd_utc[at] - mjd_utc)
    distance = separation_deg(directions[np.arange(len(at)), at], sky.moon[at])
    unknown = np.isnan(mjd_utc)
    moon = sky.altitude_deg(sky.moon)[at]
    return np.where(unknown, np.nan, distance), np.where(unknown, np.nan, moon)


@dataclass(frozen=True)
class Curves:
    """Altitudes through a time, for plots: n targets at one site; times MJD (UTC), degrees."""

    site: Site
    mjd_utc: Array
    altitude_deg: Array
    """Shape (n, t)."""
    moon_separation_deg: Array
    """Shape (n, t)."""
    sun_altitude_deg: Array
    moon_altitude_deg: Array
    moon_illuminated: Array


def altitude_curves(bodies: Bodies, site: Site, mjd_utc: ArrayLike) -> Curves:
    """Return the altitudes of targets, Sun and Moon at some times.

    Parameters
    ----------
    bodies : Bodies, of n targets
    site : Site
    mjd_utc : array_like, shape (t,)
        Within some days of each other: stars stand still meanwhile.
    """
    sky = Sky(site, mjd_utc)
    directions = bodies.directions(sky)
    return Curves(
        site=site,
        mjd_utc=sky.mjd_utc,
        altitude_deg=_altitudes(directions, sky),
        moon_separation_deg=separation_deg(directions, sky.moon),
        sun_altitude_deg=sky.altitude_deg(sky.sun),
        moon_altitude_deg=sky.altitude_deg(sky.moon),
        moon_illuminated=sky.moon_illuminated,
    )


def chart_times(nights: Sequence[Night], *, step_min: float = _CHART_STEP_MIN) -> Array:
    """Return times (MJD, UTC) from half an hour before the first sunset to as long after the last sunrise.

    A night without sunset or sunrise counts from noon to noon.
    """
    starts = [night.start if night.sunset is None else night.sunset - 1 / 48 for night in nights]
    ends = [night.end if night.sunrise is None else night.sunrise + 1 / 48 for night in nights]
    begin, end = min(starts), max(ends)
    return np.linspace(begin, end, max(2, int(np.ceil((end - begin) * 1440 / step_min)) + 1))
