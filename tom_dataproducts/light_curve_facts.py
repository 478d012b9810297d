"""The few numbers that stand for a light curve: counts, newest detection, peak, rate, points of a sparkline.

Pure; called by ``tom_dataproducts.summaries`` with what it read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tom_common.astro.photometry import AB_ZERO_POINT_NJY
from tom_common.astro.time import US_PER_DAY, unix_us_to_datetime
from tom_dataproducts.light_curves import MIN_SNR, Kind, LightCurveColumns
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

    def add_detections(self, *, count: int, first_us: int, last_us: int) -> None:
        """Add detections, positive or negative."""
        self.detections += count
        self.first_us = first_us if self.first_us is None else min(self.first_us, first_us)
        self.last_us = last_us if self.last_us is None else max(self.last_us, last_us)

    def add_peak(self, brightness: float, unit: BrightnessUnit, band: str) -> None:
        """Add the brightest positive detection of one band and unit."""
        flux_njy = brightness * unit.flux_njy if unit.flux_njy else None
        mag = brightness if flux_njy is None else AB_ZERO_POINT_NJY - 2.5 * math.log10(flux_njy)
        if math.isfinite(mag) and (self.peak_mag is None or mag < self.peak_mag):
            self.peak_mag, self.peak_band = mag, band


def detections_of(curve: LightCurveColumns) -> NDArray[np.bool_]:
    """Return which points are detections: measured, not forced, of `MIN_SNR` sigmas of either sign."""
    is_dip = (curve.flux < 0.0) & ~(np.abs(curve.flux) < MIN_SNR * curve.flux_err)
    return (curve.kind == Kind.DETECTION) & (np.isfinite(curve.mag) | is_dip)


def positive_detections_of(curve: LightCurveColumns) -> NDArray[np.bool_]:
    """Return which points are detections of something brighter than in the reference image."""
    return detections_of(curve) & ~curve.negative & np.isfinite(curve.mag)


class Point(NamedTuple):
    """A positive detection (magnitude and error) or a limit (limiting magnitude) of one band."""

    time_us: int
    mag: float
    mag_err: float
    band: str
    is_limit: bool
    drawn: list
    """What the sparkline is drawn from: [MJD (UTC), magnitude, band, 1 if it is a limit], rounded."""


def points_of(curve: LightCurveColumns) -> list[Point | None]:
    """Return the points of a curve as objects; None for those that are neither."""
    is_limit = (curve.kind == Kind.LIMIT) & np.isfinite(curve.limit)
    shown = (is_limit | positive_detections_of(curve)).tolist()
    mag = np.where(is_limit, curve.limit, curve.mag)
    bands = curve.band.expanded()
    rounded = (np.round(curve.mjd_utc, 4).tolist(), np.round(mag, 3).tolist())
    columns = (
        curve.time_us.tolist(),
        mag.tolist(),
        curve.mag_err.tolist(),
        bands,
        is_limit.tolist(),
        map(list, zip(*rounded, bands, is_limit.astype(int).tolist(), strict=True)),
    )
    return [point if good else None for good, point in zip(shown, map(Point, *columns), strict=True)]


def facts_of_curve(curve: LightCurveColumns, *, newest: int) -> dict[str, Any]:
    """Return the summary of a whole light curve, sorted by time."""
    points = [point for point in points_of(curve) if point is not None]
    times = curve.time_us[detections_of(curve)].tolist()
    totals = Totals(points=len(curve))
    if times:
        totals.add_detections(count=len(times), first_us=times[0], last_us=times[-1])
    detected = [point for point in points if not point.is_limit]
    if detected:
        peak = min(detected, key=lambda point: point.mag)
        totals.peak_mag, totals.peak_band = peak.mag, peak.band
    limits = [point for point in points if point.is_limit]
    return facts_of_newest([*detected[-newest:], *limits[-newest:]], totals, newest=newest)


def facts_of_newest(points: Sequence[Point], totals: Totals, *, newest: int) -> dict[str, Any]:
    """Return the summary of a target.

    Parameters
    ----------
    points : sequence of Point
        The target's newest positive detections and limits, in any order.
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
    points = sorted(points, key=lambda point: point.time_us)
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
        "points": [point.drawn for point in points[-newest:]],
    }
    detected = [point for point in points if not point.is_limit]
    if detected:
        last = detected[-1]
        facts["last_mag"], facts["last_band"] = last.mag, last.band
        facts["last_mag_error"] = last.mag_err if math.isfinite(last.mag_err) else None
        facts["rate_mag_per_day"], facts["rate_error"] = _rate(detected)
    return facts


def _rate(detected: Sequence[Point]) -> tuple[float | None, float | None]:
    """Return slope and error (mag per day) in the band of the newest of some detections."""
    last = detected[-1]
    since_us = last.time_us - RATE_DAYS * US_PER_DAY
    used = [point for point in detected if point.band == last.band and point.time_us >= since_us]
    days = [(point.time_us - last.time_us) / US_PER_DAY for point in used]
    if days[-1] - days[0] < MIN_RATE_DAYS:
        return None, None
    return slope(days, [point.mag for point in used], [point.mag_err for point in used])


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
