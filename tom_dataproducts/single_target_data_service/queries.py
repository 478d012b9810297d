"""What users do with queries of data services: ask, try again, cancel, say what became of a lost request."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import transaction
from django.utils import timezone

from tom_common.job_context import InputRefused
from tom_common.jobs import cancel_job, retry_job
from tom_common.models import Job
from tom_dataproducts.models import ServiceQuery
from tom_dataproducts.models.service_queries import new_mark
from tom_dataproducts.single_target_data_service import own_services, running, tasks
from tom_dataproducts.single_target_data_service.remote_data_service import RemoteDataService
from tom_dataproducts.single_target_data_service.single_target_data_service import (
    BaseSingleTargetDataService,
    SingleTargetDataServiceException,
)
from tom_targets.models import BaseTarget

State = ServiceQuery.State


def target_of(cleaned: dict[str, Any]) -> BaseTarget:
    """Return the target that a form is about.

    Raises
    ------
    SingleTargetDataServiceException
        If it is gone.
    """
    target = BaseTarget.objects.filter(pk=cleaned.get("target_id")).first()
    if target is None:
        raise SingleTargetDataServiceException("There is no such target any more.")
    return target


def write_down(
    service: RemoteDataService, cleaned: dict[str, Any], *, user: Any = None, job_id: int | None = None
) -> tuple[ServiceQuery, bool]:
    """Store what is asked of a service, unless a query of the user about the same position is open.

    A unique column of the database decides between two requests of the same moment.

    Returns
    -------
    (ServiceQuery, bool)
        The query, and whether it is new.

    Raises
    ------
    SingleTargetDataServiceException
        If it cannot be asked.
    """
    if missing := service.missing(user):
        raise SingleTargetDataServiceException(missing)
    target = target_of(cleaned)
    ask = service.prepare(cleaned, target)
    owner = user if user is not None and user.is_authenticated else None
    key = running.open_key(owner, service.name, ask.position_key)
    values = {
        "target": target,
        "user": owner,
        "service": service.name,
        "product_type": cleaned.get("data_product_type") or service.get_data_product_type(),
        "parameters": {**ask.parameters, "position_key": ask.position_key},
        "words": ask.words[:300],
        "job_id": job_id,
    }
    return _opened(key, values)


def _opened(key: str, values: dict[str, Any]) -> tuple[ServiceQuery, bool]:
    query, is_new = ServiceQuery.objects.get_or_create(open_key=key, defaults=values)
    if not is_new and query.job is not None and query.job.is_finished and not query.needs_answer:
        close_with_job(query, query.job)
        query, is_new = ServiceQuery.objects.get_or_create(open_key=key, defaults=values)
    return query, is_new


def start_query(
    service: RemoteDataService, cleaned: dict[str, Any], *, user: Any = None
) -> tuple[ServiceQuery, bool]:
    """Write a query down and send the job that asks; return it, and whether it was open already.

    Raises
    ------
    SingleTargetDataServiceException
        If it cannot be asked, or, where tasks run at once, if it failed.
    """
    with transaction.atomic():
        query, is_new = write_down(service, cleaned, user=user)
        if is_new:
            _send(query, f"{service.label()}: {query.target.name}")
    return _begun(query, is_new)


def start_own_query(
    service: BaseSingleTargetDataService, form: Any, *, target: BaseTarget, user: Any = None
) -> tuple[ServiceQuery, bool]:
    """Write down what a user said in the form of a project's own service, and send the job that asks.

    The form is kept as it was sent, and judged again by the job: cleaned values need not be plain.

    Parameters
    ----------
    service : BaseSingleTargetDataService
    form : Form
        Valid, with its data as a ``QueryDict``.
    target : BaseTarget
    user : User, optional

    Returns
    -------
    (ServiceQuery, bool)
        The query, and whether the same was open already.

    Raises
    ------
    SingleTargetDataServiceException
        Where tasks run at once, if it failed.
    """
    data = form.data.copy()
    data.pop("csrfmiddlewaretoken", None)
    text = data.urlencode()
    digest = hashlib.sha256("&".join(sorted(text.split("&"))).encode()).hexdigest()
    shown = own_services.shown_values(form)
    owner = user if user is not None and user.is_authenticated else None
    key = f"target {target.pk} {digest[:20]}"
    values = {
        "target": target,
        "user": owner,
        "service": str(service.name)[:50],
        "product_type": str(service.get_data_product_type())[:50],
        "parameters": {"task": shown, "form": text, "position_key": key},
        "words": ", ".join(f"{label} {value}" for label, value in shown.items())[:300],
    }
    with transaction.atomic():
        query, is_new = _opened(running.open_key(owner, service.name, key), values)
        if is_new:
            _send(query, f"{service.name}: {target.name}")
    return _begun(query, is_new)


def _send(query: ServiceQuery, title: str) -> None:
    """Send the job that brings a query forward, whoever's service it asks."""
    task = tasks.ask_own_service if "form" in query.parameters else tasks.ask_service
    query.job = task.submit(user=query.user, title=title[:200], query_id=query.pk)
    query.save(update_fields=["job_id"])


