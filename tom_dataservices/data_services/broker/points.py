"""Photometry of brokers into rows: the same point is one row, whichever broker or packet brings it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.db import transaction

from tom_common.astro.bands import canonical_band
from tom_common.astro.photometry import flux_njy_to_ab_mag
from tom_common.astro.time import NO_TIME, mjd_tai_to_mjd_utc, mjd_tai_to_unix_us, mjd_utc_to_unix_us
from tom_common.bulk import insert_new
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataproducts.summaries import refresh_summaries
from tom_dataservices.clients.broker import shown_brightness
from tom_dataservices.clients.rubin_rows import ab_magnitude
from tom_dataservices.data_services.broker.told_anew import correct, stored_points, take_back, with_stored
from tom_dataservices.data_services.broker.twins import unite
from tom_dataservices.ingest.points import photometry_columns
from tom_dataservices.packets.batch import AlertBatch, PointColumns, PointKind

_SPARKLINE_POINTS = 40


@dataclass(frozen=True)
class Survey:
    """Who measured: its name as rows bear it, telescope, instrument, and the system of its magnitudes."""

    name: str
    telescope: str = ""
    instrument: str = ""
    magnitude_system: str = "AB"


SURVEYS = {
    survey.name: survey
    for survey in (
        Survey("ZTF", "P48", "ZTF"),
        Survey("LSST", "Rubin", "LSSTCam"),
        Survey("DECam", "Blanco", "DECam"),
        Survey("Gaia", "Gaia", "Gaia", "Vega"),
    )
}
SURVEYS |= {f"{name} Vega": Survey(name, magnitude_system="Vega") for name in ("TNS", "Hermes")}
"""By name; those of alert packets bear the same telescope and instrument there."""


def photometry_batch(points: Sequence[dict[str, Any]], survey: Survey) -> AlertBatch:
    """Return points of one object (``clients.broker.point``) in the form that packets are brought to.

    Those without a usable time or band are left out; a repeated point stays and is told apart by its key.
    """
    bands: list[str] = []
    band_of = []
    for one in points:
        name = canonical_band(str(one["band"])) or str(one["band"])[:32]
        if name not in bands:
            bands.append(name)
        band_of.append(bands.index(name))
    mjd = _floats(points, "mjd")
    is_tai = np.array([bool(one.get("tai")) for one in points], dtype=bool)
    time_us = np.where(is_tai, mjd_tai_to_unix_us(mjd), mjd_utc_to_unix_us(mjd))
    flux, mag, limit = _floats(points, "flux_njy"), _floats(points, "mag"), _floats(points, "limit")
    is_flux = np.isfinite(flux)
    is_limit = ~is_flux & ~np.isfinite(mag) & np.isfinite(limit)
    is_forced = np.array([bool(one.get("forced")) for one in points], dtype=bool)
    kind = np.where(is_limit, PointKind.LIMIT, np.where(is_forced, PointKind.FORCED, PointKind.DETECTION))
    columns = PointColumns.of(
        len(points),
        object_index=0,
        time_us=time_us,
        kind=kind,
        band=band_of,
        brightness=np.where(is_flux, flux, mag),
        brightness_error=np.where(is_flux, _floats(points, "flux_err_njy"), _floats(points, "mag_err")),
        limit=np.where(is_limit, limit, np.nan),
        is_negative=[bool(one.get("negative")) for one in points],
        is_flux=is_flux,
        survey_id=[_survey_id(one.get("measurement")) for one in points],
        ra_deg=_floats(points, "ra"),
        dec_deg=_floats(points, "dec"),
    )
    return AlertBatch(
        survey=survey.name,
        telescope=survey.telescope,
        instrument=survey.instrument,
        magnitude_system=survey.magnitude_system,
        bands=bands,
        points=columns.take(time_us != NO_TIME),
        received=len(points),
    )


def store_points(
    target: Any, points: Iterable[dict[str, Any]], *, survey: str, user: Any = None
) -> list[Any]:
    """Store photometry of a target and return its rows, those that were there already among them.

    A point that is stored with another value is corrected: what the broker says last counts.

    Parameters
    ----------
    target : Target
    points : iterable of dict
        As ``clients.broker.point`` makes them, with ``telescope`` and ``instrument`` where they differ.
    survey : str
        Whose they are where a point does not say.
    user : User, optional
        In whose name the history notes corrections.
    """
    rows: dict[int, Any] = {}
    new_keys: list[int] = []
    changed = 0
    with transaction.atomic():
        for told, has_sign in _columns(target, points, survey):
            columns, stored, united = unite(target, *with_stored(target, told), user=user)
            keys = columns["point_key"].tolist()
            rows |= stored
            changed += united + correct(target, stored, columns, has_sign=has_sign, user=user)
            is_new = np.array([key not in stored for key in keys], dtype=bool)
            if is_new.any():
                fresh = {name: _taken(values, is_new) for name, values in columns.items()}
                changed += insert_new(PhotometryReducedDatum, fresh).inserted
                new_keys += np.asarray(fresh["point_key"]).tolist()
        if changed:
            refresh_summaries([target.pk])
    return list((rows | stored_points(target, new_keys)).values())


def remove_points(target: Any, points: Iterable[dict[str, Any]], *, survey: str, user: Any = None) -> int:
    """Delete those points of a target that are stored though the survey withdrew them; return how many.

    See `store_points`; the history keeps them.
    """
    with transaction.atomic():
        stored: dict[int, Any] = {}
        for columns, _ in _columns(target, points, survey):
            stored |= with_stored(target, columns)[1]
        removed = take_back(target, stored.values(), user=user)
        if removed:
            refresh_summaries([target.pk])
    return removed


def _columns(
    target: Any, points: Iterable[dict[str, Any]], survey: str
) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield columns of the table of photometry, for each survey, and whether their signs are told.

    Detections without a number come after those with one, which they may repeat.
    """
    parts: dict[tuple[Survey, bool, bool], list[dict[str, Any]]] = {}
    for one in points:
        is_detection = "limit" not in one and not one.get("forced")
        is_bare = is_detection and not _survey_id(one.get("measurement"))
        parts.setdefault((_survey_of(one, survey), is_bare, bool(one.get("no_sign"))), []).append(one)
    for (found, _, no_sign), listed in sorted(parts.items(), key=lambda part: part[0][1:]):
        batch = photometry_batch(listed, found)
        owners = np.array([target.pk], dtype=np.int64)
        yield photometry_columns(batch, owners, source_name=batch.survey)[0], not no_sign


