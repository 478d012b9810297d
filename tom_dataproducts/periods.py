"""Searches for periods: asked for on the page of a target's periods, run in the background, kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tom_common.astro.bands import sorted_bands
from tom_common.astro.periods import PeriodError, find_periods
from tom_common.background import InputRefused
from tom_dataproducts.light_curve_facts import positive_detections_of
from tom_dataproducts.models import PeriodSearch
from tom_dataproducts.permissions import rows_have_own_permissions
from tom_dataproducts.selectors import light_curve_columns
from tom_targets.models import BaseTarget
from tom_targets.permissions import may


def searches_of(target: BaseTarget, *, user: Any) -> QuerySet[PeriodSearch]:
    """Return the searches in the photometry of a target that the user is known to see, newest first.

    Where measurements have permissions of their own only those that the user asked for: others may have used
    points that this user may not see.
    """
    rows = PeriodSearch.objects.filter(target=target.pk).select_related("user").order_by("-created", "-pk")
    if rows_have_own_permissions() and not getattr(user, "is_superuser", False):
        return rows.filter(user=user.pk) if user.pk else rows.none()
    return rows


def request_search(
    target: BaseTarget,
    *,
    user: Any,
    bands: Sequence[str],
    brightness: str,
    min_period_d: float,
    max_period_d: float | None,
) -> PeriodSearch:
    """Have periods looked for in the background; the user's last in the same bands goes.

    Parameters
    ----------
    target : BaseTarget
        One that the user sees.
    user : User
    bands : sequence of str
    brightness : str
        A value of ``PeriodSearch.Brightness``.
    min_period_d, max_period_d : float
        Range, days; the longest is the time span of the points without one.
    """
    from tom_dataproducts.light_curve_tasks import find_target_periods

    wanted = {
        "min_period_d": min_period_d,
        "max_period_d": max_period_d,
        "created": timezone.now(),
        "result": None,
        "error": "",
    }
    with transaction.atomic():
        search, _ = PeriodSearch.objects.update_or_create(
            target_id=target.pk,
            user=user,
            bands=",".join(sorted_bands(list(dict.fromkeys(bands)))),
            brightness=brightness,
            defaults=wanted,
        )
        search.job = find_target_periods.submit(
            user=user, title=f"Periods of {target.name} in {search.bands}", search_id=search.pk
        )
        search.save(update_fields=["job_id"])
    return search


def run_search(search_id: int) -> PeriodSearch | None:
    """Look for periods and keep what is found; safe to run twice.

    Returns
    -------
    PeriodSearch or None
        None if it is gone, or was asked for anew while this ran: what was found is of the old range.

    Raises
    ------
    InputRefused
        If there are too few points, or the range cannot be searched; the reason is kept.
    """
    search = PeriodSearch.objects.select_related("user", "target").filter(pk=search_id).first()
    if search is None:
        return None
    try:
        if search.user is None or not may(search.user, "view_target", search.target):
            raise PeriodError("Who asked for this search may not see the target any more")
        search.result, search.error = _found(search), ""
    except PeriodError as error:
        text = str(error)
        search.result, search.error = None, f"{text[:1].upper()}{text[1:].rstrip('.')}."
        _keep(search)
        raise InputRefused(search.error) from error
    return search if _keep(search) else None


def _keep(search: PeriodSearch) -> bool:
    """Write what came out, unless the same row was asked for anew since it was read."""
    same = PeriodSearch.objects.filter(pk=search.pk, created=search.created)
    return bool(same.update(result=search.result, error=search.error))


def _found(search: PeriodSearch) -> dict[str, Any]:
    curve = light_curve_columns(search.target, user=search.user)
    wanted = set(search.band_names)
    in_bands = np.array([name in wanted for name in curve.band.values], bool)
    rows = in_bands[curve.band.codes] if len(curve) else np.zeros(0, bool)
    if search.brightness == PeriodSearch.Brightness.FLUX:
        value, error = curve.flux, curve.flux_err
    else:
        rows &= positive_detections_of(curve) if len(curve) else rows
        value, error = curve.mag, curve.mag_err
    return find_periods(
        curve.mjd_utc[rows],
        value[rows],
        error[rows],
        curve.band.codes[rows],
        min_period_d=search.min_period_d,
        max_period_d=search.max_period_d,
    ).as_json()
