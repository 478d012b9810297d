"""Background tasks of tom_dataservices."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from tom_common.background import background_task, current_job
from tom_dataservices.ingest import IngestOptions, IngestReport, ingest_packets
from tom_dataservices.uploads import discard_uploads, local_copies


@background_task(max_retries=2, time_limit_ms=6 * 3600 * 1000)
def ingest_uploaded_alerts(
    folder: str,
    user_id: int,
    permissions: str = "PUBLIC",
    group_ids: list[int] | None = None,
    list_name: str = "",
    all_cutouts: bool = False,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Ingest the alert files of one upload with the rights of its user; safe to run twice."""
    user = get_user_model()._default_manager.get(pk=user_id)
    options = IngestOptions(
        user=user,
        permissions=permissions,
        group_ids=tuple(group_ids or ()),
        list_name=list_name,
        all_cutouts=all_cutouts,
        dry_run=dry_run,
    )
    job = current_job()
    told = 0

    def tell(report: IngestReport) -> None:
        nonlocal told
        if job is None:
            return
        job.check_cancelled()
        for reason in report.reasons[told:]:
            job.log(f"rejected: {reason}")
        told = len(report.reasons)
        done = round(1000 * (report.fraction or 0.0))
        job.progress(done, 1000 if report.fraction is not None else None, report.summary())

    with local_copies(folder) as paths:
        report = ingest_packets(paths, options, on_progress=tell)
    tell(report)
    if job is not None:
        job.log(("dry run, nothing was changed: " if dry_run else "") + report.summary())
    if not dry_run:
        discard_uploads(folder)
    return report.as_dict()
