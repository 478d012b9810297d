"""Small light curves for pages that list targets without the table of targets: one query a page.

Three more where photometry came since a summary was stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.safestring import SafeString

from tom_common.sparkline import sparkline_svg
from tom_targets.filters import has_light_curves
from tom_targets.models import BaseTarget
from tom_targets.ports import current_summaries
from tom_targets.tables import summary_label


def sparklines_for(target_ids: Iterable[int]) -> dict[int, SafeString]:
    """Return the small light curves of some targets as SVG, by key; those without photometry are left out.

    Parameters
    ----------
    target_ids : iterable of int
        Of targets that whoever reads the page may see.
    """
    keys = set(target_ids)
    if not keys or not has_light_curves():
        return {}
    summaries: Any = BaseTarget._meta.get_field("light_curve_summary").related_model._default_manager
    shown = ("points", "last_mag", "last_band", "rate_mag_per_day", "is_stale")
    rows = {row.pk: row for row in summaries.filter(pk__in=keys).only(*shown)}
    rows.update(current_summaries([pk for pk, row in rows.items() if row.is_stale], quick=True))
    drawn = {pk: sparkline_svg(row.points, label=summary_label(row)) for pk, row in rows.items()}
    return {pk: svg for pk, svg in drawn.items() if svg}
