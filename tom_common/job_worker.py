"""The threads that run jobs in a web process or in ``run_jobs``: some for interactive work, one for bulk.

They start when gunicorn says that a worker is ready (``tom_project.gunicorn_conf``), else with the first
request that a web server answers: nothing else knows that this process is a web server's, and a thread that
starts earlier would be lost when the server forks its workers.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Sequence
from typing import Any

from django.db import Error, close_old_connections, connections

from tom_common import conf, jobs
from tom_common.caretaker import Caretaker
from tom_common.job_context import stop_running
from tom_common.models import Job, Worker
from tom_common.turns import turns

logger = logging.getLogger(__name__)

POLL_S = 2.0
LOOK_FOR_ABANDONED_S = 10.0
WEB_GRACE_S = 2.0
"""Longest that a web process that ends waits for its jobs."""
QUEUES = (Job.Queue.INTERACTIVE, Job.Queue.BULK)

_web_process_pid: int | None = None
_ending_pid: int | None = None
_crew: Crew | None = None
_start_lock = threading.Lock()


class JobWorker(threading.Thread):
    """Runs due jobs one after the other until it is stopped.

    Parameters
    ----------
    queues : sequence of str, optional
        Queues whose jobs it runs; all of them by default, interactive work first.
    """

    def __init__(self, queues: Sequence[str] | None = None) -> None:
        super().__init__(name=f"tom-jobs-{'-'.join(queues or ['all'])}", daemon=True)
        self.queues = queues
        self._stop_asked = threading.Event()
        self._work = threading.Event()
        self._abandoned_looked_at = float("-inf")

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
                busy = self.run_one()
            except Error as error:
                logger.warning("job worker: the database cannot be used, trying again: %s", error)
                connections.close_all()
                busy = False
            except Exception:
                logger.exception("job worker: unexpected error, going on")
                busy = False
            if not busy:
                self._work.wait(POLL_S)
        connections.close_all()

    def run_one(self) -> bool:
        """Run the job that has waited longest, if there is one; return whether there was."""
        if jobs.run_next_due(self.queues):
            return True
        if time.monotonic() - self._abandoned_looked_at >= LOOK_FOR_ABANDONED_S:
            self._abandoned_looked_at = time.monotonic()
            for job in jobs.abandoned_jobs(self.queues):
                if jobs.claim(job):
                    logger.warning("job %s (%s) was abandoned; it runs again", job.pk, job.title)
                    jobs.run_claimed(job, monitored=True)
                    return True
        return False


class Crew:
    """The threads of one process: a caretaker, and workers of each queue where jobs run in the process.

    Interactive work has several, of which one always stays free of questions to outside services (``turns``).

    Parameters
    ----------
    kind : str
        What the process is: one of ``Worker.Kind``.
    runs_jobs : bool
        False where dramatiq's workers run them.
    """

    def __init__(self, kind: str, *, runs_jobs: bool) -> None:
        self.pid = os.getpid()
        self.runs_jobs = runs_jobs
        self.workers: list[JobWorker] = []
        if runs_jobs:
            count = conf.interactive_threads()
            turns.share_out(count - 1)
            self.workers = [JobWorker([Job.Queue.INTERACTIVE]) for _ in range(count)]
            self.workers.append(JobWorker([Job.Queue.BULK]))
        self.caretaker = Caretaker(
            kind,
            queues=[lane.value for lane in QUEUES] if runs_jobs else [],
            threads=len(self.workers),
            to_dramatiq=not runs_jobs,
        )

    @property
    def threads(self) -> list[threading.Thread]:
        """All threads."""
        return [self.caretaker, *self.workers]

    def start(self) -> None:
        """Start all threads."""
        for thread in self.threads:
            thread.start()

    def is_alive(self) -> bool:
        """Whether this is the process that started the threads, and none of them has ended."""
        return self.pid == os.getpid() and all(thread.is_alive() for thread in self.threads)

    def wake(self) -> None:
        """Look for due jobs now."""
        for worker in self.workers:
            worker.wake()

    def make_room(self) -> None:
        """End each thread after what it is doing, for another crew, without waiting for it."""
        if self.pid == os.getpid():
            for worker in self.workers:
                worker.stop()
            self.caretaker.stop(process_goes_on=True)

    def stop(self, grace_s: float) -> None:
        """End all threads; jobs that do not end within the grace go back to the queue.

        Parameters
        ----------
        grace_s : float
            Seconds.
        """
        if self.pid != os.getpid():
            return
        for worker in self.workers:
            worker.stop()
        if any(worker.is_alive() for worker in self.workers):
            stop_running(grace_s)
        self.caretaker.stop()
        for thread in self.threads:
            if thread.is_alive():
                thread.join(2)


def is_web_process() -> bool:
    """Return whether this process answers requests of a web server."""
    return _web_process_pid == os.getpid()


def on_request_started(sender: Any, **_: Any) -> None:
    """Learn from the first real request that this is a web process; connected to ``request_started``."""
    if is_web_process() or not isinstance(sender, type):
        return
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.wsgi import WSGIHandler

    if issubclass(sender, (ASGIHandler, WSGIHandler)):  # the handler of the test client is neither
        begin_web_process()


def begin_web_process() -> None:
    """Note that this process is a web server's worker, and take up the jobs that wait."""
    global _web_process_pid
    _web_process_pid = os.getpid()
    ensure_started()


def ensure_started() -> None:
    """Start the threads of this web process if it has none and the mode asks for them."""
    from tom_common.background import mode

    global _crew
    where = mode()
    if where == "inline" or _ending_pid == os.getpid():
        return
    runs_jobs = where == "thread"
    with _start_lock:
        if _crew is None or not _crew.is_alive() or _crew.runs_jobs != runs_jobs:
            if _crew is not None:
                _crew.make_room()
            _crew = Crew(Worker.Kind.WEB, runs_jobs=runs_jobs)
            _crew.start()
            atexit.register(_end)


def _end() -> None:
    """End the threads with their process, and let no other begin."""
    global _ending_pid
    _ending_pid = os.getpid()
    if _crew is not None:
        _crew.stop(min(WEB_GRACE_S, conf.stop_grace_s()))


def wake() -> None:
    """Tell the threads of this process that there is work; other processes look every two seconds."""
    if is_web_process():
        ensure_started()
    if _crew is not None and _crew.pid == os.getpid():
        _crew.wake()


def hand_over(job_pk: int, delay_s: float = 0) -> bool:
    """Let the caretaker of this web process send a job to dramatiq; return False where there is none."""
    if not is_web_process():
        return False
    ensure_started()
    if _crew is None or _crew.runs_jobs or not _crew.is_alive():
        return False
    _crew.caretaker.hand_over(job_pk, delay_s)
    return True
