"""Targets as the mathematics of the sky takes them: stars with their motion, or bodies on orbits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tom_common.astro.orbits import Orbits
from tom_common.astro.sidereal import Stars
from tom_common.astro.visibility import Bodies
from tom_targets.field_names import (
    REQUIRED_NON_SIDEREAL_FIELDS,
    REQUIRED_NON_SIDEREAL_FIELDS_PER_SCHEME,
)

SIDEREAL, NON_SIDEREAL = "SIDEREAL", "NON_SIDEREAL"
STAR_FIELDS = ("ra", "dec", "epoch", "pm_ra", "pm_dec", "parallax")
ORBIT_FIELDS = (
    "epoch_of_elements",
    "inclination",
    "lng_asc_node",
    "arg_of_perihelion",
    "eccentricity",
    "mean_anomaly",
    "semimajor_axis",
    "mean_daily_motion",
    "perihdist",
    "epoch_of_perihelion",
)
BODY_FIELDS = ("type", "scheme", *STAR_FIELDS, *ORBIT_FIELDS)
"""What has to be fetched of a target so that its place can be computed."""


def bodies_of(targets: Iterable[Any]) -> Bodies:
    """Return targets as bodies, in their order.

    Parameters
    ----------
    targets : iterable of BaseTarget, or of objects with the attributes `BODY_FIELDS`
        A target without what its type and scheme need has no place: the results hold NaN for it.
    """
    rows = list(targets)
    star_at = [i for i, row in enumerate(rows) if _is_star(row)]
    by_scheme: dict[bool, list[int]] = {True: [], False: []}
    for i, row in enumerate(rows):
        if has_orbit(row):
            by_scheme[row.scheme == "MPC_COMET"].append(i)
    stars = _stars([rows[i] for i in star_at])
    orbits = _orbits([rows[i] for i in by_scheme[True]], [rows[i] for i in by_scheme[False]])
    order = np.full(len(rows), -1, dtype=np.int64)
    for place, i in enumerate([*star_at, *by_scheme[True], *by_scheme[False]]):
        order[i] = place
    return Bodies(stars, orbits, order)


def _is_star(row: Any) -> bool:
    return row.type != NON_SIDEREAL and row.ra is not None and row.dec is not None


def has_orbit(row: Any) -> bool:
    """Tell whether a target moves and has the elements that its scheme needs."""
    if row.type != NON_SIDEREAL or row.scheme not in REQUIRED_NON_SIDEREAL_FIELDS_PER_SCHEME:
        return False
    needed = [*REQUIRED_NON_SIDEREAL_FIELDS, *REQUIRED_NON_SIDEREAL_FIELDS_PER_SCHEME[row.scheme]]
    return all(getattr(row, name) not in (None, "") for name in needed)


def _column(rows: Sequence[Any], name: str) -> Any:
    return np.array([np.nan if (value := getattr(row, name)) is None else value for row in rows], dtype=float)


def _stars(rows: Sequence[Any]) -> Stars | None:
    return Stars(*(_column(rows, name) for name in STAR_FIELDS)) if rows else None


def _orbits(comets: Sequence[Any], planets: Sequence[Any]) -> Orbits | None:
    parts = []
    if comets:
        parts.append(
            Orbits.from_perihelion(
                perihelion_au=_column(comets, "perihdist"),
                perihelion_mjd=_column(comets, "epoch_of_perihelion"),
                **_angles(comets),
            )
        )
    if planets:
        motion = _column(planets, "mean_daily_motion")
        own_pace = np.array([row.scheme == "JPL_MAJOR_PLANET" for row in planets])
        parts.append(
            Orbits.from_mean_anomaly(
                semimajor_axis_au=_column(planets, "semimajor_axis"),
                mean_anomaly_deg=_column(planets, "mean_anomaly"),
                epoch_mjd=_column(planets, "epoch_of_elements"),
                daily_motion_deg=np.where(own_pace, motion, np.nan),
                **_angles(planets),
            )
        )
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else Orbits.joined(parts)


def _angles(rows: Sequence[Any]) -> dict[str, Any]:
    return {
        "eccentricity": _column(rows, "eccentricity"),
        "inclination_deg": _column(rows, "inclination"),
        "node_deg": _column(rows, "lng_asc_node"),
        "argument_deg": _column(rows, "arg_of_perihelion"),
    }
