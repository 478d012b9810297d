"""Where an observer is and what hangs above: zenith, Sun and Moon as unit vectors, for many times at once.

Pure: called by ``visibility`` and ``orbits``. By ERFA only: no table is read that would have to be fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tom_common.astro.time import JD_OF_MJD_0, mjd_utc_to_mjd_tai

Array = NDArray[np.float64]

C_AU_PER_DAY = 173.14463267424034
"""Speed of light (IAU 2012 au)."""
AU_M = 149_597_870_700.0
_TT_MINUS_TAI_DAYS = 32.184 / 86400.0


@dataclass(frozen=True)
class Site:
    """A place on the Earth: geodetic (WGS84) degrees, north and east positive, metres above the ellipsoid.

    `code` is unique among the sites of a TOM; `facility` is who observes from there, "" for nobody's.
    """

    code: str
    name: str
    latitude_deg: float
    longitude_deg: float
    elevation_m: float = 0.0
    facility: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no place.

        Raises
        ------
        ValueError
            If the latitude is beyond a pole, or a number is not finite.
        """
        numbers = (self.latitude_deg, self.longitude_deg, self.elevation_m)
        if not np.all(np.isfinite(numbers)) or abs(self.latitude_deg) > 90:
            raise ValueError(
                f"site {self.code!r}: latitude {self.latitude_deg!r}, longitude {self.longitude_deg!r},"
                f" elevation {self.elevation_m!r} is no place on the Earth"
            )

    @property
    def label(self) -> str:
        """Facility and name, as plots and tables call it."""
        return f"({self.facility}) {self.name}" if self.facility else self.name


def mjd_utc_to_mjd_tt(mjd_utc: ArrayLike) -> Array:
    """Convert modified Julian dates from UTC to terrestrial time, which is TDB within 2 ms."""
    return np.asarray(mjd_utc_to_mjd_tai(mjd_utc)) + _TT_MINUS_TAI_DAYS


def earth_at(mjd_tt: ArrayLike) -> tuple[Array, Array, Array]:
    """Return place and motion of the Earth's centre.

    Parameters
    ----------
    mjd_tt : array_like, shape (t,)

    Returns
    -------
    heliocentric_au, barycentric_au, velocity_au_per_day : ndarray, shape (t, 3)
        ICRS axes; the velocity is barycentric. Good to 15 km from 1900 to 2100.

    References
    ----------
    ERFA ``epv00`` (Bretagnon & Francou 1988, fitted to DE405).
    """
    with np.errstate(invalid="ignore"):
        heliocentric, barycentric = erfa.epv00(JD_OF_MJD_0, np.asarray(mjd_tt, dtype=float))
    return heliocentric["p"], barycentric["p"], barycentric["v"]


