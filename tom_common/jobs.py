"""Services and selectors of background jobs: who may see one, claim it, run it, retry it, cancel it.

``tom_common.background`` makes jobs and decides where they run; this module changes their rows, and nothing
else does.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.db.models import F, Q, QuerySet
from django.urls import NoReverseMatch
from django.utils import timezone

from tom_common import conf
from tom_common.hooks import import_method
from tom_common.job_context import (
    InputRefused,
    JobCancelled,
    JobContext,
    JobOverdue,
    JobStopped,
    JobTimedOut,
    RunAgain,
    WaitsForTurn,
)
from tom_common.job_owner import is_abandoned, worker_name
from tom_common.job_signals import job_ended
from tom_common.models import Job, JobLogLine
from tom_common.notifications import notify

logger = logging.getLogger(__name__)

CRASHES_ALLOWED = 3
RETRIED_AT_ONCE = 1000
FIRST_RETRY_S = 15
LONGEST_RETRY_S = 900


def jobs_for_user(user: Any, queryset: QuerySet[Job] | None = None) -> QuerySet[Job]:
    """Return the jobs that a user may see: the user's own; staff sees all, an anonymous visitor none."""
    rows = Job.objects.all() if queryset is None else queryset
    if not user.is_authenticated:
        return rows.none()
    return rows if user.is_staff or user.is_superuser else rows.filter(user=user)


def may_see_job(user: Any, job: Job | None) -> bool:
    """Tell whether a user may see a job, as `jobs_for_user` would say; no job is seen by nobody."""
    if job is None or not user.is_authenticated:
        return False
    return bool(user.is_staff or user.is_superuser or job.user_id == user.pk)


def due_jobs(queues: Sequence[str] | None = None) -> QuerySet[Job]:
    """Return the jobs of some queues (all) whose time has come: interactive ones first, then the oldest."""
    rows = Job.objects.filter(state=Job.State.QUEUED, run_after__lte=timezone.now())
    if queues is not None:
        rows = rows.filter(queue__in=queues)
    return rows.order_by("-queue", "run_after", "pk")


def run_next_due(queues: Sequence[str] | None = None) -> bool:
    """Run the job of some queues (all) that is due first, if there is one; return whether there was."""
    for job in due_jobs(queues)[:5]:  # the first may be taken by another process meanwhile
        if claim(job):
            run_claimed(job, monitored=True)
            return True
    return False


def abandoned_jobs(queues: Sequence[str] | None = None) -> list[Job]:
    """Return the running jobs whose process has ended, or has not been heard of for a minute."""
    rows = Job.objects.filter(state=Job.State.RUNNING)
    if queues is not None:
        rows = rows.filter(queue__in=queues)
    return [job for job in rows if is_abandoned(job)]


def claim(job: Job) -> bool:
    """Take a waiting or abandoned job for this process.

    One conditional UPDATE decides between processes that try at the same time. A job that has ended its
    process too often, or that somebody cancelled meanwhile, is ended instead.

    Returns
    -------
    bool
        Whether the job is ours to run; `job` then holds its new state.
    """
    if job.state == Job.State.RUNNING:
        if not is_abandoned(job):
            return False
        same = Job.objects.filter(
            pk=job.pk, state=Job.State.RUNNING, worker=job.worker, heartbeat_at=job.heartbeat_at
        )
        if job.cancel_requested:
            _end(job, Job.State.CANCELLED, same)
            return False
        if job.attempts >= max(CRASHES_ALLOWED, job.attempts_allowed):
            error = "The process that ran this job ended each time it was tried."
            _end(job, Job.State.FAILED, same, error=error)
            return False
    else:
        same = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED)
    now = timezone.now()
    taken = same.update(
        state=Job.State.RUNNING,
        worker=worker_name(),
        heartbeat_at=now,
        started_at=now,
        finished_at=None,
        attempts=F("attempts") + 1,
        done_count=0,
        total_count=None,
        message="",
        error="",
    )
    if taken:
        job.refresh_from_db()
    return bool(taken)


