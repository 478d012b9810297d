"""Columns of a file become values: numbers and angles as arrays, with what is wrong told by row."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tom_common.astro.angles import parse_dec_deg, parse_ra_deg
from tom_targets.transfer.mapping import UNITS

Complain = Callable[[int, str, str], None]  # (place in the chunk, value, reason)
Floats = NDArray[np.float64]

_EMPTY = {"", "nan", "null", "none", "n/a", "--", "-", "..."}
FIRST_YEAR, LAST_YEAR = 1000, 3000
_EPOCH = re.compile(r"^[JB]?(\d{4}(?:\.\d+)?)$", re.IGNORECASE)
_SEXAGESIMAL = re.compile(
    r"^\s*([+\-−]?)(\d{1,3})[:hd°\s]\s*(\d{1,2})[:m'′\s]\s*(\d{1,2}(?:\.\d*)?)\s*[s\"″]?\s*$"
)


class UnitError(ValueError):
    """A column has a unit that does not convert to that of its field."""


def conversion(field: str, unit: str) -> float:
    """Return the factor from a unit to that in which a field is stored.

    Raises
    ------
    UnitError
    """
    wanted = UNITS.get(field)
    text = unit.strip().strip("'\"")
    if not text or not wanted or is_sexagesimal_unit(text):
        return 1.0
    from astropy import units

    try:
        given = units.Unit(text)
        if given == units.dimensionless_unscaled:
            return 1.0
        return float(given.to(units.Unit(wanted), equivalencies=units.dimensionless_angles()))
    except (ValueError, TypeError, units.UnitsError) as error:
        raise UnitError(f"{text!r} is no unit of {field}; expected one that converts to {wanted}") from error


def is_sexagesimal_unit(unit: str) -> bool:
    """Tell whether a unit says how an angle is written, not what it is measured in: ``"h:m:s"``."""
    return bool(
        re.fullmatch(r"[\"']?[hd][ :]?m[ms]?[ :]?s[\"']?|hms|dms|hmsdms|sexagesimal", unit.strip().lower())
    )


def is_hours(unit: str) -> bool:
    """Tell whether a unit is hours of right ascension."""
    return unit.strip().lower() in ("hourangle", "h", "hr", "hour", "hours")


def numbers(values: Sequence[Any], complain: Complain) -> Floats:
    """Return a column as finite numbers, NaN where there is none; complain of what is no number.

    Parameters
    ----------
    values : sequence of str, or array of float
    complain : callable
    """
    if isinstance(values, np.ndarray):
        found = values.astype(np.float64)
        for place in np.flatnonzero(np.isinf(found)).tolist():
            complain(place, str(values[place]), "is not a finite number")
        return np.where(np.isinf(found), np.nan, found)
    try:
        found = _plain_numbers(values)
    except ValueError:
        found = np.array([_number(place, value, complain) for place, value in enumerate(values)])
    wrong = np.isinf(found)
    if wrong.any():
        for place in np.flatnonzero(wrong).tolist():
            complain(place, str(values[place]), "is not a finite number")
        found[wrong] = np.nan
    return found


def _plain_numbers(values: Sequence[str]) -> Floats:
    if any("_" in value for value in values):
        raise ValueError("Python reads 1_0 as 10; nobody else does")
    return np.array([value or "nan" for value in values], dtype=np.float64)


def _number(place: int, value: str, complain: Complain) -> float:
    text = value.strip().replace("−", "-")
    if text.lower() in _EMPTY:
        return np.nan
    try:
        if "_" in text:
            raise ValueError(text)
        return float(text)
    except ValueError:
        hint = "; a decimal point is expected" if re.fullmatch(r"[+-]?\d+,\d+", text) else ""
        complain(place, value, f"is not a number{hint}")
        return np.nan


def angles(field: str, values: Sequence[Any], unit: str, complain: Complain) -> Floats:
    """Return a column of right ascensions or declinations in degrees, NaN where there is none.

    Parameters
    ----------
    field : str
        ``"ra"`` or ``"dec"``.
    values : sequence of str, or array of float
        Decimal, in `unit` (degrees without one), or sexagesimal: right ascensions then in hours.
    unit : str
    complain : callable
    """
    factor = 15.0 if field == "ra" and is_hours(unit) else conversion(field, unit)
    if not isinstance(values, np.ndarray):
        try:
            found = _plain_numbers(values)
        except ValueError:
            return _mixed_angles(field, values, factor, complain)
    else:
        found = np.asarray(values, dtype=np.float64)
    return _in_range(field, found * factor, values, complain)


def _mixed_angles(field: str, values: Sequence[Any], factor: float, complain: Complain) -> Floats:
    """Read a column in which at least one value is not a plain number."""
    parse = parse_ra_deg if field == "ra" else parse_dec_deg
    found = np.full(len(values), np.nan)
    for place, value in enumerate(values):
        if quick := _SEXAGESIMAL.match(value):
            sign, whole, minutes, seconds = quick.groups()
            if int(minutes) < 60 and float(seconds) < 60:
                degrees = int(whole) + int(minutes) / 60 + float(seconds) / 3600
                if field == "ra" and "d" not in value and "°" not in value:
                    degrees *= 15.0
                found[place] = -degrees if sign in ("-", "−") and sign else degrees
                continue
        text = value.strip()
        if text.lower() in _EMPTY:
            continue
        try:
            if "_" in text:
                raise ValueError(text)
            found[place] = float(text) * factor
        except ValueError:
            try:
                found[place] = parse(text)
            except ValueError as error:
                complain(place, value, str(error))
    return _in_range(field, found, values, complain)


def _in_range(field: str, degrees: Floats, values: Sequence[Any], complain: Complain) -> Floats:
    low, high = (0.0, 360.0) if field == "ra" else (-90.0, 90.0)
    words = "a right ascension" if field == "ra" else "a declination"
    with np.errstate(invalid="ignore"):
        wrong = (degrees < low) | (degrees > high)
    for place in np.flatnonzero(wrong).tolist():
        if not np.isfinite(degrees[place]):
            complain(place, str(values[place]), "is not a finite number")
        else:
            complain(
                place, str(values[place]), f"is not {words}: that lies between {low:g} and {high:g} degrees"
            )
    degrees = np.where(wrong, np.nan, degrees)
    return np.where(degrees == 360.0, 0.0, degrees) if field == "ra" else degrees


def epochs(values: Sequence[Any], complain: Complain) -> Floats:
    """Return a column of epochs as Julian years; ``J2000.0`` is understood."""
    if isinstance(values, np.ndarray):
        return numbers(values, complain)
    plain = []
    for value in values:
        found = _EPOCH.match(value.strip())
        plain.append(found[1] if found else value)
    years = numbers(plain, complain)
    with np.errstate(invalid="ignore"):
        wrong = (years < FIRST_YEAR) | (years > LAST_YEAR)
    for place in np.flatnonzero(wrong).tolist():
        complain(
            place, str(values[place]), f"is not an epoch: a year from {FIRST_YEAR} to {LAST_YEAR} is expected"
        )
    return np.where(wrong, np.nan, years)


def texts(values: Sequence[Any]) -> list[str]:
    """Return a column as text without blanks around, '' where there is no value."""
    if isinstance(values, np.ndarray):
        return ["" if value != value else _plain(value) for value in values.tolist()]
    return [value.strip() for value in values]


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def control_character(text: str) -> str:
    """Return the first control character of a text that no name or value may hold, or ''."""
    if text.isprintable():
        return ""
    found = _CONTROL.search(text)
    return repr(found[0]) if found else ""
