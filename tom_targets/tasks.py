"""Background tasks of tom_targets."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse

from tom_common.background import background_task, current_job
from tom_targets.bulk_deletion import delete_targets
from tom_targets.models import TargetImport
from tom_targets.selectors import list_of_name
from tom_targets.transfer.kept_files import run


@background_task(time_limit_ms=2 * 3600 * 1000, title="Import of targets", queue="bulk")
def import_targets_file(import_id: int, dry_run: bool = False) -> dict[str, Any]:
    """Import a kept file of targets with the rights of its owner, or check it; safe to run twice."""
    kept = TargetImport.objects.select_related("user").get(pk=import_id)
    job = current_job()
    links = [{"label": "Report", "url": kept.report_url()}]
    if not dry_run and kept.state == TargetImport.State.DONE and job.pk and kept.job_id == job.pk:
        return {"report": kept.result.get("sentence", "done"), "links": links}  # cut off after its end

    def tell(what: str, done: int, total: int | None) -> None:
        job.check_cancelled()
        job.progress(done, total, f"{done:,} rows {what}" if done else f"Rows are {what}")

    report = run(kept, dry_run=dry_run, job_id=job.pk, on_progress=tell)
    for problem in report.problems[:100]:
        job.log(f"row {problem.row}: {problem.reason}")
    if len(report.problems) > 100:
        job.log(f"{len(report.problems) - 100:,} more rows: see the report")
    job.progress(report.row_count, report.row_count, report.sentence())
    if not dry_run and not report.nothing_stored:
        links.append({"label": "Show the targets", "url": list_url(kept)})
    return {**report.counts(), "links": links}


@background_task(time_limit_ms=2 * 3600 * 1000, title="Deletion of targets", queue="bulk")
def delete_many_targets(pks: list[int], user_id: int) -> dict[str, Any]:
    """Move targets to the trash with the rights that a user has now; a second run does the rest."""
    job = current_job()
    user = get_user_model()._default_manager.get(pk=user_id)

    def tell(done: int) -> None:
        job.check_cancelled()
        job.progress(done, len(pks), f"{done:,} of {len(pks):,} targets")

    found = delete_targets(pks, user=user, on_progress=tell)
    for name in found.kept:
        job.log(f"{name} stays: rows of a plugin need it")
    job.progress(len(pks), len(pks), f"{found.deleted:,} targets are in the trash")
    links = [{"label": "Bring them back from the trash", "url": reverse("targets:trash")}]
    return {"deleted": found.deleted, "kept": len(found.kept), "links": links}


def list_url(kept: TargetImport) -> str:
    """Return the address of the list on which an import put its targets; else of all targets."""
    name = kept.options.get("list_name")
    found = list_of_name(str(name or ""))
    return found.get_absolute_url() if found else reverse("targets:list")
