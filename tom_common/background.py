"""Background tasks: functions that run after the request is answered, and `Job` rows that tell how they do.

``@background_task`` turns a function into a task. Where it runs is decided when it is sent (setting
``TOM_BACKGROUND``): by dramatiq, by one worker thread of each web process, or inline, before ``send``
returns.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from tom_common import conf, jobs
from tom_common.job_context import InputRefused, JobCancelled, JobTimedOut, RunAgain, current_job
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
    "mode",
]
logger = logging.getLogger(__name__)


class BackgroundTask:
    """A function that can run now (call it) or in the background (`send`, `enqueue`, `submit`).

    Arguments are primary keys and plain values. The function is safe to run twice: a process may end in its
    middle.
    """

    def __init__(
        self, function: Callable[..., Any], *, max_retries: int, time_limit_ms: int | None, title: str
    ) -> None:
        self.function = function
        self.max_retries = max_retries
        self.time_limit_ms = time_limit_ms
        self.title = title
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

    def _create(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        user: Any = None,
        title: str = "",
        delay_s: float = 0,
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
            attempts_allowed=1 + self.max_retries,
            run_after=timezone.now() + dt.timedelta(seconds=delay_s),
        )
        transaction.on_commit(lambda: dispatch(job.pk, delay_s=delay_s))
        return job


def background_task(
    *, max_retries: int = 0, time_limit_ms: int | None = None, title: str = ""
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
    """

    def decorate(function: Callable[..., Any]) -> BackgroundTask:
        name = title or function.__name__.replace("_", " ").capitalize()
        return BackgroundTask(function, max_retries=max_retries, time_limit_ms=time_limit_ms, title=name)

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
    if wanted == "dramatiq" and not _dramatiq_is_set_up():
        raise ImproperlyConfigured(
            "TOM_BACKGROUND is 'dramatiq': that needs django_dramatiq in INSTALLED_APPS, and DRAMATIQ_BROKER"
        )
    if wanted != "auto":
        return wanted
    if hasattr(mail, "outbox"):  # set by Django while tests run
        return "inline"
    if _dramatiq_is_set_up():
        return "dramatiq"
    return "thread" if job_worker.is_web_process() else "inline"


def dispatch(job_pk: int, *, delay_s: float = 0) -> None:
    """See to it that a queued job is run: now if inline, else by whoever runs jobs."""
    from tom_common import job_worker

    where = mode()
    if where == "thread":
        job_worker.wake()
    elif where == "dramatiq":
        send_message(job_pk, delay_s=delay_s)
    elif delay_s > 0:
        # Nobody waits here. A web process, or run_jobs, takes the row when its time has come.
        logger.info("job %s is due in %.0f s", job_pk, delay_s)
    else:
        job = Job.objects.get(pk=job_pk)
        if jobs.claim(job):
            jobs.run_claimed(job, monitored=False)


def send_message(job_pk: int, *, delay_s: float = 0) -> None:
    """Hand a job to dramatiq; if its broker cannot be reached, the web processes send it again later."""
    from tom_common.tasks import run_job

    try:
        run_job.send_with_options(args=(job_pk,), delay=int(delay_s * 1000) or None)
    except Exception:
        logger.exception("job %s waits: the broker of dramatiq cannot be reached", job_pk)


def run_from_message(job_pk: int) -> None:
    """Run a job that dramatiq delivered; called by its actor.

    A message may come twice, or after its worker was killed. The row decides.
    """
    job = Job.objects.filter(pk=job_pk).first()
    if job is None or job.is_finished:
        return
    early_s = (job.run_after - timezone.now()).total_seconds()
    if job.state == Job.State.QUEUED and early_s > 1:
        send_message(job_pk, delay_s=early_s)
    elif jobs.claim(job):
        jobs.run_claimed(job, monitored=True)
    elif job.state == Job.State.RUNNING:
        send_message(job_pk, delay_s=jobs.STALE_AFTER_S)


def _dramatiq_is_set_up() -> bool:
    installed = any(entry.split(".")[0] == "django_dramatiq" for entry in settings.INSTALLED_APPS)
    return installed and bool(getattr(settings, "DRAMATIQ_BROKER", None))
