"""Photometry of a file as columns that can be stored, and each row that is wrong with its reason."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tom_common.astro.photometry import rescaled_flux
from tom_common.astro.time import NO_TIME, US_PER_DAY, unix_us_to_datetime64
from tom_dataproducts.formats import meanings as m
from tom_dataproducts.formats.cuts import within_cuts
from tom_dataproducts.formats.layouts import layout_named
from tom_dataproducts.formats.raw_tables import RawTable, numbers_of, texts_of
from tom_dataproducts.formats.recognise import photometry_mapping
from tom_dataproducts.formats.recognition import FormatError, Mapping
from tom_dataproducts.formats.results import MAX_ERRORS, Floats, PhotometryTable, RowError
from tom_dataproducts.formats.snana import chosen_rows
from tom_dataproducts.formats.tables import read_table
from tom_dataproducts.formats.times import times_of

FORCED_VERSION = "forced"
UNKNOWN_BAND = "unknown"
_EARLIEST_US = -3_786_825_600_000_000  # 1850-01-01
_FLUX_NJY = {"nJy": 1.0, "uJy": 1e3, "mJy": 1e6, "Jy": 1e9}
_FAILED_FLUX = (-999.0, -9999.0, -99999.0)
_FAILED_ERROR = (-99.0, -999.0, -9999.0, -99999.0)
_NO_MAGNITUDE = 90.0
_MAGNITUDES = (-40.0, 60.0)
_LENGTHS = {m.BAND: 32, m.TELESCOPE: 255, m.INSTRUMENT: 255, m.SOURCE: 100, m.REDUCTION: 50}
_TRUE = frozenset({"1", "1.0", "t", "true", "y", "yes", ">", "ul", "limit", "upper", "upperlimit"})
_FALSE_SIGN = frozenset({"0", "0.0", "-1", "-1.0", "f", "false", "-", "n", "no"})


def read_photometry(
    file: BinaryIO,
    name: str = "",
    mapping: Mapping | None = None,
    *,
    layouts: Sequence[str] = (),
    now_us: int | None = None,
) -> PhotometryTable:
    """Return the points of a file.

    Parameters
    ----------
    file : binary file
    name : str
        Name of the file, for messages.
    mapping : Mapping, optional
        What its columns mean; by default what they seem to mean.
    layouts : sequence of str
        Layouts that are accepted; by default all.
    now_us : int, optional
        Now, microseconds since 1970 (UTC): what is more than a day later is an error.

    Raises
    ------
    FormatError
        If it is no table, or the mapping does not fit it.
    """
    table = read_table(file)
    if mapping is None or not mapping.meanings:
        proposed = photometry_mapping(table)
        options = {**proposed.options, **(mapping.options if mapping is not None else {})}
        mapping = Mapping(proposed.kind, proposed.layout, proposed.meanings, options)
    mapping.check()
    if layouts and mapping.layout not in layouts:
        raise FormatError(f"This is no table of the layout {' or '.join(map(repr, layouts))}.")
    missing = [column for column in mapping.meanings if column not in table.names]
    if missing:
        raise FormatError(
            f"The file has no column {', '.join(map(repr, missing))}; it has: {', '.join(table.names)}."
        )
    table = chosen_rows(table, mapping.options.get("rows"))
    return points_of(table, mapping, now_us=int(time.time() * 1e6) if now_us is None else now_us)


class _Rows:
    """The rows of a table while they are read: which are wrong, and why."""

    def __init__(self, table: RawTable, mapping: Mapping) -> None:
        self.table, self.mapping = table, mapping
        self.count = len(table)
        self.is_bad = np.zeros(self.count, bool)
        self.errors: list[RowError] = []
        self.decimal_comma = bool(mapping.options.get("decimal_comma"))

    def refuse(self, rows: NDArray[np.bool_], column: str | None, reason: Any) -> None:
        """Note rows as wrong; those that are already stay as they were told."""
        fresh = np.flatnonzero(rows & ~self.is_bad)
        if not len(fresh):
            return
        self.is_bad[fresh] = True
        values = self.table.column(column) if column is not None else None
        for row in fresh[: MAX_ERRORS - len(self.errors)].tolist():
            value = texts_of([values[row]])[0] if values is not None else ""
            text = reason(row) if callable(reason) else reason
            self.errors.append(RowError(int(self.table.lines[row]), column or "", value[:80], text))

    def numbers(self, meaning: str) -> Floats | None:
        """Return the column of a meaning as numbers, None where there is none."""
        column = self.mapping.column(meaning)
        if column is None:
            return None
        found = numbers_of(self.table.column(column), decimal_comma=self.decimal_comma)
        self.refuse(found.wrong, column, "is no number")
        self.refuse(found.infinite, column, "is infinite")
        return found.values

    def texts(self, meaning: str, default: str) -> list[str]:
        """Return the column of a meaning as texts; the default where it is empty."""
        column = self.mapping.column(meaning)
        if column is None:
            return [default] * self.count
        texts = self.table.texts(column)
        limit = _LENGTHS[meaning]
        if longer := {text for text in set(texts) if len(text) > limit or not text.isprintable()}:
            rows = np.fromiter((text in longer for text in texts), bool, self.count)
            self.refuse(rows, column, f"is longer than {limit} characters, or holds control characters")
        empty = {text for text in set(texts) if text.lower() in ("", "null", "none", "nan", "--")}
        return [default if text in empty else text for text in texts] if empty else texts


def points_of(table: RawTable, mapping: Mapping, *, now_us: int) -> PhotometryTable:
    """Return the points of a table by a mapping.

    Raises
    ------
    FormatError
        If no column is the time, or none a magnitude, a flux or a limit.
    """
    rows = _Rows(table, mapping)
    options = mapping.options
    time_us = _times(rows, now_us)
    magnitude, limit, from_sign = _magnitudes(rows)
    error = _errors(rows, m.MAGNITUDE_ERROR)
    flux, flux_error, flux_limit = _fluxes(rows)
    is_flux = np.isnan(magnitude) & np.isfinite(flux)
    is_flux |= np.isnan(magnitude) & np.isnan(flux) & np.isnan(limit) & np.isfinite(flux_limit)
    brightness = np.where(is_flux, flux, magnitude)
    if not np.isfinite(limit).any() and not from_sign.any():
        limit = np.where(is_flux, flux_limit, limit)
    limit = np.where(np.isnan(brightness), np.where(is_flux, flux_limit, limit), np.nan)
    error = np.where(np.isnan(brightness), np.nan, np.where(is_flux, flux_error, error))
    band = _bands(rows)
    exposure = rows.numbers(m.EXPOSURE)
    texts = {
        name: rows.texts(name, str(options.get(name) or ""))
        for name in (m.TELESCOPE, m.INSTRUMENT, m.SOURCE, m.REDUCTION)
    }
    if options.get("is_forced"):
        texts[m.REDUCTION] = _forced_versions(texts[m.REDUCTION])
    negative = _negative(rows) & ~is_flux
    units = _units(rows, is_flux)
    has_value = np.isfinite(brightness) | np.isfinite(limit)
    kept = ~rows.is_bad & has_value & _unflagged(rows) & within_cuts(rows.table, rows.mapping.layout)
    place = np.flatnonzero(kept)
    taken = _Taking(place, rows.count)
    errors = sorted([*table.errors, *rows.errors], key=lambda found: found.line)[:MAX_ERRORS]
    return PhotometryTable(
        line=table.lines[place],
        time_us=time_us[place],
        brightness=brightness[place],
        error=error[place],
        limit=limit[place],
        negative=negative[place],
        exposure_s=exposure[place] if exposure is not None else np.full(len(place), np.nan),
        unit=taken(units),
        band=taken(band),
        telescope=taken(texts[m.TELESCOPE]),
        instrument=taken(texts[m.INSTRUMENT]),
        source=taken(texts[m.SOURCE]),
        reduction_version=taken(texts[m.REDUCTION]),
        notes={name: taken(table.texts(name)) for name in mapping.columns(m.NOTE)},
        errors=errors,
        bad_rows=table.bad_rows + int(rows.is_bad.sum()),
        left_out=rows.count - len(place) - int(rows.is_bad.sum()),
    )


class _Taking:
    """Takes the rows that are kept out of a list; the list itself where all are."""

    def __init__(self, place: NDArray[np.intp], count: int) -> None:
        self.place = place.tolist() if len(place) != count else None

    def __call__(self, column: list[str]) -> list[str]:
        return column if self.place is None else [column[row] for row in self.place]


def _times(rows: _Rows, now_us: int) -> NDArray[np.int64]:
    column = rows.mapping.column(m.TIME)
    if column is None:
        raise FormatError("No column is said to be the time.")
    options = rows.mapping.options
    time_us, wrong = times_of(
        rows.table.column(column),
        time_format=str(options.get("time_format") or "mjd"),
        time_scale=str(options.get("time_scale") or "utc"),
        offset_d=float(options.get("time_offset") or 0.0),
        decimal_comma=rows.decimal_comma,
    )
    if rows.table.layout == "snana":
        wrong &= time_us != NO_TIME
    words = m.TIME_FORMATS.get(str(options.get("time_format") or "mjd"), "time")
    rows.refuse(wrong, column, f"is no time ({words})")
    rows.refuse(time_us == NO_TIME, column, "there is no time")

    def said(row: int) -> str:
        day = str(unix_us_to_datetime64(time_us[row : row + 1])[0])[:10]
        return (
            f"lies in the future ({day} as {words})"
            if time_us[row] > now_us
            else (f"lies before 1850 ({day} as {words})")
        )

    is_early = not rows.table.meta.get("is_simulated") and time_us > now_us + US_PER_DAY
    rows.refuse(is_early | (time_us < _EARLIEST_US), column, said)
    return time_us


def _magnitudes(rows: _Rows) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return magnitudes, limits, and which limits stand among the magnitudes: ``>18.5``, or a flag."""
    none = np.full(rows.count, np.nan)
    column = rows.mapping.column(m.MAGNITUDE)
    is_limit = np.zeros(rows.count, bool)
    if not any(rows.mapping.column(name) for name in (m.MAGNITUDE, m.FLUX, m.LIMIT, m.FLUX_LIMIT)):
        raise FormatError("No column is said to be a magnitude, a flux or a limit.")
    limit = rows.numbers(m.LIMIT)
    limit = none if limit is None else np.where(np.abs(limit) < _NO_MAGNITUDE, limit, np.nan)
    if column is None:
        return none, limit, is_limit
    values = rows.table.column(column)
    if not isinstance(values, np.ndarray) and any(text[:1] in "<>" for text in values if text):
        stripped = [text.strip() for text in values]
        is_limit = np.fromiter((text[:1] in ("<", ">") for text in stripped), bool, rows.count)
        values = [text.lstrip("<> ") for text in stripped]
    found = numbers_of(values, decimal_comma=rows.decimal_comma)
    rows.refuse(found.wrong, column, "is no number")
    rows.refuse(found.infinite, column, "is infinite")
    magnitude = np.where(np.abs(found.values) < _NO_MAGNITUDE, found.values, np.nan)
    low, high = _MAGNITUDES
    rows.refuse((magnitude < low) | (magnitude > high), column, f"is no magnitude: {low:.0f} to {high:.0f}")
    if flag := rows.mapping.column(m.IS_LIMIT):
        marks = rows.table.texts(flag)
        is_limit |= np.fromiter((mark.lower() in _TRUE for mark in marks), bool, rows.count)
    limit = np.where(is_limit, magnitude, limit)
    return np.where(is_limit, np.nan, magnitude), limit, is_limit


