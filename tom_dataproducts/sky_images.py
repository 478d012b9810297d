"""FITS images with celestial coordinates, turned north up for finder charts.

Pure; called by the view and by ``finder``. astropy is imported where it is used, as most pages need none.
"""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tom_dataproducts.images import PictureError, first_image_and_header, stretched

SIDE = 600
_INK = 255


@dataclass(frozen=True)
class Footprint:
    """A circle around what an image shows: ICRS centre and radius, in degrees."""

    ra_deg: float
    dec_deg: float
    radius_deg: float


def footprint(content: bytes) -> Footprint:
    """Return where on the sky the first image of a FITS file lies.

    Raises
    ------
    PictureError
        If there is no image that can be read, or it has no celestial coordinates.
    """
    pixels, wcs = _with_wcs(content)
    rows, columns = pixels.shape
    x = np.array([(columns - 1) / 2, -0.5, columns - 0.5, -0.5, columns - 0.5])
    y = np.array([(rows - 1) / 2, -0.5, -0.5, rows - 0.5, rows - 0.5])
    ra, dec = _sky_of(wcs, x, y)
    if not np.isfinite([*ra, *dec]).all():
        raise PictureError("the celestial coordinates of this image lead nowhere")
    vectors = _vectors(ra, dec)
    radius_rad = float(np.arccos(np.clip(vectors[1:] @ vectors[0], -1.0, 1.0)).max())
    return Footprint(float(ra[0]), float(dec[0]), math.degrees(radius_rad))


def _vectors(ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def _with_wcs(content: bytes) -> tuple[NDArray[np.float64], Any]:
    from astropy.wcs import WCS

    pixels, header = first_image_and_header(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # headers of others bend the standard
            wcs = WCS(header).celestial
    except Exception as error:  # noqa: BLE001  wcslib raises many kinds on broken headers
        raise PictureError("broken celestial coordinates") from error
    if not wcs.has_celestial:
        raise PictureError("no celestial coordinates in this image")
    return pixels, wcs


def _sky_of(wcs: Any, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[Any, Any]:
    from astropy import units

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        place = wcs.pixel_to_world(x, y).icrs
    return place.ra.to_value(units.deg), place.dec.to_value(units.deg)


def north_up_png(
    content: bytes, *, ra_deg: float, dec_deg: float, field_arcmin: float, side: int = SIDE
) -> bytes:
    """Return a square field of an image, north up and east to the left, in the tangential projection.

    Parameters
    ----------
    content : bytes
        A FITS file.
    ra_deg, dec_deg : float
        Centre of the field, ICRS, in degrees.
    field_arcmin : float
        Side of the field.
    side : int
        Pixels a side; each takes the value of the nearest pixel of the image.

    Returns
    -------
    bytes
        A grey PNG, transparent where the image has nothing.

    Raises
    ------
    PictureError
        If the file has no image with celestial coordinates, or the image does not reach into the field.
    """
    pixels, wcs = _with_wcs(content)
    found = _sampled(pixels, wcs, *_grid(ra_deg, dec_deg, field_arcmin, side))
    known = np.isfinite(found)
    if not known.any():
        raise PictureError("this image does not show the field")
    grey = np.round(_INK * stretched(found, "asinh")).astype(np.uint8)
    return _png(grey, np.where(known, _INK, 0).astype(np.uint8))


def _grid(
    ra_deg: float, dec_deg: float, field_arcmin: float, side: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the positions of the pixels of the field, first row at the top."""
    step = math.radians(field_arcmin / 60.0) / side
    offset = (np.arange(side) + 0.5 - side / 2) * step
    east, north = np.meshgrid(-offset, -offset)
    ra0, dec0 = math.radians(ra_deg), math.radians(dec_deg)
    depth = math.cos(dec0) - north * math.sin(dec0)
    ra = ra0 + np.arctan2(east, depth)
    dec = np.arctan2(math.sin(dec0) + north * math.cos(dec0), np.hypot(east, depth))
    return np.degrees(ra) % 360.0, np.degrees(dec)


def _sampled(
    pixels: NDArray[np.float64], wcs: Any, ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]
) -> NDArray[np.float64]:
    from astropy import units
    from astropy.coordinates import SkyCoord

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            x, y = wcs.world_to_pixel(SkyCoord(ra_deg * units.deg, dec_deg * units.deg))
        except Exception as error:  # noqa: BLE001  a distortion that cannot be inverted raises NoConvergence
            raise PictureError("the celestial coordinates of this image cannot be inverted") from error
    x, y = np.nan_to_num(x, nan=-9.0), np.nan_to_num(y, nan=-9.0)
    column, row = np.round(x).astype(np.int64), np.round(y).astype(np.int64)
    rows, columns = pixels.shape
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    return np.where(inside, pixels[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)], np.nan)


def _png(grey: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.merge("LA", (Image.fromarray(grey), Image.fromarray(alpha))).save(buffer, "PNG")
    return buffer.getvalue()
