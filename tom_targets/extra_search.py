"""Searches by tag or extra field, in bounded time for rare ones and for those that every target has.

Called by the filters of lists and by the one-box search.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from tom_targets.models import TargetExtra

# Up to so many hits are asked for by key; beyond, hits are so dense that a page is found by walking.
_FEW = 1000


def has_extra(*, key: str = "", value: str = "") -> Q:
    """Return the condition that a target has a tag or extra field, costing a short query.

    Parameters
    ----------
    key : str
        Its key, exact.
    value : str
        What its value contains, whatever the case.
    """
    rows = TargetExtra.objects.all()
    if key:
        rows = rows.filter(key=key)
    if value:
        rows = rows.filter(value__icontains=value)
    few = list(rows.values_list("target_id", flat=True)[: _FEW + 1])
    if len(few) <= _FEW:
        return Q(pk__in=few)
    return Q(Exists(rows.filter(target_id=OuterRef("pk"))))
