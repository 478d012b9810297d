"""Where and how deep the simulated survey looks: its site, field grid, read-out channels and noise."""

from dataclasses import dataclass

import erfa
import numpy as np

from tom_alerts.simulation.light_curves.base import Floats
from tom_common.astro.time import JD_OF_MJD_0

# Palomar Observatory.
SITE_LATITUDE_DEG = 33.3563
SITE_LONGITUDE_DEG = -116.8650

FIELD_SIZE_DEG = 7.2
LOWEST_FIELD_DEG = -28.8
FIELD_ROWS = 17
CHANNELS_PER_SIDE = 8
CHANNEL_PIXELS = 3072
PIXEL_ARCSEC = 1.01
GAIN_ELECTRONS_PER_DN = 6.2

# Median limits of the public survey, 5 sigma in 30 s: Bellm et al. (2019), doi:10.1088/1538-3873/aaecbe.
LIMIT_MAG = {"g": 20.8, "r": 20.6, "i": 19.9}
MOON_LOSS_MAG = {"g": 0.9, "r": 0.6, "i": 0.4}
ZERO_POINT_MAG = {"g": 26.3, "r": 26.3, "i": 25.6}


@dataclass(frozen=True)
class CameraPosition:
    """Where in the camera a position falls: field, read-out channel (0 to 63) and pixel of that channel."""

    field: int
    channel: int
    x_pixel: float
    y_pixel: float


def _fields_in_row(row: int) -> int:
    return int(np.ceil(360.0 * np.cos(np.radians(LOWEST_FIELD_DEG + FIELD_SIZE_DEG * row)) / FIELD_SIZE_DEG))


def field_at(ra_deg: float, dec_deg: float) -> int:
    """Return the number of the field that holds a position.

    Parameters
    ----------
    ra_deg, dec_deg : float
        ICRS position in degrees; south of -32.4 degrees the lowest row is meant.

    Returns
    -------
    int
        Field number, counted from 1 in rows of right ascension from the south.
    """
    row = int(np.clip(np.floor((dec_deg - LOWEST_FIELD_DEG) / FIELD_SIZE_DEG + 0.5), 0, FIELD_ROWS - 1))
    column = int(ra_deg % 360.0 / 360.0 * _fields_in_row(row))
    return 1 + sum(_fields_in_row(lower) for lower in range(row)) + column


def field_count() -> int:
    """Return the number of fields of the grid."""
    return sum(_fields_in_row(row) for row in range(FIELD_ROWS))


def field_centre(field: int) -> tuple[float, float]:
    """Return the centre of a field.

    Parameters
    ----------
    field : int
        Field number, from 1.

    Returns
    -------
    tuple of float
        ICRS right ascension and declination in degrees.

    Raises
    ------
    ValueError
        If there is no field of this number.
    """
    rest = field - 1
    for row in range(FIELD_ROWS):
        columns = _fields_in_row(row)
        if 0 <= rest < columns:
            return (rest + 0.5) * 360.0 / columns, LOWEST_FIELD_DEG + FIELD_SIZE_DEG * row
        rest -= columns
    raise ValueError(f"there is no field {field}")


def camera_position(ra_deg: float, dec_deg: float) -> CameraPosition:
    """Return where in the camera a position falls when its field is observed.

    Parameters
    ----------
    ra_deg, dec_deg : float
        ICRS position in degrees.

    Returns
    -------
    CameraPosition
        Field, channel and pixel, gaps between the detectors left out.
    """
    field = field_at(ra_deg, dec_deg)
    ra_centre, dec_centre = field_centre(field)
    width = 360.0 / _fields_in_row(round((dec_centre - LOWEST_FIELD_DEG) / FIELD_SIZE_DEG))
    across = (ra_deg - ra_centre + 180.0) % 360.0 - 180.0
    fractions = np.clip([across / width + 0.5, (dec_deg - dec_centre) / FIELD_SIZE_DEG + 0.5], 0.0, 0.999999)
    column, row = (fractions * CHANNELS_PER_SIDE).astype(int)
    x_pixel, y_pixel = (fractions * CHANNELS_PER_SIDE % 1.0) * CHANNEL_PIXELS
    return CameraPosition(field, int(row * CHANNELS_PER_SIDE + column), float(x_pixel), float(y_pixel))


def earth_position_au(mjd_tdb: Floats) -> Floats:
    """Return the heliocentric position of the Earth.

    Parameters
    ----------
    mjd_tdb : ndarray, shape (n,)
        TDB MJD.

    Returns
    -------
    ndarray, shape (n, 3)
        Equatorial ICRS coordinates in au.

    References
    ----------
    ERFA function epv00 (VSOP2000).
    """
    heliocentric, _ = erfa.epv00(JD_OF_MJD_0, np.asarray(mjd_tdb, dtype=np.float64))
    return np.asarray(heliocentric["p"])


def altitude_deg(ra_deg: Floats | float, dec_deg: Floats | float, mjd_utc: Floats) -> Floats:
    """Return the altitude at the site, without refraction.

    Parameters
    ----------
    ra_deg, dec_deg : float or ndarray, shape (n,)
        Position in degrees.
    mjd_utc : ndarray, shape (n,)
        UTC MJD, taken as UT1.

    Returns
    -------
    ndarray, shape (n,)
        Altitude in degrees.
    """
    sidereal_deg = np.degrees(erfa.gmst82(JD_OF_MJD_0, np.asarray(mjd_utc))) + SITE_LONGITUDE_DEG
    hour_angle = np.radians(sidereal_deg - ra_deg)
    dec, latitude = np.radians(dec_deg), np.radians(SITE_LATITUDE_DEG)
    sine = np.sin(latitude) * np.sin(dec) + np.cos(latitude) * np.cos(dec) * np.cos(hour_angle)
    return np.asarray(np.degrees(np.arcsin(sine)))


def galactic_latitude_deg(ra_deg: float, dec_deg: float) -> float:
    """Return the galactic latitude in degrees of an ICRS position in degrees."""
    return float(np.degrees(erfa.icrs2g(np.radians(ra_deg), np.radians(dec_deg))[1]))


def pixel_noise_dn(limit_mag: float, zero_point_mag: float, seeing_pixels: float) -> float:
    """Return the noise of a pixel that makes this limit with an optimal PSF measurement.

    Parameters
    ----------
    limit_mag : float
        5 sigma limit in mag.
    zero_point_mag : float
        Magnitude of 1 DN.
    seeing_pixels : float
        Full width at half maximum of a Gaussian PSF in pixels.

    Returns
    -------
    float
        Standard deviation of a pixel in DN: the effective area of the PSF is 4 pi sigma^2.
    """
    flux_error = 10 ** (0.4 * (zero_point_mag - limit_mag)) / 5
    return float(flux_error / np.sqrt(4 * np.pi * (seeing_pixels / 2.3548) ** 2))


def offset_position(
    ra_deg: float,
    dec_deg: float,
    east_arcsec: Floats | float,
    north_arcsec: Floats | float,
) -> tuple[Floats, Floats]:
    """Return positions a small way off.

    Parameters
    ----------
    ra_deg, dec_deg : float
        ICRS position in degrees.
    east_arcsec, north_arcsec : float or ndarray, shape (n,)
        Offsets in arcsec, below a degree.

    Returns
    -------
    ra_deg, dec_deg : ndarray, shape (n,)
        ICRS positions in degrees.
    """
    dec = np.asarray(dec_deg + np.asarray(north_arcsec) / 3600.0)
    return np.asarray((ra_deg + np.asarray(east_arcsec) / 3600.0 / np.cos(np.radians(dec_deg))) % 360.0), dec
