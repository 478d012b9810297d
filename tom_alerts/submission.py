"""Sends something about a target or an observation to a broker, in the background, with a visible end."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from tom_alerts.exceptions import AlertSubmissionException
from tom_alerts.registry import brokers
from tom_common.background import InputRefused, background_task
from tom_common.turns import turn
from tom_dataservices.plugin_errors import PluginFailedError, plugin_reported
from tom_observations.models import ObservationRecord
from tom_observations.permissions import observations_for_user
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user


@background_task(title="Submission to a broker")
def submit_alert(
    broker: str, target_pk: int | None, record_pk: int | None, values: dict[str, Any], user_id: int
) -> dict[str, Any]:
    """Send once; never tried again by itself, since it may have been taken."""
    user = get_user_model()._default_manager.get(pk=user_id)
    target = targets_for_user(user, Target.objects.filter(pk=target_pk), "change_target").first()
    record = observations_for_user(user, ObservationRecord.objects.filter(pk=record_pk)).first()
    if (target_pk and target is None) or (record_pk and record is None):
        raise InputRefused("What was to be sent is gone, or you may not send it any more.")
    try:
        with turn(broker), plugin_reported(broker, letting=(AlertSubmissionException,)):
            taken = brokers.get(broker)().submit_upstream_alert(
                target=target, observation_record=record, **values
            )
    except AlertSubmissionException as error:
        raise InputRefused(str(error) or f"{broker} did not take it.") from error
    except PluginFailedError as error:
        raise InputRefused(str(error)) from error
    if not taken:
        raise InputRefused(f"{broker} did not take it.")
    return {"taken": True}
