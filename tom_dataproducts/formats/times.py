"""Columns of times, in any format and scale, as microseconds since 1970 (UTC)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tom_common.astro.time import (
    JD_OF_MJD_0,
    MJD_OF_LEAP_SECONDS,
    NO_TIME,
    datetime_to_unix_us,
    mjd_tai_to_mjd_utc,
    mjd_utc_to_unix_us,
    unix_us_to_mjd_utc,
)
from tom_dataproducts.formats.raw_tables import MISSING, numbers_of, texts_of

Integers = NDArray[np.int64]

_TT_MINUS_TAI_S = 32.184
_DAY_FRACTION = re.compile(r"(\d{4}-\d\d-\d\d)(\.\d+)")
_PLAIN = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?")


def times_of(
    column: Any, *, time_format: str, time_scale: str, offset_d: float = 0.0, decimal_comma: bool = False
) -> tuple[Integers, NDArray[np.bool_]]:
    """Return a column of times.

    Parameters
    ----------
    column : sequence of str, or ndarray
    time_format, time_scale : str
        Keys of ``meanings.TIME_FORMATS`` and ``TIME_SCALES``.
    offset_d : float
        Days added to each number (not to ISO).

    Returns
    -------
    time_us : ndarray of int64
        `NO_TIME` where there is none.
    wrong : ndarray of bool
        Rows that hold something that is no time.
    """
    if time_format == "iso":
        us, wrong = _iso(texts_of(column))
    else:
        numbers = numbers_of(column, decimal_comma=decimal_comma)
        mjd = numbers.values + offset_d
        if time_format == "jd":
            mjd = mjd - JD_OF_MJD_0
        elif time_format == "unix":
            mjd = mjd / 86400.0 + 40587.0
        us = mjd_utc_to_unix_us(mjd)
        wrong = numbers.wrong | numbers.infinite | ((us == NO_TIME) & np.isfinite(numbers.values))
    return in_utc(us, time_scale), wrong


def in_utc(us: Integers, time_scale: str) -> Integers:
    """Return times of another scale as UTC; those in TDB to 0.1 ms."""
    if time_scale == "utc" or not len(us):
        return us
    known = us != NO_TIME
    mjd = np.where(known, unix_us_to_mjd_utc(np.where(known, us, 0)), 51544.5)
    beyond_tai_s = np.zeros(len(us)) if time_scale == "tai" else np.full(len(us), _TT_MINUS_TAI_S)
    if time_scale == "tdb":
        # Astronomical Almanac, section B: TDB - TT.
        anomaly = np.deg2rad(357.53 + 0.98560028 * (mjd - 51544.5))
        beyond_tai_s += 0.001657 * np.sin(anomaly) + 0.000014 * np.sin(2 * anomaly)
    tai = mjd - beyond_tai_s / 86400.0
    leap_s = np.where(tai >= MJD_OF_LEAP_SECONDS, np.rint((tai - mjd_tai_to_mjd_utc(tai)) * 86400.0), 0.0)
    shift_us = np.rint((beyond_tai_s + leap_s) * 1e6).astype(np.int64)
    return np.where(known, us - shift_us, us)


def _iso(texts: Sequence[str]) -> tuple[Integers, NDArray[np.bool_]]:
    wrong = np.zeros(len(texts), bool)
    trimmed = [text.removesuffix("Z").removesuffix("+00:00") for text in texts]
    if trimmed and all(map(_PLAIN.fullmatch, trimmed)):
        try:
            return np.array(trimmed, dtype="datetime64[us]").astype(np.int64), wrong
        except ValueError:
            pass  # the 31st of February: one by one
    us = np.full(len(texts), NO_TIME, np.int64)
    for place, text in enumerate(texts):
        try:
            us[place] = iso_to_us(text)
        except ValueError:
            wrong[place] = text.lower() not in MISSING
    return us, wrong


def iso_to_us(text: str) -> int:
    """Return one time as people write it: ISO with or without zone, a fraction of a day, or slashes.

    Raises
    ------
    ValueError
        If it is none.
    """
    plain = text.strip().upper().removesuffix("UTC").strip().replace("/", "-")
    if found := _DAY_FRACTION.fullmatch(plain):
        moment = datetime.fromisoformat(found[1]) + timedelta(days=float(found[2]))
    else:
        moment = datetime.fromisoformat(plain)
    return datetime_to_unix_us(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment)
