"""The whole sky on a plane: Aitoff's projection and the great circles that a map shows.

Pure: called by ``tom_targets.sky_map``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

GALACTIC_NORTH_POLE = (192.859481, 27.128251)
"""ICRS right ascension and declination, deg (ESA SP-1200, 1997, volume 1, section 1.5.3)."""
ECLIPTIC_NORTH_POLE = (270.0, 66.560709)
"""The same of the mean ecliptic of J2000."""


def aitoff(ra_deg: ArrayLike, dec_deg: ArrayLike, *, unwrapped: bool = False) -> tuple[Array, Array]:
    """Project positions by Aitoff's projection, east to the left.

    Parameters
    ----------
    ra_deg, dec_deg : array_like, shape (n,)
        ICRS, deg.
    unwrapped : bool
        Whether right ascensions beyond 180 degrees from 0 go on outside the ellipse, instead of coming in
        from the other side: for outlines that cross its edge.

    Returns
    -------
    x, y : ndarray, shape (n,)
        In degrees of arc at the centre, which is right ascension 0, declination 0: x from -180 to 180,
        falling with right ascension; y from -90 to 90. The edge is right ascension 180.

    References
    ----------
    Calabretta & Greisen (2002), doi:10.1051/0004-6361:20021327, section 5.4, for the related Hammer-Aitoff;
    this is Aitoff's own: the zenithal equidistant projection of a hemisphere, doubled in x.
    """
    ra, dec = np.asarray(ra_deg, dtype=float), np.asarray(dec_deg, dtype=float)
    if not unwrapped:
        ra = (ra + 180.0) % 360.0 - 180.0
    half, lat = np.radians(ra) / 2.0, np.radians(dec)
    angle = np.arccos(np.clip(np.cos(lat) * np.cos(half), -1.0, 1.0))
    stretch = 1.0 / np.sinc(angle / np.pi)
    return -np.degrees(2.0 * np.cos(lat) * np.sin(half) * stretch), np.degrees(np.sin(lat) * stretch)


def sky_of_aitoff(x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Give back the positions that `aitoff` puts at places on the plane.

    Returns
    -------
    ra_deg, dec_deg : ndarray
        ICRS, deg, right ascension from 0 to 360; NaN outside the ellipse.
    """
    across, up = -np.radians(np.asarray(x, dtype=float)) / 2.0, np.radians(np.asarray(y, dtype=float))
    angle = np.hypot(across, up)
    shrink = np.sinc(angle / np.pi)
    half = np.arctan2(across * shrink, np.cos(angle))
    lat = np.arcsin(np.clip(up * shrink, -1.0, 1.0))
    inside = angle <= np.pi / 2.0
    return np.where(inside, np.degrees(2.0 * half) % 360.0, np.nan), np.where(inside, np.degrees(lat), np.nan)


def great_circle(pole: tuple[float, float], count: int = 181) -> tuple[Array, Array]:
    """Give points along the great circle around a pole.

    Parameters
    ----------
    pole : (float, float)
        ICRS right ascension and declination of the pole, deg.
    count : int
        Number of points; the last is the first again.

    Returns
    -------
    ra_deg, dec_deg : ndarray, shape (count,)
        ICRS, deg, right ascension from 0 to 360.
    """
    ra, dec = np.radians(pole)
    node = np.array([-np.sin(ra), np.cos(ra), 0.0])
    high = np.array([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)])
    turn = np.linspace(0.0, 2.0 * np.pi, count)[:, None]
    x, y, z = (np.cos(turn) * node + np.sin(turn) * high).T
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arcsin(np.clip(z, -1.0, 1.0)))
