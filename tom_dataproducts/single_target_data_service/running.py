"""Brings a query of a data service forward, one short step after another; called by its job.

A job may end anywhere: the worker is killed, the database goes away, Redis is emptied. Whoever takes it up
again finds in the row what was done. The one moment that a row cannot cover lies between the sending of a
request and the writing down of its answer: `sent_at` is written before, so that the next run looks among the
service's own list of requests, and waits until one that is on its way would show there, before it sends
anything again.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from tom_common.job_context import InputRefused, JobCancelled, RunAgain, current_job
from tom_common.remote import (
    RemoteBadReply,
    RemoteError,
    RemotePaused,
    RemoteRejected,
    RemoteUnavailable,
)
from tom_dataproducts.models import ServiceQuery
from tom_dataproducts.models.service_queries import new_mark
from tom_dataproducts.single_target_data_service import remote_data_service as remote
from tom_dataproducts.single_target_data_service.results import store_result

logger = logging.getLogger(__name__)
State = ServiceQuery.State
DIRECT_PATIENCE_S = 1800.0
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 10.0, 600.0


def open_key(user: Any, service: str, position_key: str) -> str:
    """Return the words of which only one open query may have."""
    return f"{getattr(user, 'pk', None) or 0}|{service}|{position_key}"[:255]


def still_open(query: ServiceQuery) -> Any:
    """Return the row of a query as long as nobody has ended it."""
    return ServiceQuery.objects.filter(pk=query.pk, state__in=ServiceQuery.OPEN_STATES)


def write(query: ServiceQuery, **values: Any) -> None:
    """Change an open query.

    Raises
    ------
    JobCancelled
        If it was ended meanwhile.
    """
    if not still_open(query).update(**values):
        raise JobCancelled
    for name, value in values.items():
        setattr(query, name, value)


def finish(query: ServiceQuery, state: str, **values: Any) -> None:
    """End a query."""
    write(
        query,
        state=state,
        finished=timezone.now(),
        open_key=None,
        needs_answer=False,
        queue_position=None,
        failing_since=None,
        **values,
    )


def fail(query: ServiceQuery, text: str, *, is_over: bool) -> None:
    """End a query badly.

    Parameters
    ----------
    query : ServiceQuery
    text : str
        What went wrong, for the user.
    is_over : bool
        Whether the request is over at the service as well: another try then sends a new one.

    Raises
    ------
    InputRefused
        Always: the job ends with the same words.
    """
    anew = {"sent_at": None, "remote_id": "", "result_address": "", "mark": new_mark()} if is_over else {}
    finish(query, State.FAILED, error=text, message="", **anew)
    raise InputRefused(text)


def bring_forward(query: ServiceQuery, *, patient: bool = True) -> dict[str, Any]:
    """Do whatever is next for a query, until it has to wait or has ended.

    Parameters
    ----------
    query : ServiceQuery
    patient : bool
        Whether a service that answers at once may be asked again later while it does not.

    Returns
    -------
    dict
        What came out, for the page of the job.

    Raises
    ------
    RunAgain
        To wait.
    InputRefused
        If the query has failed.
    JobCancelled
        If somebody has ended it.
    """
    if query.state in (State.DONE, State.EMPTY):
        return outcome(query)
    service = remote.remote_service(query.service)
    if not query.is_open:
        open_again(query)
    current_job().check_cancelled()
    try:
        if missing := service.missing(query.user):
            raise remote.BadKey(missing)
        if service.is_queued:
            _send_once(query, service)
            if not _is_ready(query, service):
                return outcome(query)
        else:
            write(query, state=State.RUNNING, started=query.started or timezone.now())
        file = service.fetch(query)
        _end(query, service, file)
    except remote.NotTaken as refusal:
        fail(query, str(refusal), is_over=not isinstance(refusal, remote.BadKey))
    except RemoteRejected as error:
        is_key = error.status in (401, 403)
        fail(query, f"{error}{_KEY_HINT if is_key else ''}", is_over=not is_key)
    except (RemoteUnavailable, RemoteBadReply, remote.NotWhole) as error:
        _come_again(query, service, error, patient=patient)
    return outcome(query)


_KEY_HINT = " Give another key under Survey services, then try again: what was asked is not asked twice."


def outcome(query: ServiceQuery) -> dict[str, Any]:
    """Return how a query ended, for the page of its job."""
    links = [{"label": "The query", "url": query.get_absolute_url()}]
    if query.product_id:
        links.append({"label": "The target", "url": f"{query.target.get_absolute_url()}#photometry"})
    return {"state": query.get_state_display(), **(query.report or {}), "links": links}


def open_again(query: ServiceQuery) -> None:
    """Open a query that failed or was cancelled, because its job is tried again."""
    values: dict[str, Any] = {"state": State.SUBMITTED, "error": "", "finished": None, "needs_answer": False}
    if query.state == State.CANCELLED:  # its request was withdrawn
        values |= {"sent_at": None, "remote_id": "", "result_address": "", "mark": new_mark()}
    values["open_key"] = open_key(query.user, query.service, query.parameters["position_key"])
    try:
        with transaction.atomic():
            ServiceQuery.objects.filter(pk=query.pk).update(**values)
    except IntegrityError:
        raise InputRefused("The same was asked again meanwhile: that query is open.") from None
    query.refresh_from_db()


# --- sending


def _send_once(query: ServiceQuery, service: Any) -> None:
    """See to it that the service has the request, and that it has it once."""
    if query.remote_id:
        return
    if query.sent_at is not None:
        _find_sent(query, service)
        return
    known = service.listed_before(query)
    now = timezone.now()
    if not still_open(query).filter(sent_at=None).update(sent_at=now, known_before=known):
        raise RunAgain(SHORTEST_PAUSE_S, "Another worker is sending it.")
    query.sent_at, query.known_before = now, known
    try:
        remote_id = _sent(service, query)
    except remote.TakeLater as later:
        write(query, sent_at=None, message=str(later)[:300])
        raise RunAgain(later.delay_s, str(later)) from later
    except (RemoteUnavailable, RemoteBadReply) as error:
        text = f"{error} Whether it took the request is looked up before anything is sent again."
        current_job().log(text)
        raise RunAgain(SHORTEST_PAUSE_S * pace(service), text) from error
    except (remote.NotTaken, RemoteRejected):
        ServiceQuery.objects.filter(pk=query.pk).update(sent_at=None)
        raise
    _remember(query, remote_id)
    current_job().log(f"Sent to {service.label()}, known there as {remote_id}.")


def _sent(service: Any, query: ServiceQuery) -> str:
    try:
        return service.send(query)
    except RemotePaused as error:  # nothing was sent
        raise remote.TakeLater(str(error), error.retry_after_s or SHORTEST_PAUSE_S) from error


def _remember(query: ServiceQuery, remote_id: str) -> None:
    """Keep the identifier, also of a query that was cancelled while the service answered."""
    ServiceQuery.objects.filter(pk=query.pk).update(remote_id=remote_id, failing_since=None)
    query.remote_id = remote_id


def _find_sent(query: ServiceQuery, service: Any) -> None:
    """Find out whether a request arrived that was sent, but whose answer nobody wrote down."""
    found = service.find(query)
    if found:
        _remember(query, found)
        write(query, needs_answer=False)
        current_job().log(f"{service.label()} has the request, as {found}: it is not sent again.")
        return
    sent_at: datetime = query.sent_at  # type: ignore[assignment]
    settled_s = service.settle_s * pace(service) - (timezone.now() - sent_at).total_seconds()
    if settled_s > 0:
        raise RunAgain(settled_s, f"Looking whether {service.label()} got the request.")
    if not service.can_tell:
        text = (
            f"{service.label()} does not list the request, and may yet do so: say on the page of the query"
            " whether to look again or to send it again."
        )
        write(query, needs_answer=True, message=text)
        raise InputRefused(text)
    if not still_open(query).filter(sent_at=sent_at, remote_id="").update(sent_at=None):
        raise RunAgain(SHORTEST_PAUSE_S, "Another worker looks after it.")
    query.sent_at = None
    current_job().log(f"{service.label()} does not have the request: it is sent again.")
    _send_once(query, service)


# --- waiting


def _is_ready(query: ServiceQuery, service: Any) -> bool:
    """Look how the request is doing; tell whether there is a result to fetch, or it ended without any."""
    if query.result_address:
        return True
    look = service.look(query)
    if look.state == remote.READY:
        write(
            query, state=State.RUNNING, result_address=look.address, queue_position=None, failing_since=None
        )
        return True
    if look.state == remote.FAILED:
        raise remote.NotTaken(look.text)
    if look.state == remote.NOTHING:
        _end(query, service, None, text=look.text)
        return False
    if service.is_overdue(query):
        raise remote.BadKey(
            f"{service.label()} has not finished this in {service.give_up_days:g} days. Try again to go on"
            " waiting for the same request."
        )
    _note(query, service, look)
    raise RunAgain(service.pause_s(query), query.message)


def _note(query: ServiceQuery, service: Any, look: remote.Look) -> None:
    position = look.queue_position
    if look.state == remote.WORKING:
        text = look.text or f"{service.label()} is working on it."
        started = query.started or timezone.now()
        write(
            query,
            state=State.RUNNING,
            queue_position=None,
            message=text[:300],
            failing_since=None,
            started=started,
        )
    else:
        ahead = "" if position is None else f", {position} before it" if position else ", next in turn"
        text = look.text or f"Waiting in the queue of {service.label()}{ahead}."
        write(query, state=State.SUBMITTED, queue_position=position, message=text[:300], failing_since=None)


def _come_again(query: ServiceQuery, service: Any, error: Exception, *, patient: bool) -> None:
    """Wait because the service does not answer as it should; give up after a long while."""
    now = timezone.now()
    since = query.failing_since or now
    failing_s = (now - since).total_seconds()
    patience_s = service.give_up_days * 86_400 if service.is_queued else DIRECT_PATIENCE_S
    if failing_s > patience_s or not (patient or service.is_queued):
        fail(query, str(error), is_over=False)
    text = f"{error} Asked again later; in trouble since {since:%Y-%m-%d %H:%M:%S} UTC."
    write(query, failing_since=since, message=text[:300])
    current_job().log(str(error))
    asked_s = getattr(error, "retry_after_s", None) or 0.0
    pause_s = min(max(failing_s, SHORTEST_PAUSE_S), LONGEST_PAUSE_S) * pace(service)
    raise RunAgain(max(asked_s, pause_s), text)


def pace(service: Any) -> float:
    """Return by what all pauses are multiplied; less than 1 in tests and measurements only."""
    return float(service.config.get("pace", 1.0))


# --- the end


def _end(query: ServiceQuery, service: Any, file: remote.ResultFile | None, text: str = "") -> None:
    if file is None:
        finish(query, State.EMPTY, message=(text or f"{service.label()} has no data there.")[:300])
    else:
        product, report = store_result(query, service, file)
        if report.error:
            values = {"product": product, "report": report.facts}
            write(query, **values)
            fail(query, f"The file is kept, but cannot be read: {report.error}", is_over=False)
        words = f"{report.words} {service.remark}".strip()[:300]
        finish(query, State.DONE, product=product, report=report.facts, message=words)
    current_job().log(query.message)
    if service.can_withdraw and query.remote_id:
        try:
            service.withdraw(query)
        except RemoteError as error:
            logger.info("query %s: not deleted at the service: %s", query.pk, error)
