"""Periodic work of tom_common; offered by its AppConfig, queued by ``tom_common.scheduler``."""

from __future__ import annotations

from django.contrib.sessions.models import Session
from django.utils import timezone

from tom_common import caretaker, jobs
from tom_common.background import background_task


@background_task(title="Tidying up", queue="bulk")
def tidy() -> dict[str, int]:
    """Delete what nobody needs any more: old jobs, sessions that ended, processes that are gone."""
    return {
        "jobs": jobs.delete_old_jobs(),
        "sessions": Session.objects.filter(expire_date__lt=timezone.now()).delete()[0],
        "processes": caretaker.delete_gone_workers(),
    }
