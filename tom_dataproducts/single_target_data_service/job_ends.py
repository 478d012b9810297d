"""Lets a query end as its job did: cancelled on the page of jobs, or killed too often."""

from __future__ import annotations

from typing import Any

FOLDER = "tom_dataproducts.single_target_data_service.tasks"
TASKS = frozenset({f"{FOLDER}.ask_service", f"{FOLDER}.ask_own_service", f"{FOLDER}.atlas_query"})


def on_job_ended(sender: Any, job: Any, **_: Any) -> None:
    """Learn that a job has ended; receiver of ``job_ended``."""
    if job.task not in TASKS or job.state == job.State.DONE:
        return
    from tom_common.models import Job
    from tom_dataproducts.models import ServiceQuery
    from tom_dataproducts.single_target_data_service.queries import close_with_job

    if not Job.objects.filter(pk=job.pk, state=job.state).exists():
        return  # it was tried again meanwhile
    for query in ServiceQuery.objects.filter(job_id=job.pk, state__in=ServiceQuery.OPEN_STATES):
        close_with_job(query, job)
