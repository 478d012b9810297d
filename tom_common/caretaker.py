"""The thread beside the jobs of a process: it tells that the process lives, and looks after forgotten work.

One runs in each web process, in each worker of dramatiq, in ``run_jobs`` and in ``run_scheduler``. Whatever
it does may be done by several at once without harm.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Sequence

from django.db import Error, close_old_connections, connections
from django.db.models import Q
from django.utils import timezone

from tom_common import jobs, scheduler
from tom_common.job_owner import worker_name
from tom_common.models import Job, Worker
from tom_common.remote import record as remote_record

logger = logging.getLogger(__name__)

LOOK_S = 10.0
TELL_S = 30.0
NUDGE_AFTER_S = 60.0
GONE_AFTER_S = 90.0
"""Seconds after which a process that said nothing counts as gone."""


class Caretaker(threading.Thread):
    """Looks every ten seconds after what is periodic or forgotten, until it is stopped.

    Parameters
    ----------
    kind : str
        What the process is: one of ``Worker.Kind``.
    queues : sequence of str
        Queues of jobs that the process runs itself.
    threads : int
        Jobs that it can run at the same time.
    to_dramatiq : bool
        Send jobs to dramatiq that it seems to have lost, and those handed over by `hand_over`.
    """

    def __init__(
        self, kind: str, *, queues: Sequence[str] = (), threads: int = 0, to_dramatiq: bool = False
    ) -> None:
        super().__init__(name="tom-caretaker", daemon=True)
        self.kind = kind
        self.queues = list(queues)
        self.threads = threads
        self.to_dramatiq = to_dramatiq
        self.pid = os.getpid()
        self._messages: queue.SimpleQueue[tuple[int, float] | None] = queue.SimpleQueue()
        self._stop_asked = threading.Event()
        self._is_replaced = False
        self._started_at = timezone.now()
        self._done_at: dict[str, float] = {}

    def hand_over(self, job_pk: int, delay_s: float = 0) -> None:
        """Send a job to dramatiq soon, without waiting for its broker."""
        self._messages.put((job_pk, delay_s))

    def stop(self, *, process_goes_on: bool = False) -> None:
        """End, and say that the process is gone unless it goes on with another caretaker."""
        self._is_replaced = process_goes_on
        self._stop_asked.set()
        self._messages.put(None)

    def run(self) -> None:
        """Look after things until `stop`."""
        remote_record.leave_writing_to(self)
        while not self._stop_asked.is_set():
            self._try("old connections", close_old_connections)
            self.look()
            self._send_handed_over(LOOK_S)
        if not self._is_replaced:
            self._try("saying good-bye", lambda: Worker.objects.filter(name=worker_name()).delete())
        connections.close_all()

    def look(self) -> None:
        """Do now what is due."""
        self._every(TELL_S, "telling that it lives", self.tell)
        self._try("periodic tasks", scheduler.run_due)
        self._try("records of services", remote_record.flush)
        if self.to_dramatiq:
            self._every(NUDGE_AFTER_S, "forgotten jobs", nudge)

    def tell(self) -> None:
        """Write that this process lives."""
        Worker.objects.update_or_create(
            name=worker_name(),
            defaults={
                "kind": self.kind,
                "queues": ", ".join(self.queues),
                "threads": self.threads,
                "seen_at": timezone.now(),
            },
            create_defaults={
                "kind": self.kind,
                "queues": ", ".join(self.queues),
                "threads": self.threads,
                "seen_at": timezone.now(),
                "started_at": self._started_at,
            },
        )

    def _send_handed_over(self, wait_s: float) -> None:
        from tom_common.background import send_message

        deadline = time.monotonic() + wait_s
        while not self._stop_asked.is_set():
            try:
                found = self._messages.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return
            if found is not None:
                pk, delay_s = found
                self._try("a message", lambda pk=pk, delay_s=delay_s: send_message(pk, delay_s=delay_s))  # type: ignore[misc]

    def _every(self, period_s: float, name: str, work: Callable[[], object]) -> None:
        now = time.monotonic()
        if now - self._done_at.get(name, float("-inf")) >= period_s:
            self._done_at[name] = now
            self._try(name, work)

    def _try(self, name: str, work: Callable[[], object]) -> None:
        try:
            work()
        except Error as error:
            logger.warning("caretaker: %s: the database cannot be used, trying again: %s", name, error)
            connections.close_all()
        except Exception:
            logger.exception("caretaker: %s failed, going on", name)


def nudge() -> int:
    """Send the jobs to dramatiq that it seems to have lost; return how many.

    It lost them if they wait a minute after their time, or nobody runs them any more: the broker could not be
    reached, or was started again with nothing in it.
    """
    from tom_common.background import send_message

    now = timezone.now()
    before = now - dt.timedelta(seconds=NUDGE_AFTER_S)
    forgotten = Job.objects.filter(
        Q(heartbeat_at=None) | Q(heartbeat_at__lt=before), state=Job.State.QUEUED, run_after__lt=before
    )
    sent = 0
    for pk, lane in list(forgotten.order_by("-queue", "run_after", "pk").values_list("pk", "queue")[:100]):
        # The heartbeat of a waiting row tells when it was last sent: one of several processes wins.
        if forgotten.filter(pk=pk).update(heartbeat_at=now):
            if not send_message(pk, queue=lane):
                return sent  # the others would wait for the same broker
            sent += 1
    for job in jobs.abandoned_jobs():
        sent += send_message(job.pk, queue=job.queue)
    return sent


def alive_workers() -> list[Worker]:
    """Return the processes that told within a minute and a half that they live."""
    return list(Worker.objects.filter(seen_at__gte=timezone.now() - dt.timedelta(seconds=GONE_AFTER_S)))


def delete_gone_workers() -> int:
    """Delete the rows of processes that ended a day ago without a word; return how many."""
    return Worker.objects.filter(seen_at__lt=timezone.now() - dt.timedelta(days=1)).delete()[0]
