"""FITS files read piece by piece, so that an image of gigabytes costs some megabytes of memory. Pure.

astropy is imported where it is used, as most pages need none.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tom_dataproducts.images import PictureError

Singles = NDArray[np.float32]

MOST_EXTENSIONS = 500
MOST_HEADER_CHARACTERS = 400_000
MOST_COMPRESSED_BYTES = 100_000_000
"""A tile-compressed image is held in memory as it is stored: up to so many bytes."""
_BAND_BYTES = 4_000_000


@dataclass(frozen=True)
class Extension:
    """One unit of a FITS file.

    Attributes
    ----------
    number : int
        0 for the primary one.
    name, kind : str
        Name from the header; ``image``, ``compressed image``, ``table`` or ``empty``.
    shape : tuple of int
        As numpy has it: (..., rows, columns).
    header : str
        The cards, one a line.
    unit : str
        Of the pixels (``BUNIT``).
    """

    number: int
    name: str
    kind: str
    shape: tuple[int, ...]
    header: str
    unit: str

    @property
    def is_image(self) -> bool:
        """Tell whether it has pixels that can be drawn."""
        return self.kind.endswith("image") and len(self.shape) >= 2 and all(self.shape)


@contextmanager
def opened(file: str | BinaryIO) -> Iterator[Any]:
    """Open a FITS file (a path or an open file) with astropy, nothing of its data in memory.

    Whatever goes wrong inside the block with the file becomes a `PictureError`.

    Raises
    ------
    PictureError
        If it is no FITS file, or broken.
    """
    from astropy.io import fits

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # files of others bend the standard; what can be read is shown
            with fits.open(file, memmap=False, lazy_load_hdus=True) as units:
                yield units
    except (PictureError, MemoryError):
        raise
    except (
        Exception
    ) as error:  # astropy raises OSError, TypeError, KeyError, VerifyError, ... on broken files
        raise PictureError(f"broken FITS file ({type(error).__name__}: {str(error)[:120]})") from error


def extensions_of(units: Any) -> list[Extension]:
    """Return what is in an open file, at most `MOST_EXTENSIONS` units."""
    found = []
    for number, unit in enumerate(units):
        if number >= MOST_EXTENSIONS:
            break
        header = unit.header.tostring(sep="\n", endcard=False, padding=False)[:MOST_HEADER_CHARACTERS]
        shape = tuple(int(side) for side in getattr(unit, "shape", ()) or ())
        name = str(unit.name or "")[:80]
        unit_text = str(unit.header.get("BUNIT", "") or "")[:40]
        found.append(Extension(number, name, _kind(unit, shape), shape, header, unit_text))
    return found


def _kind(unit: Any, shape: tuple[int, ...]) -> str:
    if not getattr(unit, "is_image", False):
        return "table"
    if not shape:
        return "empty"
    return "compressed image" if hasattr(unit, "compressed_data") else "image"


def block_means(
    unit: Any, *, left: int = 0, bottom: int = 0, width: int, height: int, step: int = 1
) -> Singles:
    """Return a part of an image, each pixel the mean of a block; of a cube its first plane.

    Parameters
    ----------
    unit : astropy HDU
        An image.
    left, bottom, width, height : int
        The part, in pixels of the file, counted from 0; it lies inside the image.
    step : int
        Side of a block. Blocks at the right and upper end may be smaller.

    Returns
    -------
    float32, shape (ceil(height / step), ceil(width / step))
        First row at the bottom; NaN where a block has no value.

    Raises
    ------
    PictureError
        If the pixels are compressed and too large.
    """
    if hasattr(unit, "compressed_data") and _compressed_bytes(unit) > MOST_COMPRESSED_BYTES:
        raise PictureError("compressed image of more than 100 MB: download it to look at it")
    plane = (0,) * (len(unit.shape) - 2)
    rows_at_once = max(1, _BAND_BYTES // (8 * width) // step) * step
    starts = np.arange(0, width, step)
    bands = []
    for row in range(bottom, bottom + height, rows_at_once):
        upper = min(row + rows_at_once, bottom + height)
        pixels = np.array(unit.section[(*plane, slice(row, upper), slice(left, left + width))])
        if pixels.shape != (upper - row, width):
            raise PictureError("the file ends before its image does")
        bands.append(_means(pixels, np.arange(0, upper - row, step), starts, step))
    return np.concatenate(bands)


def _means(
    pixels: NDArray[np.number], rows: NDArray[np.intp], columns: NDArray[np.intp], step: int
) -> Singles:
    if step == 1:
        return pixels.astype(np.float32)
    known = None if pixels.dtype.kind in "iub" else np.isfinite(pixels)
    if known is None or known.all():
        total = _sums(pixels, rows, columns)
        heights, widths = np.diff([*rows, pixels.shape[0]]), np.diff([*columns, pixels.shape[1]])
        return (total / np.multiply.outer(heights, widths)).astype(np.float32)
    pixels[~known] = 0
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return (_sums(pixels, rows, columns) / _sums(known, rows, columns)).astype(np.float32)


def _sums(pixels: NDArray[Any], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float64]:
    across = np.add.reduceat(pixels, columns, axis=1, dtype=np.float64)
    return np.asarray(np.add.reduceat(across, rows, axis=0))


def _compressed_bytes(unit: Any) -> int:
    table = getattr(unit, "_bintable", None) or unit
    return int(table.header.get("NAXIS1", 0)) * int(table.header.get("NAXIS2", 0)) + int(
        table.header.get("PCOUNT", 0)
    )


def preview(unit: Any, *, most_side: int) -> tuple[Singles, int]:
    """Return a whole image with at most so many pixels a side, and the side of its blocks."""
    rows, columns = unit.shape[-2:]
    step = -(-max(rows, columns) // most_side)
    return block_means(unit, width=columns, height=rows, step=step), step


@dataclass(frozen=True)
class Limits:
    """Between which values an image is drawn: percentiles 0.5 and 99.5, IRAF's zscale, least and greatest."""

    percentile: tuple[float, float]
    zscale: tuple[float, float]
    full: tuple[float, float]


def limits_of(pixels: Singles) -> Limits:
    """Return the limits of an image.

    Raises
    ------
    PictureError
        If no pixel has a value.
    """
    from astropy.visualization import ZScaleInterval

    values = pixels[np.isfinite(pixels)]
    if not len(values):
        raise PictureError("all pixels are empty")
    low, high = np.percentile(values, (0.5, 99.5))
    zscale_low, zscale_high = ZScaleInterval().get_limits(values)
    return Limits(
        (float(low), float(high)),
        (float(zscale_low), float(zscale_high)),
        (float(values.min()), float(values.max())),
    )
