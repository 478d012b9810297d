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
from tom_dataservices.ingest.points import ID_NAMES
from tom_dataservices.job_log import tell_job
from tom_dataservices.packets.identity import keys_of

_CHUNK = 500
_SAME_MAG = 1e-3
_SAME_FLUX_PART = 1e-4
_SAME_ERROR_PART = 1e-2
"""Brokers round: up to that (mag, or a part of the value) two of them say the same."""
SAME_TIME_US = 1_000_000
"""Up to that, two brokers mean the same moment."""
_TOLD = ("brightness", "brightness_error", "limit", "unit", "bandpass", "timestamp", "value")
_FLUX_NUMBERS = frozenset(ID_NAMES["LSST"])
"""What numbers the measurements that are signed fluxes, whatever a broker makes of them."""


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
    no_number = np.array([not without_sign(json.loads(value)) for value in columns["value"]], dtype=bool)
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


def correct(
    target: Any,
    stored: Mapping[int, Any],
    columns: Mapping[str, Any],
    *,
    has_sign: bool = True,
    user: Any = None,
) -> int:
    """Store the new values of points that differ by more than brokers round, and return how many did.

    A value in another unit is that of another measurement of the same moment: it is left alone. Only where
    Rubin's number says that it is the same one, its flux takes the place of a magnitude, which has no sign.

    Parameters
    ----------
    target : Target
    stored : mapping from int to PhotometryReducedDatum
        By key, see `with_stored`.
    columns : mapping
        As ``ingest.points.photometry_columns`` makes them.
    has_sign : bool
        Whether it is told which magnitudes are negative; the stored signs stay else.
    user : User, optional
        In whose name the history notes it.
    """
    corrected = []
    for place, key in enumerate(np.asarray(columns["point_key"]).tolist()):
        row = stored.get(key)
        if row is None:
            continue
        told = _told(columns, place)
        is_flux_at_last = row.unit != told["unit"] and _is_flux_of(row, told)
        if row.unit != told["unit"] and not is_flux_at_last:
            continue
        if not is_flux_at_last:
            _keep_untold(row, told, has_sign=has_sign)
        if is_flux_at_last or _differs(row, told):
            row.value = {**without_sign(row.value), **told.pop("value")}
            for name, value in told.items():
                setattr(row, name, value)
            corrected.append(row)
    if corrected:
        words = f"{counted(corrected)} of {target.name} corrected by the survey"
        with change_set(user, kind="query", title=words):
            store_rows(corrected, _TOLD)
        tell_job(f"{words}.")
    return len(corrected)


def store_rows(rows: Sequence[Any], names: Sequence[str]) -> None:
    """Store columns of rows; one that another row equals already goes."""
    try:
        with transaction.atomic():
            PhotometryReducedDatum.objects.bulk_update(rows, names, batch_size=_CHUNK)
    except IntegrityError:  # a broker without numbers has brought one of the new values already
        for row in rows:
            try:
                with transaction.atomic():
                    PhotometryReducedDatum.objects.bulk_update([row], names)
            except IntegrityError:
                PhotometryReducedDatum.objects.filter(pk=row.pk).delete()


def take_back(target: Any, stored: Iterable[Any], *, user: Any = None) -> int:
    """Delete points that the survey has withdrawn, so that they can be brought back; return how many."""
    keys = [row.pk for row in stored]
    if not keys:
        return 0
    remove_rows(keys, f"{counted(keys)} of {target.name} withdrawn by the survey", user=user)
    return len(keys)


def remove_rows(keys: Sequence[int], words: str, *, user: Any = None) -> None:
    """Delete rows by their primary keys, as one change set that bears the words."""
    with change_set(user, kind="query", title=words):
        for start in range(0, len(keys), _CHUNK):
            PhotometryReducedDatum.objects.filter(pk__in=keys[start : start + _CHUNK]).delete()
    tell_job(f"{words}.")


def counted(rows: Sequence[Any]) -> str:
    """Return how many points there are, in words."""
    return "1 point" if len(rows) == 1 else f"{len(rows):,} points"


def _told(columns: Mapping[str, Any], place: int) -> dict[str, Any]:
    numbers = {name: float(columns[name][place]) for name in ("brightness", "brightness_error", "limit")}
    return {
        **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
        "unit": columns["unit"][place],
        "bandpass": columns["bandpass"][place],
        "timestamp": unix_us_to_datetime(int(columns["timestamp"][place])),
        "value": json.loads(columns["value"][place]),
    }


def _keep_untold(row: Any, told: dict[str, Any], *, has_sign: bool) -> None:
    """Fill in the sign that is stored, and the error of the same brightness, where a broker tells none."""
    if not has_sign and _is_negative(row.value):
        told["value"][NEGATIVE_KEY] = True
    if told["brightness_error"] is None and not _far(
        row.brightness, told["brightness"], rounding(row.unit, row.brightness)
    ):
        told["brightness_error"] = row.brightness_error


def _is_flux_of(row: Any, told: Mapping[str, Any]) -> bool:
    """Tell whether a flux is told of a measurement whose magnitude is stored."""
    return row.unit.startswith("mag") and told["unit"] == "nJy" and bool(_FLUX_NUMBERS & told["value"].keys())


def rounding(unit: str, value: float | None) -> float:
    """Return up to what difference two brokers mean the same brightness."""
    return _SAME_MAG if unit.startswith("mag") or value is None else _SAME_FLUX_PART * abs(value)


def _differs(row: Any, told: Mapping[str, Any]) -> bool:
    is_mag = row.unit.startswith("mag")
    for name in ("brightness", "limit"):
        now, new = getattr(row, name), told[name]
        if _far(now, new, rounding(row.unit, now)):
            return True
    now = row.brightness_error
    if _far(now, told["brightness_error"], max(_SAME_MAG * is_mag, _SAME_ERROR_PART * (now or 0.0))):
        return True
    apart_us = datetime_to_unix_us(row.timestamp) - datetime_to_unix_us(told["timestamp"])
    return (
        row.bandpass != told["bandpass"]
        or abs(apart_us) > SAME_TIME_US
        or _is_negative(row.value) != _is_negative(told["value"])
    )


def _far(now: float | None, new: float | None, same: float) -> bool:
    """Tell whether a value is a new one; what is not told any more stays."""
    if now is None or new is None:
        return now is None and new is not None
    return abs(now - new) > same


def _is_negative(value: Any) -> bool:
    return isinstance(value, dict) and bool(value.get(NEGATIVE_KEY))


def without_sign(value: Any) -> dict[str, Any]:
    """Return what a row has in ``value`` besides its sign."""
    return {key: one for key, one in value.items() if key != NEGATIVE_KEY} if isinstance(value, dict) else {}
