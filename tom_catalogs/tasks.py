"""Periodic work of tom_catalogs."""

from __future__ import annotations

from tom_catalogs import lookups
from tom_common.background import background_task


@background_task(title="Old lookups in catalogues", queue="bulk")
def tidy_lookups() -> dict[str, int]:
    """Throw away lookups that are older than they are kept; safe to run twice."""
    return {"lookups": lookups.throw_away_old()}
