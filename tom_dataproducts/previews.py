"""What would be stored of a file, for a page: the first points or spectra, and the rows that are wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np

from tom_common.astro.time import datetime_to_mjd_utc, unix_us_to_datetime
from tom_dataproducts.formats import (
    PHOTOMETRY,
    Mapping,
    PhotometryTable,
    RowError,
    SpectraFound,
    read_photometry,
    read_spectra,
)
from tom_targets.formats import significant

SHOWN_ROWS, SHOWN_ERRORS = 20, 20
MAX_PREVIEWED_BYTES = 30_000_000


@dataclass(frozen=True)
class PointShown:
    """A point of photometry as text; what it lacks is empty."""

    line: int
    time: str
    mjd: str
    band: str
    value: str
    unit: str
    kind: str
    place: str


@dataclass(frozen=True)
class SpectrumShown:
    """A spectrum as text."""

    name: str
    samples: int
    wavelength: str
    flux: str
    time: str
    place: str


@dataclass
class Preview:
    """What reading a file gives, without storing it."""

    points: list[PointShown] = field(default_factory=list)
    spectra: list[SpectrumShown] = field(default_factory=list)
    good: int = 0
    bad: int = 0
    left_out: int = 0
    errors: list[RowError] = field(default_factory=list)

    def sentence(self) -> str:
        """Say it in one line."""
        noun = "spectrum" if self.spectra else "row"
        many = "spectra" if self.spectra else "rows"
        text = f"{self.good:,} {noun if self.good == 1 else many} can be stored"
        if self.bad:
            text += f", {self.bad:,} row{' is' if self.bad == 1 else 's are'} wrong"
        if self.left_out:
            text += f", {self.left_out:,} left out since nothing was measured or the file flags them as bad"
        return text + "."


def preview_of(file: BinaryIO, name: str, mapping: Mapping) -> Preview:
    """Read a file by a mapping and return what to show of it.

    Raises
    ------
    FormatError
        If it cannot be read so.
    """
    if mapping.kind == PHOTOMETRY:
        return _of_photometry(read_photometry(file, name, mapping))
    return _of_spectra(read_spectra(file, name, mapping))


def _of_photometry(table: PhotometryTable) -> Preview:
    shown = [_point(table, row) for row in range(min(SHOWN_ROWS, len(table)))]
    return Preview(
        points=shown,
        good=len(table),
        bad=table.bad_rows,
        left_out=table.left_out,
        errors=table.errors[:SHOWN_ERRORS],
    )


def _point(table: PhotometryTable, row: int) -> PointShown:
    when = unix_us_to_datetime(int(table.time_us[row]))
    limit, brightness, error = table.limit[row], table.brightness[row], table.error[row]
    is_limit = bool(np.isfinite(limit))
    value = significant(limit if is_limit else brightness)
    if not is_limit and np.isfinite(error):
        value += f" ± {significant(error, 2)}"
    version = table.reduction_version[row]
    kind = "limit" if is_limit else version or "detection"
    places = (table.telescope[row], table.instrument[row], table.source[row])
    return PointShown(
        line=int(table.line[row]),
        time=f"{when:%Y-%m-%d %H:%M:%S}",
        mjd=f"{datetime_to_mjd_utc(when):.5f}",
        band=table.band[row],
        value=value,
        unit=table.unit[row],
        kind=kind,
        place=" · ".join(dict.fromkeys(part for part in places if part)),
    )


def _of_spectra(found: SpectraFound) -> Preview:
    shown = []
    for one in found.spectra[:SHOWN_ROWS]:
        when = "" if one.time_us is None else f"{unix_us_to_datetime(one.time_us):%Y-%m-%d %H:%M:%S}"
        shown.append(
            SpectrumShown(
                name=one.name,
                samples=len(one.flux),
                wavelength=_range(one.wavelength, one.wavelength_unit),
                flux=_range(one.flux, one.flux_unit),
                time=when,
                place=" · ".join(part for part in (one.telescope, one.instrument) if part),
            )
        )
    return Preview(
        spectra=shown, good=len(found.spectra), bad=found.bad_rows, errors=found.errors[:SHOWN_ERRORS]
    )


def _range(values: Any, unit: str) -> str:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return "no finite value"
    return f"{finite.min():.6g} to {finite.max():.6g} {unit}".strip()
