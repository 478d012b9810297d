"""Spectra in FITS files: an axis of wavelengths in the header, IRAF's multispec, tables, extensions by name.

References
----------
Greisen et al. (2006), doi:10.1051/0004-6361:20053818 (spectral coordinates); IRAF's ``onedspec`` help page
``specwcs`` (multispec); SDSS data model ``spec`` and DESI data model ``coadd`` (read 2026-11).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tom_common.astro.time import datetime_to_unix_us, mjd_utc_to_datetime, unix_us_to_datetime
from tom_dataproducts.formats.lazy_astropy import fits
from tom_dataproducts.formats.meanings import SPECTRUM_FLUX_UNIT
from tom_dataproducts.formats.multispec import dispersion_axes
from tom_dataproducts.formats.recognition import FormatError
from tom_dataproducts.formats.results import Floats
from tom_dataproducts.formats.spectral_media import medium_of
from tom_dataproducts.formats.spectrum_comments import observed_at, wavelength_unit

TABLE, AXIS, MULTISPEC, CAMERAS = "fits spectrum table", "fits spectrum", "iraf multispec", "fits cameras"
_WAVE_NAMES = (
    "loglam",
    "wavelength",
    "wave",
    "lambda",
    "lam",
    "wl",
    "wavelength_aa",
    "spec_wave",
    "awav",
    "wave_air",
    "wavelength_air",
    "lambda_air",
    "wave_vac",
    "wavelength_vac",
    "wavelength_vacuum",
    "lambda_vac",
)
_FLUX_NAMES = ("flux", "flux_reduced", "flam", "fluxcorr", "f_lambda", "spec_flux", "data", "counts")
_ERROR_NAMES = (
    "err",
    "error",
    "flux_err",
    "err_reduced",
    "fluxerr",
    "flux_error",
    "sigma",
    "uncertainty",
    "stat",
)
_SPECTRAL_AXES = ("wave", "awav", "lambda", "linear", "angstrom", "multispe", "log-linear", "wavelength")
_MIN_SAMPLES = 16
_MASK_NAMES = ("mask", "dq", "qual", "quality", "badpix", "flags")
_NO_MASK = np.empty(0, bool)


class Piece(NamedTuple):
    """One spectrum as it stands in a file; the arrays share a length, `error` and `mask` may be empty."""

    name: str
    wave: Floats
    flux: Floats
    error: Floats
    unit: str
    flux_unit: str
    mask: NDArray[np.bool_] = _NO_MASK


def layout_of(hdus: fits.HDUList) -> str | None:
    """Return how a FITS file holds spectra, None where it holds none."""
    names = {str(hdu.name).upper() for hdu in hdus}
    if any(name.endswith("_WAVELENGTH") and name.replace("_WAVELENGTH", "_FLUX") in names for name in names):
        return CAMERAS
    header = hdus[0].header
    axes = int(header.get("NAXIS", 0) or 0)
    if axes and int(header.get("NAXIS1", 0)) >= _MIN_SAMPLES and _few_lines(header):
        if "multispec" in str(header.get("WAT0_001", "")).lower() or header.get("CTYPE1") == "MULTISPE":
            return MULTISPEC
        if axes == 1 or _is_spectral(header):
            return AXIS if _has_axis(header) else None
    return TABLE if _table_of(hdus) is not None else None


def _few_lines(header: Any) -> bool:
    lines = 1
    for axis in range(2, int(header.get("NAXIS", 0)) + 1):
        lines *= int(header.get(f"NAXIS{axis}", 1))
    return lines <= 2000


def _has_axis(header: Any) -> bool:
    return "CRVAL1" in header and ("CD1_1" in header or "CDELT1" in header)


def _is_spectral(header: Any) -> bool:
    """Tell whether the first axis is one of wavelengths, and no line of an image."""
    kind = str(header.get("CTYPE1", "")).strip().lower()
    if kind.startswith(("ra-", "dec", "glon", "pixel")):
        return False
    lines = max(
        (int(header.get(f"NAXIS{axis}", 1)) for axis in (2, 3) if f"NAXIS{axis}" in header), default=1
    )
    told = kind.startswith(_SPECTRAL_AXES) or "wavelength" in str(header.get("WAT1_001", "")).lower()
    return told and (lines <= 10 or "WAT0_001" in header) and int(header.get("NAXIS2", 1)) <= 10


def _table_of(hdus: fits.HDUList) -> Any:
    for hdu in hdus:
        if not isinstance(hdu, fits.BinTableHDU | fits.TableHDU) or isinstance(hdu, fits.CompImageHDU):
            continue
        names = [column.name.lower() for column in hdu.columns]
        if _first(names, _WAVE_NAMES) is not None and _first(names, _FLUX_NAMES) is not None:
            return hdu
    return None


def _first(names: list[str], accepted: tuple[str, ...]) -> str | None:
    return next((name for name in accepted if name in names), None)


def sample_count(hdus: fits.HDUList, layout: str) -> int | None:
    """Return the samples of the (first) spectrum."""
    if layout == TABLE:
        hdu = _table_of(hdus)
        return int(hdu.header.get("NAXIS2", 0))
    return int(hdus[0].header.get("NAXIS1", 0)) if layout in (AXIS, MULTISPEC) else None


def pieces_of(hdus: fits.HDUList, layout: str) -> list[Piece]:
    """Return the spectra of a FITS file as columns.

    Raises
    ------
    FormatError
        If its bytes are not what its header says.
    """
    reader = {TABLE: _from_table, AXIS: _from_axis, MULTISPEC: _from_multispec, CAMERAS: _from_cameras}
    if layout not in reader:
        raise FormatError("The FITS file holds no spectrum that we read.")
    try:
        return reader[layout](hdus)
    except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"The spectrum cannot be read: {error}") from error


def _from_table(hdus: fits.HDUList) -> list[Piece]:
    hdu = _table_of(hdus)
    by_name = {column.name.lower(): column for column in hdu.columns}
    names = list(by_name)
    wave_name, flux_name = _first(names, _WAVE_NAMES), _first(names, _FLUX_NAMES)
    error_name = _first(names, _ERROR_NAMES)
    if wave_name is None or flux_name is None:
        raise FormatError("The table has no columns of wavelength and flux.")
    data = hdu.data
    wave = _floats(data[by_name[wave_name].name])
    flux = _floats(data[by_name[flux_name].name])
    error = _floats(data[by_name[error_name].name]) if error_name else np.empty(0)
    mask_name = _first(names, _MASK_NAMES)
    mask = _marks(_floats(data[by_name[mask_name].name])) if mask_name else _NO_MASK
    if "ivar" in names:
        ivar = _floats(data[by_name["ivar"].name])
        mask = _with_unweighted(mask, ivar)
        error = error if error_name else error_of_ivar(ivar)
    unit = "Angstrom"
    if "loglam" in wave_name:
        wave = 10.0**wave
    else:
        unit = wavelength_unit(str(by_name[wave_name].unit or "")) or _unit_by_size(wave)
    return [Piece("", wave, flux, error, unit, _flux_unit(by_name[flux_name].unit, hdus), mask)]


def error_of_ivar(ivar: Floats) -> Floats:
    """Return errors (1 sigma) of inverse variances; NaN where there is no weight."""
    return np.where(ivar > 0, 1.0 / np.sqrt(np.where(ivar > 0, ivar, 1.0)), np.nan)


def _marks(values: Floats) -> NDArray[np.bool_]:
    """Return the points that a mask or a quality marks as bad: those that are not 0."""
    return np.asarray(np.nan_to_num(values) != 0, dtype=np.bool_)


def _with_unweighted(mask: NDArray[np.bool_], ivar: Floats) -> NDArray[np.bool_]:
    """Return a mask that holds the points without weight, too."""
    unweighted = ~(ivar > 0)
    return mask | unweighted if len(mask) == len(ivar) else unweighted


def _floats(column: Any) -> Floats:
    """Return a column as floats; one row that holds a whole spectrum as that spectrum."""
    data = np.asarray(column)
    if data.ndim == 2 and data.shape[0] == 1:
        data = data[0]
    if data.ndim != 1:
        raise FormatError("Each row of the table holds a spectrum; one spectrum in rows is expected.")
    return data.astype(np.float64)


def _unit_by_size(wave: Floats) -> str:
    middle = float(np.nanmedian(wave)) if np.isfinite(wave).any() else 0.0
    return (
        "um" if middle < 30 else "nm" if 150 < middle < 1200 and float(np.nanmax(wave)) < 2600 else "Angstrom"
    )


def _flux_unit(unit: Any, hdus: fits.HDUList) -> str:
    found = str(unit or "").strip()
    for hdu in hdus[:2]:
        found = found or str(hdu.header.get("BUNIT", "")).strip()
    return found or SPECTRUM_FLUX_UNIT


def _from_axis(hdus: fits.HDUList) -> list[Piece]:
    header = hdus[0].header
    data = np.asarray(hdus[0].data, dtype=np.float64)
    count = data.shape[-1]
    step = header.get("CD1_1") or header.get("CDELT1")
    if not step:
        raise FormatError("The header tells no step of the wavelength (CDELT1 or CD1_1).")
    axis = header["CRVAL1"] + (np.arange(count) + 1.0 - header.get("CRPIX1", 1.0)) * step
    kind = str(header.get("CTYPE1", "")).strip().upper()
    if kind.endswith("-LOG"):  # natural logarithm, Greisen et al. section 3.2
        axis = header["CRVAL1"] * np.exp((axis - header["CRVAL1"]) / header["CRVAL1"])
    elif _are_natural_logarithms(header, axis):
        axis = np.exp(axis)
    elif header.get("DC-FLAG") == 1 or "LOG" in kind or _are_logarithms(header, axis):
        axis = 10.0**axis
    unit = wavelength_unit(_watt_unit(header)) or wavelength_unit(str(header.get("CUNIT1", "")))
    if unit is None and str(header.get("CUNIT1", "")).strip() == "m":
        axis, unit = axis * 1e10, "Angstrom"
    return _lines(data, axis, unit or _unit_by_size(axis), hdus)


def _are_logarithms(header: Any, axis: Floats) -> bool:
    """Tell whether an axis without a word on it holds decimal logarithms of Angstrom: 3.5 to 4.5 or so."""
    return str(header.get("CUNIT1", "")).strip() != "m" and bool(2.5 < axis.min() and axis.max() < 5.5)


def _are_natural_logarithms(header: Any, axis: Floats) -> bool:
    """Tell whether an axis without a unit holds natural logarithms of 2,000 to 30,000 Angstrom."""
    unsaid = not str(header.get("CUNIT1", "")).strip() and not _watt_unit(header)
    kind = str(header.get("CTYPE1", "")).strip().upper()
    return (
        unsaid
        and header.get("DC-FLAG") != 1
        and "LOG" not in kind
        and bool(7.6 < axis.min() and axis.max() < 10.31)
    )


def _watt_unit(header: Any) -> str:
    found = re.search(r"units=(\S+)", str(header.get("WAT1_001", "")))
    return found[1] if found else ""


def _lines(data: Any, axis: Floats, unit: str, hdus: fits.HDUList) -> list[Piece]:
    """Return the lines of an array (bands, apertures, samples): the first band is the flux."""
    header = hdus[0].header
    cube = data.reshape((1,) * (3 - data.ndim) + data.shape) if data.ndim <= 3 else data[0]
    bands = {number: str(header.get(f"BANDID{number}", "")).lower() for number in range(1, cube.shape[0] + 1)}
    sigma = next((number for number, words in bands.items() if "sigma" in words or "error" in words), None)
    flux_unit = _flux_unit("", hdus)
    pieces = []
    for aperture in range(cube.shape[1]):
        error = cube[sigma - 1, aperture] if sigma else np.empty(0)
        if not sigma:
            error = _error_extension(hdus, cube.shape[-1])
        name = f"aperture {aperture + 1}" if cube.shape[1] > 1 else ""
        wave = axis if axis.ndim == 1 else axis[aperture]
        mask = _mask_extension(hdus, cube.shape[-1])
        pieces.append(Piece(name, wave, cube[0, aperture], error, unit, flux_unit, mask))
    return pieces


def _mask_extension(hdus: fits.HDUList, count: int) -> NDArray[np.bool_]:
    """Return the bad points that an extension of its own marks, those without weight included."""
    mask = _NO_MASK
    for hdu in hdus[1:]:
        name = str(hdu.name).lower()
        if getattr(hdu, "shape", None) != (count,):
            continue
        if name in _MASK_NAMES:
            mask = (
                mask | _marks(np.asarray(hdu.data, np.float64))
                if len(mask)
                else _marks(np.asarray(hdu.data, np.float64))
            )
        elif name == "ivar":
            mask = _with_unweighted(mask, np.asarray(hdu.data, np.float64))
    return mask


def _error_extension(hdus: fits.HDUList, count: int) -> Floats:
    """Return the error that an extension of its own holds, empty where there is none."""
    for hdu in hdus[1:]:
        name = str(hdu.name).lower()
        if getattr(hdu, "shape", None) == (count,):
            values = np.asarray(hdu.data, dtype=np.float64)
            if name in _ERROR_NAMES or name.startswith(("err", "sig", "unc")):
                return values
            if name == "ivar":
                return error_of_ivar(values)
            if name in ("var", "variance"):
                return np.where(values > 0, np.sqrt(np.where(values > 0, values, 0.0)), np.nan)
    return np.empty(0)


def _from_multispec(hdus: fits.HDUList) -> list[Piece]:
    header = hdus[0].header
    data = np.asarray(hdus[0].data, dtype=np.float64)
    count = data.shape[-1]
    apertures = data.shape[-2] if data.ndim > 1 else 1
    axes = dispersion_axes(header, apertures, count)
    unit = wavelength_unit(_watt_unit(header)) or _unit_by_size(axes[0])
    return _lines(data, axes, unit, hdus)


def _from_cameras(hdus: fits.HDUList) -> list[Piece]:
    """Return the spectra of DESI's coadded files: a camera each, the first object of the file."""
    by_name = {str(hdu.name).upper(): hdu for hdu in hdus}
    pieces = []
    for name, hdu in by_name.items():
        camera, _, last = name.rpartition("_")
        if last != "WAVELENGTH" or f"{camera}_FLUX" not in by_name:
            continue
        flux_hdu = by_name[f"{camera}_FLUX"]
        flux = np.atleast_2d(np.asarray(flux_hdu.data, dtype=np.float64))
        if flux.shape[0] > 1:
            raise FormatError(f"The file holds spectra of {flux.shape[0]:,} objects; one is expected.")
        error, mask = np.empty(0), _NO_MASK
        if f"{camera}_MASK" in by_name:
            mask = _marks(np.atleast_2d(np.asarray(by_name[f"{camera}_MASK"].data, dtype=np.float64))[0])
        if f"{camera}_IVAR" in by_name:
            ivar = np.atleast_2d(np.asarray(by_name[f"{camera}_IVAR"].data, dtype=np.float64))[0]
            error, mask = error_of_ivar(ivar), _with_unweighted(mask, ivar)
        unit = str(flux_hdu.header.get("BUNIT", "")) or SPECTRUM_FLUX_UNIT
        wave = np.asarray(hdu.data, np.float64)
        pieces.append(Piece(camera.lower(), wave, flux[0], error, "Angstrom", unit, mask))
    return pieces


