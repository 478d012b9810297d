"""Background tasks: functions that run after the request is answered, and `Job` rows that tell how they do.

``@background_task`` turns a function into a task. Where it runs is decided when it is sent (setting
``TOM_BACKGROUND``): by dramatiq, by one worker thread of each web process, or inline, before ``send``
returns.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import threading
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from tom_common import conf, jobs
from tom_common.job_context import InputRefused, JobCancelled, JobTimedOut, RunAgain, current_job
from tom_common.job_owner import STALE_AFTER_S
from tom_common.models import Job

__all__ = [
    "BackgroundTask",
    "InputRefused",
    "JobCancelled",
    "JobTimedOut",
    "RunAgain",
    "background_task",
    "current_job",
    "dispatch",
    "leave_jobs_to_others",
    "mode",
]
logger = logging.getLogger(__name__)
_leaves_jobs = False


class BackgroundTask:
    """A function that can run now (call it) or in the background (`send`, `enqueue`, `submit`).

    Arguments are primary keys and plain values. The function is safe to run twice: a process may end in its
    middle.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        max_retries: int,
        time_limit_ms: int | None,
        title: str,
        queue: str,
        tells_end: bool = True,
        success_is_news_after_s: float = 0.0,
    ) -> None:
        self.function = function
        self.max_retries = max_retries
        self.time_limit_ms = time_limit_ms
        self.title = title
        self.queue = Job.Queue(queue)
        self.tells_end = tells_end
        self.success_is_news_after_s = success_is_news_after_s
        self.path = f"{function.__module__}.{function.__qualname__}"
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__module__ = function.__module__
        self.__wrapped__ = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function here and now."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<BackgroundTask {self.path}>"

    def send(self, *args: Any, **kwargs: Any) -> Job:
        """Run the function in the background, for nobody in particular."""
        return self._create(args, kwargs)

    def enqueue(self, *args: Any, **kwargs: Any) -> Job:
        """Do what `send` does, under the name that django-tasks gives it."""
        return self._create(args, kwargs)

    def send_with_options(
        self, *, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None, delay: int | None = None
    ) -> Job:
        """Run the function in the background, not before `delay` milliseconds from now."""
        return self._create(args, kwargs or {}, delay_s=(delay or 0) / 1000)

    def submit(self, *, user: Any = None, title: str = "", **kwargs: Any) -> Job:
        """Run the function in the background for a user, who finds it among the jobs and is told its end.

        Parameters
        ----------
        user : User, optional
        title : str
            What the job pages call it, for example ``Upload of night.tar.gz``.
        **kwargs
            Arguments of the function.
        """
        return self._create((), kwargs, user=user, title=title)

    def leave(self, *, title: str = "", **kwargs: Any) -> Job:
        """Put the function into its queue, never running it in this process: for the scheduler."""
        return self._create((), kwargs, title=title, here=False)

    def _create(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        user: Any = None,
        title: str = "",
        delay_s: float = 0,
        here: bool = True,
    ) -> Job:
        arguments = {"args": list(args), "kwargs": kwargs}
        try:
            json.dumps(arguments)
        except TypeError as error:
            raise TypeError(f"{self.path} takes primary keys and plain values: {error}") from error
        job = Job.objects.create(
            user=user if user is not None and user.is_authenticated else None,
            title=(title or self.title)[:200],
            task=self.path,
            arguments=arguments,
            queue=self.queue,
            attempts_allowed=1 + self.max_retries,
            run_after=timezone.now() + dt.timedelta(seconds=delay_s),
        )
        if here or mode() != "inline":
            transaction.on_commit(lambda: dispatch(job.pk, delay_s=delay_s))
        return job


def background_task(
    *,
    max_retries: int = 0,
    time_limit_ms: int | None = None,
    title: str = "",
    queue: str = Job.Queue.INTERACTIVE,
    tells_end: bool = True,
    success_is_news_after_s: float = 0.0,
) -> Callable[[Callable[..., Any]], BackgroundTask]:
    """Make a background task of a module-level function.

    Parameters
    ----------
    max_retries : int
        Further attempts after one that raised: 15 s later, then 30 s, and so on up to 15 minutes. A run
        inline is not repeated.
    time_limit_ms : int, optional
        Milliseconds after which the function is interrupted with `JobTimedOut`. Not kept inline.
    title : str
        Name for the job pages where the sender gives none.
    queue : str
        ``interactive`` for what somebody waits for and takes seconds; ``bulk`` for what takes longer, or
        nobody waits for. Bulk work never keeps interactive work waiting.
    tells_end : bool
        Whether the news of its user tell that it ended; not for one of many whose ends a page shows.
    success_is_news_after_s : float
        For what is waited for on a page that shows it: a success within so many seconds after it was
        submitted is no news, s. A failure always is.
    """

    def decorate(function: Callable[..., Any]) -> BackgroundTask:
        name = title or function.__name__.replace("_", " ").capitalize()
        return BackgroundTask(
            function,
            max_retries=max_retries,
            time_limit_ms=time_limit_ms,
            title=name,
            queue=queue,
            tells_end=tells_end,
            success_is_news_after_s=success_is_news_after_s,
        )

    return decorate