def _taken(values: Any, chosen: np.ndarray) -> Any:
    if isinstance(values, np.ndarray):
        return values[chosen]
    return [value for value, is_taken in zip(values, chosen.tolist(), strict=True) if is_taken]


def _survey_of(one: dict[str, Any], default: str) -> Survey:
    name = one.get("survey") or default
    found = SURVEYS.get(name, Survey(name))
    own = {key: str(one[key])[:100] for key in ("telescope", "instrument") if one.get(key)}
    return replace(found, **own) if own else found


def sparkline_points(points: Iterable[dict[str, Any]]) -> list[list[Any]]:
    """Return the newest points as ``sparkline_svg`` takes them: MJD (UTC), AB magnitude, band, is a limit."""
    listed = [one for one in points if not one.get("negative")]
    if not listed:
        return []
    mjd = _floats(listed, "mjd")
    is_tai = np.array([bool(one.get("tai")) for one in listed], dtype=bool)
    mjd = np.where(is_tai, mjd_tai_to_mjd_utc(mjd), mjd)
    error = _floats(listed, "flux_err_njy")
    from_flux, _ = flux_njy_to_ab_mag(_floats(listed, "flux_njy"), np.where(error > 0, error, np.nan))
    mag, limit = _floats(listed, "mag"), _floats(listed, "limit")
    shown = np.where(np.isfinite(mag), mag, from_flux)
    found = [
        [when, value if np.isfinite(value) else bound, one["band"], not np.isfinite(value)]
        for when, value, bound, one in zip(mjd.tolist(), shown.tolist(), limit.tolist(), listed, strict=True)
        if np.isfinite(value) or np.isfinite(bound)
    ]
    return sorted(found, key=lambda item: item[0])[-_SPARKLINE_POINTS:]


def newest_brightness(points: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the newest detection as results show it: ``mag``, ``mag_err``, ``flux_njy`` and ``band``."""
    detected = [one for one in points if not one.get("forced") and one.keys() & {"mag", "flux_njy"}]
    newest = max(detected, key=lambda one: one["mjd"], default=None)
    if newest is None:
        return {}
    flux = newest.get("flux_njy")
    if flux is None:
        is_negative = bool(newest.get("negative"))
        mag, error, flux = shown_brightness(newest["mag"], newest.get("mag_err"), negative=is_negative)
    else:
        mag, error = ab_magnitude(flux, newest.get("flux_err_njy"))
    return {"mag": mag, "mag_err": error, "flux_njy": flux, "band": newest["band"]}


def _floats(points: Sequence[dict[str, Any]], key: str) -> np.ndarray:
    values = [one.get(key) for one in points]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _survey_id(value: Any) -> int:
    """Return the number of a measurement, up to 64 bits; 0 where it has none, or one that is no number."""
    found = str(value or "")
    return int(found) if found.isdecimal() and int(found) < 2**63 else 0
