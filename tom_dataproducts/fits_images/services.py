"""FITS files are read once, in the background: headers, previews, thumbnails. Parts are read on demand."""

from __future__ import annotations

import io
import logging
import math
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Q

from tom_common.history import unrecorded
from tom_dataproducts import conf
from tom_dataproducts.file_selectors import source_of
from tom_dataproducts.fits_images.reading import (
    Limits,
    Singles,
    block_means,
    extensions_of,
    limits_of,
    opened,
    preview,
)
from tom_dataproducts.fits_images.sky import sky_grid
from tom_dataproducts.images import PictureError, grey_png, reduced
from tom_dataproducts.models import DataProduct, FitsExtension, FitsReading
from tom_dataproducts.models.fits_files import asked_key

logger = logging.getLogger(__name__)

PREVIEW_SIDE = 1024
TILE_SIDE = 256
_READERS = threading.BoundedSemaphore(2)
"""A process reads so many parts of files at once, whatever number of threads ask: memory stays flat."""
MOST_FETCHED_BYTES = 8_000_000_000
MOST_FETCHED_FOR_A_TILE_BYTES = 64_000_000


@contextmanager
def local_copy(product: DataProduct, *, most_bytes: int) -> Iterator[str]:
    """Give the path of a product's file: itself in a folder, else a copy for the time of the block.

    Raises
    ------
    PictureError
        If there is no file, or it is not in a folder and too large to be fetched.
    """
    if not product.data or not product.data.name:
        raise PictureError("this data product has no file")
    storage, name = product.data.storage, product.data.name
    try:
        path = storage.path(name)
    except NotImplementedError:
        path = ""
    try:
        if path:
            with open(path, "rb"):  # says now that it is missing
                pass
            yield path
            return
        if storage.size(name) > most_bytes:
            raise PictureError("the file is too large to be fetched for this")
        with tempfile.NamedTemporaryFile(suffix=".fits") as copy, storage.open(name, "rb") as file:
            shutil.copyfileobj(file, copy, 1 << 20)
            copy.flush()
            yield copy.name
    except FileNotFoundError as error:
        raise PictureError("the file is missing") from error
    except OSError as error:
        raise PictureError(f"the file cannot be read: {error.strerror or type(error).__name__}") from error


def reading_of(product: DataProduct) -> FitsReading | None:
    """Return what was read of a product's file; None if nothing was, or the file has changed since."""
    reading = FitsReading.objects.filter(data_product=product).first()
    return reading if reading is not None and reading.source == source_of(product) else None


def read_file(product: DataProduct) -> FitsReading:
    """Read headers of a FITS file and draw its first image; store them and the thumbnail. Safe to repeat."""
    source, problem = source_of(product), ""
    units: list[Any] = []
    try:
        with local_copy(product, most_bytes=MOST_FETCHED_BYTES) as path:
            with opened(path) as file:
                units = extensions_of(file)
            if not units:
                raise PictureError("there is nothing in this file")
            reading = _store(product, source, units)
            first = next((unit for unit in units if unit.is_image), None)
            if first is not None:
                _draw(reading.extensions.get(number=first.number), path)
    except PictureError as error:
        problem = str(error)[:300]
        logger.info("data product %s cannot be read as FITS: %s", product.pk, problem)
        reading = _store(product, source, units)
        FitsReading.objects.filter(pk=reading.pk).update(problem=problem)
        reading.problem = problem
    make_thumbnail(product)
    return reading


@transaction.atomic
def _store(product: DataProduct, source: str, units: list[Any]) -> FitsReading:
    FitsReading.objects.filter(data_product=product).delete()
    reading = FitsReading.objects.create(data_product=product, source=source)
    FitsExtension.objects.bulk_create(
        FitsExtension(
            reading=reading,
            number=unit.number,
            name=unit.name.replace("\x00", ""),
            kind=unit.kind,
            shape=list(unit.shape),
            header=unit.header.replace("\x00", ""),
            unit=unit.unit.replace("\x00", ""),
        )
        for unit in units
    )
    return reading


def forget(product: DataProduct) -> None:
    """Forget what was read of a product's file, its thumbnail too."""
    name = product.thumbnail.name if product.thumbnail else ""
    with transaction.atomic(), unrecorded():
        FitsReading.objects.filter(data_product=product).delete()
        DataProduct.objects.filter(pk=product.pk).update(thumbnail=None)
        cache.delete(asked_key(product.pk))
        if name:
            storage = product.thumbnail.storage
            transaction.on_commit(lambda: storage.delete(name))


def draw_extension(extension: FitsExtension) -> None:
    """Make the preview of an extension, unless it is there."""
    if extension.view is not None or extension.problem:
        return
    try:
        with local_copy(extension.reading.data_product, most_bytes=MOST_FETCHED_BYTES) as path:
            _draw(extension, path)
    except PictureError as error:
        _note_problem(extension, error)


def _note_problem(extension: FitsExtension, error: PictureError) -> None:
    FitsExtension.objects.filter(pk=extension.pk).update(problem=str(error)[:300])


