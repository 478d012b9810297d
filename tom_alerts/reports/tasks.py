"""Sends a report once, and asks until its answer is there."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from tom_alerts.models import SentReport
from tom_alerts.reports import sending
from tom_alerts.reports.permissions import may_report
from tom_common.background import InputRefused, RunAgain, background_task
from tom_common.remote import RemoteError
from tom_common.turns import turn
from tom_dataservices.exceptions import NotConfiguredError
from tom_targets.models import Target

State = SentReport.State


@background_task(time_limit_ms=5 * 60 * 1000, title="Hermes looks a message over")
def look_over_message(report_pk: int) -> dict[str, Any]:
    """Ask Hermes what it thinks of a preview, and keep that beside it; sends nothing, safe to run twice."""
    report = SentReport.objects.filter(pk=report_pk, state=State.PREVIEW).first()
    if report is None:
        raise InputRefused("The preview was sent, or thrown away.")
    try:
        with turn(report.destination):
            sending.look_over(report)
    except (NotConfiguredError, RemoteError) as error:
        raise InputRefused(str(error)) from error
    return {"links": [{"label": "Show the preview", "url": report.get_absolute_url()}]}


@background_task(time_limit_ms=15 * 60 * 1000, title="Report")
def send_report(report_pk: int, user_id: int) -> dict[str, Any]:
    """Send a report with the rights of a user, if it was not, and ask for the answer.

    Safe to run twice: the state is changed to `SENDING` before anything is sent, and a run that finds it so
    sends nothing.
    """
    report = SentReport.objects.filter(pk=report_pk).select_related("user").first()
    if report is None:
        raise InputRefused("The report was thrown away.")
    if report.state == State.QUEUED:
        user = get_user_model()._default_manager.get(pk=user_id)
        target = Target.objects.filter(pk=report.target_id).first() if report.target_id else None
        if target is None or not may_report(user, target):
            sending.fail(report, "Nothing was sent: the target is gone, or you may not change it any more.")
        else:
            with turn(report.destination):
                sending.send_once(report, user)
    elif report.state == State.SENDING:
        sending.interrupted(report)
    report.refresh_from_db()
    if report.state == State.SUBMITTED:
        with turn(report.destination):
            pause_s = sending.ask(report)
        report.refresh_from_db()
        if pause_s is not None:
            raise RunAgain(pause_s, f"{report.destination} works on it.")
    if report.state in (State.ACCEPTED, State.SUBMITTED):
        links = [{"label": "Show the report", "url": report.get_absolute_url()}]
        return {"state": report.get_state_display(), "name": report.given_name, "links": links}
    reasons = "; ".join(f"{field}: {text}" if field else text for field, text in report.reasons)
    raise InputRefused(report.note or reasons or f"The report is {report.get_state_display()}.")
