"""Summaries of light curves on pages: as stored, or computed where photometry came since."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tom_targets.ports import current_summaries

_SUMMARY = "light_curve_summary"


def summary_of(target: Any) -> Any:
    """Return the light-curve summary of a target that was fetched with it, or None."""
    return target._state.fields_cache.get(_SUMMARY)


def bring_up_to_date(targets: Iterable[Any], *, quick: bool = True) -> None:
    """Give targets that were fetched with a stale summary one that is right at this moment.

    Nothing is stored: a page that is only read writes nothing.

    Parameters
    ----------
    targets : iterable of Target
    quick : bool
        Three queries for all of them, none where no summary is stale: a target whose light curve costs
        queries of its own (very many points, versions of a reduction) keeps the stored summary.
    """
    stale = {found.pk: found for found in targets if (row := summary_of(found)) is not None and row.is_stale}
    if stale:
        for pk, summary in current_summaries(stale, quick=quick).items():
            stale[pk]._state.fields_cache[_SUMMARY] = summary