def _draw(extension: FitsExtension, path: str) -> None:
    try:
        with opened(path) as file:
            pixels, step = preview(file[extension.number], most_side=PREVIEW_SIDE)
        limits = limits_of(pixels)
    except PictureError as error:
        _note_problem(extension, error)
        return
    rows, columns = extension.shape[-2:]
    view = {
        "width": columns,
        "height": rows,
        "step": step,
        "preview": [pixels.shape[1], pixels.shape[0]],
        "limits": asdict(limits),
        "sky": sky_columns(extension.header, columns, rows),
    }
    name = f"{extension.number}.f32"
    extension.preview.save(name, ContentFile(pixels.astype("<f4").tobytes()), save=False)
    stored = str(extension.preview.name)
    mine = FitsExtension.objects.filter(pk=extension.pk, view__isnull=True)
    if not mine.update(view=view, preview=stored):  # another job was quicker, or the file is read anew
        extension.preview.storage.delete(stored)
    kept = FitsExtension.objects.filter(pk=extension.pk).first()
    extension.view, extension.preview = (kept.view, kept.preview) if kept else (None, None)


def sky_columns(header: str, columns: int, rows: int) -> dict[str, Any]:
    """Return the sky of an image as the viewer takes it, or the problem why it has none."""
    try:
        grid = sky_grid(header, columns=columns, rows=rows)
    except PictureError as error:
        return {"problem": str(error)}
    flat = np.where(np.isfinite(grid.vectors), np.round(grid.vectors, 12), np.nan).ravel().tolist()
    return {
        "x": [grid.x[0], grid.x[1] - grid.x[0], len(grid.x)],
        "y": [grid.y[0], grid.y[1] - grid.y[0], len(grid.y)],
        "vectors": [None if value != value else value for value in flat],
        "error_arcsec": None if math.isinf(grid.error_arcsec) else round(grid.error_arcsec, 4),
    }


def preview_pixels(extension: FitsExtension) -> Singles:
    """Return the stored preview of an extension, first row at the bottom.

    Raises
    ------
    PictureError
        If there is none, or its file is gone.
    """
    if not extension.view or not extension.preview:
        raise PictureError("no preview yet")
    columns, rows = extension.view["preview"]
    try:
        with extension.preview.open("rb") as file:
            pixels = np.frombuffer(file.read(), "<f4")
    except OSError as error:
        raise PictureError("the preview is missing") from error
    if len(pixels) != rows * columns:
        raise PictureError("the preview is broken")
    return pixels.reshape(rows, columns)


def tile(extension: FitsExtension, *, left: int, bottom: int, step: int) -> Singles:
    """Return a square of `TILE_SIDE` blocks of an image (fewer at its edges) from the file itself.

    Raises
    ------
    PictureError
        If the place is outside, or the file cannot be read for this.
    """
    rows, columns = extension.shape[-2:]
    if not (
        0 <= left < columns and 0 <= bottom < rows and 1 <= step <= (extension.view or {"step": 1})["step"]
    ):
        raise PictureError("this place is outside of the image")
    product = extension.reading.data_product
    if is_packed(product):
        most = MOST_FETCHED_FOR_A_TILE_BYTES
        if rows * columns * 8 > most:
            raise PictureError("a packed file this large is shown by its preview only")
    side = TILE_SIDE * step
    with (
        _READERS,
        local_copy(product, most_bytes=MOST_FETCHED_FOR_A_TILE_BYTES) as path,
        opened(path) as file,
    ):
        return block_means(
            file[extension.number],
            left=left,
            bottom=bottom,
            width=min(side, columns - left),
            height=min(side, rows - bottom),
            step=step,
        )


def is_packed(product: DataProduct) -> bool:
    """Tell whether a file has to be unpacked from its beginning to read a part of it."""
    return product.get_file_name().lower().endswith((".gz", ".bz2", ".z"))


def make_thumbnail(product: DataProduct, size: tuple[int, int] | None = None) -> bytes | None:
    """Store the thumbnail of a product whose file was read and return the PNG; None if it has no image."""
    extension = (
        FitsExtension.objects.filter(reading__data_product=product, view__isnull=False)
        .order_by("number")
        .first()
    )
    if extension is None or extension.view is None:
        return None
    try:
        pixels = preview_pixels(extension)
    except PictureError:
        return None
    content = thumbnail_png(pixels, size or conf.thumbnail_default_size(), limits=extension.view["limits"])
    storage = DataProduct._meta.get_field("thumbnail").storage  # type: ignore[union-attr]
    old = product.thumbnail.name if product.thumbnail else ""
    wanted = product.thumbnail.field.generate_filename(product, f"{product.get_file_name()}.thumbnail.png")
    name = storage.save(wanted, ContentFile(content))
    # Neither a change that anybody made nor one of the file: no history, no new time of change.
    before = Q(thumbnail=old) if old else Q(thumbnail="") | Q(thumbnail=None)
    with unrecorded():
        is_mine = DataProduct.objects.filter(before, pk=product.pk).update(thumbnail=name)
    if not is_mine:  # another job was quicker, or the product is gone
        storage.delete(name)
        return content
    product.thumbnail = name
    if old and old != name:
        transaction.on_commit(lambda: storage.delete(old))
    return content


def thumbnail_png(pixels: Singles, size: tuple[int, int], *, limits: dict[str, Any]) -> bytes:
    """Return an image as a grey PNG that fits into a size, stretched by asinh."""
    from PIL import Image

    low, high = Limits(**limits).percentile
    small = reduced(pixels, 2 * max(size))
    with Image.open(io.BytesIO(grey_png(small, low=low, high=high, stretch="asinh"))) as picture:
        picture.thumbnail(size)
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
    return buffer.getvalue()


def thumbnail_now(*, product: DataProduct, size: tuple[int, int], **kwargs: Any) -> bytes | None:
    """Read a product's file if it was not, and make its thumbnail. Receiver of ``thumbnail_asked_for``."""
    if reading_of(product) is None:
        read_file(product)
    return make_thumbnail(product, size)
