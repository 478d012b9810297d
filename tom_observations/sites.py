"""The sites that this TOM knows: a built-in table, what facilities tell, and what staff entered.

Facilities join by `register_facility_sites`; where a facility tells its own sites, the table's are left out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from tom_common.astro.observer import Site

logger = logging.getLogger(__name__)

OWN_SITE = "own"
"""Code of the site in a user's profile."""

# Positions: contracts/services.md, section 4.1 (facilities' own lists and the site table of astropy).
BUILT_IN: tuple[Site, ...] = (
    Site("coj", "Siding Spring", -31.273, 149.071, 1116, "LCO"),
    Site("cpt", "Sutherland", -32.381, 20.810, 1760, "LCO"),
    Site("tfn", "Teide", 28.300, -16.512, 2330, "LCO"),
    Site("lsc", "Cerro Tololo", -30.167, -70.805, 2198, "LCO"),
    Site("elp", "McDonald", 30.680, -104.015, 2070, "LCO"),
    Site("ogg", "Haleakala", 20.707, -156.258, 3055, "LCO"),
    Site("tlv", "Wise", 30.59739, 34.76218, 875, "LCO"),
    Site("cpo", "Cerro Pachon", -30.24075, -70.736694, 2722, "GEM"),
    Site("mko", "Maunakea", 19.8238, -155.46905, 4213, "GEM"),
    Site("sor", "Cerro Pachon", -30.237892, -70.733642, 2713, "SOAR"),
    Site("bco", "Cerro Tololo", -30.169661, -70.806525, 2207, "BLANCO"),
    Site("rub", "Cerro Pachon", -30.244633, -70.749417, 2662.75, "Rubin"),
    Site("paranal", "Paranal", -24.62733, -70.40417, 2635.43, "ESO"),
    Site("lasilla", "La Silla", -29.25667, -70.73194, 2400, "ESO"),
    Site("lco", "Las Campanas", -29.00333, -70.70167, 2282, "Magellan"),
    Site("keck", "Maunakea", 19.82833, -155.47833, 4160, "Keck"),
    Site("palomar", "Palomar", 33.356, -116.863, 1706, "Palomar"),
    Site("orm", "La Palma", 28.762, -17.872, 2363, "LT"),
    Site("lapalma", "La Palma", 28.75833, -17.880, 2327, "NOT"),
    Site("kpno", "Kitt Peak", 31.96333, -111.600, 2120, "KPNO"),
    Site("mmt", "Mount Hopkins", 31.6883, -110.885, 2608, "MMT"),
    Site("lick", "Mount Hamilton", 37.34333, -121.63667, 1290, "Lick"),
    Site("salt", "Sutherland", -32.375823, 20.810808, 1798, "SALT"),
)

Provider = Callable[[], Mapping[str, Mapping[str, Any]]]
_providers: dict[str, Provider] = {}


def register_facility_sites(facility: str, provider: Provider) -> None:
    """Take the sites of a facility from the facility itself.

    Parameters
    ----------
    facility : str
        Its name, as in ``TOM_FACILITY_CLASSES``.
    provider : callable
        Returns what ``get_observing_sites()`` of a facility returns: by name of the site a dict with
        ``sitecode``, ``latitude``, ``longitude`` (degrees, north and east positive) and ``elevation`` (m).
    """
    _providers[facility] = provider


def unregister_facility_sites(facility: str) -> None:
    """Forget what `register_facility_sites` was told."""
    _providers.pop(facility, None)


def facility_sites() -> list[Site]:
    """Return the sites of facilities: told by themselves, else from the table; one code occurs once."""
    found: dict[str, Site] = {}
    for facility, provider in _providers.items():
        for site in _told(facility, provider):
            found.setdefault(site.code, site)
    for site in BUILT_IN:
        if site.facility not in _providers:
            found.setdefault(site.code, site)
    return list(found.values())


def _told(facility: str, provider: Provider) -> list[Site]:
    try:
        entries = provider() or {}
    except Exception:
        logger.exception("get_observing_sites() of %s failed; its sites are left out", facility)
        return []
    sites = []
    for name, entry in entries.items():
        try:
            sites.append(
                Site(
                    code=str(entry.get("sitecode") or name),
                    name=str(name),
                    latitude_deg=float(entry["latitude"]),
                    longitude_deg=float(entry["longitude"]),
                    elevation_m=float(entry.get("elevation") or 0.0),
                    facility=facility,
                )
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            logger.warning("site %s of %s is left out: %r", name, facility, error)
    return sites
