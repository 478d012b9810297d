"""What a running task knows of its job: it tells its progress, writes a log, asks whether it was cancelled.

A task reaches it by ``current_job()``. Where the task runs in a worker, a second thread, the monitor, writes
what the task tells, on a database connection of its own. Telling costs the task nothing; what it told is seen
while a transaction of the task is still open and stays when that is rolled back. On SQLite, with its one
writer, the monitor waits for the task's transaction to end, and tries again if that lasts longer than the
timeout; the task never waits for the monitor.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import logging
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import Error, connections
from django.utils import timezone

from tom_common.history.scope import Scope, acting
from tom_common.job_endings import (  # noqa: F401  tasks import them from here
    InputRefused,
    JobCancelled,
    JobOverdue,
    JobStopped,
    JobTimedOut,
    RunAgain,
    WaitsForTurn,
)
from tom_common.models import Job, JobLogLine

logger = logging.getLogger(__name__)

WRITE_INTERVAL_S = 0.5
HEARTBEAT_S = 5.0
OVERDUE_S = 30.0
"""Seconds that a task is given to end after its time is over."""
STOP_S = 5.0
"""Longest that an interrupted job is waited for: one in a call of C code is left behind."""
_current: ContextVar[JobContext | None] = ContextVar("tom_common_current_job", default=None)
_running: weakref.WeakSet[JobContext] = weakref.WeakSet()
_running_lock = threading.Lock()


def stop_running(grace_s: float) -> int:
    """Let the jobs of this process end, and interrupt those that have not when the grace is over.

    Parameters
    ----------
    grace_s : float
        Seconds that they are given.

    Returns
    -------
    int
        Jobs that were interrupted; they go back to the queue.
    """
    deadline = time.monotonic() + grace_s
    while (running := _monitored()) and time.monotonic() < deadline:
        time.sleep(0.05)
    for context in running:
        context.interrupt(JobStopped)
    deadline = time.monotonic() + STOP_S
    while _monitored() and time.monotonic() < deadline:
        time.sleep(0.05)
    return len(running)


def _monitored() -> list[JobContext]:
    with _running_lock:
        return [context for context in _running if context.monitored]


def is_running_here(job_pk: int) -> bool:
    """Tell whether a thread of this process runs a job."""
    with _running_lock:
        return any(context.pk == job_pk for context in _running)


def current_job() -> JobContext | NoJob:
    """Return the job that the calling code runs in; outside of any, one that keeps nothing."""
    return _current.get() or NoJob()


class NoJob:
    """Stands in for the job where a service is called directly."""

    pk: int | None = None

    @property
    def memory(self) -> dict[str, Any]:
        """Keep nothing."""
        return {}

    def progress(self, done: int, total: int | None = None, message: str | None = None) -> None:
        """Take note of nothing."""

    def log(self, text: str) -> None:
        """Write nothing."""

    def check_cancelled(self) -> None:
        """Never raise: there is nobody who could cancel."""


class JobContext:
    """The running job, as its task sees it.

    Parameters
    ----------
    pk : int
        Primary key of the `Job`.
    monitored : bool
        Whether a monitor thread writes for it; else the task's own thread does, at most twice a second.
    user_id : int, optional
        Who asked for the job: the author of what it changes.

    Attributes
    ----------
    memory : dict
        What code that the job calls keeps until this run of it ends, by names of its own.
    """

    def __init__(self, pk: int, *, monitored: bool, user_id: int | None = None) -> None:
        self.pk = pk
        self.user_id = user_id
        self.monitored = monitored
        self.memory: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._values: dict[str, Any] = {}
        self._lines: list[tuple[dt.datetime, str]] = []
        self._written_at = float("-inf")
        self._looked_at = float("-inf")
        self._cancelled = False
        self._stop = threading.Event()
        self._deadline: float | None = None
        self._too_late: type[BaseException] = JobTimedOut
        self._thread_id: int | None = None
        self._over = False

    def progress(self, done: int, total: int | None = None, message: str | None = None) -> None:
        """Tell how far the task is.

        Parameters
        ----------
        done, total : int
            Pieces done and pieces in all, in whatever unit; the last total holds until another is given.
        message : str, optional
            One line, cut at 300 characters.
        """
        values: dict[str, Any] = {"done_count": int(done)}
        if total is not None:
            values["total_count"] = int(total)
        if message is not None:
            values["message"] = message[:300]
        with self._lock:
            self._values |= values
        self._write_inline()

    def log(self, text: str) -> None:
        """Add a line to the log of the job."""
        with self._lock:
            self._lines.append((timezone.now(), text))
        self._write_inline()

    def check_cancelled(self) -> None:
        """Raise `JobCancelled` if somebody cancelled the job; call it between two pieces of work."""
        if not self.monitored and time.monotonic() - self._looked_at > 1:
            self._look()
        if self._cancelled:
            raise JobCancelled

    def unwritten(self) -> dict[str, Any]:
        """Return and forget what was told and not written yet, with the lines under ``log_lines``."""
        with self._lock:
            values, lines = self._values, self._lines
            self._values, self._lines = {}, []
        return {**values, "log_lines": lines}

    @contextmanager
    def running(self, time_limit_ms: int | None) -> Iterator[None]:
        """Make this the current job, watched by its monitor, for the length of the block.

        Raises
        ------
        JobTimedOut
            If the block takes longer than the limit (monitored runs only).
        JobOverdue
            If it goes on nevertheless.
        """
        token = _current.set(self)
        monitor = None
        if self.monitored:
            self._thread_id = threading.get_ident()
            self._deadline = time.monotonic() + time_limit_ms / 1000 if time_limit_ms else None
            monitor = threading.Thread(target=self._monitor, name=f"monitor of job {self.pk}", daemon=True)
            monitor.start()
        with _running_lock:
            _running.add(self)
        try:
            try:
                with acting(Scope(job_id=self.pk, user_id=self.user_id)):
                    yield
            finally:
                self._disarm()
        finally:
            self._stop.set()
            if monitor is not None:
                monitor.join()
            with _running_lock:
                _running.discard(self)
            _current.reset(token)

    def _disarm(self) -> None:
        """Take back a time-out that was raised but has not arrived yet: the task is over."""
        with self._lock:
            self._deadline = None
            self._over = True
            if self._thread_id is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread_id), None)

    def _interrupt_if_late(self) -> None:
        with self._lock:
            if self._deadline is None or time.monotonic() < self._deadline:
                return
        self.interrupt(self._too_late)
        with self._lock:
            self._too_late, self._deadline = JobOverdue, time.monotonic() + OVERDUE_S

    def interrupt(self, reason: type[BaseException]) -> None:
        """Raise an exception in the task, wherever it is; nothing happens once it is over."""
        with self._lock:
            self._deadline = None
            if self._thread_id is not None and not self._over:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(self._thread_id), ctypes.py_object(reason)
                )

    def _monitor(self) -> None:
        heartbeat_due = time.monotonic() + HEARTBEAT_S
        try:
            while not self._stop.wait(WRITE_INTERVAL_S):
                self._interrupt_if_late()
                try:
                    if time.monotonic() >= heartbeat_due:
                        self._write()
                        heartbeat_due = time.monotonic() + HEARTBEAT_S
                    elif self._values or self._lines:
                        self._write()
                    self._look()
                except Error as error:
                    logger.info("job %s: progress not written, trying again: %s", self.pk, error)
                    connections.close_all()
        finally:
            connections.close_all()

    def _write_inline(self) -> None:
        if not self.monitored and time.monotonic() - self._written_at >= WRITE_INTERVAL_S:
            self._write()

    def _write(self) -> None:
        values = self.unwritten()
        lines = values.pop("log_lines")
        try:
            JobLogLine.objects.bulk_create(
                JobLogLine(job_id=self.pk, created_at=created_at, text=text) for created_at, text in lines
            )
            lines = []
            Job.objects.filter(pk=self.pk).update(heartbeat_at=timezone.now(), **values)
        except Error:
            with self._lock:  # nothing that was told is lost; what was told meanwhile is newer
                self._values = {**values, **self._values}
                self._lines = lines + self._lines
            raise
        self._written_at = time.monotonic()

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        self._cancelled = Job.objects.filter(pk=self.pk, cancel_requested=True).exists()
