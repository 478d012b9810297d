"""Visibility as plugins of TOM Toolkit ask for it; the name of this module is public."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from tom_common.astro.time import datetime_to_mjd_utc, mjd_utc_to_datetime
from tom_common.astro.visibility import TWILIGHTS, airmass, altitude_curves
from tom_observations.sites import facility_sites
from tom_targets.bodies import NON_SIDEREAL, bodies_of

_MAX_STEPS = 20_000


def get_sidereal_visibility(
    target: Any,
    start_time: datetime,
    end_time: datetime,
    interval: int,
    airmass_limit: float | None,
    facility_name: str | None = None,
) -> dict[str, list[list[Any]]]:
    """Return the airmass of a target at sites of facilities, while it is astronomically dark there.

    Parameters
    ----------
    target : BaseTarget
    start_time, end_time : datetime
        Without a zone they are UTC.
    interval : int
        Minutes between the times.
    airmass_limit : float or None
        What is higher is None in the result; None means 10.
    facility_name : str, optional
        Only the sites of this facility.

    Returns
    -------
    dict
        By ``"(<facility>) <site>"`` a list of times (datetime, UTC) and a list of airmasses, None where the
        target is too low or the Sun too high. Empty for a target that is not sidereal.

    Raises
    ------
    ValueError
        If the end is not after the start, or the interval is not positive or gives over 20,000 times.
    """
    if target.type == NON_SIDEREAL or target.ra is None or target.dec is None:
        return {}
    begin, end = (datetime_to_mjd_utc(_utc(moment)) for moment in (start_time, end_time))
    if not end > begin:
        raise ValueError(f"the end, {end_time}, must be after the start, {start_time}")
    if not interval > 0 or (end - begin) * 1440 / interval > _MAX_STEPS:
        raise ValueError(f"interval {interval} min: expected more than 0, and at most {_MAX_STEPS:,} times")
    times = begin + np.arange(0, (end - begin) * 1440 + 1e-6, interval) / 1440
    moments = [mjd_utc_to_datetime(mjd) for mjd in times.tolist()]
    limit = 10.0 if airmass_limit is None else float(airmass_limit)
    bodies = bodies_of([target])
    visibility: dict[str, list[list[Any]]] = {}
    for site in facility_sites():
        if facility_name is not None and site.facility != facility_name:
            continue
        curves = altitude_curves(bodies, site, times)
        mass = airmass(curves.altitude_deg[0])
        shown = (curves.sun_altitude_deg <= TWILIGHTS["astronomical"]) & (mass <= limit)
        values = [float(value) if is_shown else None for value, is_shown in zip(mass, shown, strict=True)]
        visibility[site.label] = [list(moments), values]
    return visibility


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
