"""Photometry as columns: typed and generic rows of targets in one shape, brightness as magnitude and as flux.

Built by ``tom_dataproducts.selectors``; read by the endpoint, the downloads, plots and summaries.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tom_common.astro.photometry import ab_mag_to_flux_njy, flux_limit_ab_mag, flux_njy_to_ab_mag
from tom_common.astro.time import unix_us_to_mjd_utc
from tom_dataproducts.values import brightness_unit

Floats = NDArray[np.float64]

FORCED_VERSION = "forced"
MIN_SNR = 3.0
"""Forced or other flux below this signal-to-noise ratio is shown as a limit of as many sigmas."""


def is_forced_version(version: str) -> bool:
    """Tell whether a version of a reduction is one of forced photometry: the word, or the word and more."""
    return version == FORCED_VERSION or version.startswith(f"{FORCED_VERSION} ")


class Kind(IntEnum):
    """What a point of a light curve is."""

    DETECTION = 0
    LIMIT = 1
    FORCED = 2


@dataclass(frozen=True)
class Coded:
    """A column of few different values: the values, and for each row the number of its value."""

    values: list
    codes: NDArray[np.int16]

    @classmethod
    def of(cls, column: Sequence[Hashable]) -> Coded:
        """Encode a column; values are numbered as they come."""
        numbers: dict[Hashable, int] = {}
        codes = np.fromiter(
            (numbers.setdefault(value, len(numbers)) for value in column), np.int16, len(column)
        )
        return cls(list(numbers), codes)

    def mapped(self, function: Callable[[Any], Hashable]) -> Coded:
        """Return the column of what a function makes of each value."""
        found = Coded.of([function(value) for value in self.values])
        return Coded(found.values, found.codes[self.codes])

    def expanded(self) -> list:
        """Return the value of every row."""
        return [self.values[code] for code in self.codes]


@dataclass(frozen=True)
class LightCurveColumns:
    """Photometry of one target, sorted by time; the arrays share the shape (n,), NaN where there is none.

    Attributes
    ----------
    time_us : int64
        Microseconds since 1970-01-01 UTC.
    band : Coded of str
        Passbands.
    origin : Coded of (str, str, str)
        Source name, telescope, instrument.
    version : Coded of str
        Reduction versions.
    kind : uint8
        Members of `Kind`.
    mag, mag_err : float64
        Magnitude: as measured, or AB from a flux whose signal-to-noise ratio is at least `MIN_SNR`. That of
        a negative point is of the absolute difference flux.
    limit : float64
        Limiting magnitude: of limits as given, of fluxes without magnitude that of `MIN_SNR` sigmas.
    flux, flux_err : float64
        nJy, signed: as measured, or from an AB magnitude.
    negative : bool
        Whether the source is fainter than in the reference image.
    """

    time_us: NDArray[np.int64]
    band: Coded
    origin: Coded
    version: Coded
    kind: NDArray[np.uint8]
    mag: Floats
    mag_err: Floats
    limit: Floats
    flux: Floats
    flux_err: Floats
    negative: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.time_us)

    @property
    def mjd_utc(self) -> Floats:
        """Times as MJD, UTC."""
        return unix_us_to_mjd_utc(self.time_us)

    def newest(self, count: int) -> LightCurveColumns:
        """Return the newest points, newest first."""
        return self.taken(np.arange(len(self))[::-1][:count])

    def taken(self, rows: NDArray[np.intp]) -> LightCurveColumns:
        """Return the rows of these numbers, in their order."""
        return LightCurveColumns(
            time_us=self.time_us[rows],
            band=Coded(self.band.values, self.band.codes[rows]),
            origin=Coded(self.origin.values, self.origin.codes[rows]),
            version=Coded(self.version.values, self.version.codes[rows]),
            **{name: getattr(self, name)[rows] for name in _ARRAYS},
        )


_ARRAYS = ("kind", "mag", "mag_err", "limit", "flux", "flux_err", "negative")


class Label(NamedTuple):
    """What many points have in common; in the order in which ``Labels`` joins the columns."""

    band: str
    unit: str
    version: str
    source: str
    telescope: str
    instrument: str


@dataclass(frozen=True)
class Measurements:
    """Photometry as stored: brightness, error and limit in the unit of each row; columns of shape (n,)."""

    time_us: NDArray[np.int64]
    label: Coded  # of Label
    brightness: Floats
    error: Floats
    limit: Floats
    negative: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.time_us)


def times_to_unix_us(column: Sequence) -> NDArray[np.int64]:
    """Return what ``TimeColumn`` gives as microseconds since 1970 (UTC)."""
    if len(column) and isinstance(column[0], str):
        return np.array(column, dtype="datetime64[us]").astype(np.int64)
    return np.array(column, dtype=np.int64)


def light_curve(points: Measurements) -> LightCurveColumns:
    """Return measurements sorted by time, each as magnitude and as flux density (see `converted`)."""
    return _sorted(converted(points))


def converted(points: Measurements) -> LightCurveColumns:
    """Return measurements in their order, each as magnitude and as flux density.

    Parameters
    ----------
    points : Measurements
        A limit is in the unit of its row.
    """
    labels, codes = points.label.values, points.label.codes
    units = [brightness_unit(label.unit) for label in labels]
    scale = np.array([np.nan if unit.flux_njy is None else unit.flux_njy for unit in units], float)[codes]
    is_mag = np.array([unit.is_magnitude for unit in units], bool)[codes]
    is_ab = np.array([unit.is_ab for unit in units], bool)[codes]
    is_forced = np.array([is_forced_version(label.version) for label in labels], bool)[codes]

    brightness = np.where(np.isfinite(points.brightness), points.brightness, np.nan)
    error = np.where(points.error > 0.0, points.error, np.nan)
    is_limit = np.isnan(brightness)
    flux, flux_err = brightness * scale, error * scale
    mag, mag_err = flux_njy_to_ab_mag(flux, flux_err, min_snr=MIN_SNR)
    limit = _limits(points.limit, scale, is_limit)
    limit = np.where(np.isfinite(flux) & np.isnan(mag), flux_limit_ab_mag(flux_err, n_sigma=MIN_SNR), limit)
    mag = np.where(is_mag, brightness, mag)
    mag_err = np.where(is_mag, error, mag_err)

    negative = points.negative | (flux < 0.0)
    with np.errstate(over="ignore"):
        ab_flux, ab_flux_err = ab_mag_to_flux_njy(np.where(is_ab, brightness, np.nan), error)
    flux = np.where(is_ab, np.where(negative, -ab_flux, ab_flux), flux)
    flux_err = np.where(is_ab, ab_flux_err, flux_err)

    kind = np.where(is_forced, Kind.FORCED, np.where(is_limit, Kind.LIMIT, Kind.DETECTION)).astype(np.uint8)
    return LightCurveColumns(
        time_us=points.time_us,
        band=points.label.mapped(lambda label: label.band),
        origin=points.label.mapped(lambda label: (label.source, label.telescope, label.instrument)),
        version=points.label.mapped(lambda label: label.version),
        kind=kind,
        mag=mag,
        mag_err=mag_err,
        limit=limit,
        flux=flux,
        flux_err=flux_err,
        negative=negative,
    )


def _limits(limit: Floats, scale: Floats, is_limit: NDArray[np.bool_]) -> Floats:
    """Return the limits of rows without a brightness as magnitudes, those in flux units converted."""
    as_flux = limit * scale
    unknown = np.full_like(limit, np.nan)
    mag, _ = flux_njy_to_ab_mag(as_flux, unknown)
    return np.where(is_limit, np.where(np.isfinite(scale), mag, limit), np.nan)


def _sorted(curve: LightCurveColumns) -> LightCurveColumns:
    if (np.diff(curve.time_us) >= 0).all():
        return curve
    return curve.taken(np.argsort(curve.time_us, kind="stable"))
