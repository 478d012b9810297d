"""What can be done with reports: prepare one, send it, send it again, throw a preview away."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from tom_alerts.models import SentReport
from tom_alerts.reports import destinations, forms, prefill
from tom_dataservices.clients.hermes_messages import HERMES, TEST_TOPIC
from tom_dataservices.clients.tns_reports import is_live
from tom_targets.models import Target

Kind, State = SentReport.Kind, SentReport.State

FORMS: dict[str, type[forms.ReportForm]] = {
    Kind.DISCOVERY: forms.DiscoveryForm,
    Kind.CLASSIFICATION: forms.ClassificationForm,
    Kind.HERMES: forms.HermesForm,
}
_STARTS = {
    Kind.DISCOVERY: prefill.discovery_values,
    Kind.CLASSIFICATION: prefill.classification_values,
    Kind.HERMES: prefill.hermes_values,
}


def form_for(kind: str, target: Any, user: Any, *, data: Any = None, report: Any = None) -> forms.ReportForm:
    """Return the form of a report: filled in from the target, or with what a report holds."""
    initial: dict[str, Any] = {}
    if data is None:
        initial = dict(report.form_values) if report is not None else _STARTS[Kind(kind)](target, user)
    return FORMS[kind](data, initial=initial, target=target, user=user)


def where_to(kind: str, body: dict[str, Any] | None = None) -> tuple[str, bool]:
    """Return the address that a report goes to, and whether all the world sees it there."""
    if kind == Kind.HERMES:
        url = destinations.hermes_url()
        is_real = url.startswith(HERMES.split("/api/")[0])
        return url, is_real and (body or {}).get("topic") != TEST_TOPIC
    url = destinations.tns_url()
    return url, is_live(url)


class OnItsWayError(Exception):
    """A report was sent while somebody was changing it."""


def prepare(kind: str, form: forms.ReportForm, *, report: SentReport | None = None) -> SentReport:
    """Keep a preview of what a valid form says, a new one or that of a report, and the user's habits.

    Raises
    ------
    OnItsWayError
        If the report was sent meanwhile; it stays as it was sent.
    """
    body = form.body()
    report = report or SentReport(kind=kind, user=form.user, target=form.target)
    report.state = State.PREVIEW
    report.target_name = form.target.name[:100]
    report.destination, report.is_live = where_to(kind, body)
    report.form_values = form.plain_values()
    report.summary = form.summary()
    report.body = json.dumps(body, indent=2, ensure_ascii=False)
    report.spectra = [int(key) for key in form.cleaned_data.get("spectra") or ()]
    report.reasons, report.note, report.answer, report.remote_id = [], "", None, ""
    with transaction.atomic():
        same = SentReport.objects.select_for_update().filter(pk=report.pk)
        if report.pk and not same.filter(state__in=SentReport.EDITABLE).exists():
            raise OnItsWayError(f"{report} was sent meanwhile, and stays as it was sent.")
        report.save()
        prefill.keep_defaults(form.user, form.plain_values())
    return report


class AnotherSentError(Exception):
    """A report of the same kind about the same target was sent, which the sender has not seen."""


def sent_before(kind: str, target_pk: int | None, destination: str) -> QuerySet[SentReport]:
    """Return the reports of a kind about a target that a service has got, will get, or may have got."""
    if target_pk is None:
        return SentReport.objects.none()
    rows = SentReport.objects.filter(kind=kind, target=target_pk, destination=destination)
    return rows.filter(state__in=SentReport.SENT)


def send(report: SentReport, user: Any, *, seen: Collection[int] = ()) -> bool:
    """Send a report in the background; False if it is on its way already, or was changed meanwhile.

    Parameters
    ----------
    report : SentReport
    user : User
        Who sends it.
    seen : collection of int
        Keys of the reports of this kind about this target that the sender knows of: this one goes besides.

    Raises
    ------
    AnotherSentError
        If there are others.
    """
    return _send_besides(report, user, SentReport.EDITABLE, seen)


def send_again(report: SentReport, user: Any, *, seen: Collection[int] = ()) -> bool:
    """Send a report again of which nobody knows whether it arrived, since a person has looked and says so.

    Parameters and errors are those of `send`.
    """
    return _send_besides(report, user, (State.UNKNOWN,), seen)


def _send_besides(report: SentReport, user: Any, states: Any, seen: Collection[int]) -> bool:
    with transaction.atomic():
        # Of two that are sent at the same moment, one sees the other.
        list(Target.objects.select_for_update().filter(pk=report.target_id).values_list("pk"))
        others = sent_before(report.kind, report.target_id, report.destination)
        if others.exclude(pk__in=[report.pk, *seen]).exists():
            raise AnotherSentError(
                "Nothing was sent: another report of this kind on this target was sent. Look at it first."
            )
        return _queue(report, user, states)


def ask_again(report: SentReport, user: Any) -> bool:
    """Ask once more what became of a report that was sent."""
    return _queue(report, user, (State.SUBMITTED,), State.SUBMITTED)


def _queue(report: SentReport, user: Any, states: Any, to: str = State.QUEUED) -> bool:
    from tom_alerts.reports.tasks import send_report

    with transaction.atomic():
        rows = SentReport.objects.filter(pk=report.pk, state__in=states)
        if not rows.update(state=to, reasons=[], note="", polls=0, answer=None):
            return False
        job = send_report.submit(
            user=user, title=f"{report}"[:200], report_pk=report.pk, user_id=report.user_id or user.pk
        )
        SentReport.objects.filter(pk=report.pk).update(job_id=job.pk)
    return True


def look_over(report: SentReport, user: Any) -> bool:
    """Let Hermes look a preview over in the background, without sending it; False for what is none."""
    from tom_alerts.reports.tasks import look_over_message

    if report.kind != Kind.HERMES or report.state != State.PREVIEW:
        return False
    with transaction.atomic():
        job = look_over_message.submit(
            user=user, title=f"Hermes looks over {report}"[:200], report_pk=report.pk
        )
        return bool(SentReport.objects.filter(pk=report.pk, state=State.PREVIEW).update(job_id=job.pk))


def discard(report: SentReport) -> bool:
    """Throw a preview away; False if it is one no more."""
    return bool(SentReport.objects.filter(pk=report.pk, state=State.PREVIEW).delete()[0])
