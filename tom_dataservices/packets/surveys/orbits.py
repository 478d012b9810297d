"""Orbital elements of Rubin's packets under the field names of a target."""

from __future__ import annotations

import numpy as np

from ..table import Table

Orbit = dict[str, str | float]

_ELEMENTS = {
    "epoch_of_elements": ("epoch_mjd", "epoch"),
    "mean_anomaly": ("mean_anomaly", "M"),
    "arg_of_perihelion": ("argperi", "peri"),
    "eccentricity": ("e",),
    "lng_asc_node": ("node",),
    "inclination": ("i", "incl"),
    "mean_daily_motion": ("mean_motion", "n"),
    "semimajor_axis": ("a",),
    "epoch_of_perihelion": ("peri_time", "t_p"),
    "perihdist": ("q",),
    "abs_mag": ("h", "mpcH"),
    "slope": ("g", "mpcG"),
}
"""Field of a target -> field since version 10 (``mpc_orbits``) and up to version 9 (``MPCORB``)."""

_ALWAYS = ("epoch_of_elements", "arg_of_perihelion", "eccentricity", "lng_asc_node", "inclination")
_MINOR_PLANET = (*_ALWAYS, "semimajor_axis", "mean_anomaly")
_COMET = (*_ALWAYS, "perihdist", "epoch_of_perihelion")

ORBIT_FIELDS = tuple(name for names in _ELEMENTS.values() for name in names)


def read_orbits(elements: Table) -> list[Orbit | None]:
    """Give the elements of each row, None where they are not complete.

    Parameters
    ----------
    elements : Table
        Records ``mpc_orbits`` or ``MPCORB``: angles in deg (ecliptic J2000), lengths in au,
        epochs as MJD (TT).

    Returns
    -------
    list of dict or None
        With ``scheme`` ``MPC_MINOR_PLANET`` for an ellipse given by semimajor axis and mean anomaly, else
        ``MPC_COMET`` for an orbit given by perihelion distance and time.
    """
    columns = {field: elements.floats(*names) for field, names in _ELEMENTS.items()}
    orbits: list[Orbit | None] = [None] * elements.rows
    known = elements.present() & (columns["epoch_of_elements"] > 0)
    for row in np.flatnonzero(known).tolist():
        found = {field: float(column[row]) for field, column in columns.items() if np.isfinite(column[row])}
        scheme = _scheme(found)
        if scheme:
            orbits[row] = {"scheme": scheme, **found}
    return orbits


def _scheme(found: dict[str, float]) -> str:
    if (
        all(name in found for name in _MINOR_PLANET)
        and found["semimajor_axis"] > 0
        and found["eccentricity"] < 1
    ):
        return "MPC_MINOR_PLANET"
    if all(name in found for name in _COMET) and found["perihdist"] > 0 and found["epoch_of_perihelion"] > 0:
        return "MPC_COMET"
    return ""