def _errors(rows: _Rows, meaning: str) -> Floats:
    error = rows.numbers(meaning)
    if error is None:
        return np.full(rows.count, np.nan)
    failed = np.isin(error, _FAILED_ERROR)
    if meaning == m.MAGNITUDE_ERROR:
        failed |= error >= _NO_MAGNITUDE
    error = np.where(failed, np.nan, error)
    rows.refuse(error < 0, rows.mapping.column(meaning), "an error cannot be negative")
    return error


def _fluxes(rows: _Rows) -> tuple[Floats, Floats, Floats]:
    """Return fluxes, their errors and limits in nJy."""
    none = np.full(rows.count, np.nan)
    flux, limit = rows.numbers(m.FLUX), rows.numbers(m.FLUX_LIMIT)
    if flux is None and limit is None:
        return none, none, none
    error = _errors(rows, m.FLUX_ERROR)
    flux = none if flux is None else np.where(np.isin(flux, _FAILED_FLUX), np.nan, flux)
    limit = none if limit is None else limit
    scale = _scale(rows)
    if flag := rows.mapping.column(m.IS_LIMIT):
        is_limit = np.fromiter((mark.lower() in _TRUE for mark in rows.table.texts(flag)), bool, rows.count)
        limit, flux = np.where(is_limit, flux, limit), np.where(is_limit, np.nan, flux)
    return flux * scale, error * scale, limit * scale


