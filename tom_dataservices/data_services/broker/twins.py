"""Detections that one broker tells with the survey's number and another without it: they are one row."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tom_common.astro.time import datetime_to_unix_us, unix_us_to_datetime
from tom_common.history import change_set
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.data_services.broker.told_anew import (
    SAME_TIME_US,
    counted,
    remove_rows,
    rounding,
    store_rows,
    stored_points,
    without_sign,
)
from tom_dataservices.ingest.points import ID_NAMES
from tom_dataservices.job_log import tell_job

_NUMBERS = frozenset({"candid", *(names[0] for names in ID_NAMES.values())})
_STORED = ("point_key", "timestamp", "bandpass", "brightness", "unit", "value", "telescope", "instrument")


@dataclass(frozen=True)
class _Detection:
    """A detection that is told or stored: its key, and what it has in common with its twin."""

    key: int
    time_us: int
    band: str
    brightness: float
    unit: str
    value: Mapping[str, Any]
    telescope: str
    instrument: str

    @property
    def kind(self) -> tuple[str, ...]:
        """What twins have in common to the letter."""
        return self.band, self.unit, self.telescope, self.instrument

    @property
    def has_number(self) -> bool:
        return bool(_NUMBERS & self.value.keys())


def unite(
    target: Any, columns: dict[str, Any], stored: Mapping[int, Any], *, user: Any = None
) -> tuple[dict[str, Any], dict[int, Any], int]:
    """Join detections with their twins, which are stored with a number where they have none, or without one.

    Two are twins if survey, telescope, instrument, band and moment are the same and the brightness is, as
    brokers round. The row with the number stays: one without gets the number that is told of it, and goes
    where both are stored.

    Parameters
    ----------
    target : Target
    columns, stored : dict
        As ``told_anew.with_stored`` returns them.
    user : User, optional
        In whose name the history notes it.

    Returns
    -------
    columns : dict
        With the keys that the points bear now.
    stored : dict from int to PhotometryReducedDatum
        The rows stored under them.
    changed : int
        Rows that got their number, or went.
    """
    told = _told_detections(columns)
    found = _TwinFinder(_stored_detections(target, columns, told.values())) if told else None
    if found is None or not found.has_any:
        return columns, dict(stored), 0
    keys = np.asarray(columns["point_key"]).tolist()
    known = dict(stored)
    borne: dict[int, int] = {}
    numbered: dict[int, int] = {}
    second: set[int] = set()
    for place, one in told.items():
        twin = found.twin_of(one)
        if twin is None:
            continue
        if not one.has_number:
            borne[place] = twin.key
            second |= {one.key} & known.keys()
        elif one.key in known:
            second |= {twin.key} if not without_sign(twin.value) else set()
        elif twin.key not in numbered:
            numbered[twin.key] = place
    gone = stored_points(target, sorted(second))
    if gone:
        words = f"{counted(list(gone))} of {target.name} removed: "
        words += "it was stored twice" if len(gone) == 1 else "they were stored twice"
        remove_rows([row.pk for row in gone.values()], words, user=user)
    known = {key: row for key, row in known.items() if key not in gone}
    known |= _numbered(target, columns, numbered, user=user)
    known |= stored_points(target, list(dict.fromkeys(key for key in borne.values() if key not in known)))
    new_keys = [borne.get(place, key) for place, key in enumerate(keys)]
    united = {**columns, "point_key": np.array(new_keys, dtype=np.int64)}
    return united, known, len(gone) + len(numbered)


class _TwinFinder:
    """The stored detections by number or none, band, unit and who measured, in the order of time."""

    def __init__(self, stored: Iterable[_Detection]) -> None:
        self._lists: dict[tuple[bool, tuple[str, ...]], list[_Detection]] = {}
        for one in sorted(stored, key=lambda one: one.time_us):
            self._lists.setdefault((one.has_number, one.kind), []).append(one)
        self.has_any = bool(self._lists)

    def twin_of(self, one: _Detection) -> _Detection | None:
        """Return the stored detection that is nearest in brightness among those that may be the same."""
        listed = self._lists.get((not one.has_number, one.kind), [])
        start = bisect_left(listed, one.time_us - SAME_TIME_US, key=lambda other: other.time_us)
        twins = []
        for other in listed[start:]:
            if other.time_us > one.time_us + SAME_TIME_US:
                break
            apart = abs(other.brightness - one.brightness)
            if apart <= rounding(other.unit, other.brightness):
                twins.append((apart, other))
        return min(twins, key=lambda twin: twin[0])[1] if twins else None


def _told_detections(columns: Mapping[str, Any]) -> dict[int, _Detection]:
    """Return the detections among points, by place."""
    brightness = np.asarray(columns["brightness"], dtype=np.float64)
    return {
        place: _Detection(
            int(columns["point_key"][place]),
            int(columns["timestamp"][place]),
            columns["bandpass"][place],
            float(brightness[place]),
            columns["unit"][place],
            json.loads(columns["value"][place]),
            columns["telescope"][place],
            columns["instrument"][place],
        )
        for place in np.flatnonzero(np.isfinite(brightness)).tolist()
        if not columns["reduction_version"][place]
    }


def _stored_detections(
    target: Any, columns: Mapping[str, Any], told: Iterable[_Detection]
) -> list[_Detection]:
    """Return those of the survey that are stored of the time of those told; points of files have no key."""
    times = [one.time_us for one in told]
    rows = PhotometryReducedDatum.objects.filter(
        target_id=target.pk,
        source_name=columns["source_name"][0],
        reduction_version="",
        brightness__isnull=False,
        point_key__isnull=False,
        timestamp__gte=unix_us_to_datetime(min(times) - SAME_TIME_US),
        timestamp__lte=unix_us_to_datetime(max(times) + SAME_TIME_US),
    )
    return [
        _Detection(key, datetime_to_unix_us(when), band, brightness, unit, _as_map(value), *maker)
        for key, when, band, brightness, unit, value, *maker in rows.values_list(*_STORED)
    ]


def _as_map(value: Any) -> dict[str, Any]:
    """Return the JSON of a row where it is an object, an empty one else."""
    return value if isinstance(value, dict) else {}


def _numbered(
    target: Any, columns: Mapping[str, Any], places: Mapping[int, int], *, user: Any
) -> dict[int, Any]:
    """Give rows the numbers that are told of them now, and return them by their new keys."""
    rows = stored_points(target, list(places))
    for key, row in rows.items():
        place = places[key]
        row.point_key = int(columns["point_key"][place])
        row.value = _as_map(row.value) | without_sign(json.loads(columns["value"][place]))
    if rows:
        words = _number_words(list(rows), target.name)
        with change_set(user, kind="query", title=words):
            store_rows(list(rows.values()), ("point_key", "value"))
        tell_job(f"{words}.")
    return {row.point_key: row for row in rows.values()}


def _number_words(keys: Sequence[int], name: str) -> str:
    has = "has its number" if len(keys) == 1 else "have their numbers"
    return f"{counted(keys)} of {name} {has} of the survey now"