def unit(vectors: Array) -> Array:
    """Return vectors of length one; the components run along the last axis."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def separation_deg(first: Array, second: Array) -> Array:
    """Return the angle between unit vectors, in degrees; exact for small and large angles alike."""
    chord = np.linalg.norm(first - second, axis=-1) / 2
    return np.degrees(2 * np.arcsin(np.clip(chord, 0.0, 1.0)))


class Sky:
    """What an observer has above at some times. Vectors have ICRS axes (GCRS for what is near).

    UT1 is taken as UTC: they differ by 0.9 s at most, which turns the sky by 14 arcsec.

    Parameters
    ----------
    site : Site
    mjd_utc : array_like, shape (t,)
    """

    def __init__(self, site: Site, mjd_utc: ArrayLike) -> None:
        self.site = site
        self.mjd_utc: Array = np.atleast_1d(np.asarray(mjd_utc, dtype=float))
        self.mjd_tt = mjd_utc_to_mjd_tt(self.mjd_utc)
        middle = float(self.mjd_tt.mean()) if len(self.mjd_tt) else 0.0
        # Precession and nutation move by 0.1 arcsec a day: once is enough for what is asked at once.
        far = np.ptp(self.mjd_tt) > 5 if len(self.mjd_tt) else False
        self._to_terrestrial = self._rotation(self.mjd_tt if far else np.array([middle]))

    def _rotation(self, mjd_tt: Array) -> Array:
        """Return the rotations, shape (t, 3, 3), from ICRS axes to those that turn with the Earth."""
        celestial = erfa.c2i06a(JD_OF_MJD_0, mjd_tt)
        angle = erfa.era00(JD_OF_MJD_0, self.mjd_utc)
        return np.asarray(erfa.c2tcio(celestial, angle, np.eye(3)))

    def _celestial(self, terrestrial: Array) -> Array:
        return np.einsum("tij,i->tj", self._to_terrestrial, terrestrial)

    @cached_property
    def zenith(self) -> Array:
        """Directions of the zenith, shape (t, 3): the normal of the ellipsoid."""
        lat, lon = np.radians(self.site.latitude_deg), np.radians(self.site.longitude_deg)
        return self._celestial(np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]))

    @cached_property
    def _north(self) -> Array:
        lat, lon = np.radians(self.site.latitude_deg), np.radians(self.site.longitude_deg)
        return self._celestial(
            np.array([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
        )

    @cached_property
    def observer_au(self) -> Array:
        """Where the observer is, from the Earth's centre, shape (t, 3), au."""
        site = self.site
        metres = erfa.gd2gc(
            1, np.radians(site.longitude_deg), np.radians(site.latitude_deg), site.elevation_m
        )
        return self._celestial(np.asarray(metres)) / AU_M

    @cached_property
    def _earth(self) -> tuple[Array, Array, Array]:
        return earth_at(self.mjd_tt)

    @property
    def heliocentric_au(self) -> Array:
        """Where the observer is, from the Sun, shape (t, 3), au."""
        return self._earth[0] + self.observer_au

    @property
    def barycentric_au(self) -> Array:
        """Where the observer is, from the barycentre of the solar system, shape (t, 3), au."""
        return self._earth[1] + self.observer_au

    @property
    def velocity_c(self) -> Array:
        """Velocity of the Earth in units of that of light, shape (t, 3)."""
        return self._earth[2] / C_AU_PER_DAY

    @cached_property
    def sun(self) -> Array:
        """Apparent directions of the Sun's centre, shape (t, 3)."""
        return unit(unit(-self.heliocentric_au) + self.velocity_c)

    @cached_property
    def moon(self) -> Array:
        """Directions of the Moon's centre as seen from the site, shape (t, 3); within 10 arcsec."""
        return unit(self._moon_au - self.observer_au)

    @cached_property
    def _moon_au(self) -> Array:
        return np.asarray(erfa.moon98(JD_OF_MJD_0, self.mjd_tt)["p"])

    @cached_property
    def moon_illuminated(self) -> Array:
        """Lit fraction of the Moon's disc from the Earth's centre, shape (t,), from 0 to 1."""
        from_sun = self._moon_au + self._earth[0]
        phase = np.einsum("ti,ti->t", unit(from_sun), unit(self._moon_au))
        return (1 + phase) / 2

    def altitude_deg(self, directions: Array) -> Array:
        """Return airless altitudes in degrees.

        Parameters
        ----------
        directions : ndarray, shape (3,), (t, 3), (n, 1, 3) or (n, t, 3)
            Apparent unit vectors.

        Returns
        -------
        ndarray, shape (t,) or (n, t)
        """
        sine = np.einsum("...i,...i->...", directions, self.zenith)
        return np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0)))

    def azimuth_deg(self, directions: Array) -> Array:
        """Return azimuths in degrees, from north over east; shapes as for `altitude_deg`."""
        east = np.cross(self._north, self.zenith)
        north_part = np.einsum("...i,...i->...", directions, self._north)
        east_part = np.einsum("...i,...i->...", directions, east)
        return np.degrees(np.arctan2(east_part, north_part)) % 360.0
