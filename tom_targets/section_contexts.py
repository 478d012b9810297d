"""What our own sections of a target's page show; each function takes the template context of the page."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone

from tom_common import conf as common_conf
from tom_common.astro.time import datetime_to_mjd_utc, parse_mjd_utc
from tom_targets import selectors
from tom_targets.bodies import has_orbit
from tom_targets.ports import observing_desk
from tom_targets.positions import position_at, site_with_code
from tom_targets.sky_contexts import sky_context


def extras(context: Any) -> dict[str, Any] | None:
    """Extra fields and tags; nothing where a target has none."""
    fields, tags = context.get("extra_fields"), context.get("tags")
    if fields is None or tags is None:
        fields, tags = selectors.split_extras(context["target"])
    return {"extra_fields": fields, "tags": tags} if fields or tags else None


def sky(context: Any) -> dict[str, Any] | None:
    """Buttons to survey images and finder chart; nothing for a target without a position."""
    found = sky_context(context["target"])
    return found if found["has_position"] else None


def lists(context: Any) -> dict[str, Any] | None:
    """Lists on which the target is, and those on which the user may put it; only for the logged-in."""
    user = context["request"].user
    if not user.is_authenticated:
        return None
    known = selectors.user_lists(user, target=context["target"])
    return {
        "lists_with_target": [found for found in known if found.has_target],
        "lists_to_choose": [found for found in known if found.may_change and not found.has_target],
    }


def position(context: Any) -> dict[str, Any] | None:
    """Where the target is at the time and from the site that the address names; else now, from the own."""
    target, request = context["target"], context["request"]
    if not has_orbit(target) and (target.ra is None or target.dec is None):
        return None
    sites = list(observing_desk().sites(request.user))
    default = sites[0].code if sites and sites[0].code == "own" else ""
    typed = request.GET.get("at", "").strip()
    code = request.GET.get("from", default)
    found: dict[str, Any] = {
        "position_at": typed or f"{timezone.now():%Y-%m-%d %H:%M}",
        "position_from": code,
        "position_sites": sites,
        "position_url": reverse("targets:section", args=[target.pk, "position"]),
    }
    try:
        mjd_utc = parse_mjd_utc(typed) if typed else datetime_to_mjd_utc(timezone.now())
        found["position"] = position_at(target, mjd_utc=mjd_utc, site=site_with_code(sites, code))
    except ValueError as error:
        found["position_error"] = f"{str(error)[:1].upper()}{str(error)[1:]}."
    return found


def access(context: Any) -> dict[str, Any] | None:
    """Who may see and edit the target; only for those who may edit it."""
    target = context["target"]
    if not getattr(target, "may_change_target", False):
        return None
    return {"holders": selectors.holders_of(target)}


def notes(context: Any) -> dict[str, Any] | None:
    """Comments, where they are switched on."""
    return {} if common_conf.comments_enabled() else None
