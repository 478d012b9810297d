"""The one way from a preview to the answer: marked before it is sent, sent once, answered or told in doubt.

A POST that may have been obeyed is never repeated. What is certain not to have arrived (no connection, 429,
a service that is left alone) waits and goes again.
"""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from tom_alerts.models import SentReport
from tom_alerts.reports import destinations, payloads
from tom_alerts.reports.prefill import OFFICIAL_NAME, spectra_of
from tom_common.background import RunAgain
from tom_common.history import change_set
from tom_common.remote import RemoteBadReply, RemoteError, RemoteRejected, RemoteUnavailable
from tom_dataservices.clients.hermes_messages import refusals
from tom_dataservices.clients.tns_reports import Reason, Verdict
from tom_dataservices.exceptions import NotConfiguredError
from tom_dataservices.results import keep_aliases
from tom_targets.models import Target
from tom_targets.permissions import may

Kind, State = SentReport.Kind, SentReport.State
POLLS = 40
HERMES_READS = "As Hermes writes it"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _WAIT_S = 5.0, 60.0, 60.0


class _NotSentError(Exception):
    """Nothing was sent, and sending would not help; the text says why."""


def send_once(report: SentReport, user: Any) -> None:
    """Send a queued report, unless somebody else is doing so.

    Raises
    ------
    RunAgain
        If the service did certainly not get it, and may later.
    """
    if not _move(report, State.QUEUED, State.SENDING, sent=timezone.now()):
        return
    try:
        if report.kind == Kind.HERMES:
            _send_message(report)
        else:
            _send_to_tns(report, user)
    except (_NotSentError, NotConfiguredError) as error:
        fail(report, str(error))
    except RemoteRejected as error:
        # The account or the whole request is refused: nothing was taken.
        reasons = [["", str(error)]]
        _end(report, State.REJECTED, reasons=reasons, answer=error.said, note="")
    except RemoteUnavailable as error:
        if not (error.never_arrived or error.status == 429):
            in_doubt(report, str(error))
            return
        _move(report, State.SENDING, State.QUEUED, sent=None, note=str(error))
        raise RunAgain(error.retry_after_s or _WAIT_S, str(error)) from error
    except RemoteError as error:
        in_doubt(report, str(error))


def interrupted(report: SentReport) -> None:
    """Say of a report that it was being sent when the process ended."""
    in_doubt(report, "The TOM was interrupted while it sent this.")


def fail(report: SentReport, why: str) -> None:
    """Say that a report was not sent."""
    _end(report, State.FAILED, note=why)


def in_doubt(report: SentReport, why: str) -> None:
    """Say that nobody knows whether a report arrived."""
    text = f"{why.rstrip('.')}. It may have arrived: look for it there before you send it again."
    _end(report, State.UNKNOWN, note=text)


def _move(report: SentReport, old: str, new: str, **values: Any) -> bool:
    moved = SentReport.objects.filter(pk=report.pk, state=old).update(state=new, **values)
    if moved:
        report.state = new
    return bool(moved)


def _end(report: SentReport, state: str, **values: Any) -> None:
    SentReport.objects.filter(pk=report.pk).update(state=state, answered=timezone.now(), **values)
    report.state = state


# --- TNS


def _send_to_tns(report: SentReport, user: Any) -> None:
    service = destinations.tns()
    if service.url != report.destination:
        raise _NotSentError(
            f"Nothing was sent: reports go to {service.url} by now, the preview was for {report.destination}."
        )
    body = report.body
    if report.spectra:
        body = _with_files(report, user, service)
    number = service.send(body)
    # A second run of the job may have found it being sent, and called it in doubt: by now nobody doubts.
    for state in (State.SENDING, State.UNKNOWN):
        if _move(report, state, State.SUBMITTED, remote_id=number, note=""):
            break


def _with_files(report: SentReport, user: Any, service: Any) -> str:
    """Send the files of the spectra and return the report with the names that TNS gave them.

    A file that is sent twice is two files that no report speaks of but one: to send it again does no harm.
    """
    found = spectra_of(report.target, user).in_bulk(report.spectra)
    if len(found) < len(report.spectra):
        raise _NotSentError("Nothing was sent: a spectrum is gone, or you may not see it any more.")
    name = report.content["classification_report"]["0"]["name"]
    spectra = [found[key] for key in report.spectra]
    names = [payloads.spectrum_name(name, spectrum) for spectrum in spectra]
    files = [(own, payloads.spectrum_text(one)) for own, one in zip(names, spectra, strict=True)]
    try:
        given = service.upload(files)
    except RemoteUnavailable as error:
        if error.status == 429 or error.never_arrived:
            raise
        raise _NotSentError(f"The spectra could not be sent, and so no report was: {error}") from error
    except RemoteBadReply as error:
        raise _NotSentError(f"The spectra could not be sent, and so no report was: {error}") from error
    content = report.content
    for number, new in enumerate(given):
        content["classification_report"]["0"]["spectra"]["spectra-group"][str(number)]["ascii_file"] = new
    body = json.dumps(content, indent=2, ensure_ascii=False)
    SentReport.objects.filter(pk=report.pk).update(body=body)
    return body


