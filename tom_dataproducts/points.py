"""Rows of the table of photometry, made in Python since filters in cells are slow; and its pages."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from tom_common.astro.time import unix_us_to_datetime
from tom_common.keyset import CursorError
from tom_dataproducts.light_curve_formats import sources_of
from tom_dataproducts.light_curves import Kind, LightCurveColumns
from tom_targets.formats import significant, with_error, with_minus

_KIND_WORDS = {Kind.DETECTION: "detection", Kind.LIMIT: "limit", Kind.FORCED: "forced"}


@dataclass(frozen=True)
class PointRow:
    """One point in words; magnitudes in mag, flux in uJy."""

    time: datetime
    mjd: str
    band: str
    kind: str
    brightness: str
    flux: str
    source: str


def point_rows(curve: LightCurveColumns) -> list[PointRow]:
    """Return the points of a light curve in their order."""
    sources = sources_of(curve).expanded()
    bands = curve.band.expanded()
    mjd = curve.mjd_utc.tolist()
    rows = []
    for number in range(len(curve)):
        kind = _KIND_WORDS[Kind(int(curve.kind[number]))]
        rows.append(
            PointRow(
                time=unix_us_to_datetime(int(curve.time_us[number])),
                mjd=f"{mjd[number]:.5f}",
                band=bands[number],
                kind=f"{kind}, negative" if curve.negative[number] else kind,
                brightness=_brightness(curve, number),
                flux=_flux(float(curve.flux[number]), float(curve.flux_err[number])),
                source=sources[number],
            )
        )
    return rows


def _brightness(curve: LightCurveColumns, number: int) -> str:
    mag, limit = float(curve.mag[number]), float(curve.limit[number])
    if mag == mag:
        return with_error(mag, float(curve.mag_err[number]), decimals=3)
    return f"> {limit:.2f}" if limit == limit else "–"


def _flux(flux: float, error: float) -> str:
    """Write a flux in uJy with two digits of its error."""
    flux, error = flux / 1000, error / 1000
    if flux != flux:
        return "–"
    if not error > 0:
        return with_minus(significant(flux, 4))
    digits = 1 - math.floor(math.log10(error))
    decimals = min(max(digits, 0), 6)
    return with_minus(f"{round(flux, digits):,.{decimals}f} ± {round(error, digits):,.{decimals}f}")


@dataclass(frozen=True)
class PointPage:
    """Points of one page, newest first, and the cursors of the pages around it ('' where there is none)."""

    points: LightCurveColumns
    next_cursor: str
    previous_cursor: str


def point_page(curve: LightCurveColumns, cursor: str, *, size: int) -> PointPage:
    """Return one page of a light curve.

    Parameters
    ----------
    curve : LightCurveColumns
        Sorted by time.
    cursor : str
        Names the newest point of the page by its time and its place among the points of that time, so that
        points that arrive meanwhile move nothing; the first page without.
    size : int
        Points on a page.

    Raises
    ------
    CursorError
        If the cursor was not made here.
    """
    end = len(curve) if not cursor else _place(curve, cursor) + 1
    start = max(0, end - size)
    rows = np.arange(start, end)[::-1]
    newer = min(len(curve), end + size)
    return PointPage(
        points=curve.taken(rows),
        next_cursor=_cursor(curve, start - 1) if start > 0 else "",
        previous_cursor=_cursor(curve, newer - 1) if end < len(curve) else "",
    )


def _cursor(curve: LightCurveColumns, row: int) -> str:
    time_us = curve.time_us[row]
    return f"{time_us}.{row - np.searchsorted(curve.time_us, time_us)}"


def _place(curve: LightCurveColumns, cursor: str) -> int:
    time, dot, place = cursor.partition(".")
    if not (dot and time.removeprefix("-").isdecimal() and place.isdecimal() and len(cursor) < 40):
        raise CursorError("this cursor is not one of ours; start again without a cursor")
    row = int(np.searchsorted(curve.time_us, min(max(int(time), -(2**62)), 2**62))) + min(
        int(place), len(curve)
    )
    return max(0, min(row, len(curve) - 1)) if len(curve) else -1
