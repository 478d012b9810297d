"""Background tasks of tom_dataservices."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse

from tom_common.background import InputRefused, background_task, current_job
from tom_dataservices.ingest import IngestOptions, IngestReport, ingest_packets
from tom_dataservices.uploads import discard_uploads, local_copies
from tom_targets.models import TargetList


@background_task(max_retries=2, time_limit_ms=6 * 3600 * 1000)
def ingest_uploaded_alerts(
    folder: str,
    user_id: int,
    permissions: str = "PUBLIC",
    group_ids: list[int] | None = None,
    list_name: str = "",
    all_cutouts: bool = False,
    dry_run: bool = False,
    on_near: str = "create",
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
        on_near=on_near,
        file_names_only=True,
    )
    job = current_job()
    told = told_near = 0

    def tell(report: IngestReport) -> None:
        nonlocal told, told_near
        job.check_cancelled()
        for reason in report.reasons[told:]:
            job.log(f"rejected: {reason}")
        told = len(report.reasons)
        for note in report.near_notes[told_near:]:
            job.log(f"near: {note}")
        told_near = len(report.near_notes)
        done = round(1000 * (report.fraction or 0.0))
        job.progress(done, 1000 if report.fraction is not None else None, report.summary())

    with local_copies(folder) as paths:
        report = ingest_packets(paths, options, on_progress=tell)
    tell(report)
    job.log(("dry run, nothing was changed: " if dry_run else "") + report.summary())
    discard_uploads(folder)
    if report.received == report.rejected:
        first = report.reasons[0] if report.reasons else "the files hold no alerts"
        raise InputRefused(f"No packet could be taken: {first}")
    result = report.as_dict()
    for name in ("reasons", "near_notes", "batches", "fraction"):  # the reasons stand in the log
        del result[name]
    target_list = TargetList.objects.filter(name=list_name).order_by("pk").first() if list_name else None
    url = target_list.get_absolute_url() if target_list else reverse("targets:list")
    return {**result, "links": [{"label": "Show the targets", "url": url}]}