def run_claimed(job: Job, *, monitored: bool) -> None:
    """Run a job that this process has claimed, and store how it ended.

    Parameters
    ----------
    job : Job
    monitored : bool
        Whether a second thread writes progress and heartbeat on a connection of its own, so that neither
        waits for, nor is rolled back with, a transaction of the task. Without, the task's own thread and
        connection write: for inline runs, which nobody watches while they last.
    """
    context = JobContext(job.pk, monitored=monitored, user_id=job.user_id)
    if job.attempts > 1:
        context.log(f"Attempt {job.attempts} started.")
    retry_s: float | None = None
    can_retry = monitored and job.attempts < job.attempts_allowed
    try:
        task = task_at(job.task)
        with context.running(task.time_limit_ms):
            result = task.function(*job.arguments.get("args", []), **job.arguments.get("kwargs", {}))
    except JobCancelled:
        ending: dict[str, Any] = {"state": Job.State.CANCELLED}
    except RunAgain as later:
        # Waiting is not failing: a job that looks a hundred times has all its attempts left. One without a
        # turn did not even look: how often it failed before is still to be counted.
        attempts = job.attempts - 1 if isinstance(later, WaitsForTurn) else 0
        ending = {"state": Job.State.QUEUED, "message": later.message, "attempts": attempts}
        retry_s = later.delay_s
    except JobStopped:
        # The attempt does not count: it is the process that ended, not the task that failed.
        ending = {
            "state": Job.State.QUEUED,
            "attempts": job.attempts - 1,
            "message": "Its process was stopped.",
        }
        context.log("Interrupted, since its process was stopped; it starts again.")
    except InputRefused as refusal:
        ending = {"state": Job.State.FAILED, "error": str(refusal)}
    except KeyboardInterrupt:
        _store_ending(job, {"state": Job.State.CANCELLED, "error": "Interrupted."})
        raise
    except (
        Exception,
        JobOverdue,
        SystemExit,
    ) as error:  # sys.exit() in a task must not end the thread of the worker
        logger.exception("job %s (%s) failed", job.pk, job.task)
        timed_out = isinstance(error, (JobTimedOut, JobOverdue))
        text = JobTimedOut.__name__ if timed_out else _error_text(error)
        context.log(text if timed_out else "".join(traceback.format_exception(error)))
        ending = {"state": Job.State.FAILED, "error": text}
        if can_retry:
            ending["state"] = Job.State.QUEUED
            retry_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** (job.attempts - 1))
    else:
        ending = {"state": Job.State.DONE, "result": _plain_result(result)}
    _store_ending(job, {**context.unwritten(), **ending}, retry_s)


def task_at(path: str) -> Any:
    """Return the task of a path.

    Raises
    ------
    ImportError
        If the path leads to no background task (any more).
    """
    task = import_method(path)
    if not hasattr(task, "time_limit_ms"):
        raise ImportError(f"{path} is no background task")
    return task


def retry_job(job: Job) -> bool:
    """Start a failed or cancelled job again, as a further attempt of the same row.

    Returns
    -------
    bool
        Whether it was failed or cancelled; nothing happens otherwise.
    """
    queued = _queue_again(job.task, [job.pk])
    job.refresh_from_db()
    return bool(queued)


def retry_failed_jobs(user: Any) -> int:
    """Start again the failed jobs that a user may see, the oldest thousand at once; return how many."""
    failed = jobs_for_user(user).filter(state=Job.State.FAILED).order_by("pk")
    by_task: dict[str, list[int]] = {}
    for pk, task in failed.values_list("pk", "task")[:RETRIED_AT_ONCE]:
        by_task.setdefault(task, []).append(pk)
    return sum(_queue_again(task, pks) for task, pks in by_task.items())


def _queue_again(task: str, pks: Sequence[int]) -> int:
    """Put the jobs of a task that failed or were cancelled back into the queue; return how many did."""
    from tom_common.background import dispatch

    try:
        retries = task_at(task).max_retries
    except ImportError:
        retries = 0
    queued = Job.objects.filter(pk__in=pks, state__in=(Job.State.FAILED, Job.State.CANCELLED)).update(
        state=Job.State.QUEUED,
        attempts_allowed=F("attempts") + 1 + retries,
        run_after=timezone.now(),
        heartbeat_at=None,
        finished_at=None,
        cancel_requested=False,
        error="",
        message="",
    )
    if queued:
        for pk in pks:  # of one that somebody else was quicker with, the row decides
            transaction.on_commit(partial(dispatch, pk))
    return queued


