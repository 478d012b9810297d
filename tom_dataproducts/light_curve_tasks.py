"""Background tasks of the light curve: dust and periods."""

from __future__ import annotations

from typing import Any

from tom_common.background import background_task, current_job
from tom_common.turns import turn
from tom_dataproducts import dust, periods


@background_task(max_retries=4, time_limit_ms=300_000, title="Dust in front of a target")
def fetch_dust(target_id: int) -> dict[str, Any]:
    """Ask IRSA for the E(B-V) of a target."""
    with turn("IRSA dust"):
        kept = dust.fetch(target_id)
    if kept is None:
        return {"message": "The target is gone, or has no position any more."}
    links = [{"label": "Light curve", "url": f"{kept.target.get_absolute_url()}#photometry"}]
    return {"E(B-V) (SF11, mag)": kept.ebv_sf11_mag, "links": links}


@background_task(time_limit_ms=1_800_000, title="Search for periods")
def find_target_periods(search_id: int) -> dict[str, Any]:
    """Look for periods in the photometry of a target."""
    current_job().progress(0, None, "Computing the periodogram")
    search = periods.run_search(search_id)
    if search is None or search.result is None:
        return {"message": "The target is gone, or the same was asked for anew."}
    best = search.result["candidates"][:1]
    return {
        "best period (d)": best[0]["period_d"] if best else None,
        "points": search.result["points"],
        "links": [{"label": "Periods", "url": search.get_absolute_url()}],
    }
