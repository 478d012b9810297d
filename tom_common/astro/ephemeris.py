"""Where one target is seen at one time, with all that an observer wants to know of it then.

Pure: called by ``tom_targets.positions`` for pages and endpoints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tom_common.astro.observer import Site, Sky, earth_at, mjd_utc_to_mjd_tt, separation_deg, unit
from tom_common.astro.orbits import Orbits
from tom_common.astro.sidereal import Stars, ra_dec_deg
from tom_common.astro.visibility import Bodies, airmass

Array = NDArray[np.float64]

_RATE_STEP_DAYS = 1.0 / 1440.0
_ARCSEC = 3600.0
FIRST_MJD, LAST_MJD = 15020.0, 88069.0
"""Years 1900 to 2100, for which the Earth's place is exact."""


@dataclass(frozen=True)
class Place:
    """Where a target is seen; ICRS degrees, astrometric (light-time and parallax applied, no aberration).

    None for what needs a site, or an orbit.
    """

    mjd_utc: float
    ra_deg: float
    dec_deg: float
    site: Site | None
    altitude_deg: float | None = None
    azimuth_deg: float | None = None
    airmass: float | None = None
    sun_altitude_deg: float | None = None
    moon_separation_deg: float | None = None
    moon_altitude_deg: float | None = None
    rate_ra_arcsec_min: float | None = None
    """Motion in right ascension times cos(dec)."""
    rate_dec_arcsec_min: float | None = None
    distance_au: float | None = None
    sun_distance_au: float | None = None
    elongation_deg: float | None = None
    phase_deg: float | None = None
    two_body_days: float | None = None
    """Days from the epoch of the elements."""

    @property
    def motion_arcsec_min(self) -> float | None:
        """Motion on the sky, arcsec per minute."""
        if self.rate_ra_arcsec_min is None or self.rate_dec_arcsec_min is None:
            return None
        return float(np.hypot(self.rate_ra_arcsec_min, self.rate_dec_arcsec_min))

    @property
    def motion_angle_deg(self) -> float | None:
        """Position angle of the motion, from north over east."""
        if self.rate_ra_arcsec_min is None or self.rate_dec_arcsec_min is None:
            return None
        return float(np.degrees(np.arctan2(self.rate_ra_arcsec_min, self.rate_dec_arcsec_min)) % 360.0)

    @property
    def error_arcsec(self) -> float | None:
        """How far two-body motion may be off at this time; None for what does not move on an orbit."""
        return None if self.two_body_days is None else two_body_error_arcsec(self.two_body_days)


def two_body_error_arcsec(days: float) -> float:
    """Return how far off two-body motion is after some days, for a body of the main belt.

    The planets pull: an arcsecond after a month, 0.3 degrees after three years, two after twenty.
    Measured on elements of (1) Ceres that JPL Horizons gives for 2000, 2020 and 2022, each taken to the
    others' dates: none is further off than this. A body that passes near a planet is.
    """
    days = abs(days)
    return float((days / 30.0) ** 2 if days <= 1000.0 else (1000.0 / 30.0) ** 2 * days / 1000.0)


def place_of(
    bodies: Bodies, *, mjd_utc: float, site: Site | None, epoch_mjd: float | None = None
) -> Place | None:
    """Return where the first of some bodies is seen.

    Parameters
    ----------
    bodies : Bodies
    mjd_utc : float
    site : Site, optional
        Without it the body is seen from the Earth's centre.
    epoch_mjd : float, optional
        Epoch of the elements, from which the accuracy follows.

    Returns
    -------
    Place or None
        None for a target without a place.

    Raises
    ------
    ValueError
        For a time outside the years 1900 to 2100.
    """
    if not FIRST_MJD <= mjd_utc <= LAST_MJD:
        raise ValueError(f"MJD {mjd_utc:g}: expected a time from 1900 to 2100 (MJD 15020 to 88069)")
    if not len(bodies) or bodies.order[0] < 0:
        return None
    if bodies.stars is not None:
        return _star(bodies.stars, mjd_utc, site)
    return None if bodies.orbits is None else _orbiting(bodies.orbits, mjd_utc, site, epoch_mjd)


def _from_where(mjd_utc: Array, site: Site | None) -> tuple[Array, Array, Array, Sky | None]:
    """Return heliocentric and barycentric place of the observer, times in TT, and the sky above a site."""
    if site is None:
        times = mjd_utc_to_mjd_tt(mjd_utc)
        heliocentric, barycentric, _ = earth_at(times)
        return heliocentric, barycentric, times, None
    sky = Sky(site, mjd_utc)
    return sky.heliocentric_au, sky.barycentric_au, sky.mjd_tt, sky


def _above(direction: Array, sky: Sky | None) -> dict[str, float]:
    """Return what is seen from a site, of an apparent direction of shape (3,)."""
    if sky is None:
        return {}
    apparent = unit(direction + sky.velocity_c[0])
    height = float(sky.altitude_deg(apparent)[0])
    return {
        "altitude_deg": height,
        "azimuth_deg": float(sky.azimuth_deg(apparent)[0]),
        **({"airmass": float(airmass(height))} if height > 0 else {}),
        "sun_altitude_deg": float(sky.altitude_deg(sky.sun)[0]),
        "moon_separation_deg": float(separation_deg(apparent, sky.moon)[0]),
        "moon_altitude_deg": float(sky.altitude_deg(sky.moon)[0]),
    }


def _star(stars: Stars, mjd_utc: float, site: Site | None) -> Place:
    _, barycentric, _, sky = _from_where(np.array([mjd_utc]), site)
    direction = stars.directions(mjd_utc, barycentric[0])[0]
    ra, dec = ra_dec_deg(direction)
    return Place(mjd_utc, float(ra), float(dec), site, **_above(direction, sky))


def _orbiting(orbits: Orbits, mjd_utc: float, site: Site | None, epoch_mjd: float | None) -> Place | None:
    times = mjd_utc + np.array([0.0, _RATE_STEP_DAYS])
    observer, _, times_tt, sky = _from_where(times, site)
    from_observer, from_sun = (part[0] for part in orbits.seen_from(observer, times_tt))
    if not np.isfinite(from_observer).all():
        return None
    directions = unit(from_observer)
    ra, dec = ra_dec_deg(directions)
    step = (ra[1] - ra[0] + 180.0) % 360.0 - 180.0
    return Place(
        mjd_utc,
        float(ra[0]),
        float(dec[0]),
        site,
        rate_ra_arcsec_min=float(step * _ARCSEC * np.cos(np.radians(dec[0]))),
        rate_dec_arcsec_min=float((dec[1] - dec[0]) * _ARCSEC),
        distance_au=float(np.linalg.norm(from_observer[0])),
        sun_distance_au=float(np.linalg.norm(from_sun[0])),
        elongation_deg=float(separation_deg(directions[0], unit(-observer[0]))),
        phase_deg=float(separation_deg(directions[0], unit(from_sun[0]))),
        two_body_days=None if epoch_mjd is None else mjd_utc - epoch_mjd,
        **_above(directions[0], sky),
    )
