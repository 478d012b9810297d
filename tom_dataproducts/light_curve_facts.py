"""The few numbers that stand for a light curve: counts, newest detection, peak, rate, points of a sparkline.

Pure; called by ``tom_dataproducts.summaries`` with what it read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tom_common.astro.photometry import AB_ZERO_POINT_NJY
from tom_common.astro.time import MJD_OF_UNIX_0, US_PER_DAY, unix_us_to_datetime
from tom_dataproducts.light_curves import Kind, LightCurveColumns
from tom_dataproducts.values import BrightnessUnit

RATE_DAYS = 10.0
"""The rate is of the detections of so many days up to the last one, in its band."""
MIN_RATE_DAYS = 0.5
"""Detections of one night say nothing of the rate."""


@dataclass
class Totals:
    """What only a look at all points tells; times in microseconds since 1970 (UTC)."""

    points: int = 0
    detections: int = 0
    first_us: int | None = None
    last_us: int | None = None
    peak_mag: float | None = None
    peak_band: str = ""

    def add(
        self,
        *,
        points: int,
        detections: int,
        first_us: int | None,
        last_us: int | None,
        peak: float | None,
        unit: BrightnessUnit,
        band: str,
    ) -> None:
        """Add the points of one band and unit; `peak` is their brightest detection in that unit."""
        self.points += points
        if not (unit.flux_njy or unit.is_magnitude) or peak is None:
            return
        self.detections += detections
        self.first_us = min(value for value in (self.first_us, first_us) if value is not None)
        self.last_us = max(value for value in (self.last_us, last_us) if value is not None)
        mag = AB_ZERO_POINT_NJY - 2.5 * math.log10(peak * unit.flux_njy) if unit.flux_njy else peak
        if self.peak_mag is None or mag < self.peak_mag:
            self.peak_mag, self.peak_band = mag, band


def detections_of(curve: LightCurveColumns) -> np.ndarray:
    """Return which points are detections: measured, neither forced nor negative."""
    return (curve.kind == Kind.DETECTION) & ~curve.negative & np.isfinite(curve.mag)


def facts_of_curve(curve: LightCurveColumns, *, newest: int) -> dict[str, Any]:
    """Return the summary of a whole light curve."""
    detected = np.flatnonzero(detections_of(curve))
    totals = Totals(points=len(curve), detections=len(detected))
    if len(detected):
        peak = detected[np.argmin(curve.mag[detected])]
        totals.first_us, totals.last_us = int(curve.time_us[detected[0]]), int(curve.time_us[detected[-1]])
        totals.peak_mag, totals.peak_band = float(curve.mag[peak]), _band(curve, peak)
    limits = np.flatnonzero((curve.kind == Kind.LIMIT) & np.isfinite(curve.limit))
    rows = [*detected[-newest:].tolist(), *limits[-newest:].tolist()]
    return facts_of_newest(curve, rows, totals, newest=newest)


def facts_of_newest(
    curve: LightCurveColumns, rows: Sequence[int], totals: Totals, *, newest: int
) -> dict[str, Any]:
    """Return the summary of a target.

    Parameters
    ----------
    curve : LightCurveColumns
        Points in any order, of other targets too.
    rows : sequence of int
        Which of them are the target's newest detections and limits.
    totals : Totals
        Of all points of the target.
    newest : int
        Most points of the sparkline.

    Returns
    -------
    dict
        The columns of ``LightCurveSummary``: times aware, UTC; magnitudes AB where measured as flux; rate in
        mag per day, negative if it brightens.
    """
    ordered = sorted(rows, key=lambda row: int(curve.time_us[row]))
    facts: dict[str, Any] = {
        "point_count": totals.points,
        "detection_count": totals.detections,
        "first_detection": None if totals.first_us is None else unix_us_to_datetime(totals.first_us),
        "last_detection": None if totals.last_us is None else unix_us_to_datetime(totals.last_us),
        "last_mag": None,
        "last_mag_error": None,
        "last_band": "",
        "peak_mag": totals.peak_mag,
        "peak_band": totals.peak_band,
        "rate_mag_per_day": None,
        "rate_error": None,
        "points": _points(curve, ordered[-newest:]),
    }
    detected = [row for row in ordered if curve.kind[row] == Kind.DETECTION and math.isfinite(curve.mag[row])]
    if detected:
        last = detected[-1]
        facts["last_mag"] = float(curve.mag[last])
        facts["last_mag_error"] = _or_none(float(curve.mag_err[last]))
        facts["last_band"] = _band(curve, last)
        facts["rate_mag_per_day"], facts["rate_error"] = _rate(curve, detected)
    return facts


def _band(curve: LightCurveColumns, row: int) -> str:
    return curve.band.values[curve.band.codes[row]]


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _points(curve: LightCurveColumns, rows: Sequence[int]) -> list[list]:
    points = []
    mjd = curve.mjd_utc
    for row in rows:
        is_limit = curve.kind[row] == Kind.LIMIT
        mag = float(curve.limit[row] if is_limit else curve.mag[row])
        if math.isfinite(mag):
            mjd = int(curve.time_us[row]) / US_PER_DAY + MJD_OF_UNIX_0
            points.append([round(mjd, 4), round(mag, 3), _band(curve, row), int(is_limit)])
    return points


def _rate(curve: LightCurveColumns, detected: Sequence[int]) -> tuple[float | None, float | None]:
    """Return slope and error (mag per day) in the band of the newest of some detections."""
    last = detected[-1]
    since_us = curve.time_us[last] - int(RATE_DAYS * US_PER_DAY)
    used = [
        row
        for row in detected
        if curve.band.codes[row] == curve.band.codes[last] and curve.time_us[row] >= since_us
    ]
    days = [(int(curve.time_us[row]) - int(curve.time_us[last])) / US_PER_DAY for row in used]
    if len(used) < 2 or max(days) - min(days) < MIN_RATE_DAYS:
        return None, None
    return slope(days, curve.mag[used].tolist(), curve.mag_err[used].tolist())


def slope(
    days: Sequence[float], mags: Sequence[float], errors: Sequence[float]
) -> tuple[float, float | None]:
    """Fit a straight line and return its slope with error.

    Parameters
    ----------
    days, mags, errors : sequence of float, shape (n,)
        Times in days, magnitudes, their 1-sigma errors; points count by 1/error**2, or equally where an error
        is missing.

    Returns
    -------
    slope, error : float, float or None
        mag per day. The error is that of the weighted fit, enlarged where the points scatter more than their
        errors say; None for two points without errors.
    """
    known = all(math.isfinite(error) and error > 0 for error in errors)
    weights = [1.0 / error**2 for error in errors] if known else [1.0] * len(mags)
    total = sum(weights)
    middle = sum(w * x for w, x in zip(weights, days, strict=True)) / total
    mean = sum(w * y for w, y in zip(weights, mags, strict=True)) / total
    spread = sum(w * (x - middle) ** 2 for w, x in zip(weights, days, strict=True))
    rate = sum(w * (x - middle) * (y - mean) for w, x, y in zip(weights, days, mags, strict=True)) / spread
    scatter = sum(
        w * (y - mean - rate * (x - middle)) ** 2 for w, x, y in zip(weights, days, mags, strict=True)
    )
    freedom = len(mags) - 2
    if not freedom:
        return rate, math.sqrt(1.0 / spread) if known else None
    reduced = scatter / freedom
    return rate, math.sqrt((max(1.0, reduced) if known else reduced) / spread)