def mode() -> str:
    """Return where a task that is sent now would run: ``dramatiq``, ``thread`` or ``inline``.

    Raises
    ------
    ImproperlyConfigured
        If ``TOM_BACKGROUND`` is none of the modes, or asks for a dramatiq that is not set up.
    """
    from tom_common import job_worker

    wanted = conf.background_mode()
    if wanted not in conf.BACKGROUND_MODES:
        raise ImproperlyConfigured(f"TOM_BACKGROUND is {wanted!r}; expected one of {conf.BACKGROUND_MODES}")
    if wanted == "dramatiq" and not dramatiq_is_set_up():
        raise ImproperlyConfigured(
            "TOM_BACKGROUND is 'dramatiq': that needs django_dramatiq in INSTALLED_APPS, and DRAMATIQ_BROKER"
        )
    if wanted != "auto":
        return wanted
    if hasattr(mail, "outbox"):  # set by Django while tests run
        return "inline"
    if dramatiq_is_set_up():
        return "dramatiq"
    return "thread" if job_worker.is_web_process() else "inline"


def dispatch(job_pk: int, *, delay_s: float = 0) -> None:
    """See to it that a queued job is run: now if inline, else by whoever runs jobs."""
    from tom_common import job_worker

    where = mode()
    if where == "thread":
        job_worker.wake()
    elif where == "dramatiq":
        # A page does not wait for the broker: a thread of the web process talks to it.
        if not job_worker.hand_over(job_pk, delay_s):
            send_message(job_pk, delay_s=delay_s)
    elif delay_s > 0 or (_leaves_jobs and conf.background_mode() == "auto"):
        # Nobody waits here. A web process, or run_jobs, takes the row when its time has come.
        logger.info("job %s is due in %.0f s", job_pk, delay_s)
    else:
        job = Job.objects.get(pk=job_pk)
        if jobs.claim(job):
            jobs.run_claimed(job, monitored=False)


def leave_jobs_to_others() -> None:
    """Run no job in this process from now on, though it is no web process: its work must not wait for one.

    For commands that go on for ever, such as ``readstreams``. ``TOM_BACKGROUND=inline`` still runs them here.
    """
    global _leaves_jobs
    _leaves_jobs = True


def send_message(job_pk: int, *, delay_s: float = 0, queue: str | None = None) -> bool:
    """Hand a job to dramatiq; if its broker cannot be reached, it is sent again later (see caretaker.py).

    Returns
    -------
    bool
        Whether the broker took it.
    """
    from tom_common import tasks
    from tom_common.remote import record as remote_record

    if queue is None:
        queue = Job.objects.filter(pk=job_pk).values_list("queue", flat=True).first()
    actor = tasks.run_bulk_job if queue == Job.Queue.BULK else tasks.run_job
    try:
        actor.send_with_options(args=(job_pk,), delay=int(delay_s * 1000) or None)
    except Exception as error:
        logger.exception("job %s waits: the broker of dramatiq cannot be reached", job_pk)
        remote_record.note(remote_record.QUEUE, "", f"cannot be reached: {type(error).__name__}")
        return False
    remote_record.note(remote_record.QUEUE, "")
    return True


def run_from_message(job_pk: int) -> None:
    """Run a job that dramatiq delivered; called by its actors.

    A message may come twice, or after its worker was killed. The row decides.
    """
    job = Job.objects.filter(pk=job_pk).first()
    if job is None or job.is_finished:
        return
    early_s = (job.run_after - timezone.now()).total_seconds()
    if job.state == Job.State.QUEUED and early_s > 1:
        send_message(job_pk, delay_s=early_s, queue=job.queue)
    elif jobs.claim(job):
        jobs.run_claimed(job, monitored=True)
    elif job.state == Job.State.RUNNING:
        send_message(job_pk, delay_s=STALE_AFTER_S, queue=job.queue)


class BulkSlots:
    """How many bulk jobs a worker of dramatiq runs at once.

    Parameters
    ----------
    number : int
    """

    def __init__(self, number: int) -> None:
        self._free = threading.Semaphore(number)
        self._closed = threading.Event()

    def take(self) -> bool:
        """Take a slot, if one is free and the worker goes on; return whether that was so."""
        return not self.is_closed and self._free.acquire(blocking=False)

    def give_back(self) -> None:
        """Give a slot back."""
        self._free.release()

    def close(self) -> None:
        """Let no further bulk job start: the worker is about to end."""
        self._closed.set()

    @property
    def is_closed(self) -> bool:
        """Whether the worker is about to end."""
        return self._closed.is_set()


def run_bulk_from_message(job_pk: int, slots: BulkSlots) -> None:
    """Run a bulk job that dramatiq delivered, and then others that are due, while a slot is free.

    A worker keeps threads free of bulk work. Without a slot the message is dropped: whoever holds the slot
    goes on with the jobs that are due, by their rows.
    """
    if not slots.take():
        return
    try:
        run_from_message(job_pk)
        while not slots.is_closed and jobs.run_next_due((Job.Queue.BULK,)):
            continue
    finally:
        slots.give_back()


def dramatiq_is_set_up() -> bool:
    """Return whether ``django_dramatiq`` is installed and a broker is set."""
    installed = any(entry.split(".")[0] == "django_dramatiq" for entry in settings.INSTALLED_APPS)
    return installed and bool(getattr(settings, "DRAMATIQ_BROKER", None))
