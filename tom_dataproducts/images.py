"""FITS images as small PNG pictures: cutouts of alerts on the page of a target. Pure; called by the view.

astropy and Pillow are imported where they are used, since most pages show no picture.
"""

from __future__ import annotations

import gzip
import io
import warnings
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

STRETCHES = ("asinh", "linear", "log", "zscale")
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 16_000_000
MAX_SIDE = 512
_ERROR_SIDE = 180
_ASINH_SOFTENING = 0.1
_LOG_CONTRAST = 1000.0


class PictureError(ValueError):
    """A file cannot be shown; the text says why in a few words."""


def fits_png(content: bytes, *, stretch: str = "asinh", max_side: int = MAX_SIDE) -> bytes:
    """Return the first image of a FITS file as a grey PNG, bright is white.

    Parameters
    ----------
    content : bytes
        A FITS file, plain, gzip or tile-compressed.
    stretch : str
        One of `STRETCHES`: ``linear``, ``log`` and ``asinh`` between the percentiles 0.5 and 99.5, ``zscale``
        linear between IRAF's limits.
    max_side : int
        Larger images are averaged over blocks of pixels.

    Returns
    -------
    bytes
        One PNG pixel per FITS pixel (or block), the first row at the bottom; pixels without a value are
        hatched.

    Raises
    ------
    PictureError
        If there is no image that can be read.
    """
    if stretch not in STRETCHES:
        raise PictureError(f"unknown stretch {stretch}")
    pixels = np.asarray(reduced(first_image(content), max_side), dtype=np.float64)
    known = np.isfinite(pixels)
    if not known.any():
        raise PictureError("all pixels are empty")
    grey = np.round(255 * stretched(pixels, stretch)).astype(np.uint8)
    return _png(np.where(known, grey, _hatched(pixels.shape))[::-1])


def grey_png(pixels: NDArray[np.floating], *, low: float, high: float, stretch: str) -> bytes:
    """Return an image as a grey PNG between two limits, first row at the bottom; no value is hatched."""
    known = np.isfinite(pixels)
    grey = np.round(255 * between(pixels, low, high, stretch)).astype(np.uint8)
    return _png(np.where(known, grey, _hatched(pixels.shape))[::-1])


def _hatched(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return diagonal lines that no sky looks like."""
    row, column = np.indices(shape)
    return np.where((row + column) % 4 == 0, 150, 70).astype(np.uint8)


def first_image(content: bytes) -> NDArray[np.float64]:
    """Return the first two-dimensional image of a FITS file; of a cube the first plane.

    Raises
    ------
    PictureError
        If there is none, or it is too large or broken.
    """
    return first_image_and_header(content)[0]


def first_image_and_header(content: bytes) -> tuple[NDArray[np.float64], Any]:
    """Return the first two-dimensional image of a FITS file with its header; of a cube the first plane.

    Raises
    ------
    PictureError
        If there is none, or it is too large or broken.
    """
    from astropy.io import fits

    content = unpacked(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # a file of others may bend the standard as long as it can be read
            with fits.open(io.BytesIO(content), memmap=False, lazy_load_hdus=True) as units:
                for unit in units:
                    shape = getattr(unit, "shape", ())
                    if not getattr(unit, "is_image", False) or len(shape) < 2:
                        continue
                    if int(np.prod(shape)) > MAX_PIXELS:
                        raise PictureError("too many pixels")
                    pixels = np.asarray(unit.data, dtype=np.float64)
                    while pixels.ndim > 2:
                        pixels = pixels[0]
                    if pixels.size:
                        return pixels, unit.header
    except PictureError:
        raise
    except (
        Exception
    ) as error:  # astropy raises OSError, TypeError, KeyError, VerifyError, ... on broken files
        raise PictureError("broken FITS file") from error
    raise PictureError("no image in this file")


def unpacked(content: bytes) -> bytes:
    """Return the content of a gzip file, anything else as it is.

    Raises
    ------
    PictureError
        If it is broken, or larger than `MAX_FILE_BYTES`.
    """
    if content[:2] == b"\x1f\x8b":
        try:
            with gzip.open(io.BytesIO(content)) as file:
                content = file.read(MAX_FILE_BYTES + 1)
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise PictureError("broken gzip file") from error
    if len(content) > MAX_FILE_BYTES:
        raise PictureError("file too large")
    return content


def reduced(pixels: NDArray[np.floating], max_side: int) -> NDArray[np.floating]:
    """Return an image of at most so many pixels a side, each the mean of a block; NaN does not count."""
    step = -(-max(pixels.shape) // max_side)
    if step <= 1:
        return pixels
    rows, columns = pixels.shape[0] // step * step or step, pixels.shape[1] // step * step or step
    padded = np.full((max(rows, step), max(columns, step)), np.nan)
    part = pixels[:rows, :columns]
    padded[: part.shape[0], : part.shape[1]] = part
    blocks = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of an empty block is NaN, as it should be
        return np.nanmean(blocks, axis=(1, 3))


def stretched(pixels: NDArray[np.float64], stretch: str) -> NDArray[np.float64]:
    """Return an image as brightness from 0 to 1; what is not finite becomes 0."""
    values = pixels[np.isfinite(pixels)]
    low, high = _zscale(values) if stretch == "zscale" else np.percentile(values, (0.5, 99.5))
    return between(pixels, low, high, stretch)


def between(pixels: NDArray[np.floating], low: float, high: float, stretch: str) -> NDArray[np.float64]:
    """Return an image as brightness from 0 at one limit to 1 at the other; what is not finite becomes 0."""
    if not high > low:
        return np.where(np.isfinite(pixels), 0.5, 0.0)
    scaled = np.clip((np.nan_to_num(pixels, nan=low, posinf=high, neginf=low) - low) / (high - low), 0.0, 1.0)
    if stretch == "asinh":
        return np.arcsinh(scaled / _ASINH_SOFTENING) / np.arcsinh(1.0 / _ASINH_SOFTENING)
    if stretch == "log":
        return np.log1p(_LOG_CONTRAST * scaled) / np.log1p(_LOG_CONTRAST)
    return scaled


def _zscale(values: NDArray[np.float64]) -> tuple[float, float]:
    from astropy.visualization import ZScaleInterval

    low, high = ZScaleInterval().get_limits(values)
    return float(low), float(high)


def error_png(text: str) -> bytes:
    """Return a small picture that says why there is none."""
    from PIL import Image, ImageDraw

    image = Image.new("L", (_ERROR_SIDE, _ERROR_SIDE), 40)
    draw = ImageDraw.Draw(image)
    lines = ["no picture:", *_wrapped(text)]
    draw.multiline_text(
        (_ERROR_SIDE / 2, _ERROR_SIDE / 2), "\n".join(lines), 230, anchor="mm", align="center"
    )
    return _saved(image)


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, 24)[:4]


def _png(pixels: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    return _saved(Image.fromarray(np.ascontiguousarray(pixels)))


def _saved(image: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
