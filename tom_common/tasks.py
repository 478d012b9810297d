"""The dramatiq actors behind all background tasks, imported by its workers and by whoever sends to them."""

from __future__ import annotations

import threading
from typing import Any

import dramatiq

from tom_common import conf
from tom_common.background import BulkSlots, run_bulk_from_message, run_from_message
from tom_common.caretaker import Caretaker
from tom_common.job_context import stop_running
from tom_common.models import Job, Worker
from tom_common.turns import shares, turns

GOODBYE_S = 5.0
_ONE_WEEK_MS = 7 * 86_400_000
_bulk_slots = BulkSlots(1)


# Retries and time limits are those of the job (they work alike in every mode), not dramatiq's.
@dramatiq.actor(actor_name="tom_common.run_job", max_retries=0, time_limit=_ONE_WEEK_MS)
def run_job(job_pk: int) -> None:
    """Run one job."""
    run_from_message(job_pk)


@dramatiq.actor(
    actor_name="tom_common.run_bulk_job",
    queue_name="bulk",
    priority=100,
    max_retries=0,
    time_limit=_ONE_WEEK_MS,
)
def run_bulk_job(job_pk: int) -> None:
    """Run one job of the bulk queue; some threads of each process stay free for the others."""
    run_bulk_from_message(job_pk, _bulk_slots)


class WorkerCare(dramatiq.Middleware):
    """What a worker process of dramatiq does beside its messages: it tells that it lives, and ends well."""

    def __init__(self) -> None:
        self.caretaker: Caretaker | None = None

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        """Start looking after forgotten jobs, and share the threads out between the queues."""
        global _bulk_slots
        bulk, asking = shares(worker.worker_threads)
        _bulk_slots = BulkSlots(bulk)
        turns.share_out(asking)
        wanted = worker.consumer_whitelist
        queues = [
            kind.value
            for kind, name in ((Job.Queue.INTERACTIVE, "default"), (Job.Queue.BULK, "bulk"))
            if not wanted or name in wanted
        ]
        self.caretaker = Caretaker(
            Worker.Kind.DRAMATIQ, queues=queues, threads=worker.worker_threads, to_dramatiq=True
        )
        self.caretaker.start()

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:
        """Give running jobs their time; those that need longer go back to the queue."""
        _bulk_slots.close()
        threading.Thread(
            target=stop_running, args=(conf.stop_grace_s(),), name="stop of jobs", daemon=True
        ).start()

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        """Say that this worker is gone."""
        if self.caretaker is not None:
            self.caretaker.stop()
            self.caretaker.join(GOODBYE_S)  # the process ends right after this


dramatiq.get_broker().add_middleware(WorkerCare())