def ask(report: SentReport) -> float | None:
    """Ask TNS what became of a report; return the seconds after which to ask again, None where it is told."""
    try:
        verdict = destinations.tns().verdict(report.remote_id)
    except (RemoteUnavailable, RemoteBadReply) as error:
        return _later(report, str(error), getattr(error, "retry_after_s", None))
    except (RemoteRejected, NotConfiguredError) as error:
        SentReport.objects.filter(pk=report.pk).update(note=str(error))
        return None
    if verdict is None:
        return _later(report, "", None)
    _judge(report, verdict)
    return None


def _later(report: SentReport, note: str, wait_s: float | None) -> float | None:
    polls = report.polls + 1
    if polls >= POLLS:
        note = f"{note} There is no answer yet; ask again later.".strip()
    SentReport.objects.filter(pk=report.pk).update(polls=polls, note=note)
    if polls >= POLLS:
        return None
    return max(wait_s or 0.0, min(_FIRST_PAUSE_S * 1.5**report.polls, _LONGEST_PAUSE_S))


def _judge(report: SentReport, verdict: Verdict) -> None:
    if not verdict.is_accepted:
        reasons = [[reason.field, reason.text] for reason in verdict.reasons]
        _end(report, State.REJECTED, reasons=reasons, answer=verdict.said, note="")
        return
    name = verdict.name
    if name and report.kind == Kind.DISCOVERY and OFFICIAL_NAME.match(name) and name[:4].isdecimal():
        name = f"AT {name}"
    note = "TNS knew it already, by this name." if verdict.was_known else ""
    reasons = [[reason.field, reason.text] for reason in verdict.reasons]
    note = " ".join([note, *_named(report, name)]).strip()
    _end(report, State.ACCEPTED, given_name=name[:100], reasons=reasons, answer=verdict.said, note=note)


def _named(report: SentReport, name: str) -> list[str]:
    """Give the target the name that TNS gave it; return what a person has to know about that."""
    target = Target.objects.filter(pk=report.target_id).first() if report.target_id else None
    if not name or target is None:
        return []
    bare = OFFICIAL_NAME.match(name)
    if bare and name[:4].isdecimal() and any(one.endswith(name) for one in target.names):
        return []
    if report.user is not None and not may(report.user, "change_target", target):
        return [f"The target was not given the name {name}: you may not change it any more."]
    with change_set(report.user, kind="report", title=f"{target.name} is {name} on TNS"):
        return keep_aliases(target, [name]).notes


# --- Hermes


def _send_message(report: SentReport) -> None:
    service = destinations.hermes()
    if service.url.rstrip("/") != report.destination.rstrip("/"):
        raise _NotSentError(
            f"Nothing was sent: messages go to {service.url} by now, the preview was for"
            f" {report.destination}."
        )
    message = report.content
    try:
        faults = service.faults(message)
    except RemoteUnavailable as error:
        error.never_arrived = True  # it was only asked what it thinks of the message
        raise
    except RemoteBadReply as error:
        raise _NotSentError(f"Nothing was sent: {error}") from error
    if faults:
        _refused(report, faults, None)
        return
    try:
        number, said = service.send(message)
    except RemoteRejected as error:
        _refused(report, refusals(error), error.said)
        return
    _end(report, State.ACCEPTED, remote_id=number, answer=said, note="")


def look_over(report: SentReport) -> None:
    """Ask Hermes what it thinks of a preview, how it reads, and where its own form opens it; send nothing.

    Raises
    ------
    NotConfiguredError
    RemoteError
    """
    service = destinations.hermes()
    message = report.content
    faults = service.faults(message)
    opened = {"open_url": service.open_in_form(message)}
    summary = [pair for pair in report.summary if pair[0] != HERMES_READS]
    summary.append([HERMES_READS, service.plain_text(message)])
    note = "Hermes finds faults; nothing was sent." if faults else "Hermes finds no fault; nothing was sent."
    reasons = [[one.field, one.text] for one in faults]
    SentReport.objects.filter(pk=report.pk, state=State.PREVIEW, body=report.body).update(
        reasons=reasons, note=note, answer=opened, summary=summary
    )


def _refused(report: SentReport, faults: list[Reason], said: Any) -> None:
    _end(report, State.REJECTED, reasons=[[one.field, one.text] for one in faults], answer=said, note="")