def _begun(query: ServiceQuery, is_new: bool) -> tuple[ServiceQuery, bool]:
    """Return a query and whether it was open before, with what tasks that run at once have done."""
    query.refresh_from_db()
    if is_new and query.state == State.FAILED:
        raise SingleTargetDataServiceException(query.error)
    return query, not is_new


def retry_query(query: ServiceQuery, *, send_anew: bool = False) -> bool:
    """Go on with a query that failed, was cancelled, or waits for an answer of its user.

    Parameters
    ----------
    query : ServiceQuery
    send_anew : bool
        The user says that a request of unknown fate is to be sent once more.

    Returns
    -------
    bool
        Whether there was anything to go on with.

    Raises
    ------
    SingleTargetDataServiceException
        If the same was asked anew meanwhile.
    """
    if query.is_open and not query.needs_answer:
        return False
    if query.state in (State.DONE, State.EMPTY):
        return False
    if query.needs_answer:
        anew = {"sent_at": None, "mark": new_mark()} if send_anew else {"sent_at": timezone.now()}
        ServiceQuery.objects.filter(pk=query.pk, needs_answer=True).update(
            needs_answer=False, message="", **anew
        )
        query.refresh_from_db()
    if not query.is_open:
        try:
            running.open_again(query)
        except InputRefused as refusal:
            raise SingleTargetDataServiceException(str(refusal)) from refusal
    if query.job is not None and retry_job(query.job):
        return True
    _send(query, str(query))
    return True


def cancel_query(query: ServiceQuery) -> bool:
    """End an open query, stop its job, and tell the service where it can be told.

    Returns
    -------
    bool
        Whether it was open.
    """
    if not _close(query, State.CANCELLED, message="Cancelled."):
        return False
    if query.job is not None:
        cancel_job(query.job)
    return True


def close_with_job(query: ServiceQuery, job: Job) -> None:
    """Let a query end as its job did: cancelled on the page of jobs, or killed too often."""
    if job.state == Job.State.CANCELLED:
        _close(query, State.CANCELLED, message="Cancelled.")
    elif job.state == Job.State.FAILED and not query.needs_answer:
        _close(query, State.FAILED, error=job.error or "Its job failed.")


def _close(query: ServiceQuery, state: str, **values: Any) -> bool:
    with transaction.atomic():
        ended = running.still_open(query).update(
            state=state,
            finished=timezone.now(),
            open_key=None,
            needs_answer=False,
            queue_position=None,
            **values,
        )
        query.refresh_from_db()
        if ended and state == State.CANCELLED and query.sent_at is not None:
            tasks.withdraw_request.submit(
                user=None,
                title=f"Take back: {query}"[:200],
                query_id=query.pk,
                mark=query.mark,
                remote_id=query.remote_id,
                sent_at=query.sent_at.isoformat(),
            )
    return bool(ended)
