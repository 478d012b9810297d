"""Regions from files: coverage maps, and credible regions of sky maps. Called by the page of regions."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from tom_common.astro.sky_index import ORDER
from tom_common.astro.sky_region import joined, read_moc
from tom_targets.sky_models import SkyRegion
from tom_targets.sky_regions import MOST_RANGES
from tom_targets.transfer.input_files import FileError

MAX_BYTES = 100_000_000
_WHOLE_SKY_DEG2 = 4 * math.pi * (180.0 / math.pi) ** 2


def keep_region(file: Any, *, user: Any, name: str = "", percent: float = 90.0) -> SkyRegion:
    """Store the region that a file describes; see `region_from`."""
    region = region_from(file, user=user, name=name, percent=percent)
    region.save()
    return region


def region_from(file: Any, *, user: Any, name: str = "", percent: float = 90.0) -> SkyRegion:
    """Return the region that a file describes, not stored yet.

    Parameters
    ----------
    file : UploadedFile
        Coverage map (MOC) as FITS, JSON or ASCII, or a multi-order sky map (FITS with UNIQ, PROBDENSITY).
    user : User
    name : str
        How lists call it; the file's name and percentage by default.
    percent : float
        Of a sky map, the credible region with this probability.

    Raises
    ------
    FileError
        If the file holds neither.
    """
    if file.size > MAX_BYTES:
        raise FileError(f"The file has {file.size:,} bytes; at most {MAX_BYTES:,} are taken.")
    own_name = PurePosixPath(str(file.name)).name
    head = file.read(80)
    file.seek(0)
    if head.startswith(b"SIMPLE"):
        ranges, is_map = _from_fits(file, percent)
        own_name = f"{own_name} {percent:g}%" if is_map else own_name
    else:
        try:
            ranges = list(read_moc(file.read().decode()).ranges)
        except (ValueError, UnicodeDecodeError) as error:
            raise FileError(f"The file is no coverage map: {error}.") from error
    ranges = coarsened(ranges)
    pixels = sum(last - first + 1 for first, last in ranges)
    return SkyRegion(
        user=user,
        name=(name or own_name)[:100],
        ranges=ranges,
        area_deg2=pixels / (12 * 4**ORDER) * _WHOLE_SKY_DEG2,
    )


def coarsened(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return at most as many ranges as a statement takes: of larger pixels, which hold the region whole."""
    order = ORDER
    while len(ranges) > MOST_RANGES:
        order -= 1
        shift = 2 * (ORDER - order)
        ranges = joined(
            [first >> shift << shift for first, _ in ranges],
            [((last >> shift) + 1 << shift) - 1 for _, last in ranges],
        )
    return ranges


def _from_fits(file: Any, percent: float) -> tuple[list[tuple[int, int]], bool]:
    from astropy.io import fits
    from mocpy import MOC

    with tempfile.TemporaryDirectory(prefix="region-") as scratch:
        path = Path(scratch) / "region.fits"
        with path.open("wb") as copy:
            for part in file.chunks():
                copy.write(part)
        try:
            with fits.open(path, memmap=True) as hdus:
                names = {name.upper() for name in (hdus[1].columns.names if len(hdus) > 1 else ())}
            is_map = "PROBDENSITY" in names
            if is_map:
                moc = MOC.from_multiordermap_fits_file(str(path), cumul_from=0.0, cumul_to=percent / 100.0)
            else:
                moc = MOC.from_fits(str(path))
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise FileError(
                "The file is neither a coverage map nor a multi-order sky map with the columns UNIQ and"
                f" PROBDENSITY: {error}."
            ) from error
    found = np.asarray(moc.to_depth29_ranges, dtype=np.int64)
    if not len(found):
        raise FileError("The region of this file is empty.")
    return [(first, last - 1) for first, last in found.tolist()], is_map
