"""What our sections of a target's page show; each function takes the template context of the page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from tom_common.astro.visibility import chart_times
from tom_observations.forms import VisibilityForm
from tom_observations.selectors import known_sites, visible_observations
from tom_observations.sites import OWN_SITE
from tom_observations.visibility import SiteNight, night_chart, site_nights
from tom_targets.bodies import bodies_of, has_orbit

_RECORDS = 25


def tonight(context: Any) -> dict[str, Any] | None:
    """Return when the page's target can be observed, tonight or in the night that the address names.

    None for a target without a position, or with elements that do not suffice.
    """
    target, request = context["target"], context["request"]
    if not has_orbit(target) and (target.ra is None or target.dec is None):
        return None
    form = VisibilityForm(request.GET, sites=known_sites(request.user), now=timezone.now())
    found: dict[str, Any] = {
        "form": form,
        "page_url": target.get_absolute_url(),
        "section_url": reverse("targets:section", args=[target.pk, "tonight"]),
        "has_own_site": OWN_SITE in form.known,
    }
    if not form.is_valid():
        return found
    bodies = bodies_of([target])
    summaries = site_nights(bodies, form.nights, form.limits)
    rows = [SiteNight(summary.site, summary) for summary in summaries]
    drawn = _drawn(rows, request.GET.get("chart", ""))
    shared = [*form.pairs, ("tab", "tonight")]
    shown = chart_times([drawn.summary.night])
    found.update(
        rows=rows,
        drawn=drawn,
        chart=night_chart(bodies, [target.name], drawn.summary, now_mjd=form.now_mjd),
        has_now=bool(shown[0] < form.now_mjd < shown[-1]),
        has_one_evening=len({summary.evening for summary in summaries}) == 1,
        moon=moon_words(drawn),
        pairs=urlencode(shared),
        csv_url=f"{reverse('observations:night-csv', args=[target.pk])}?"
        + urlencode([*form.pairs, ("chart", drawn.site.code)]),
    )
    return found


def _drawn(rows: list[SiteNight], wanted: str) -> SiteNight:
    """Return the row of the chart: the one asked for, else the own site, else the one with most hours."""
    by_code = {row.site.code: row for row in rows}
    if wanted in by_code:
        return by_code[wanted]
    return by_code.get(OWN_SITE) or max(rows, key=lambda row: row.hours)


def moon_words(row: SiteNight) -> str:
    """Say how full the Moon is in a night."""
    night = row.summary.night
    return f"{round(100 * night.moon_illuminated)}% lit, {'waxing' if night.moon_waxing else 'waning'}"


def observations(context: Any) -> dict[str, Any] | None:
    """Return the observation records of the page's target that the user may see, newest first."""
    target, user = context["target"], context["request"].user
    rows = visible_observations(user).filter(target=target.pk).select_related("user")
    found = list(rows.order_by("-created", "-pk")[: _RECORDS + 1])
    return {
        "records": found[:_RECORDS],
        "all_url": f"{reverse('observations:list')}?target_id={target.pk}",
        "has_more": len(found) > _RECORDS,
    }
