"""What the health page says about stored files: the outcome of the last check, no look at the storage."""

from __future__ import annotations

from typing import Any

from tom_common.models import Job

TASK = "tom_dataproducts.tasks.check_stored_files"


def storage_facts() -> list[dict[str, str]]:
    """Return one line for the health page, in the fields of ``tom_common.health.Fact``."""
    job = Job.objects.filter(task=TASK, state__in=(Job.State.DONE, Job.State.FAILED)).first()
    if job is None:
        return [{"label": "Stored files", "text": "not checked yet", "state": "quiet"}]
    when = f"{job.finished_at:%Y-%m-%d %H:%M} UTC" if job.finished_at else "unknown time"
    text, state = _words(job)
    return [
        {
            "label": "Stored files",
            "text": f"{text} (checked {when})",
            "state": state,
            "url": job.get_absolute_url(),
        }
    ]


def _words(job: Job) -> tuple[str, str]:
    if job.state == Job.State.FAILED:
        return f"the check failed: {job.error[:200]}", "bad"
    found: dict[str, Any] = job.result if isinstance(job.result, dict) else {}
    wrong = [
        f"{found[key]} {words}"
        for key, words in (
            ("missing", "rows without file"),
            ("other_size", "files of another size than they came with"),
            ("orphans", "files without row"),
        )
        if found.get(key)
    ]
    if wrong:
        return ", ".join(wrong), "bad" if found.get("missing") or found.get("other_size") else "warn"
    count = found.get("files", 0)
    return f"{count:,} file{'' if count == 1 else 's'}, all in order", "good"
