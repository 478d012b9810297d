"""Sends something about a target or an observation to a broker, in the background, with a visible end."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from tom_alerts.exceptions import AlertSubmissionException
from tom_alerts.registry import brokers
from tom_common.background import InputRefused, background_task, current_job
from tom_common.models import Job, JobLogLine
from tom_common.turns import turn
from tom_dataservices.plugin_errors import PluginFailedError, plugin_reported
from tom_observations.models import ObservationRecord
from tom_observations.permissions import observations_for_user
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user

_SAME_WITHIN = dt.timedelta(minutes=1)
_HANDED_OVER = "It is handed over to the broker."


def submission_form(broker: str, user: Any, posted: QueryDict) -> Any:
    """Return the form of a broker with what was typed; it offers what the user may send.

    Raises
    ------
    ImportError
        If there is no such broker.
    """
    form = brokers.get(broker).alert_submission_form(posted, broker=broker)
    form.fields["target"].queryset = targets_for_user(user, Target.objects.all(), "change_target")
    form.fields["observation_record"].queryset = observations_for_user(user, ObservationRecord.objects.all())
    return form


def submit_once(broker: str, user: Any, form: Any) -> tuple[Job, bool]:
    """Start to send what a valid form says; return the job, and whether it is a new one.

    What the same user sends a second time, while it is on its way or within a minute after it was taken, is a
    second click: the first job is returned.
    """
    posted = {name: form.data.getlist(name) for name in form.data if name != "csrfmiddlewaretoken"}
    target, record = form.cleaned_data.get("target"), form.cleaned_data.get("observation_record")
    arguments: dict[str, Any] = {
        "broker": broker,
        "target_pk": target.pk if target else None,
        "record_pk": record.pk if record else None,
        "values": posted,
        "user_id": user.pk,
    }
    with transaction.atomic():
        list(get_user_model()._default_manager.select_for_update().filter(pk=user.pk).values_list("pk"))
        mine = Job.objects.filter(user=user, task=submit_alert.path).order_by("-pk")
        moving = mine.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING))
        taken = mine.filter(state=Job.State.DONE, finished_at__gte=timezone.now() - _SAME_WITHIN)
        for job in (*moving[:20], *taken[:20]):
            if job.arguments.get("kwargs") == arguments:
                return job, False
        job = submit_alert.submit(user=user, title=f"Submission to {broker}", **arguments)
    return job, True


@background_task(title="Submission to a broker")
def submit_alert(
    broker: str, target_pk: int | None, record_pk: int | None, values: dict[str, Any], user_id: int
) -> dict[str, Any]:
    """Send once; never tried again by itself, since it may have been taken.

    That it is handed over stands in the log of the job before it is: a run that finds it there, since the
    process ended or a person starts the job anew, sends nothing.
    """
    user = get_user_model()._default_manager.get(pk=user_id)
    target = targets_for_user(user, Target.objects.filter(pk=target_pk), "change_target").first()
    record = observations_for_user(user, ObservationRecord.objects.filter(pk=record_pk)).first()
    if (target_pk and target is None) or (record_pk and record is None):
        raise InputRefused("What was to be sent is gone, or you may not send it any more.")
    mark = JobLogLine.objects.filter(job=current_job().pk, text=_HANDED_OVER)
    if mark.exists():
        raise InputRefused(
            f"It was handed over to {broker} before, and may have arrived: look for it there. If it is not"
            " there, submit it anew from the page of the target or observation."
        )
    with turn(broker):
        data = _cleaned(broker, user, values)
        if current_job().pk is not None:
            JobLogLine.objects.create(job_id=current_job().pk, created_at=timezone.now(), text=_HANDED_OVER)
        try:
            with plugin_reported(broker, letting=(AlertSubmissionException,)):
                taken = brokers.get(broker)().submit_upstream_alert(
                    target=target, observation_record=record, **data
                )
        except AlertSubmissionException as error:
            mark.delete()  # the broker says itself that it has not taken it
            raise InputRefused(str(error) or f"{broker} did not take it.") from error
        except PluginFailedError as error:
            raise InputRefused(str(error)) from error
    if not taken:
        mark.delete()
        raise InputRefused(f"{broker} did not take it.")
    return {"taken": True}


def _cleaned(broker: str, user: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Return what was typed as the form of the broker cleans it: values of any type.

    Raises
    ------
    InputRefused
        If it is not valid any more.
    """
    posted = QueryDict(mutable=True)
    for name, typed in values.items():
        posted.setlist(name, typed if isinstance(typed, list) else [typed])
    form = submission_form(broker, user, posted)
    if not form.is_valid():
        problems = [f"{name}: {' '.join(found)}" for name, found in form.errors.items()]
        raise InputRefused(f"{broker} cannot be sent this any more: {'; '.join(problems)}")
    own = ("target", "observation_record", "redirect_url")
    return {name: value for name, value in form.cleaned_data.items() if name not in own}