def _scale(rows: _Rows) -> Floats | float:
    """Return what one unit of flux is in nJy."""
    unit = str(rows.mapping.options.get("flux_unit") or "uJy")
    if unit in _FLUX_NJY:
        return _FLUX_NJY[unit]
    column = rows.mapping.column(m.ZERO_POINT)
    if column is not None:
        points = rows.numbers(m.ZERO_POINT)
        assert points is not None  # noqa: S101  the column is there
        rows.refuse(~(points > 0), column, "is no zero point")
        return np.asarray(10.0 ** ((31.4 - np.where(points > 0, points, 31.4)) / 2.5), dtype=np.float64)
    zero_point = rows.mapping.options.get("zero_point")
    if zero_point in (None, ""):
        raise FormatError("The flux is in counts: say the zero point, the magnitude of one count.")
    return float(rescaled_flux(1.0, zero_point=float(zero_point)))


def _bands(rows: _Rows) -> list[str]:
    default = str(rows.mapping.options.get("band") or UNKNOWN_BAND)
    texts = rows.texts(m.BAND, default)
    layout = layout_named(rows.mapping.layout, rows.table.names)
    if layout is None or not layout.bands:
        return texts
    return [layout.bands.get(text, text) for text in texts]


def _forced_versions(versions: Sequence[str]) -> list[str]:
    made = {
        version: version if version.startswith(FORCED_VERSION) else f"{FORCED_VERSION} {version}".strip()
        for version in set(versions)
    }
    return [made[version] for version in versions]


