"""What a finder chart shows: where the target is at a date, and our other targets in the field."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tom_common.astro.sidereal import epoch_as_julian_year
from tom_common.astro.time import datetime_to_mjd_utc
from tom_targets.models import BaseTarget
from tom_targets.positions import position_at
from tom_targets.selectors import visible_targets
from tom_targets.sky_search import cone

MAX_NEIGHBOURS = 200


@dataclass(frozen=True)
class Place:
    """Where a target is at a date: ICRS, in degrees, and what a chart says about it."""

    ra_deg: float
    dec_deg: float
    has_moved: bool = False
    note: str = ""


@dataclass(frozen=True)
class Neighbour:
    """Another target in the field."""

    pk: int
    name: str
    ra_deg: float
    dec_deg: float
    separation_arcsec: float
    url: str


def number_in(text: str | None, least: float, most: float, default: float) -> float:
    """Return the number that a parameter of an address says, within limits; the default for what is none."""
    try:
        value = float(text or default)
    except ValueError:
        return default
    return min(max(value, least), most) if math.isfinite(value) else default


def place_at(target: BaseTarget, moment: datetime) -> Place | None:
    """Return where a target is at a date: proper motion and parallax, or the orbit, are applied.

    Parameters
    ----------
    target : BaseTarget
    moment : datetime
        Aware, from 1900 to 2100.

    Returns
    -------
    Place or None
        Seen from the centre of the Earth; None for a target without position and without elements.
    """
    stored = None if target.ra is None or target.dec is None else Place(target.ra, target.dec)
    moves = any((target.pm_ra, target.pm_dec, target.parallax))
    if target.type == BaseTarget.SIDEREAL and not moves:
        return stored
    found = position_at(target, mjd_utc=float(datetime_to_mjd_utc(moment)))
    if found is None:
        return stored and Place(stored.ra_deg, stored.dec_deg, note="The stored position: no orbit is known.")
    ra_deg, dec_deg = float(found.place.ra_deg), float(found.place.dec_deg)
    if found.is_moving:
        return Place(ra_deg, dec_deg, note=found.accuracy_text)
    if stored is None:
        return None
    moved = 3600.0 * separation(stored.ra_deg, stored.dec_deg, ra_deg, dec_deg)
    pm = f"proper motion {target.pm_ra or 0:g}, {target.pm_dec or 0:g} mas/yr"
    epoch = float(epoch_as_julian_year(math.nan if target.epoch is None else target.epoch))
    note = f"{moved:.2f}″ from the position of {epoch:.1f} ({pm})"
    return Place(ra_deg, dec_deg, has_moved=True, note=note)


def separation(ra1_deg: float, dec1_deg: float, ra2_deg: float, dec2_deg: float) -> float:
    """Return the distance of two positions, all in degrees, exact for small ones."""
    dec1, dec2 = math.radians(dec1_deg), math.radians(dec2_deg)
    half_ra, half_dec = math.radians(ra2_deg - ra1_deg) / 2, (dec2 - dec1) / 2
    square = math.sin(half_dec) ** 2 + math.cos(dec1) * math.cos(dec2) * math.sin(half_ra) ** 2
    return math.degrees(2 * math.asin(min(1.0, math.sqrt(square))))


def neighbours(
    user: Any, target: BaseTarget, *, ra_deg: float, dec_deg: float, field_arcmin: float
) -> list[Neighbour]:
    """Return the other targets within a square field that a user may see, the nearest first, at most 200.

    Parameters
    ----------
    user : User or AnonymousUser
    target : BaseTarget
        Left out.
    ra_deg, dec_deg : float
        Centre, ICRS, in degrees.
    field_arcmin : float
        Side of the field; those in its corners are found too.
    """
    radius_arcsec = field_arcmin * 60.0 / math.sqrt(2.0)
    near = cone(visible_targets(user), ra_deg=ra_deg, dec_deg=dec_deg, radius_arcsec=radius_arcsec)
    rows = near.exclude(pk=target.pk).order_by("separation", "pk")[:MAX_NEIGHBOURS]
    return [
        Neighbour(row.pk, row.name, row.ra, row.dec, row.separation * 3600.0, row.get_absolute_url())
        for row in rows
        if row.ra is not None and row.dec is not None
    ]
