"""The thread of a web process that runs jobs, or looks after those that dramatiq forgot.

It starts with the first request that a web server answers: nothing else knows that this process is a web
server's, and a thread that starts earlier would be lost when the server forks its workers.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import threading
import time
from typing import Any

from django.db import DatabaseError, close_old_connections, connections
from django.db.models import Q
from django.utils import timezone

from tom_common import jobs
from tom_common.models import Job

logger = logging.getLogger(__name__)

POLL_S = 2.0
LOOK_FOR_ABANDONED_S = 10.0
NUDGE_AFTER_S = 60.0
TIDY_S = 3600.0

_web_process_pid: int | None = None
_worker: JobWorker | None = None
_start_lock = threading.Lock()


class JobWorker(threading.Thread):
    """Runs due jobs one after the other until it is stopped.

    Parameters
    ----------
    hand_to_dramatiq : bool
        Do not run jobs; send those to dramatiq that it seems to have lost.
    """

    def __init__(self, *, hand_to_dramatiq: bool = False) -> None:
        super().__init__(name="tom-job-worker", daemon=True)
        self.pid = os.getpid()
        self.hand_to_dramatiq = hand_to_dramatiq
        self._stop_asked = threading.Event()
        self._work = threading.Event()
        self._abandoned_looked_at = float("-inf")
        self._tidied_at = time.monotonic()

    def wake(self) -> None:
        """Look for due jobs now."""
        self._work.set()

    def stop(self) -> None:
        """End after the job that is running."""
        self._stop_asked.set()
        self._work.set()

    def run(self) -> None:
        """Run jobs until `stop`."""
        while not self._stop_asked.is_set():
            self._work.clear()
            try:
                close_old_connections()
                busy = self._nudge() if self.hand_to_dramatiq else self.run_one()
                self._tidy()
            except DatabaseError as error:
                logger.warning("job worker: the database cannot be used, trying again: %s", error)
                connections.close_all()
                busy = False
            except Exception:
                logger.exception("job worker: unexpected error, going on")
                busy = False
            if not busy:
                self._work.wait(NUDGE_AFTER_S if self.hand_to_dramatiq else POLL_S)
        connections.close_all()

    def run_one(self) -> bool:
        """Run the job that has waited longest, if there is one; return whether there was."""
        for job in jobs.due_jobs()[:5]:  # the first may be taken by another process meanwhile
            if jobs.claim(job):
                jobs.run_claimed(job, monitored=True)
                return True
        if time.monotonic() - self._abandoned_looked_at >= LOOK_FOR_ABANDONED_S:
            self._abandoned_looked_at = time.monotonic()
            for job in jobs.abandoned_jobs():
                if jobs.claim(job):
                    logger.warning("job %s (%s) was abandoned; it runs again", job.pk, job.title)
                    jobs.run_claimed(job, monitored=True)
                    return True
        return False

    def _nudge(self) -> bool:
        from tom_common.background import send_message

        now = timezone.now()
        before = now - dt.timedelta(seconds=NUDGE_AFTER_S)
        forgotten = Job.objects.filter(
            Q(heartbeat_at=None) | Q(heartbeat_at__lt=before), state=Job.State.QUEUED, run_after__lt=before
        )
        for pk in list(forgotten.values_list("pk", flat=True)[:100]):
            # The heartbeat of a waiting row tells when it was last sent: one of several web processes wins.
            if forgotten.filter(pk=pk).update(heartbeat_at=now):
                send_message(pk)
        for job in jobs.abandoned_jobs():
            send_message(job.pk)
        return False

    def _tidy(self) -> None:
        if time.monotonic() - self._tidied_at >= TIDY_S:
            self._tidied_at = time.monotonic()
            jobs.delete_old_jobs()


def is_web_process() -> bool:
    """Return whether this process has answered a request of a web server."""
    return _web_process_pid == os.getpid()


def on_request_started(sender: Any, **_: Any) -> None:
    """Learn from the first real request that this is a web process; connected to ``request_started``."""
    if is_web_process() or not isinstance(sender, type):
        return
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.wsgi import WSGIHandler

    if issubclass(sender, (ASGIHandler, WSGIHandler)):  # the handler of the test client is neither
        global _web_process_pid
        _web_process_pid = os.getpid()
        ensure_started()


def ensure_started() -> None:
    """Start the worker thread of this web process if it has none and the mode asks for one."""
    from tom_common.background import mode

    global _worker
    where = mode()
    if where == "inline":
        return
    with _start_lock:
        if _worker is None or _worker.pid != os.getpid() or not _worker.is_alive():
            _worker = JobWorker(hand_to_dramatiq=where == "dramatiq")
            _worker.start()


def wake() -> None:
    """Tell the worker thread of this process that there is work; other processes look every two seconds."""
    if is_web_process():
        ensure_started()
    if _worker is not None and _worker.pid == os.getpid():
        _worker.wake()
