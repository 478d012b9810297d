"""Where stars are at a date: proper motion and parallax applied, for many stars at once.

Pure: called by ``visibility`` and by the pages and endpoints that show a position at a date.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tom_common.astro.observer import unit
from tom_common.astro.time import JD_OF_MJD_0

Array = NDArray[np.float64]

_MAS = np.radians(1.0) / 3.6e6
_JD_J2000 = 2451545.0
_LEAST_JD, _LEAST_MJD = 1e6, 1e4


def epoch_as_julian_year(epoch: ArrayLike) -> Array:
    """Return epochs as Julian years, whatever they were stored as.

    Parameters
    ----------
    epoch : array_like
        Julian years; Julian dates (above 1,000,000, as some brokers' plugins store) and MJD (above 10,000)
        are known by their size. NaN means 2000.0.
    """
    found = np.asarray(epoch, dtype=float)
    jd = np.where(found > _LEAST_JD, found, found + JD_OF_MJD_0)
    years = np.where(found > _LEAST_MJD, 2000.0 + (jd - _JD_J2000) / 365.25, found)
    return np.where(np.isnan(years), 2000.0, years)


@dataclass(frozen=True)
class Stars:
    """Positions that stay, or nearly so; all arrays share the shape (n,).

    ICRS degrees; `epoch` as `epoch_as_julian_year` takes it, proper motion in mas/yr (that in right ascension
    times the cosine of the declination), parallax in mas. What is not known is NaN and counts as zero.
    """

    ra_deg: Array
    dec_deg: Array
    epoch: Array
    pm_ra_mas_yr: Array
    pm_dec_mas_yr: Array
    parallax_mas: Array

    @classmethod
    def fixed(cls, ra_deg: ArrayLike, dec_deg: ArrayLike) -> Stars:
        """Return positions without motion."""
        ra, dec = (np.atleast_1d(np.asarray(values, dtype=float)) for values in (ra_deg, dec_deg))
        nothing = np.full(ra.shape, np.nan)
        return cls(ra, dec, nothing, nothing, nothing, nothing)

    def directions(self, mjd: float, observer_barycentric_au: Array | None = None) -> Array:
        """Return unit vectors towards the stars at a date, without aberration.

        Parameters
        ----------
        mjd : float
            Any scale: a minute is nothing here.
        observer_barycentric_au : ndarray, shape (3,), optional
            Without it no parallax is applied.

        Returns
        -------
        ndarray, shape (n, 3)
            ICRS axes. The motion is in a straight line at right angles to the line of sight, which holds to
            1 mas over a century for all but some ten stars.
        """
        ra, dec = np.radians(self.ra_deg), np.radians(self.dec_deg)
        sin_ra, cos_ra, sin_dec, cos_dec = np.sin(ra), np.cos(ra), np.sin(dec), np.cos(dec)
        towards = np.stack([cos_dec * cos_ra, cos_dec * sin_ra, sin_dec], axis=-1)
        east = np.stack([-sin_ra, cos_ra, np.zeros_like(ra)], axis=-1)
        north = np.stack([-sin_dec * cos_ra, -sin_dec * sin_ra, cos_dec], axis=-1)
        years = 2000.0 + (mjd + JD_OF_MJD_0 - _JD_J2000) / 365.25 - epoch_as_julian_year(self.epoch)
        moved = towards + (years * _MAS * np.nan_to_num(self.pm_ra_mas_yr))[:, None] * east
        moved = moved + (years * _MAS * np.nan_to_num(self.pm_dec_mas_yr))[:, None] * north
        if observer_barycentric_au is not None:
            moved = moved - np.nan_to_num(self.parallax_mas)[:, None] * _MAS * observer_barycentric_au
        return unit(moved)


def ra_dec_deg(directions: Array) -> tuple[Array, Array]:
    """Return right ascension (0 to 360) and declination of directions, in degrees."""
    x, y, z = np.moveaxis(directions, -1, 0)
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))
