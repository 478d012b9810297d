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

Source = tuple[str, str, str]
"""Service, classifier, version."""
Answer = dict[str, float | None]
"""What a classifier said at one time: probability by class."""


def keep_classifications(
    target: Any, rows: Iterable[Mapping[str, Any]], *, service: str = "", seen_at: dt.datetime | None = None
) -> int:
    """Store classifications of a target and return how many rows are new; the same answer twice adds nothing.

    What a classifier (of one service and version) said at one time is one answer, kept whole, so that a class
    that it names no more is none that it still means. One that repeats the answer before it in time is left
    out: what is kept is the change.

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
    wanted: dict[tuple[Source, dt.datetime], Answer] = {}
    for row in rows:
        class_name = str(row.get("class_name") or "").strip()[:100]
        if not class_name:
            continue
        source = (
            str(row.get("service") or service)[:50],
            str(row.get("classifier") or "")[:100],
            str(row.get("version") or "")[:100],
        )
        answer = wanted.setdefault((source, _time_of(row, seen_at or now)), {})
        answer[class_name] = _probability(row.get("probability"))
    if not wanted:
        return 0
    known = _stored_answers(target, {source[0] for source, _ in wanted})
    fresh = []
    for (source, when), answer in sorted(wanted.items(), key=lambda item: item[0][1]):
        told = known.setdefault(source, {})
        if when not in told:
            earlier = max((one for one in told if one < when), default=None)
            if earlier is not None and _repeats(answer, told[earlier]):
                continue
        there = told.setdefault(when, {})
        for class_name, probability in answer.items():
            if class_name not in there:
                there[class_name] = probability
                fresh.append((target.pk, *source, class_name, probability, when, now))
    return insert_new(ObjectClassification, _COLUMNS, fresh).inserted if fresh else 0


def _stored_answers(target: Any, services: set[str]) -> dict[Source, dict[dt.datetime, Answer]]:
    found: dict[Source, dict[dt.datetime, Answer]] = {}
    rows = ObjectClassification.objects.filter(target_id=target.pk, service__in=services)
    for service, classifier, version, class_name, when, probability in rows.values_list(
        "service", "classifier", "version", "class_name", "seen_at", "probability"
    ):
        answers = found.setdefault((service, classifier, version), {})
        answers.setdefault(when, {})[class_name] = probability
    return found


def _repeats(answer: Answer, earlier: Answer) -> bool:
    """Tell whether an answer says nothing new; in many lists only the likeliest class stands."""
    if any(name not in earlier or not _same(value, earlier[name]) for name, value in answer.items()):
        return False
    if all(value is None for value in answer.values()):
        return answer.keys() == earlier.keys()
    return _same(_likeliest(answer), _likeliest(earlier))


def _likeliest(answer: Answer) -> float:
    return max(value or 0.0 for value in answer.values())


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
    """What one classifier says last (``now``), and what it said before: one list a time, newest first."""

    classifier: str
    version: str
    now: list[ObjectClassification]
    earlier: list[list[ObjectClassification]] = field(default_factory=list)


@dataclass
class BrokerNow:
    """What one broker says, classifier by classifier."""

    service: str
    seen_at: dt.datetime
    classifiers: list[ClassifierNow] = field(default_factory=list)


def by_broker(rows: QuerySet[ObjectClassification], *, most: int = 1000) -> list[BrokerNow]:
    """Return the classifications of one target side by side: brokers with the newest word first.

    Of each classifier the classes of its newest time stand first, the likeliest before the others. What it
    named earlier only, it does not say any more.
    """
    answers: dict[tuple[str, str, str], dict[dt.datetime, list[ObjectClassification]]] = {}
    for row in rows.order_by("-seen_at", "class_name")[:most]:
        times = answers.setdefault((row.service, row.classifier, row.version), {})
        times.setdefault(row.seen_at, []).append(row)
    brokers: dict[str, BrokerNow] = {}
    for (service, classifier, version), times in answers.items():
        (newest, now), *earlier = (
            (when, sorted(found, key=lambda row: -(row.probability or 0.0))) for when, found in times.items()
        )
        broker = brokers.setdefault(service, BrokerNow(service, newest))
        broker.classifiers.append(ClassifierNow(classifier, version, now, [found for _, found in earlier]))
    return list(brokers.values())
