"""What may be seen of observing sites (the table, what staff entered, the user's own), and of records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from tom_common.astro.observer import Site
from tom_observations import conf
from tom_observations.models import Facility, ObservationRecord
from tom_observations.permissions import observations_for_user
from tom_observations.sites import OWN_SITE, facility_sites


def known_sites(user: Any = None) -> list[Site]:
    """Return all sites, the user's own first; one code occurs once.

    Facilities on the ground that staff entered with a position count too. One query.
    """
    found: dict[str, Site] = {}
    if (own := own_site(user)) is not None:
        found[own.code] = own
    for site in facility_sites():
        found.setdefault(site.code, site)
    for row in Facility.objects.filter(location="ground", latitude__isnull=False, longitude__isnull=False):
        if row.latitude is not None and row.longitude is not None:
            code = row.site_code or f"facility-{row.pk}"
            place = (row.latitude, row.longitude, row.elevation or 0.0)
            found.setdefault(code, Site(code, row.full_name or row.short_name, *place))
    return list(found.values())


def usual_sites(user: Any = None) -> list[Site]:
    """Return the user's own site and those of the settings, which are shown until somebody chooses."""
    known = {site.code: site for site in known_sites(user)}
    return [known[code] for code in (OWN_SITE, *conf.visibility_sites()) if code in known]


def own_site(user: Any) -> Site | None:
    """Return the site in a user's profile, None where it has no position."""
    profile = getattr(user, "profile", None) if getattr(user, "is_authenticated", False) else None
    if profile is None or profile.site_latitude is None or profile.site_longitude is None:
        return None
    return Site(
        OWN_SITE,
        profile.site_name or "Your site",
        profile.site_latitude,
        profile.site_longitude,
        profile.site_elevation_m or 0.0,
    )


def visible_observations(user: Any) -> QuerySet[ObservationRecord]:
    """Return the observation records that a user may see."""
    return observations_for_user(user, ObservationRecord.objects.all())


def observation_or_404(user: Any, pk: int) -> ObservationRecord:
    """Return an observation record with its target and who asked for it.

    Raises
    ------
    Http404
        If there is none that the user may see.
    """
    found = visible_observations(user).select_related("target", "user").filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such observation record, or you may not see it.")
    return found


def parameter_rows(parameters: Any) -> list[tuple[str, str]]:
    """Return (name, value in words) of what was asked of a facility, nested values by dotted names.

    Records of old stored their parameters as text that holds JSON.
    """
    if isinstance(parameters, str):
        try:
            parameters = json.loads(parameters)
        except ValueError:
            return [("parameters", parameters)]
    return list(_flat("", parameters))


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(f"{path}.{name}" if path else str(name), inner)
    elif isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        for number, inner in enumerate(value, 1):
            yield from _flat(f"{path} {number}".strip(), inner)
    elif isinstance(value, list):
        yield path, ", ".join(str(inner) for inner in value) or "–"
    elif isinstance(value, bool):
        yield path, "yes" if value else "no"
    elif value not in (None, "", {}):
        yield path or "parameters", str(value)
