"""Tags of observations, for our pages and for those of plugins and projects."""

from __future__ import annotations

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from tom_common.astro.time import datetime_to_mjd_utc
from tom_common.astro.visibility import altitude_of_airmass
from tom_common.plan_chart import plan_chart
from tom_observations.selectors import usual_sites, visible_observations
from tom_observations.sites import facility_sites
from tom_targets.bodies import bodies_of

register = template.Library()

_MAX_DAYS = 31
_MOST_LISTED = 100


@register.inclusion_tag("tom_observations/partials/observation_plan.html")
def observation_plan(
    target: Any,
    facility: str | None = None,
    length: float = 2,
    interval: float = 60,
    airmass_limit: float | None = None,
) -> dict[str, Any]:
    """Altitude and airmass of a target in the coming nights at the sites of a facility.

    Parameters
    ----------
    target : BaseTarget
    facility : str, optional
        Its name; without it the sites are those of the settings.
    length : float
        Days from now on, 31 at most.
    interval : float
        Minutes between the points of the curves; at most 30 are taken.
    airmass_limit : float, optional
        Drawn as a line.
    """
    sites = [site for site in facility_sites() if site.facility == facility] if facility else usual_sites()
    bodies = bodies_of([target])
    if not sites or bodies.order[0] < 0:
        return {"target": target, "plan": None}
    begin = datetime_to_mjd_utc(timezone.now())
    plan = plan_chart(
        bodies,
        target.name,
        sites,
        begin_mjd=begin,
        end_mjd=begin + min(max(float(length), 0.1), _MAX_DAYS),
        step_min=min(float(interval), 30.0),
        min_altitude_deg=altitude_of_airmass(float(airmass_limit)) if airmass_limit else None,
    )
    return {"target": target, "plan": plan}


@register.inclusion_tag("tom_observations/partials/observation_list.html", takes_context=True)
def observation_list(context: template.Context, target: Any = None) -> dict[str, Any]:
    """The newest observation records of a target, or of all, that the user of the page may see."""
    request = context.get("request")
    rows = visible_observations(getattr(request, "user", None) or AnonymousUser())
    if target is not None:
        rows = rows.filter(target=target.pk)
    found = rows.select_related("target", "user").order_by("-created", "-pk")[:_MOST_LISTED]
    return {"observations": list(found), "target": target, "request": request}
