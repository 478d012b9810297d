"""Background tasks of tom_dataproducts."""

from __future__ import annotations

from tom_common.background import background_task
from tom_dataproducts.summaries import refresh_summaries


@background_task(max_retries=3, title="Summaries of light curves")
def refresh_light_curves() -> int:
    """Compute the summaries of all light curves to which points came."""
    return refresh_summaries()
