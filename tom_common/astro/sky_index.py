"""The sky index: HEALPix pixel, NESTED scheme, order 29, of a position; nearby positions have nearby numbers.

A pixel of that order is 0.4 milliarcseconds wide, so the index stands for the position itself.
"""

from __future__ import annotations

import math

import hpgeom
import numpy as np
from numpy.typing import ArrayLike, NDArray

ORDER = 29
NSIDE = 2**ORDER
NO_POSITION = -1


def sky_index(ra_deg: ArrayLike, dec_deg: ArrayLike) -> NDArray[np.int64] | int:
    """Give the sky index of positions.

    Parameters
    ----------
    ra_deg, dec_deg : float or array_like, shape (n,)
        ICRS right ascension (any number of turns) and declination, deg.

    Returns
    -------
    int or ndarray of int64, shape (n,)
        HEALPix pixel, NESTED, order 29; `NO_POSITION` (-1) where a coordinate is not finite or the
        declination is out of range. An int for two floats.

    References
    ----------
    Górski et al. (2005), doi:10.1086/427976.
    """
    if isinstance(ra_deg, int | float) and isinstance(dec_deg, int | float):
        if not (math.isfinite(ra_deg) and -90.0 <= dec_deg <= 90.0):
            return NO_POSITION
        return int(hpgeom.angle_to_pixel(NSIDE, ra_deg % 360.0, dec_deg))
    ra, dec = np.broadcast_arrays(np.asarray(ra_deg, np.float64), np.asarray(dec_deg, np.float64))
    known = np.isfinite(ra) & (np.abs(np.nan_to_num(dec, nan=999.0)) <= 90.0)
    index = np.full(ra.shape, NO_POSITION, dtype=np.int64)
    if known.any():
        index[known] = hpgeom.angle_to_pixel(NSIDE, np.mod(ra[known], 360.0), dec[known])
    return index


def sky_position(index: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the centres of pixels.

    Parameters
    ----------
    index : array_like of int, shape (n,)
        Sky indices.

    Returns
    -------
    ra_deg, dec_deg : ndarray, shape (n,)
        ICRS, deg; NaN for `NO_POSITION`.
    """
    pixel = np.asarray(index, dtype=np.int64)
    known = pixel >= 0
    ra, dec = hpgeom.pixel_to_angle(NSIDE, np.where(known, pixel, 0))
    return np.where(known, ra, np.nan), np.where(known, dec, np.nan)
