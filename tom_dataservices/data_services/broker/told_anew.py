"""Points that are stored and that a broker tells otherwise now: corrected, or taken back by the survey."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction

from tom_common.astro.time import datetime_to_unix_us, unix_us_to_datetime
from tom_common.history import change_set
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataproducts.values import NEGATIVE_KEY
from tom_dataservices.job_log import tell_job
from tom_dataservices.packets.identity import keys_of

_CHUNK = 500
_SAME_MAG = 1e-3
_SAME_FLUX_PART = 1e-4
_SAME_ERROR_PART = 1e-2
"""Brokers round: up to that (mag, or a part of the value) two of them say the same."""
_SAME_TIME_US = 1_000_000
_TOLD = ("brightness", "brightness_error", "limit", "bandpass", "timestamp", "value")


def stored_points(target: Any, keys: Sequence[int]) -> dict[int, Any]:
    """Return the rows of a target's photometry that have one of the keys, by key."""
    found = {}
    for start in range(0, len(keys), _CHUNK):
        rows = PhotometryReducedDatum.objects.filter(
            target_id=target.pk, point_key__in=keys[start : start + _CHUNK]
        )
        found |= {row.point_key: row for row in rows}
    return found


def with_stored(target: Any, columns: dict[str, Any]) -> tuple[dict[str, Any], dict[int, Any]]:
    """Return the columns of points with the keys that they bear in a target, and the rows stored, by key.

    A survey's number tells one measurement from another. Without one, two telescopes or instruments may have
    looked in one band at one moment: whichever comes second has a key of its own.
    """
    keys = np.asarray(columns["point_key"], dtype=np.int64)
    makers = list(zip(columns["telescope"], columns["instrument"], strict=True))
    own = keys.copy()
    no_number = np.array([not _without_sign(json.loads(value)) for value in columns["value"]], dtype=bool)
    for maker in sorted(set(makers)):
        chosen = no_number & np.array([one == maker for one in makers], dtype=bool)
        own[chosen] = keys_of(keys[chosen], "\n".join(maker))
    stored = stored_points(target, list(dict.fromkeys([*keys.tolist(), *own.tolist()])))
    found = []
    for key, other, maker in zip(keys.tolist(), own.tolist(), makers, strict=True):
        row = stored.get(key)
        is_of_another = row is not None and other != key and (row.telescope, row.instrument) != maker
        found.append(other if other in stored or is_of_another else key)
    borne = {**columns, "point_key": np.array(found, dtype=np.int64)}
    return borne, {key: stored[key] for key in found if key in stored}


def correct(target: Any, stored: Mapping[int, Any], columns: Mapping[str, Any], *, user: Any = None) -> int:
    """Store the new values of points that differ by more than brokers round, and return how many did.

    A value in another unit is that of another measurement of the same moment: it is left alone.

    Parameters
    ----------
    target : Target
    stored : mapping from int to PhotometryReducedDatum
        By key, see `with_stored`.
    columns : mapping
        As ``ingest.points.photometry_columns`` makes them.
    user : User, optional
        In whose name the history notes it.
    """
    corrected = []
    for place, key in enumerate(np.asarray(columns["point_key"]).tolist()):
        row = stored.get(key)
        if row is None or row.unit != columns["unit"][place]:
            continue
        told = _told(columns, place)
        if _differs(row, told):
            row.value = {**_without_sign(row.value), **told.pop("value")}
            for name, value in told.items():
                setattr(row, name, value)
            corrected.append(row)
    if corrected:
        words = f"{_count(corrected)} of {target.name} corrected by the survey"
        with change_set(user, kind="query", title=words):
            _store(corrected)
        tell_job(f"{words}.")
    return len(corrected)


def _store(rows: Sequence[Any]) -> None:
    try:
        with transaction.atomic():
            PhotometryReducedDatum.objects.bulk_update(rows, _TOLD, batch_size=_CHUNK)
    except IntegrityError:  # a broker without numbers has brought one of the new values already
        for row in rows:
            try:
                with transaction.atomic():
                    PhotometryReducedDatum.objects.bulk_update([row], _TOLD)
            except IntegrityError:
                PhotometryReducedDatum.objects.filter(pk=row.pk).delete()


def take_back(target: Any, stored: Iterable[Any], *, user: Any = None) -> int:
    """Delete points that the survey has withdrawn, so that they can be brought back; return how many."""
    keys = [row.pk for row in stored]
    if not keys:
        return 0
    words = f"{_count(keys)} of {target.name} withdrawn by the survey"
    with change_set(user, kind="query", title=words):
        for start in range(0, len(keys), _CHUNK):
            PhotometryReducedDatum.objects.filter(pk__in=keys[start : start + _CHUNK]).delete()
    tell_job(f"{words}.")
    return len(keys)


def _count(rows: Sequence[Any]) -> str:
    return "1 point" if len(rows) == 1 else f"{len(rows):,} points"


def _told(columns: Mapping[str, Any], place: int) -> dict[str, Any]:
    numbers = {name: float(columns[name][place]) for name in ("brightness", "brightness_error", "limit")}
    return {
        **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
        "bandpass": columns["bandpass"][place],
        "timestamp": unix_us_to_datetime(int(columns["timestamp"][place])),
        "value": json.loads(columns["value"][place]),
    }


def _differs(row: Any, told: Mapping[str, Any]) -> bool:
    is_mag = row.unit.startswith("mag")
    for name in ("brightness", "limit"):
        now, new = getattr(row, name), told[name]
        same = _SAME_MAG if is_mag or now is None else _SAME_FLUX_PART * abs(now)
        if _far(now, new, same):
            return True
    now = row.brightness_error
    if _far(now, told["brightness_error"], max(_SAME_MAG * is_mag, _SAME_ERROR_PART * (now or 0.0))):
        return True
    apart_us = datetime_to_unix_us(row.timestamp) - datetime_to_unix_us(told["timestamp"])
    return (
        row.bandpass != told["bandpass"]
        or abs(apart_us) > _SAME_TIME_US
        or _is_negative(row.value) != _is_negative(told["value"])
    )


def _far(now: float | None, new: float | None, same: float) -> bool:
    """Tell whether a value is a new one; what is not told any more stays."""
    if now is None or new is None:
        return now is None and new is not None
    return abs(now - new) > same


def _is_negative(value: Any) -> bool:
    return isinstance(value, dict) and bool(value.get(NEGATIVE_KEY))


def _without_sign(value: Any) -> dict[str, Any]:
    return {key: one for key, one in value.items() if key != NEGATIVE_KEY} if isinstance(value, dict) else {}
