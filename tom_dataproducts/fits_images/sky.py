"""Where the pixels of an image lie on the sky, as a grid that a page can interpolate. Pure."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tom_dataproducts.images import PictureError

CELLS = 16
"""Cells of the grid along each side; one more lies beyond each edge."""


@dataclass(frozen=True)
class SkyGrid:
    """ICRS directions at the nodes of a grid of pixels.

    Attributes
    ----------
    x, y : ndarray, shape (CELLS + 3,)
        Pixels counted from 0, the centre of the first being 0; evenly spaced.
    vectors : ndarray, shape (CELLS + 3, CELLS + 3, 3)
        Unit vectors by row (y) and column (x); NaN off the sky.
    error_arcsec : float
        Greatest error of a cubic (Catmull-Rom) interpolation in the middle of the cells.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    vectors: NDArray[np.float64]
    error_arcsec: float


def wcs_of(header_text: str) -> Any:
    """Return the celestial coordinates (astropy WCS) that a header tells, its cards one a line.

    Raises
    ------
    PictureError
        If it tells none, or broken ones.
    """
    from astropy.io import fits
    from astropy.wcs import WCS

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # headers of others bend the standard
            wcs = WCS(fits.Header.fromstring(header_text, sep="\n"), naxis=2)
    except Exception as error:  # noqa: BLE001  wcslib raises many kinds on broken headers
        raise PictureError("broken celestial coordinates") from error
    if not wcs.has_celestial:
        raise PictureError("no celestial coordinates in this image")
    return wcs.celestial


def sky_of(wcs: Any, x: Any, y: Any) -> NDArray[np.float64]:
    """Return ICRS unit vectors of pixels (counted from 0), shape (..., 3); NaN off the sky."""
    from astropy import units

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            place = wcs.pixel_to_world(np.asarray(x, float), np.asarray(y, float)).icrs
        except Exception as error:  # noqa: BLE001  wcslib and astropy raise many kinds
            raise PictureError("the celestial coordinates of this image lead nowhere") from error
    ra, dec = place.ra.to_value(units.rad), place.dec.to_value(units.rad)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def sky_grid(header_text: str, *, columns: int, rows: int) -> SkyGrid:
    """Return the grid of an image of so many columns and rows.

    Raises
    ------
    PictureError
        If its header tells no celestial coordinates that lead anywhere.
    """
    wcs = wcs_of(header_text)
    nodes = np.arange(-1, CELLS + 2, dtype=np.float64)
    x, y = columns / CELLS * nodes - 0.5, rows / CELLS * nodes - 0.5
    vectors = sky_of(wcs, *np.meshgrid(x, y))
    if not np.isfinite(vectors).any():
        raise PictureError("the celestial coordinates of this image lead nowhere")
    middle = sky_of(wcs, *np.meshgrid((x[1:-2] + x[2:-1]) / 2, (y[1:-2] + y[2:-1]) / 2))
    return SkyGrid(x, y, vectors, _error_arcsec(vectors, middle))


def _error_arcsec(vectors: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    def halfway(nodes: NDArray[np.float64]) -> NDArray[np.float64]:
        return (9.0 * (nodes[1:-2] + nodes[2:-1]) - nodes[:-3] - nodes[3:]) / 16.0

    found = halfway(halfway(vectors).swapaxes(0, 1)).swapaxes(0, 1)
    found = found / np.linalg.norm(found, axis=-1, keepdims=True)
    error = np.linalg.norm(found - truth, axis=-1)
    return float(np.nanmax(error)) * math.degrees(1.0) * 3600.0 if np.isfinite(error).any() else math.inf
