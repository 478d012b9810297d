"""What a FITS file is: an image, a spectrum, or a table of one or of photometry; told by its headers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np

from tom_dataproducts.formats import fits_spectra
from tom_dataproducts.formats.guessing import photometry_meanings
from tom_dataproducts.formats.layouts import layout_of
from tom_dataproducts.formats.lazy_astropy import fits
from tom_dataproducts.formats.meanings import FLUX, FLUX_LIMIT, LIMIT, MAGNITUDE, TIME
from tom_dataproducts.formats.raw_tables import RawTable
from tom_dataproducts.formats.recognition import (
    FILE,
    IMAGE,
    PHOTOMETRY,
    SPECTROSCOPY,
    FormatError,
    Recognition,
)
from tom_dataproducts.formats.snana import head_in, object_count, several_text
from tom_dataproducts.formats.tables import first_table, fits_file, read_fits_table

_FACTS = ("OBJECT", "DATE-OBS", "TELESCOP", "INSTRUME", "FILTER", "EXPTIME", "BUNIT")
_MAX_LISTED = 20


def recognise_fits(
    file: BinaryIO, kind: str | None, as_photometry: Callable[[RawTable], Recognition]
) -> Recognition:
    """Return what a FITS file seems to be.

    Parameters
    ----------
    kind : str or None
        What its owner says.
    as_photometry : callable
        Makes the recognition of a table of photometry.
    """
    with fits_file(file) as hdus:
        facts = _facts(hdus)
        if kind is None and (head := head_in(hdus)) is not None:
            return Recognition(FILE, "snana head", problems=[head.sentence()], facts=facts)
        if kind != PHOTOMETRY and (layout := fits_spectra.layout_of(hdus)):
            return _spectrum(hdus, layout, facts)
        try:
            hdu = first_table(hdus)
        except FormatError:
            hdu = None
        if hdu is not None:
            found = _table(hdu, kind, as_photometry, facts)
            if found is not None:
                return found
        if any(_is_image(entry) for entry in hdus):
            return Recognition(IMAGE, "fits image", facts=facts)
        return Recognition(
            FILE,
            "fits",
            problems=["The FITS file holds neither an image nor a table that we read."],
            facts=facts,
        )


def _table(
    hdu: Any, kind: str | None, as_photometry: Callable[[RawTable], Recognition], facts: dict[str, str]
) -> Recognition | None:
    names = RawTable(
        [column.name for column in hdu.columns], [()] * len(hdu.columns), lines=np.empty(0, np.int64)
    )
    meant = set(photometry_meanings(names).values())
    has_points = TIME in meant and bool({MAGNITUDE, FLUX, LIMIT, FLUX_LIMIT} & meant)
    if kind == PHOTOMETRY or has_points or layout_of(names.names) is not None:
        table = read_fits_table(hdu)
        found = as_photometry(table)
        count = object_count(table)
        problems = [*found.problems, several_text(count)] if count > 1 else found.problems
        return replace(found, facts=facts, problems=problems)
    return None


def _spectrum(hdus: fits.HDUList, layout: str, facts: dict[str, str]) -> Recognition:
    options, problems = fits_spectra.header_options(hdus)
    return Recognition(
        SPECTROSCOPY,
        layout,
        options=options,
        problems=problems,
        row_count=fits_spectra.sample_count(hdus, layout),
        facts=facts,
    )


def _is_image(hdu: Any) -> bool:
    return bool(
        isinstance(hdu, fits.PrimaryHDU | fits.ImageHDU | fits.CompImageHDU)
        and hdu.header.get("NAXIS", 0) >= 2
    )


def _facts(hdus: fits.HDUList) -> dict[str, str]:
    """Return what headers tell: object, date, and the extensions with their sizes."""
    facts = {}
    for key in _FACTS:
        for hdu in hdus[:3]:
            value = hdu.header.get(key)
            if value not in (None, ""):
                facts[key] = str(value)[:100]
                break
    parts = []
    for number, hdu in enumerate(hdus[:_MAX_LISTED]):
        shape = getattr(hdu, "shape", ()) or ()
        size = "x".join(str(length) for length in reversed(shape)) if shape else "no data"
        parts.append(f"{number} {hdu.name or 'extension'}: {size}")
    more = len(hdus) - _MAX_LISTED
    facts["extensions"] = "; ".join(parts) + (f"; and {more} more" if more > 0 else "")
    return facts