def header_options(hdus: fits.HDUList) -> tuple[dict[str, Any], list[str]]:
    """Return when and with what a spectrum was taken, as its headers tell it; and what they do not."""
    options: dict[str, Any] = {}
    problems: list[str] = []
    for hdu in hdus[:3]:
        header = hdu.header
        moment = _moment(header)
        if moment is not None:
            options.setdefault("observed_at", moment)
        for key, name in (("TELESCOP", "telescope"), ("INSTRUME", "instrument")):
            if text := str(header.get(key) or "").strip():
                options.setdefault(name, text[:200])
        exposure = header.get("EXPTIME", header.get("EXPOSURE"))
        if isinstance(exposure, int | float) and not isinstance(exposure, bool) and exposure > 0:
            options.setdefault("exposure_time", float(exposure))
    if medium := medium_of(hdus):
        options["medium"] = medium
    first = hdus[0].header
    if "CRVAL1" in first and _are_natural_logarithms(first, np.array([float(first["CRVAL1"])])):
        problems.append("The axis names no unit; by its size it holds natural logarithms of Angstrom.")
    if "observed_at" not in options:
        problems.append("The headers do not tell when the spectrum was taken (DATE-OBS or MJD-OBS).")
    return options, problems


def _moment(header: Any) -> str | None:
    text = str(header.get("DATE-OBS") or "").strip()
    clock = str(header.get("UT") or header.get("UTSTART") or header.get("TIME-OBS") or "").strip()
    if text and "T" not in text and re.fullmatch(r"\d\d:\d\d(:\d\d(\.\d+)?)?", clock):
        text = f"{text}T{clock}"
    if text and (found := observed_at(text)):
        return found
    mjd = header.get("MJD-OBS", header.get("MJD"))
    if isinstance(mjd, int | float) and not isinstance(mjd, bool) and 10_000 < mjd < 100_000:
        return unix_us_to_datetime(datetime_to_unix_us(mjd_utc_to_datetime(float(mjd)))).isoformat()
    return None
