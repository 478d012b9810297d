"""Background tasks of the searches that take long."""

from __future__ import annotations

from typing import Any

from tom_common.background import background_task, current_job
from tom_targets.cross_match_runs import run
from tom_targets.sky_models import CrossMatch


@background_task(time_limit_ms=3600 * 1000, title="Cross-match", queue="bulk")
def cross_match(cross_match_id: int) -> dict[str, Any]:
    """Compare a kept list of positions with the targets of its owner; safe to run twice."""
    job = current_job()
    kept = CrossMatch.objects.select_related("user").get(pk=cross_match_id)
    told = 0

    def tell(words: str) -> None:
        nonlocal told
        job.check_cancelled()
        job.progress(told, 3, words)
        told += 1

    run(kept, on_progress=tell)
    job.progress(3, 3, f"{kept.result['matched']:,} of {kept.result['rows']:,} positions have a target")
    counts = {key: kept.result[key] for key in ("rows", "wrong", "matched", "pairs")}
    return {**counts, "links": [{"label": "Result", "url": kept.get_absolute_url()}]}
