"""Periodic work: what is due is put into the queue of jobs, once, by whichever process looks first.

Apps offer periodic work by ``periodic_tasks()`` of their AppConfig, projects by the setting
``TOM_PERIODIC_TASKS``. A row of each remembers its last and its next time; one conditional UPDATE decides
between processes that look at the same moment. Called by the caretakers and by ``manage.py run_scheduler``.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from tom_common import conf
from tom_common.background import BackgroundTask
from tom_common.contributions import collect
from tom_common.hooks import import_method
from tom_common.models import Job, PeriodicTask

logger = logging.getLogger(__name__)

LONGEST_NAME = 100
SHORTEST_PERIOD_S = 10.0
FIRST_RUN_AFTER_S = 60.0
AGAIN_AFTER_S = 60.0
"""Longest wait after work that could not be queued."""


class NotQueuedError(Exception):
    """Periodic work was asked for and not queued; the text says why."""


@dataclass(frozen=True)
class Periodic:
    """One piece of periodic work: a background task, and how often it runs."""

    name: str
    task: str
    every_s: float
    title: str = ""
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def background_task(self) -> BackgroundTask:
        """Return the task.

        Raises
        ------
        ImportError
            If the path leads to no background task.
        """
        task = import_method(self.task)
        if not isinstance(task, BackgroundTask):
            raise ImportError(f"{self.task} is no background task")
        return task


def periodic_tasks() -> dict[str, Periodic]:
    """Return all periodic work by name: what apps offer, changed and completed by ``TOM_PERIODIC_TASKS``.

    An entry of the setting that is None or False takes the work of that name away; a number changes its
    period in seconds. What is no proper entry is logged and left out.
    """
    found, refused = _read_entries()
    for name, reason in refused.items():
        logger.warning("periodic task %r is left out: %s", name, reason)
    return found


def refused_tasks() -> dict[str, str]:
    """Return by name why an entry is no proper one."""
    return _read_entries()[1]


def _read_entries() -> tuple[dict[str, Periodic], dict[str, str]]:
    found, refused = {}, {}
    for name, entry in _offered().items():
        try:
            if not 1 <= len(name) <= LONGEST_NAME:
                raise ValueError(f"a name has 1 to {LONGEST_NAME} characters")
            json.dumps(entry.get("kwargs"))
            found[name] = Periodic(
                name=name,
                task=str(entry["task"]),
                every_s=max(SHORTEST_PERIOD_S, float(entry["every_s"])),
                title=str(entry.get("title", "")),
                kwargs=dict(entry.get("kwargs") or {}),
            )
        except (KeyError, TypeError, ValueError) as error:
            refused[name] = f"{type(error).__name__}: {error}"
    return found, refused


def _offered() -> dict[str, Any]:
    """Return the entries of apps and of the setting as they are, by name."""
    offered: dict[str, Any] = {}
    for label, item in collect("periodic_tasks"):
        if isinstance(item, Mapping):
            offered[str(item.get("name", ""))] = item
        else:
            offered[label] = {"every_s": f"not a dict, which {label} offers: {item!r}", "task": ""}
    for name, entry in conf.periodic_tasks().items():
        if not entry:
            offered.pop(name, None)
        elif isinstance(entry, bool):
            continue  # as it is
        elif isinstance(entry, int | float):
            offered[name] = {**offered.get(name, {}), "every_s": entry}
        elif isinstance(entry, Mapping):
            offered[name] = {**offered.get(name, {}), **entry}
        else:
            offered[name] = {"every_s": f"neither a dict nor a number: {entry!r}", "task": ""}
    return offered


def run_due(*, everything: bool = False) -> list[Job]:
    """Queue the periodic work whose time has come, and return its jobs.

    Parameters
    ----------
    everything : bool
        Whatever its time.
    """
    entries = periodic_tasks()
    now = timezone.now()
    rows = {row.name: row for row in PeriodicTask.objects.filter(name__in=entries)}
    if missing := [entry for name, entry in entries.items() if name not in rows]:
        PeriodicTask.objects.bulk_create(
            [PeriodicTask(name=entry.name, next_run_at=_first_run(entry, now)) for entry in missing],
            ignore_conflicts=True,
        )
        rows = {row.name: row for row in PeriodicTask.objects.filter(name__in=entries)}
    due = [row for row in rows.values() if everything or row.next_run_at <= now]
    return [job for row in due if (job := _run_or_note(row, entries[row.name], now)) is not None]


def run_now(name: str) -> Job:
    """Queue one piece of periodic work now.

    Raises
    ------
    NotQueuedError
        If there is none of that name, its last job has not ended, or its task cannot be found.
    """
    entry = periodic_tasks().get(name)
    if entry is None:
        raise NotQueuedError("There is no periodic work of that name.")
    now = timezone.now()
    PeriodicTask.objects.bulk_create(
        [PeriodicTask(name=entry.name, next_run_at=_first_run(entry, now))], ignore_conflicts=True
    )
    job, why = _run(PeriodicTask.objects.get(name=entry.name), entry, now)
    if job is None:
        raise NotQueuedError(why)
    return job


def _first_run(entry: Periodic, now: dt.datetime) -> dt.datetime:
    return now + dt.timedelta(seconds=min(entry.every_s, FIRST_RUN_AFTER_S))


def _run_or_note(row: PeriodicTask, entry: Periodic, now: dt.datetime) -> Job | None:
    """Queue the work of a row; what fails is noted there, and tried again a little later."""
    try:
        return _run(row, entry, now)[0]
    except (OperationalError, InterfaceError):
        raise  # the database is away or locked: that would befall the others, too
    except Exception as error:
        logger.exception("periodic task %s cannot be queued", row.name)
        again = now + dt.timedelta(seconds=min(entry.every_s, AGAIN_AFTER_S))
        note = f"It cannot be queued: {type(error).__name__}: {error}"
        PeriodicTask.objects.filter(pk=row.pk, next_run_at=row.next_run_at).update(
            next_run_at=again, note=note[:300]
        )
        return None


def _run(row: PeriodicTask, entry: Periodic, now: dt.datetime) -> tuple[Job | None, str]:
    """Queue the work of a row, unless another process was first or its last job has not ended.

    Returns
    -------
    job : Job or None
    why : str
        Why there is none.
    """
    with transaction.atomic():
        mine = PeriodicTask.objects.filter(pk=row.pk, next_run_at=row.next_run_at).update(
            next_run_at=now + dt.timedelta(seconds=entry.every_s), last_run_at=now
        )
        if not mine:
            return None, "Another process did so just now."
        job, note = None, ""
        last = row.last_job
        if last is not None and not last.is_finished:
            note = "The job of the last time has not ended yet."
        else:
            try:
                task = entry.background_task()
            except ImportError as error:
                note = str(error)
                logger.warning("periodic task %s: %s", row.name, note)
            else:
                job = task.leave(title=entry.title, **entry.kwargs)
        changes = {"note": note[:300]} | ({"last_job": job} if job else {})
        PeriodicTask.objects.filter(pk=row.pk).update(**changes)
    return job, note
