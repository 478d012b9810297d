"""Conversions between time formats (JD, MJD, microseconds since 1970, datetime64) and scales (UTC, TAI).

A time that is not known is NaN as a float and `NO_TIME` as an integer, which is also datetime64's NaT.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

JD_OF_MJD_0 = 2400000.5
JD_OF_UNIX_0 = 2440587.5
MJD_OF_UNIX_0 = 40587.0
MJD_OF_LEAP_SECONDS = 41317.0
"""1972-01-01, before which UTC ran at another rate than TAI."""
US_PER_DAY = 86_400_000_000
NO_TIME = np.iinfo(np.int64).min

_FIRST_DAY, _LAST_DAY = -354_285.0, 2_932_896.0
"""Days since 1970 of the years 1000 and 10000: what lies outside, no database and no `datetime` holds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def jd_to_mjd(jd: ArrayLike) -> Floats:
    """Convert Julian dates to modified Julian dates of the same scale.

    Parameters
    ----------
    jd : array_like
        Julian dates, d.

    Returns
    -------
    ndarray
        MJD, d; the subtraction is exact for dates since 1859, so nothing but the rounding of `jd` remains.
    """
    return np.asarray(jd, dtype=np.float64) - JD_OF_MJD_0


def mjd_to_jd(mjd: ArrayLike) -> Floats:
    """Convert modified Julian dates to Julian dates of the same scale (rounded to about 40 microseconds)."""
    return np.asarray(mjd, dtype=np.float64) + JD_OF_MJD_0


def jd_utc_to_unix_us(jd_utc: ArrayLike) -> Integers:
    """Convert Julian dates (UTC) to microseconds.

    Parameters
    ----------
    jd_utc : array_like, shape (n,)
        Julian dates, d, UTC. A float64 resolves 40 microseconds today.

    Returns
    -------
    ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC without leap seconds, rounded half to even; `NO_TIME` for NaN
        and for what lies outside the years 1000 to 9999.
    """
    return _days_to_us(np.asarray(jd_utc, dtype=np.float64) - JD_OF_UNIX_0)


def mjd_utc_to_unix_us(mjd_utc: ArrayLike) -> Integers:
    """Convert modified Julian dates (UTC) to microseconds since 1970 (see `jd_utc_to_unix_us`)."""
    return _days_to_us(np.asarray(mjd_utc, dtype=np.float64) - MJD_OF_UNIX_0)


def mjd_tai_to_unix_us(mjd_tai: ArrayLike) -> Integers:
    """Convert modified Julian dates (TAI) to microseconds since 1970-01-01 UTC.

    Parameters
    ----------
    mjd_tai : array_like, shape (n,)
        MJD, d, TAI, such as Rubin's ``midpointMjdTai``; from 1972 on.

    Returns
    -------
    ndarray of int64, shape (n,)
        Rounded half to even; `NO_TIME` for NaN. The leap second itself counts as the second after it.
    """
    tai = np.asarray(mjd_tai, dtype=np.float64)
    us = mjd_utc_to_unix_us(tai)
    return np.where(us == NO_TIME, us, us - _tai_minus_utc_s(tai, in_tai=True) * 1_000_000)


def mjd_tai_to_mjd_utc(mjd_tai: ArrayLike) -> Floats:
    """Convert modified Julian dates from TAI to UTC.

    Parameters
    ----------
    mjd_tai : array_like
        MJD, d, TAI.

    Returns
    -------
    ndarray
        MJD, d, UTC; NaN stays NaN. Every day has 86400 s: one with a leap second is not stretched, as it
        is by astropy, so that these numbers agree with `unix_us_to_mjd_utc`.

    References
    ----------
    Leap seconds: IERS Bulletin C, as built into ERFA (``erfa.leap_seconds``).
    """
    tai = np.asarray(mjd_tai, dtype=np.float64)
    if (tai < MJD_OF_LEAP_SECONDS).any():
        return _by_erfa(erfa.taiutc, tai)
    return tai - _tai_minus_utc_s(tai, in_tai=True) / 86400.0


def mjd_utc_to_mjd_tai(mjd_utc: ArrayLike) -> Floats:
    """Convert modified Julian dates from UTC to TAI (see `mjd_tai_to_mjd_utc`)."""
    utc = np.asarray(mjd_utc, dtype=np.float64)
    if (utc < MJD_OF_LEAP_SECONDS).any():
        return _by_erfa(erfa.utctai, utc)
    return utc + _tai_minus_utc_s(utc, in_tai=False) / 86400.0


def unix_us_to_mjd_utc(unix_us: ArrayLike) -> Floats:
    """Convert microseconds since 1970 to modified Julian dates (UTC).

    Parameters
    ----------
    unix_us : array_like of int, shape (n,)
        Microseconds since 1970-01-01 UTC without leap seconds.

    Returns
    -------
    ndarray, shape (n,)
        MJD, d, UTC, to 0.6 microseconds; NaN for `NO_TIME`.
    """
    us = np.asarray(unix_us, dtype=np.int64)
    day, rest = np.divmod(us, US_PER_DAY)
    return np.where(us == NO_TIME, np.nan, (day + int(MJD_OF_UNIX_0)) + rest / US_PER_DAY)


