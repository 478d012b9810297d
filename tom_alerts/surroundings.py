"""What an astronomer asks of a candidate besides its alert: is it up tonight, and what do others know of it.

Called by the card of the page of triage. No service is asked: the links are followed by whoever wants to.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from tom_alerts.filter_models import Candidate
from tom_common.astro.night import evening_of
from tom_common.astro.time import mjd_utc_to_datetime
from tom_common.astro.visibility import Bodies, Limits, summarize_night
from tom_observations.selectors import own_site


class Link(NamedTuple):
    """A page of somebody else's."""

    title: str
    url: str


_OBJECT_PAGES = {
    "ZTF": (
        Link("ALeRCE", "https://alerce.online/object/{name}"),
        Link("Fink", "https://ztf.fink-portal.org/{name}"),
        Link("Lasair", "https://lasair-ztf.lsst.ac.uk/objects/{name}/"),
    ),
    "LSST": (
        Link("Fink", "https://lsst.fink-portal.org/{name}"),
        Link("Lasair", "https://lasair.lsst.ac.uk/objects/{name}/"),
    ),
}
"""As the brokers give the pages of their objects (read 2026-11)."""
_PLACE_PAGES = (
    Link("TNS", "https://www.wis-tns.org/search?ra={ra}&decl={dec}&radius=10&coords_unit=arcsec"),
    Link(
        "SIMBAD",
        "https://simbad.cds.unistra.fr/simbad/sim-coo?Coord={ra}%20{dec}&Radius=2&Radius.unit=arcmin",
    ),
    Link(
        "NED",
        "https://ned.ipac.caltech.edu/conesearch?search_type=Near%20Position%20Search"
        "&coordinates={ra}d%20{dec}d&radius=1",
    ),
    Link("Legacy Survey", "https://www.legacysurvey.org/viewer?ra={ra}&dec={dec}&zoom=16&mark={ra},{dec}"),
)


def outside_pages(candidate: Candidate) -> list[Link]:
    """Return where others show a candidate: by its name at the brokers of its survey, and by its position."""
    pages = [] if candidate.facts.get("simulated") else list(_OBJECT_PAGES.get(candidate.survey, ()))
    found = [Link(page.title, page.url.format(name=quote(candidate.name, safe=""))) for page in pages]
    if candidate.ra is not None and candidate.dec is not None:
        ra, dec = f"{candidate.ra:.6f}", f"{candidate.dec:.6f}"
        found += [Link(page.title, page.url.format(ra=ra, dec=dec)) for page in _PLACE_PAGES]
    return found


def tonight(user: Any, candidate: Candidate, *, mjd_utc: float) -> str:
    """Return when a position can be observed in the night that runs or comes, at the site of a user.

    Parameters
    ----------
    user : User
    candidate : Candidate
    mjd_utc : float
        Now.

    Returns
    -------
    str
        Empty where the user has no site, or the candidate no position.
    """
    site = own_site(user)
    if site is None or candidate.ra is None or candidate.dec is None:
        return ""
    evening = evening_of(mjd_utc, latitude_deg=site.latitude_deg, longitude_deg=site.longitude_deg)
    limits = Limits()
    found = summarize_night(Bodies.fixed([candidate.ra], [candidate.dec]), site, evening, limits)
    hours, best, altitude = (float(row[0]) for row in (found.hours, found.best_mjd, found.best_altitude_deg))
    if not np.isfinite(best):
        return f"no darkness at {site.name}"
    if not hours:
        most = f"at most {altitude:.0f}°" if altitude >= 0.5 else "below the horizon"
        return f"too low at {site.name} ({most})"
    when = f"{mjd_utc_to_datetime(best):%H:%M} UTC"
    moon = f", Moon {float(found.best_moon_deg[0]):.0f}° off" if found.best_moon_altitude_deg[0] > 0 else ""
    return f"{hours:.1f} h above {limits.min_altitude_deg:.0f}°, best {when} at {altitude:.0f}°{moon}"
