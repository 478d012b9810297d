"""Which columns of a target catalogues fill: those taken together, what they are called, and their units."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.utils.text import capfirst

from tom_targets.models import Target

POSITION, ORBIT = "position", "orbit"
GROUPS: dict[str, tuple[str, ...]] = {
    POSITION: ("ra", "dec", "epoch"),
    "motion": ("pm_ra", "pm_dec"),
    "parallax": ("parallax",),
    "distance": ("distance", "distance_err"),
    ORBIT: (
        "scheme",
        "epoch_of_elements",
        "eccentricity",
        "inclination",
        "lng_asc_node",
        "arg_of_perihelion",
        "perihdist",
        "epoch_of_perihelion",
        "semimajor_axis",
        "mean_anomaly",
        "mean_daily_motion",
        "ephemeris_period",
        "ephemeris_period_err",
        "ephemeris_epoch",
        "ephemeris_epoch_err",
    ),
    "brightness": ("abs_mag", "slope"),
}
"""Columns that mean something together only: they are taken from one catalogue, and with them goes what it
does not give of them."""

NEEDED: dict[str, tuple[str, ...]] = {
    POSITION: ("ra", "dec"),
    ORBIT: ("epoch_of_elements", "eccentricity", "inclination", "lng_asc_node", "arg_of_perihelion"),
}
"""Without these a group is not offered."""

OF_TYPE = {
    Target.SIDEREAL: (POSITION, "motion", "parallax", "distance"),
    Target.NON_SIDEREAL: (ORBIT, "brightness"),
}
GROUP_OF = {column: group for group, columns in GROUPS.items() for column in columns}

_UNITS = {
    "ra": "deg",
    "dec": "deg",
    "epoch": "yr",
    "pm_ra": "mas/yr, × cos Dec",
    "pm_dec": "mas/yr",
    "parallax": "mas",
    "parallax_error": "mas",
    "distance": "pc",
    "distance_err": "pc",
    "radial_velocity": "km/s",
    "epoch_of_elements": "MJD, TDB",
    "epoch_of_perihelion": "MJD, TDB",
    "ephemeris_epoch": "MJD, TDB",
    "ephemeris_epoch_err": "d",
    "ephemeris_period": "d",
    "ephemeris_period_err": "d",
    "inclination": "deg",
    "lng_asc_node": "deg",
    "arg_of_perihelion": "deg",
    "mean_anomaly": "deg",
    "mean_daily_motion": "deg/d",
    "semimajor_axis": "au",
    "perihdist": "au",
    "abs_mag": "mag",
    "discovery_mag": "mag",
    "period_d": "d",
    "v_mag": "mag",
    "moid_au": "au",
    "solar_elongation_deg": "deg",
}
_DECIMALS = {"ra": 7, "dec": 7, "epoch": 2, "epoch_of_perihelion": 6}


def left_over(target: Any, columns: Collection[str]) -> dict[str, Any]:
    """Return what a target holds of the groups of some columns beside them, by column, emptied.

    It belongs to another measurement than what is taken.
    """
    groups = {GROUP_OF[column] for column in columns if column in GROUP_OF}
    others = (column for group in groups for column in GROUPS[group] if column not in columns)
    return {
        column: None if Target._meta.get_field(column).null else ""
        for column in others
        if getattr(target, column) not in (None, "")
    }


def type_of(group: str) -> str:
    """Return the type of target that a group of columns belongs to; empty for any."""
    return next((kind for kind, groups in OF_TYPE.items() if group in groups), "")


def name_of(key: str) -> str:
    """Return what a column or an extra field is called."""
    named = {field.name: field.verbose_name for field in Target._meta.fields}
    return capfirst(str(named.get(key, key.replace("_", " "))))


def label_of(key: str) -> str:
    """Return what a column or an extra field is called, with its unit."""
    return f"{name_of(key)} ({_UNITS[key]})" if key in _UNITS else name_of(key)


def shown(key: str, value: Any) -> str:
    """Return a value as pages show it, numbers to digits that matter."""
    if str(value) in ("True", "False"):  # as tags keep it, too
        return "yes" if str(value) == "True" else "no"
    try:
        number = float(value)
    except (TypeError, ValueError):
        return "" if value is None else str(value)
    if key in _DECIMALS:
        return f"{number:.{_DECIMALS[key]}f}"
    return str(value) if isinstance(value, int) else f"{number:.10g}"
