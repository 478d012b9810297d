"""Galactic coordinates of an ICRS position: one rotation, without loading astropy for a page."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Rows: the Galactic axes (centre, direction of rotation, north pole) in ICRS.
_ICRS_TO_GALACTIC = np.array(
    [
        [-0.0548755604162154, -0.8734370902348850, -0.4838350155487132],
        [+0.4941094278755837, -0.4448296299600112, +0.7469822444972189],
        [-0.8676661490190047, -0.1980763734312015, +0.4559837761750669],
    ]
)


def galactic_from_icrs(
    ra_deg: ArrayLike, dec_deg: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Convert ICRS positions to Galactic ones.

    Parameters
    ----------
    ra_deg, dec_deg : array_like, shape (n,) or scalar
        ICRS right ascension and declination, in degrees.

    Returns
    -------
    lng_deg, lat_deg : ndarray, same shape
        Galactic longitude (0 to 360) and latitude, in degrees; within 0.03 arcsec of astropy, which goes by
        way of FK5.

    References
    ----------
    The Hipparcos and Tycho Catalogues, ESA SP-1200 (1997), volume 1, section 1.5.3, equation 1.5.11.
    """
    ra, dec = np.radians(np.asarray(ra_deg, dtype=float)), np.radians(np.asarray(dec_deg, dtype=float))
    cos_dec = np.cos(dec)
    vector = np.stack([cos_dec * np.cos(ra), cos_dec * np.sin(ra), np.sin(dec)])
    x, y, z = np.tensordot(_ICRS_TO_GALACTIC, vector, axes=1)
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))
