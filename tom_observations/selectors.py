"""What may be seen of observing sites: the table, what staff entered, and the user's own."""

from __future__ import annotations

from typing import Any

from tom_common.astro.observer import Site
from tom_observations import conf
from tom_observations.models import Facility
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