def _negative(rows: _Rows) -> NDArray[np.bool_]:
    column = rows.mapping.column(m.SIGN)
    if column is None:
        return np.zeros(rows.count, bool)
    marks = [text.lower() for text in rows.table.texts(column)]
    told = _TRUE if "neg" in column.lower() else _FALSE_SIGN
    return np.fromiter((mark in told for mark in marks), bool, rows.count)


def _units(rows: _Rows, is_flux: NDArray[np.bool_]) -> list[str]:
    system = str(rows.mapping.options.get("magnitude_system") or "AB")
    column = rows.mapping.column(m.MAGNITUDE_SYSTEM)
    if column is None:
        units = [magnitude_unit(system)] * rows.count
    else:
        texts = rows.table.texts(column)
        made = {text: magnitude_unit(_system_of(text) or system) for text in set(texts)}
        units = [made[text] for text in texts]
    if not is_flux.any():
        return units
    if is_flux.all():
        return ["nJy"] * rows.count
    return ["nJy" if flux else unit for flux, unit in zip(is_flux.tolist(), units, strict=True)]


def _system_of(text: str) -> str:
    word = text.strip().lower()
    return next((name for name in m.MAGNITUDE_SYSTEMS if name.lower() in word), text.strip()[:20])


def magnitude_unit(system: str) -> str:
    """Return the unit of magnitudes of a system: plain ``mag`` is AB, another system is named."""
    return "mag" if system == "AB" else f"mag ({system})"


def _unflagged(rows: _Rows) -> NDArray[np.bool_]:
    """Return which rows no quality flag speaks against."""
    good = {
        flag
        for flag in str(rows.mapping.options.get("good_flags") or "0").replace(" ", ",").split(",")
        if flag
    }
    good |= {"", *(f"{flag}.0" for flag in good), "g", "null", "none"}
    kept = np.ones(rows.count, bool)
    for column in rows.mapping.columns(m.FLAG):
        marks = rows.table.texts(column)
        fine = {mark for mark in set(marks) if set(mark.lower().split(",")) <= good}
        if len(fine) < len(set(marks)):
            kept &= np.fromiter((mark in fine for mark in marks), bool, rows.count)
    return kept
