"""How a catalogue's value differs from the stored one, or from that of another catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tom_common.astro.sky_match import separation_arcsec

_MAS_PER_DEG = 3.6e6
_ROUND = frozenset({"ra", "lng_asc_node", "arg_of_perihelion", "mean_anomaly"})


def same_value(first: Any, second: Any) -> bool:
    """Tell whether two values are the same, numbers whatever they are written as."""
    if first in (None, "") or second in (None, ""):
        return first in (None, "") and second in (None, "")
    if str(first) == str(second):
        return True
    try:
        return float(first) == float(second)
    except (TypeError, ValueError):
        return False


def difference(key: str, stored: Any, value: Any, *, dec_deg: float | None = None) -> str:
    """Return how a catalogue's value differs from another, empty where it does not.

    Right ascensions differ by the angle on the sky, in arcsec, where the declination is known.
    """
    if stored in (None, "") or value in (None, "") or same_value(stored, value):
        return ""
    try:
        by = float(value) - float(stored)
    except (TypeError, ValueError):
        return "differs"
    if key in _ROUND:
        by = (by + 180.0) % 360.0 - 180.0
    if key == "ra":
        by *= float(np.cos(np.radians(dec_deg or 0.0)))
    if key in ("ra", "dec"):
        return f"{by * 3600.0:+.2f}″"
    return f"{by:+.4g}"


def apart_arcsec(first: Mapping[str, Any], second: Mapping[str, Any]) -> float | None:
    """Return how far two positions are apart, the second one brought to the epoch of the first.

    Parameters
    ----------
    first, second : mapping
        ``ra``, ``dec`` (deg), ``epoch`` (Julian year), ``pm_ra`` (with the factor cos(dec)), ``pm_dec``
        (mas/yr). The second moves by its own proper motion, else by that of the first.

    Returns
    -------
    float or None
        Arcsec; None where one has no position.
    """
    here, there = ([_number(one.get(key)) for key in ("ra", "dec", "epoch")] for one in (first, second))
    if None in (*here[:2], *there[:2]):
        return None
    ra_deg, dec_deg, epoch = there
    moving = second if _number(second.get("pm_ra")) is not None else first
    pm_ra, pm_dec = (_number(moving.get(key)) for key in ("pm_ra", "pm_dec"))
    if None not in (epoch, here[2], pm_ra, pm_dec):
        years = here[2] - epoch  # type: ignore[operator]
        ra_deg += years * pm_ra / _MAS_PER_DEG / np.cos(np.radians(dec_deg))  # type: ignore[operator, arg-type]
        dec_deg += years * pm_dec / _MAS_PER_DEG  # type: ignore[operator]
    return float(separation_arcsec(here[0], here[1], ra_deg, dec_deg))  # type: ignore[arg-type]


def _number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if np.isfinite(found) else None
