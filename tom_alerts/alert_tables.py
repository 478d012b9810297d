"""A decoded batch of alerts as a table that filters judge; see ``result_tables`` for the results of a query.

Columns are made when a filter asks for them, over the whole batch at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tom_alerts.expressions.vocabulary import EXTRAS, SURVEY_OF_PATH
from tom_alerts.field_values import floats_of, of_kind
from tom_alerts.point_photometry import fluxes_of, magnitudes_of
from tom_alerts.values import plain_column
from tom_common.astro.galactic import galactic_from_icrs
from tom_common.astro.time import JD_OF_MJD_0, mjd_tai_to_mjd_utc, mjd_utc_to_mjd_tai, unix_us_to_mjd_utc
from tom_dataservices.packets.batch import AlertBatch, PointKind

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_HALF_DAY_US = 43_200_000_000
_COMMON_EXTRAS = {
    "star_score": ("sgscore1",),
    "star_dist_arcsec": ("distpsnr1",),
    "extendedness": ("extendedness",),
    "solar_system_name": ("ssnamenr",),
    "class": ("classification", "fink_class"),
    "class_prob": ("classification_probability",),
}
_PATH_EXTRAS = {
    "candidate.rb": "rb",
    "candidate.drb": "drb",
    "candidate.magnr": "magnr",
    "candidate.programid": "programid",
    "candidate.ssdistnr": "ssdistnr",
    "candidate.ssmagnr": "ssmagnr",
    "candidate.ssnamenr": "ssnamenr",
    "candidate.sgscore1": "sgscore1",
    "candidate.distpsnr1": "distpsnr1",
    "candidate.ndethist": "ndethist",
    "candidate.jdstarthist": "jdstarthist",
    "diaSource.reliability": "reliability",
    "diaSource.snr": "snr",
    "diaSource.extendedness": "extendedness",
    "diaSource.isNegative": "isNegative",
    "diaObject.nDiaSources": "nDiaSources",
    "diaObject.firstDiaSourceMjdTai": "firstDiaSourceMjdTai",
    "diaObject.lastDiaSourceMjdTai": "lastDiaSourceMjdTai",
}
_PATH_FIELDS = {
    "candidate.magpsf": "mag",
    "candidate.sigmapsf": "mag_err",
    "candidate.ra": "ra",
    "candidate.dec": "dec",
    "diaSource.ra": "ra",
    "diaSource.dec": "dec",
    "diaSource.band": "band",
    "diaSource.psfFlux": "flux_njy",
    "diaSource.psfFluxErr": "flux_err_njy",
    "objectId": "object",
}


class BatchTable:
    """The alerts of a batch.

    Parameters
    ----------
    batch : AlertBatch
    rows : sequence of int, optional
        Objects of the batch that are meant; all by default.
    """

    def __init__(self, batch: AlertBatch) -> None:
        self.batch = batch
        self._columns: dict[str, Sequence[Any]] = {}

    def __len__(self) -> int:
        return len(self.batch.objects)

    def column(self, key: str) -> Sequence[Any]:
        """Return the values of a field, one for each alert; None where there is none."""
        found = self._columns.get(key)
        if found is None:
            found = self._columns[key] = self._made(key)
        return found

    def _made(self, key: str) -> Sequence[Any]:
        if key.startswith(EXTRAS):
            return of_kind(self._extras(key.removeprefix(EXTRAS)), key)
        survey = SURVEY_OF_PATH.get(key)
        if survey is not None:
            return self._path(key) if survey == self.batch.survey else [None] * len(self)
        if key in _COMMON_EXTRAS:
            return of_kind(self._extras(*_COMMON_EXTRAS[key]), key)
        return _MAKERS[key](self)

    def _path(self, path: str) -> Sequence[Any]:
        if path in _PATH_EXTRAS:
            return of_kind(self._extras(_PATH_EXTRAS[path]), path)
        if path in _PATH_FIELDS:
            return self.column(_PATH_FIELDS[path])
        if path == "candidate.jd":
            return plain_column(self.mjd + JD_OF_MJD_0)
        if path == "diaSource.midpointMjdTai":
            return plain_column(mjd_utc_to_mjd_tai(self.mjd))
        if path == "candidate.fid":
            codes = {"g": 1.0, "r": 2.0, "i": 3.0}
            return [codes.get(band) for band in self.column("band")]
        if path == "candidate.isdiffpos":
            return [None if value is None else "f" if value else "t" for value in self.column("is_negative")]
        return [alert.alert_id for alert in self.batch.objects]  # candid, diaSourceId

    def _extras(self, *names: str) -> list[Any]:
        if len(names) == 1:
            name = names[0]
            return [alert.extras.get(name) for alert in self.batch.objects]
        rows = (alert.extras for alert in self.batch.objects)
        return [next((value for name in names if (value := row.get(name)) is not None), None) for row in rows]

    def of_newest(self, values: NDArray[Any]) -> Floats:
        """Return a column of points at the newest detection of each alert, NaN where there is none."""
        known = self.newest >= 0
        found = np.full(len(self), np.nan)
        found[known] = values[self.newest[known]]
        return found

    @cached_property
    def mjd(self) -> Floats:
        """Times of the alerts, MJD UTC, shape (n,)."""
        return np.array([alert.mjd_utc for alert in self.batch.objects], dtype=np.float64)

    @cached_property
    def detections(self) -> Ints:
        """The points that are detections, of each object ascending in time."""
        points = self.batch.points
        rows = np.flatnonzero(points.kind == PointKind.DETECTION)
        return rows[np.argsort(points.time_us[rows], kind="stable")]

    @cached_property
    def newest(self) -> Ints:
        """The newest detection of each alert among the points, -1 where there is none, shape (n,)."""
        return self.last_of(self.detections)

    def last_of(self, rows: Ints) -> Ints:
        """Return for each alert the last of some points, -1 where there is none."""
        found = np.full(len(self), -1, dtype=np.int64)
        found[self.batch.points.object_index[rows]] = rows  # of several the last stays
        return found

    @cached_property
    def _magnitudes(self) -> tuple[Floats, Floats]:
        return magnitudes_of(self.batch.points)

    @property
    def point_mag(self) -> Floats:
        """AB magnitudes of all points; NaN for a flux that is not positive."""
        return self._magnitudes[0]

    def mag_error(self) -> Floats:
        """Return the errors of the magnitudes of the newest detections, mag."""
        return self.of_newest(self._magnitudes[1])

    @cached_property
    def flux(self) -> tuple[Floats, Floats]:
        """Flux and error of the newest detections, nJy; those of magnitudes are converted."""
        known = np.flatnonzero(self.newest >= 0)
        flux, error = np.full((2, len(self)), np.nan)
        flux[known], error[known] = fluxes_of(self.batch.points.take(self.newest[known]))
        return flux, error

    @cached_property
    def first_mjd(self) -> Floats:
        """Times of the first detections: as the survey says, or of the oldest one in the packet."""
        found = np.full(len(self), np.nan)
        rows = self.detections[::-1]
        found[self.batch.points.object_index[rows]] = unix_us_to_mjd_utc(self.batch.points.time_us[rows])
        for name, convert in (
            ("jdstarthist", lambda values: values - JD_OF_MJD_0),
            ("firstDiaSourceMjdTai", mjd_tai_to_mjd_utc),
        ):
            told = floats_of(self._extras(name))
            if np.isfinite(told).any():
                found = np.fmin(found, convert(told))
        return found

    def earlier(self) -> Ints:
        """Return the last detection in the band of the newest, half a day before it at least; -1 for none."""
        points, newest = self.batch.points, self.newest
        rows = self.detections
        against = newest[points.object_index[rows]]
        fits = (points.band[rows] == points.band[against]) & (
            points.time_us[rows] <= points.time_us[against] - _HALF_DAY_US
        )
        usable = np.isfinite(self.point_mag[rows]) & ~points.is_negative[rows]
        return self.last_of(rows[fits & usable & (against >= 0)])

    def last_limits(self) -> Ints:
        """Return the newest limit before the first detection, -1 for none."""
        points = self.batch.points
        rows = np.flatnonzero((points.kind == PointKind.LIMIT) & np.isfinite(points.limit))
        rows = rows[np.argsort(points.time_us[rows], kind="stable")]
        first = self.first_mjd[points.object_index[rows]]
        return self.last_of(rows[unix_us_to_mjd_utc(points.time_us[rows]) < first])


def _band(table: BatchTable) -> list[str | None]:
    codes, bands = table.batch.points.band, table.batch.bands
    return [bands[codes[row]] if row >= 0 else None for row in table.newest.tolist()]


def _is_negative(table: BatchTable) -> list[bool | None]:
    points = table.batch.points
    negative = points.is_negative | (points.is_flux & (points.brightness < 0))
    told = table._extras("isNegative")
    found = [bool(negative[row]) if row >= 0 else None for row in table.newest.tolist()]
    return [own if isinstance(own, bool) else other for own, other in zip(told, found, strict=True)]


def _snr(table: BatchTable) -> list[float | None]:
    flux, error = table.flux
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.abs(flux) / np.where(error > 0, error, np.nan)
    told = floats_of(table._extras("snr"))
    return plain_column(np.where(np.isfinite(told), told, ratio))


def _galactic(table: BatchTable, which: int) -> list[float | None]:
    ra, dec = (floats_of(table.column(name)) for name in ("ra", "dec"))
    return plain_column(np.asarray(galactic_from_icrs(ra, dec)[which]))


def _counted(table: BatchTable, kind: PointKind) -> Floats:
    points = table.batch.points
    return np.bincount(points.object_index[points.kind == kind], minlength=len(table)).astype(np.float64)


def _n_detections(table: BatchTable) -> list[float | None]:
    told = floats_of(table._extras("ndethist", "nDiaSources"))
    return plain_column(np.where(np.isfinite(told), told, _counted(table, PointKind.DETECTION)))


def _rate(table: BatchTable) -> list[float | None]:
    points, before = table.batch.points, table.earlier()
    known = before >= 0
    days = np.full(len(table), np.nan)
    change = np.full(len(table), np.nan)
    now = table.newest[known]
    days[known] = (points.time_us[now] - points.time_us[before[known]]) / (2 * _HALF_DAY_US)
    change[known] = table.point_mag[now] - table.point_mag[before[known]]
    return plain_column(change / days)


def _peak(table: BatchTable) -> Floats:
    points, rows = table.batch.points, table.detections
    rows = rows[~points.is_negative[rows] & np.isfinite(table.point_mag[rows])]
    found = np.full(len(table), np.inf)
    np.minimum.at(found, points.object_index[rows], table.point_mag[rows])
    return found


def _limit_mag(table: BatchTable) -> list[float | None]:
    rows = table.last_limits()
    return [float(table.batch.points.limit[row]) if row >= 0 else None for row in rows.tolist()]


def _limit_age(table: BatchTable) -> list[float | None]:
    rows = table.last_limits()
    known = rows >= 0
    found = np.full(len(table), np.nan)
    found[known] = table.first_mjd[known] - unix_us_to_mjd_utc(table.batch.points.time_us[rows[known]])
    return plain_column(found)


def _is_solar_system(table: BatchTable) -> list[bool]:
    return [not alert.is_sidereal or alert.extras.get("ss_match") is True for alert in table.batch.objects]


def _positions(table: BatchTable, name: str) -> list[float | None]:
    return plain_column(np.array([getattr(alert, name) for alert in table.batch.objects], dtype=np.float64))


_MAKERS: dict[str, Callable[[BatchTable], Sequence[Any]]] = {
    "object": lambda table: [alert.name for alert in table.batch.objects],
    "survey": lambda table: [table.batch.survey] * len(table),
    "simulated": lambda table: [
        table.batch.is_simulated or alert.extras.get("simulated") is True for alert in table.batch.objects
    ],
    "mag": lambda table: plain_column(table.of_newest(table.point_mag)),
    "mag_err": lambda table: plain_column(table.mag_error()),
    "flux_njy": lambda table: plain_column(table.flux[0]),
    "flux_err_njy": lambda table: plain_column(table.flux[1]),
    "snr": _snr,
    "band": _band,
    "is_negative": _is_negative,
    "real_bogus": lambda table: of_kind(table._extras("drb", "rb", "reliability"), "real_bogus"),
    "ra": lambda table: _positions(table, "ra_deg"),
    "dec": lambda table: _positions(table, "dec_deg"),
    "gal_lon": lambda table: _galactic(table, 0),
    "gal_lat": lambda table: _galactic(table, 1),
    "mjd": lambda table: plain_column(table.mjd),
    "mjd_first": lambda table: plain_column(table.first_mjd),
    "duration_d": lambda table: plain_column(table.mjd - table.first_mjd),
    "n_detections": _n_detections,
    "n_limits": lambda table: plain_column(_counted(table, PointKind.LIMIT)),
    "rate_mag_per_d": _rate,
    "mag_peak": lambda table: plain_column(_peak(table)),
    "below_peak_mag": lambda table: plain_column(table.of_newest(table.point_mag) - _peak(table)),
    "last_limit_mag": _limit_mag,
    "last_limit_age_d": _limit_age,
    "is_solar_system": _is_solar_system,
}
