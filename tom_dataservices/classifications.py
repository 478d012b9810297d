"""Keeps what brokers take targets for, over time, and gives it to pages: ``keep_classifications``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from tom_common.astro.time import mjd_utc_to_datetime
from tom_common.bulk import insert_new
from tom_dataservices.models import ObjectClassification

_COLUMNS = (
    "target_id",
    "service",
    "classifier",
    "version",
    "class_name",
    "probability",
    "seen_at",
    "created",
)
_SAME = 1e-4

Key = tuple[str, str, str, str]


def keep_classifications(
    target: Any, rows: Iterable[Mapping[str, Any]], *, service: str = "", seen_at: dt.datetime | None = None
) -> int:
    """Store classifications of a target and return how many are news; the same answer twice adds nothing.

    A row whose probability equals that of the one before it in time, of the same service, classifier,
    version and class, is left out: what is kept is the change.

    Parameters
    ----------
    target : Target
    rows : iterable of mappings
        ``class_name`` (without one a row is passed over), ``probability`` (0 to 1 or None), ``classifier``,
        ``version``, ``service`` (where it differs from `service`), and the time of the detection that it
        rests on: ``mjd_utc`` (d) or ``seen_at`` (datetime).
    service : str
        The broker.
    seen_at : datetime, optional
        For rows without a time of their own; now by default.
    """
    now = timezone.now()
    wanted: dict[tuple[Key, dt.datetime], float | None] = {}
    for row in rows:
        class_name = str(row.get("class_name") or "").strip()[:100]
        if not class_name:
            continue
        key = (
            str(row.get("service") or service)[:50],
            str(row.get("classifier") or "")[:100],
            str(row.get("version") or "")[:100],
            class_name,
        )
        wanted[key, _time_of(row, seen_at or now)] = _probability(row.get("probability"))
    if not wanted:
        return 0
    stored = ObjectClassification.objects.filter(
        target_id=target.pk, service__in={key[0] for key, _ in wanted}
    ).values_list("service", "classifier", "version", "class_name", "seen_at", "probability")
    known: dict[Key, list[tuple[dt.datetime, float | None]]] = {}
    for *names, when, probability in stored:
        known.setdefault(tuple(names), []).append((when, probability))  # type: ignore[arg-type]
    fresh = []
    for (key, when), probability in sorted(wanted.items(), key=lambda item: item[0][1]):
        told = known.setdefault(key, [])
        earlier = max((one for one in told if one[0] <= when), key=lambda one: one[0], default=None)
        if earlier is not None and (earlier[0] == when or _same(earlier[1], probability)):
            continue
        told.append((when, probability))
        fresh.append((target.pk, *key, probability, when, now))
    return insert_new(ObjectClassification, _COLUMNS, fresh).inserted if fresh else 0


def _time_of(row: Mapping[str, Any], default: dt.datetime) -> dt.datetime:
    when = row.get("seen_at")
    if when is None and row.get("mjd_utc") is not None:
        when = mjd_utc_to_datetime(float(row["mjd_utc"]))
    return (when or default).replace(microsecond=0)


def _probability(value: Any) -> float | None:
    return None if value is None else float(value)


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) < _SAME


# --- what the page of a target shows


@dataclass
class ClassifierNow:
    """What one classifier says last, and how that came about: ``history`` newest first."""

    classifier: str
    version: str
    now: list[ObjectClassification]
    history: list[ObjectClassification] = field(default_factory=list)

    @property
    def earlier(self) -> list[ObjectClassification]:
        """What it said before, newest first."""
        latest = {row.pk for row in self.now}
        return [row for row in self.history if row.pk not in latest]


@dataclass
class BrokerNow:
    """What one broker says, classifier by classifier."""

    service: str
    seen_at: dt.datetime
    classifiers: list[ClassifierNow] = field(default_factory=list)


def by_broker(rows: QuerySet[ObjectClassification], *, most: int = 1000) -> list[BrokerNow]:
    """Return the classifications of one target side by side: brokers with the newest word first.

    Of each classifier the classes of its newest time stand first, the likeliest before the others.
    """
    groups: dict[tuple[str, str, str], list[ObjectClassification]] = {}
    for row in rows.order_by("-seen_at", "-probability", "class_name")[:most]:
        groups.setdefault((row.service, row.classifier, row.version), []).append(row)
    brokers: dict[str, BrokerNow] = {}
    for (service, classifier, version), found in groups.items():
        latest: dict[str, ObjectClassification] = {}
        for row in found:
            latest.setdefault(row.class_name, row)
        now = sorted(latest.values(), key=lambda row: -(row.probability or 0.0))
        if all(row.probability is None for row in now):  # one class at a time: the newest counts
            now = found[:1]
        broker = brokers.setdefault(service, BrokerNow(service, found[0].seen_at))
        broker.classifiers.append(ClassifierNow(classifier, version, now, found))
    return list(brokers.values())
