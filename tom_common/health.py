"""Reads for the health page of staff: rows of our own database and the disk, never another service."""

from __future__ import annotations

import datetime as dt
import logging
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Min, Q
from django.utils import timezone

from tom_common import conf, scheduler
from tom_common.background import mode
from tom_common.caretaker import alive_workers
from tom_common.contributions import collect
from tom_common.files import size_text
from tom_common.models import Job, PeriodicTask, RemoteServiceState, Worker

logger = logging.getLogger(__name__)

GOOD, WARN, BAD, QUIET = "good", "warn", "bad", "quiet"
LONG_WAIT = dt.timedelta(minutes=5)
FULL_FRACTION = 0.95
_NOTHING: dict[str, Any] = {"waiting": 0, "later": 0, "running": 0, "failed": 0, "oldest": None}
_WAYS = {
    "dramatiq": "Workers of dramatiq (manage.py rundramatiq) take jobs from the queue.",
    "thread": "Threads of the web server, or manage.py run_jobs, take jobs from the database.",
    "inline": "Jobs run where they are sent.",
}


@dataclass(frozen=True)
class Fact:
    """One line of the page: what it is about, what there is to say, and whether that is good."""

    label: str
    text: str
    state: str = QUIET
    url: str = ""


@dataclass(frozen=True)
class QueueFacts:
    """How much waits in one queue, and since when the oldest job that could run waits."""

    label: str
    waiting: int
    later: int
    running: int
    failed: int
    oldest: dt.datetime | None
    state: str


def health(user: Any) -> dict[str, Any]:
    """Return the context of the page: workers, queues, services, periodic work, and facts."""
    now = timezone.now()
    workers = alive_workers()
    lanes = queues(now)
    return {
        "now": now,
        "way": _WAYS[mode()],
        "workers": workers,
        "has_runner": any(worker.threads for worker in workers),
        "queues": lanes,
        "failed_count": sum(lane.failed for lane in lanes),
        "services": services(now),
        "periodic": periodic(now),
        "facts": [database(), *disks(), *_contributed()],
        "breaker_failures": conf.breaker_failures(),
        "kinds": Worker.Kind,
    }


def queues(now: dt.datetime) -> list[QueueFacts]:
    """Return the depth of each queue, by one query on state."""
    state, due = Job.State, Q(state=Job.State.QUEUED, run_after__lte=now)
    rows = (
        Job.objects.filter(state__in=(state.QUEUED, state.RUNNING, state.FAILED))
        .order_by()
        .values("queue")
        .annotate(
            waiting=Count("pk", filter=due),
            later=Count("pk", filter=Q(state=state.QUEUED, run_after__gt=now)),
            running=Count("pk", filter=Q(state=state.RUNNING)),
            failed=Count("pk", filter=Q(state=state.FAILED)),
            oldest=Min("run_after", filter=due),
        )
    )
    by_name: dict[str, dict[str, Any]] = {
        row["queue"]: {key: value for key, value in row.items() if key != "queue"} for row in rows
    }
    found = []
    for lane in (Job.Queue.INTERACTIVE, Job.Queue.BULK):
        numbers = by_name.get(lane.value) or _NOTHING
        late = numbers["oldest"] is not None and now - numbers["oldest"] > LONG_WAIT
        found.append(QueueFacts(label=str(lane.label), state=WARN if late else GOOD, **numbers))
    return found


def services(now: dt.datetime) -> list[tuple[RemoteServiceState, str, str]]:
    """Return each outside service with its state in a word, and whether that is good."""
    found = []
    for row in RemoteServiceState.objects.all():
        last_was_bad = row.last_failure_at and (
            row.last_success_at is None or row.last_failure_at > row.last_success_at
        )
        if row.open_until is not None and row.open_until > now:
            found.append((row, "left alone", BAD))
        elif row.open_until is not None:
            found.append((row, "tried at the next request", WARN))
        elif last_was_bad:
            found.append((row, "last answer was an error", WARN))
        else:
            found.append((row, "answers", GOOD))
    return found


def periodic(now: dt.datetime) -> list[dict[str, Any]]:
    """Return each piece of periodic work with its row, its last job, and whether it is late."""
    rows = {row.name: row for row in PeriodicTask.objects.select_related("last_job")}
    found = []
    for name, entry in sorted(scheduler.periodic_tasks().items()):
        row = rows.get(name)
        late = row is not None and now - row.next_run_at > LONG_WAIT
        found.append(
            {
                "name": name,
                "title": entry.title or name,
                "every": _period(entry.every_s),
                "row": row,
                "job": row.last_job if row else None,
                "is_late": late,
            }
        )
    return found


def database() -> Fact:
    """Return which database there is, how large it is, and how long it takes to answer."""
    begun = time.perf_counter()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            taken_ms = 1000 * (time.perf_counter() - begun)
            size = _database_size(cursor)
        version = ".".join(str(part) for part in connection.get_database_version())
    except DatabaseError as error:
        logger.warning("the health page cannot ask the database: %s", error)
        return Fact("Database", "does not answer as it should", BAD)
    text = f"{connection.display_name} {version}, {size_text(size)}, answered in {taken_ms:.1f} ms"
    return Fact("Database", text, GOOD if taken_ms < 100 else WARN)


def _database_size(cursor: Any) -> int:
    if connection.vendor == "postgresql":
        cursor.execute("SELECT pg_database_size(current_database())")
    elif connection.vendor == "mysql":
        cursor.execute(
            "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables"
            " WHERE table_schema = DATABASE()"
        )
    else:
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
    return int(cursor.fetchone()[0])


def disks() -> list[Fact]:
    """Return how much room the folders of the TOM have, one line for each file system."""
    wanted = {
        "uploaded files": settings.MEDIA_ROOT,
        "other data of the TOM": getattr(settings, "DATA_DIR", None),
    }
    found: dict[int, Fact] = {}
    for label, name in wanted.items():
        folder = Path(name) if name else None
        while folder is not None and not folder.exists() and folder != folder.parent:
            folder = folder.parent  # not made yet: it will be in this one
        if folder is None:
            continue
        try:
            usage, device = shutil.disk_usage(folder), folder.stat().st_dev
        except OSError as error:
            found[-len(found) - 1] = Fact(f"Disk: {label}", f"cannot be read: {error.strerror}", BAD)
            continue
        free = usage.total - usage.used if usage.free > usage.total else usage.free
        state = GOOD if free > (1 - FULL_FRACTION) * usage.total else BAD
        text = f"{size_text(free)} free of {size_text(usage.total)}"
        if device in found:
            label = f"{found[device].label.removeprefix('Disk: ')} and {label}"
        found[device] = Fact(f"Disk: {label}", text, state)
    return list(found.values())


def _contributed() -> list[Fact]:
    """Return what apps offer by ``health_items()``: mappings of the fields of `Fact`.

    In place of what is none stands a line that says which app offers it.
    """
    return [_fact(app_label, item) for app_label, item in collect("health_items")]


def _fact(app_label: str, item: Any) -> Fact:
    try:
        return Fact(**item)
    except TypeError as error:
        logger.warning("%s.health_items() offers %r: %s", app_label, item, error)
        return Fact(app_label, "offers a line that cannot be shown; the log says why", WARN)


def _period(seconds: float) -> str:
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            number = seconds / length
            text = f"{number:.3g}"
            return f"every {unit}" if text == "1" else f"every {text} {unit}s"
    return f"every {seconds:.0f} seconds"