def unix_us_to_datetime64(unix_us: ArrayLike) -> NDArray[np.datetime64]:
    """Give microseconds since 1970 as ``datetime64[us]`` (UTC); `NO_TIME` becomes NaT."""
    return np.asarray(unix_us, dtype=np.int64).astype("datetime64[us]")


def datetime64_to_unix_us(times: ArrayLike) -> Integers:
    """Give ``datetime64`` of any unit (UTC) as microseconds since 1970; NaT becomes `NO_TIME`."""
    return np.asarray(times, dtype="datetime64[us]").astype(np.int64)


def unix_us_to_datetime(unix_us: int) -> datetime:
    """Give one time as an aware `datetime` in UTC, exact to the microsecond.

    Raises
    ------
    ValueError
        If the time is `NO_TIME`.
    """
    if unix_us == NO_TIME:
        raise ValueError("an unknown time has no datetime")
    return _EPOCH + timedelta(microseconds=int(unix_us))


def datetime_to_unix_us(moment: datetime) -> int:
    """Give an aware `datetime` as microseconds since 1970, exactly.

    Raises
    ------
    ValueError
        If the datetime is naive.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def mjd_utc_to_datetime(mjd_utc: float) -> datetime:
    """Give one MJD (UTC) as an aware `datetime` in UTC, rounded to microseconds."""
    return unix_us_to_datetime(int(mjd_utc_to_unix_us(mjd_utc)))


def datetime_to_mjd_utc(moment: datetime) -> float:
    """Give an aware `datetime` as MJD (UTC)."""
    day, rest = divmod(datetime_to_unix_us(moment), US_PER_DAY)  # as unix_us_to_mjd_utc, of one number
    return (day + int(MJD_OF_UNIX_0)) + rest / US_PER_DAY


def _days_to_us(days: Floats) -> Integers:
    known = (days >= _FIRST_DAY) & (days < _LAST_DAY)
    days = np.where(known, days, 0.0)
    whole = np.floor(days)
    rest = np.rint((days - whole) * US_PER_DAY)
    return np.where(known, whole.astype(np.int64) * US_PER_DAY + rest.astype(np.int64), NO_TIME)


@cache
def _leap_seconds() -> tuple[Floats, Floats, Integers]:
    """Give MJD (UTC) and MJD (TAI) at which each value of TAI-UTC begins, and the values in s."""
    table = erfa.leap_seconds.get()
    table = table[table["year"] >= 1972]
    utc = np.array(
        [erfa.cal2jd(int(row["year"]), int(row["month"]), 1)[1] for row in table], dtype=np.float64
    )
    offset = np.rint(table["tai_utc"]).astype(np.int64)
    return utc, utc + offset / 86400.0, offset


def _tai_minus_utc_s(mjd: Floats, *, in_tai: bool) -> Integers:
    utc, tai, offset = _leap_seconds()
    row = np.searchsorted(tai if in_tai else utc, np.nan_to_num(mjd), side="right") - 1
    return offset[np.maximum(row, 0)]


def _by_erfa(convert: Callable[..., tuple[Floats, Floats]], mjd: Floats) -> Floats:
    known = np.where(np.isfinite(mjd), mjd, MJD_OF_LEAP_SECONDS)
    first, second = convert(np.full_like(known, JD_OF_MJD_0), known)
    return np.where(np.isfinite(mjd), (first - JD_OF_MJD_0) + second, np.nan)


def parse_mjd_utc(text: str) -> float:
    """Read a time as people type it.

    Parameters
    ----------
    text : str
        ISO (``2026-11-21``, ``2026-11-21 03:30``, ``2026-11-21T03:30:00Z``; UTC where no zone is named), MJD
        (``61365.146``) or Julian date (``JD 2461365.646``, or a number above 1,000,000).

    Returns
    -------
    float
        MJD, d, UTC.

    Raises
    ------
    ValueError
        If it is no time; the text says what was expected.
    """
    plain = text.strip()
    number = plain.upper().removeprefix("MJD").removeprefix("JD").strip()
    try:
        days = float(number)
    except ValueError:
        days = np.nan
    if np.isfinite(days) and not (number.isdecimal() and len(number) == 8):  # 20261121 is a date
        return days - JD_OF_MJD_0 if days > 1e6 else days
    try:
        moment = datetime.fromisoformat(plain.upper().removesuffix("UTC").strip())
    except ValueError as error:
        raise ValueError(
            f"{plain or 'nothing'} is not a time: expected 2026-11-21 03:30 (UTC), an MJD or a JD"
        ) from error
    return datetime_to_mjd_utc(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment)
