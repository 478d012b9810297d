"""Points of a batch into columns of the data tables, each point once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tom_dataservices.ingest.known import KnownPoints
from tom_dataservices.packets.batch import AlertBatch, PointKind
from tom_dataservices.packets.identity import point_keys

FORCED = "forced"
# What a survey calls the number of a measurement, for detections and for forced points; candid elsewhere.
ID_NAMES = {
    "LSST": ("diaSourceId", "diaForcedSourceId"),
    "ELAsTiCC": ("diaSourceId", "diaForcedSourceId"),
}


def first_of_each(target_ids: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the indices of the first point of each (target, key), in the order of target and key."""
    order = np.lexsort((keys, target_ids))
    if not len(order):
        return order
    same = (np.diff(target_ids[order]) == 0) & (np.diff(keys[order]) == 0)
    return order[np.concatenate(([True], ~same))]


def magnitude_unit(batch: AlertBatch) -> str:
    """Return the unit of a batch's magnitudes: plain ``mag`` is AB, another system is named."""
    return "mag" if batch.magnitude_system == "AB" else f"mag ({batch.magnitude_system})"


def photometry_columns(
    batch: AlertBatch,
    targets: NDArray[np.int64],
    *,
    source_name: str,
    known: KnownPoints | None = None,
) -> tuple[dict[str, Any], int]:
    """Return columns of photometry for the bulk writer, and how many points were repeated or are known.

    Parameters
    ----------
    batch : AlertBatch
    targets : ndarray of int64, shape (objects,)
        Target of each object of the batch, -1 where it is not taken.
    source_name : str
        Name of the survey as the rows shall bear it.
    known : KnownPoints, optional
        Points that are left out, since they are stored.
    """
    points = batch.points
    owners = targets[points.object_index] if len(points) else np.empty(0, dtype=np.int64)
    has_value = np.isfinite(points.brightness) | np.isfinite(points.limit)
    taken = np.flatnonzero((owners >= 0) & has_value)
    all_keys = point_keys(points, survey=batch.survey, bands=batch.bands)
    chosen = taken[first_of_each(owners[taken], all_keys[taken])]
    if known is not None:
        chosen = chosen[~known.has(owners[chosen], all_keys[chosen])]
    kinds = points.kind[chosen]
    is_forced = kinds == PointKind.FORCED
    size = len(chosen)
    return {
        "target_id": owners[chosen],
        "point_key": all_keys[chosen],
        "timestamp": points.time_us[chosen],
        "bandpass": [batch.bands[code] for code in points.band[chosen].tolist()],
        "brightness": points.brightness[chosen],
        "brightness_error": points.brightness_error[chosen],
        "limit": np.where(kinds == PointKind.LIMIT, points.limit[chosen], np.nan),
        "unit": np.where(points.is_flux[chosen], "nJy", magnitude_unit(batch)).tolist(),
        "exposure_time": points.exposure_s[chosen],
        "telescope": [batch.telescope] * size,
        "instrument": [batch.instrument] * size,
        "source_name": [source_name] * size,
        "reduction_version": np.where(is_forced, FORCED, "").tolist(),
        "value": _values(batch, chosen, is_forced),
    }, len(taken) - size


def _values(batch: AlertBatch, chosen: NDArray[np.intp], is_forced: NDArray[np.bool_]) -> list[str]:
    """Return the JSON text of what a point has besides its columns: its number, and its sign."""
    points = batch.points
    name, forced_name = ID_NAMES.get(batch.survey, ("candid", "candid"))
    negative = points.is_negative[chosen] & ~points.is_flux[chosen]
    texts = []
    rows = zip(points.survey_id[chosen].tolist(), is_forced.tolist(), negative.tolist(), strict=True)
    for survey_id, forced, below in rows:
        parts = [f'"{forced_name if forced else name}": "{survey_id}"'] if survey_id else []
        if below:
            parts.append('"negative": true')
        texts.append("{" + ", ".join(parts) + "}")
    return texts


def astrometry_columns(
    batch: AlertBatch, targets: NDArray[np.int64], moving: NDArray[np.bool_], *, source_name: str
) -> dict[str, Any]:
    """Return columns of the measured positions of the objects that move.

    Parameters
    ----------
    moving : ndarray of bool, shape (objects,)
        Which objects of the batch are non-sidereal.
    """
    points = batch.points
    if len(points):
        owners, of_moving = targets[points.object_index], moving[points.object_index]
    else:
        owners, of_moving = np.empty(0, dtype=np.int64), np.empty(0, dtype=bool)
    measured = np.isfinite(points.ra_deg) & np.isfinite(points.dec_deg) & (points.kind == PointKind.DETECTION)
    taken = np.flatnonzero((owners >= 0) & of_moving & measured)
    chosen = taken[first_of_each(owners[taken], points.time_us[taken])]
    size = len(chosen)
    name = ID_NAMES.get(batch.survey, ("candid",))[0]
    ids = points.survey_id[chosen].tolist()
    return {
        "target_id": owners[chosen],
        "timestamp": points.time_us[chosen],
        "ra": points.ra_deg[chosen],
        "dec": points.dec_deg[chosen],
        "telescope": [batch.telescope] * size,
        "instrument": [batch.instrument] * size,
        "source_name": [source_name] * size,
        "value": [f'{{"{name}": "{survey_id}"}}' if survey_id else "{}" for survey_id in ids],
    }
