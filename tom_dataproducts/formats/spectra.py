"""Spectra of a file, ready to be stored; and the rows that are wrong."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

from tom_dataproducts.formats import fits_spectra
from tom_dataproducts.formats import meanings as m
from tom_dataproducts.formats.opening import head_of, is_fits
from tom_dataproducts.formats.raw_tables import RawTable, numbers_of
from tom_dataproducts.formats.recognise import spectrum_mapping
from tom_dataproducts.formats.recognition import FormatError, Mapping
from tom_dataproducts.formats.results import MAX_ERRORS, Floats, RowError, SpectraFound, Spectrum
from tom_dataproducts.formats.spectrum_comments import observed_at
from tom_dataproducts.formats.tables import fits_file, read_table
from tom_dataproducts.formats.times import iso_to_us

MAX_SAMPLES = 2_000_000


def read_spectra(file: BinaryIO, name: str = "", mapping: Mapping | None = None) -> SpectraFound:
    """Return the spectra of a file.

    Parameters
    ----------
    file : binary file
    name : str
        Name of the file, for messages.
    mapping : Mapping, optional
        What its columns mean and when it was taken; by default what the file says.

    Raises
    ------
    FormatError
        If it holds no spectrum, or the mapping does not fit it.
    """
    if mapping is not None:
        mapping.check()
    if is_fits(head_of(file)):
        with fits_file(file) as hdus:
            layout = fits_spectra.layout_of(hdus)
            if layout is not None:
                options = fits_spectra.header_options(hdus)[0]
                options |= _given(mapping)
                pieces = fits_spectra.pieces_of(hdus, layout)
                return SpectraFound([_spectrum(piece, options) for piece in pieces])
            raise FormatError("The FITS file holds no spectrum that we read.")
    return _from_table(read_table(file), mapping)


def _given(mapping: Mapping | None) -> dict[str, Any]:
    if mapping is None:
        return {}
    return {name: value for name, value in mapping.options.items() if value not in (None, "")}


def _from_table(table: RawTable, mapping: Mapping | None) -> SpectraFound:
    proposed = spectrum_mapping(table)
    meanings = mapping.meanings if mapping is not None and mapping.meanings else proposed.meanings
    options = {**proposed.options, **_given(mapping)}
    names = {meaning: name for name, meaning in meanings.items()}
    for needed in (m.WAVELENGTH, m.FLUX):
        if needed not in names:
            raise FormatError(f"No column is said to be the {needed}.")
    missing = [name for name in meanings if name not in table.names]
    if missing:
        raise FormatError(f"The file has no column {', '.join(map(repr, missing))}.")
    found = SpectraFound(errors=list(table.errors), bad_rows=table.bad_rows)
    columns = {}
    good = np.ones(len(table), bool)
    for meaning in (m.WAVELENGTH, m.FLUX, m.FLUX_ERROR, m.MASK):
        if meaning in names:
            columns[meaning], wrong = _column(table, names[meaning], options, found)
            good &= ~wrong
    wave, flux = columns[m.WAVELENGTH], columns[m.FLUX]
    good &= np.isfinite(wave)
    error = columns.get(m.FLUX_ERROR, np.empty(0))
    mask = np.nan_to_num(columns[m.MASK]) != 0 if m.MASK in columns else np.empty(0, bool)
    if len(error) and "ivar" in names[m.FLUX_ERROR].lower():
        mask = ~(error > 0) | (mask if len(mask) else False)
        error = fits_spectra.error_of_ivar(error)
    unit = str(options.get("wavelength_unit") or "Angstrom")
    if unit == "log10(Angstrom)":
        wave, unit = 10.0**wave, "Angstrom"
    found.errors.sort(key=lambda entry: entry.line)
    flux_unit = str(options.get("flux_unit") or m.SPECTRUM_FLUX_UNIT)
    error, mask = error[good] if len(error) else error, mask[good] if len(mask) else mask
    piece = fits_spectra.Piece("", wave[good], flux[good], error, unit, flux_unit, mask)
    found.spectra.append(_spectrum(piece, {**options, "wavelength_unit": unit}))
    return found


def _column(table: RawTable, name: str, options: dict[str, Any], found: SpectraFound) -> tuple[Floats, Any]:
    numbers = numbers_of(table.column(name), decimal_comma=bool(options.get("decimal_comma")))
    wrong = numbers.wrong | numbers.infinite
    found.bad_rows += int(wrong.sum())
    for row in np.flatnonzero(wrong)[: MAX_ERRORS - len(found.errors)].tolist():
        reason = "is infinite" if numbers.infinite[row] else "is no number"
        found.errors.append(RowError(int(table.lines[row]), name, str(table.column(name)[row])[:80], reason))
    return numbers.values, wrong


def _spectrum(piece: fits_spectra.Piece, options: dict[str, Any]) -> Spectrum:
    name, wave, flux, error, unit, flux_unit, mask = piece
    if len(wave) > MAX_SAMPLES:
        raise FormatError(f"The spectrum has {len(wave):,} samples; at most {MAX_SAMPLES:,} are stored.")
    unit = str(options.get("wavelength_unit") or unit)
    known = np.isfinite(wave) & (wave > 0) & np.isfinite(flux)
    if known.sum() < 2:
        raise FormatError("The spectrum holds no flux.")
    order = np.argsort(wave[known], kind="stable")
    error = np.where(error[known] >= 0, error[known], np.nan)[order] if len(error) else error
    mask = mask[known][order] if len(mask) else mask
    moment = observed_at(str(options.get("observed_at"))) if options.get("observed_at") else None
    exposure = options.get("exposure_time")
    return Spectrum(
        wavelength=wave[known][order],
        flux=flux[known][order],
        error=error if len(error) and np.isfinite(error).any() else np.empty(0),
        wavelength_unit=unit,
        flux_unit=str(options.get("flux_unit") or flux_unit),
        time_us=iso_to_us(moment) if moment else None,
        telescope=str(options.get("telescope") or ""),
        instrument=str(options.get("instrument") or ""),
        exposure_s=float(exposure) if exposure not in (None, "") else None,
        setup=name,
        name=name,
        reduction_version=str(options.get("reduction_version") or "")[:50],
        medium=str(options.get("medium") or ""),
        frame=str(options.get("frame") or ""),
        mask=mask if mask.any() else np.empty(0, bool),
    )