def cancel_job(job: Job) -> bool:
    """Cancel a job: at once while it waits, at its next look while it runs.

    Returns
    -------
    bool
        Whether there was anything to cancel.
    """
    waiting = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED)
    running = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
    for _ in range(5):  # it may go back to the queue, or begin, between two statements
        if _end(job, Job.State.CANCELLED, waiting):
            return True
        if running.update(cancel_requested=True):
            job.refresh_from_db()
            if is_abandoned(job):
                _end(job, Job.State.CANCELLED, running.filter(worker=job.worker))
            return True
        job.refresh_from_db()
        if job.is_finished:
            break
    return False


def delete_old_jobs() -> int:
    """Delete jobs that ended longer ago than they are kept, those of nobody after a week; return how many."""
    now = timezone.now()
    old = Q(finished_at__lt=now - dt.timedelta(days=conf.job_keep_days()))
    old |= Q(user=None, state=Job.State.DONE, finished_at__lt=now - dt.timedelta(days=7))
    return Job.objects.filter(old).delete()[0]


def _error_text(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _plain_result(result: Any) -> Any:
    try:
        json.dumps(result, allow_nan=False)
    except (TypeError, ValueError):
        return str(result)
    return result


def _end(job: Job, state: str, same: QuerySet[Job], error: str = "") -> bool:
    ended = same.update(state=state, finished_at=timezone.now(), error=error)
    job.refresh_from_db()
    if ended:
        _tell(job)
    return bool(ended)


def _store_ending(job: Job, values: dict[str, Any], retry_s: float | None = None) -> None:
    """Write the last state, if the job is still ours: another process may have taken it for abandoned.

    A job that somebody cancelled meanwhile does not go back to the queue.
    """
    now = timezone.now()
    lines = values.pop("log_lines", [])
    again = values["state"] == Job.State.QUEUED
    waiting = {"run_after": now + dt.timedelta(seconds=retry_s or 0), "heartbeat_at": None}
    ended = {"finished_at": now} | ({"state": Job.State.CANCELLED} if again else {})

    def write() -> int:
        with transaction.atomic():
            JobLogLine.objects.bulk_create(
                JobLogLine(job_id=job.pk, created_at=created_at, text=text) for created_at, text in lines
            )
            same = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, worker=job.worker)
            if again and same.filter(cancel_requested=False).update(**values, **waiting):
                return 1
            return same.update(**(values | ended))

    ours = _patiently(write)
    job.refresh_from_db()
    if not ours:
        logger.warning("job %s was taken over by %s while %s ran it", job.pk, job.worker, worker_name())
    elif job.state == Job.State.QUEUED:
        from tom_common.background import dispatch, mode

        # A job that was interrupted has no delay: this process ends, and others look for due rows themselves.
        if retry_s is not None or mode() == "dramatiq":
            dispatch(job.pk, delay_s=retry_s or 0)
    else:
        _tell(job)


def _patiently(write: Callable[[], int], tries: int = 5) -> int:
    """Write although SQLite is locked for longer than its timeout, or the server ended the connection."""
    for attempt in range(1, tries + 1):
        try:
            return write()
        except (OperationalError, InterfaceError):
            if attempt == tries:
                raise
            close_old_connections()
            logger.info("the database is busy; the end of a job is written again in %s s", attempt)
            time.sleep(attempt)
    return 0


def _tell(job: Job) -> None:
    """Tell other apps, then the owner, that a job has ended."""
    for receiver, answer in job_ended.send_robust(sender=Job, job=job):
        if isinstance(answer, Exception):
            logger.error("job %s: %s failed at its end", job.pk, receiver, exc_info=answer)
    _tell_owner(job)


def _tell_owner(job: Job) -> None:
    if job.user is None or job.state not in (Job.State.DONE, Job.State.FAILED) or not _tells_end(job):
        return
    try:
        url = job.get_absolute_url()
    except NoReverseMatch:  # a project without our pages
        url = ""
    if job.state == Job.State.DONE:
        notify(job.user, "job_done", f"{job.title}: done.", url)
    else:
        notify(job.user, "job_failed", f"{job.title} failed: {job.error}", url)


def _tells_end(job: Job) -> bool:
    """Tell whether the end of a job is news; where its task is gone, it is."""
    try:
        task = task_at(job.task)
    except ImportError:
        return True
    if job.state == Job.State.DONE and job.finished_at is not None:
        took_s = (job.finished_at - job.created_at).total_seconds()
        if took_s < getattr(task, "success_is_news_after_s", 0.0):
            return False
    return bool(getattr(task, "tells_end", True))
