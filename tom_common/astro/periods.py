"""Periods of unevenly sampled light curves: the Lomb-Scargle periodogram, its peaks and what they are worth.

Pure. astropy is imported where it is used: most processes never look for a period.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_POINTS = 8
MAX_FREQUENCIES = 5_000_000
OVERSAMPLING = 8
"""Frequencies per width of a peak, which is the inverse of the time span."""
CANDIDATES = 6
SPECTRUM_BINS = 1200
_SIDEREAL_DAY_D = 0.99726957
_FINE = 41


class PeriodError(ValueError):
    """A period cannot be looked for; the text says why."""


@dataclass(frozen=True)
class Candidate:
    """One peak of a periodogram.

    Attributes
    ----------
    period_d, period_err_d : float
        Period, and the half width of its peak, days.
    power : float
        Standard normalisation: the part of the scatter that a sine of this period explains, 0 to 1.
    false_alarm : float
        Probability that noise alone has a peak as high anywhere in the range searched.
    remark : str
        What it may be instead: an alias of a stronger one, a multiple of it.
    """

    period_d: float
    period_err_d: float
    power: float
    false_alarm: float
    remark: str


@dataclass(frozen=True)
class Periodogram:
    """Peaks, highest first, and the spectrum in bins of frequency that hold their highest power.

    Attributes
    ----------
    candidates : list of Candidate
    frequency_per_d : (float, float)
        Range of the spectrum, 1/day.
    power : list of float
        Highest power in each of the equally wide bins.
    points : int
        Measurements used.
    span_d : float
        Days from the first to the last.
    frequencies : int
        At how many the power was computed.
    """

    candidates: list[Candidate]
    frequency_per_d: tuple[float, float]
    power: list[float]
    points: int
    span_d: float
    frequencies: int

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def find_periods(
    mjd: Floats,
    brightness: Floats,
    error: Floats,
    band: Sequence[int] | NDArray[Any],
    *,
    min_period_d: float,
    max_period_d: float | None = None,
) -> Periodogram:
    """Look for periods by the Lomb-Scargle periodogram.

    The weighted mean of each band is taken off first, so that several bands are one series: right for signals
    of like amplitude in all of them. The mean floats in the fit.

    Parameters
    ----------
    mjd : ndarray, shape (n,)
        Times, days; any scale and zero.
    brightness, error : ndarray, shape (n,)
        Magnitudes or fluxes with 1-sigma errors. Rows without a finite brightness are left out. If any row
        has no positive error, all count the same.
    band : array of int, shape (n,)
        Number of each row's band.
    min_period_d, max_period_d : float
        Range, days; the longest is the whole time span by default.

    Raises
    ------
    PeriodError
        If there are too few points, or the range is empty or too wide.

    References
    ----------
    VanderPlas (2018), doi:10.3847/1538-4365/aab766; Baluev (2008), doi:10.1111/j.1365-2966.2008.12689.x.
    """
    from astropy.timeseries import LombScargle

    mjd, series, weight_error = _prepared(mjd, brightness, error, np.asarray(band))
    span = float(mjd.max() - mjd.min())
    longest = span if max_period_d is None else min(max_period_d, span)
    if not 0.0 < min_period_d < longest:
        raise PeriodError(
            f"the shortest period, {min_period_d:g} d, is not shorter than the longest, {longest:.5g} d"
            " (at most the time from the first to the last point)"
        )
    low, high = 1.0 / longest, 1.0 / min_period_d
    step = 1.0 / (OVERSAMPLING * span)
    count = math.ceil((high - low) / step) + 1
    if count > MAX_FREQUENCIES:
        least = 1.0 / (low + (MAX_FREQUENCIES - 1) * step)
        raise PeriodError(
            f"{count:,} frequencies are too many over {span:,.0f} d; look for periods above {least:.2g} d"
        )
    frequency = low + step * np.arange(count)
    search = LombScargle(mjd, series, weight_error)
    method = "fast" if count > 200 else "slow"
    power = np.nan_to_num(
        search.power(frequency, method=method, assume_regular_frequency=True, normalization="standard")
    )
    spread = _weighted_variance(mjd, weight_error)
    peaks = []
    for place in _peaks(power, apart=OVERSAMPLING):
        fine = np.clip(np.linspace(frequency[place] - step, frequency[place] + step, _FINE), low / 2, None)
        around = search.power(fine, method="slow", normalization="standard")
        best = int(np.argmax(around))
        peaks.append((float(fine[best]), float(around[best])))
    peaks.sort(key=lambda peak: -peak[1])
    return Periodogram(
        candidates=_candidates(peaks, span, len(mjd), high, spread),
        frequency_per_d=(low, float(frequency[-1])),
        power=_binned(power),
        points=len(mjd),
        span_d=span,
        frequencies=count,
    )


def _prepared(
    mjd: Floats, brightness: Floats, error: Floats, band: NDArray[Any]
) -> tuple[Floats, Floats, Floats | None]:
    good = np.isfinite(brightness) & np.isfinite(mjd)
    mjd, brightness, error, band = mjd[good], brightness[good], error[good], band[good]
    if len(mjd) < MIN_POINTS:
        raise PeriodError(f"{len(mjd)} points are too few for a period; at least {MIN_POINTS} are needed")
    has_errors = bool((error > 0.0).all())
    weight = 1.0 / error**2 if has_errors else np.ones_like(mjd)
    _, number = np.unique(band, return_inverse=True)
    mean = np.bincount(number, weight * brightness) / np.bincount(number, weight)
    series = brightness - mean[number]
    if not np.ptp(series) > 0.0 or not np.ptp(mjd) > 0.0:
        raise PeriodError("the points do not vary, or are all of one time")
    return mjd, series, error if has_errors else None


def _weighted_variance(mjd: Floats, error: Floats | None) -> float:
    weight = np.ones_like(mjd) if error is None else 1.0 / error**2
    mean = np.average(mjd, weights=weight)
    return float(np.average((mjd - mean) ** 2, weights=weight))


def _peaks(power: Floats, *, apart: int) -> list[int]:
    """Return the places of the highest local maxima that are at least so many steps apart."""
    inner = np.flatnonzero((power[1:-1] >= power[:-2]) & (power[1:-1] > power[2:])) + 1
    order = inner[np.argsort(-power[inner], kind="stable")]
    kept: list[int] = []
    for place in order.tolist():
        if all(abs(place - other) > apart for other in kept):
            kept.append(place)
        if len(kept) == CANDIDATES:
            break
    return kept


def _candidates(
    peaks: list[tuple[float, float]], span: float, points: int, high: float, spread: float
) -> list[Candidate]:
    found: list[Candidate] = []
    for frequency, power in peaks:
        remark = ""
        for number, (other, _) in enumerate(peaks[: len(found)], 1):
            if found[number - 1].remark == "" and (word := _relation(frequency, other, 1.5 / span)):
                remark = f"{word} no. {number}"
                break
        found.append(
            Candidate(
                period_d=1.0 / frequency,
                period_err_d=0.5 / (span * frequency**2),
                power=power,
                false_alarm=false_alarm_probability(
                    power, points=points, max_frequency_per_d=high, time_variance_d2=spread
                ),
                remark=remark,
            )
        )
    return found


def _relation(frequency: float, stronger: float, width: float) -> str:
    """Say what a frequency is of a stronger one: an alias by the days, a multiple; '' for neither."""
    for factor in (2, 3):
        if abs(frequency - factor * stronger) < width:
            return f"1/{factor} of"
        if abs(frequency * factor - stronger) < width:
            return f"{factor} times"
    for day in (1.0, _SIDEREAL_DAY_D):
        for turns in (1, 2, 3):
            beat = turns / day
            if min(abs(abs(frequency - stronger) - beat), abs(frequency + stronger - beat)) < width:
                return "daily alias of"
    return ""


def false_alarm_probability(
    power: float, *, points: int, max_frequency_per_d: float, time_variance_d2: float
) -> float:
    """Give the upper limit of the chance that noise has a peak as high up to a frequency.

    Parameters
    ----------
    power : float
        Of the peak, in the standard normalisation.
    points : int
        Measurements.
    max_frequency_per_d : float
        Upper end of the search, 1/day.
    time_variance_d2 : float
        Weighted variance of the times, days squared.

    References
    ----------
    Baluev (2008), doi:10.1111/j.1365-2966.2008.12689.x, equations 5 and 6 and table 1.
    """
    if points <= 3:
        return 1.0
    rest = max(0.0, 1.0 - min(power, 1.0))
    single = rest ** (0.5 * (points - 3))
    shape = math.sqrt(2.0 / (points - 1)) * math.exp(
        math.lgamma((points - 1) / 2.0) - math.lgamma((points - 2) / 2.0)
    )
    width = max_frequency_per_d * math.sqrt(4.0 * math.pi * time_variance_d2)
    tau = shape * width * rest ** (0.5 * (points - 4)) * math.sqrt(0.5 * (points - 1) * max(power, 0.0))
    # 1 - (1 - single) exp(-tau), exact also where it is tiny
    return min(1.0, max(0.0, -math.expm1(-tau) + single * math.exp(-tau)))


def _binned(power: Floats) -> list[float]:
    """Return the highest power in each of at most `SPECTRUM_BINS` equally wide bins."""
    bins = min(SPECTRUM_BINS, len(power))
    starts = (np.arange(bins) * len(power)) // bins
    return np.round(np.maximum.reduceat(power, starts), 5).tolist()
