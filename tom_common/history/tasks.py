"""Undoing of large change sets in the background."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse

from tom_common.background import background_task
from tom_common.history.models import ChangeSet
from tom_common.history.revert import revert
from tom_common.job_context import current_job


@background_task(title="Undo a change set", queue="bulk")
def revert_change_set(pk: int, reason: str = "") -> dict[str, Any]:
    """Undo a change set in the name of the user who asked for the job; safe to run twice."""
    user = get_user_model()._default_manager.filter(pk=getattr(current_job(), "user_id", None)).first()
    made = revert(ChangeSet.objects.get(pk=pk), user, reason=reason)
    done = made if made is not None else ChangeSet.objects.get(pk=pk)
    links = [{"label": "What was undone", "url": reverse("change-set", args=[done.pk])}]
    return {"changes": made.change_count if made is not None else 0, "links": links}
