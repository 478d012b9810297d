"""Rubin's own packets, version 7 to 11.1, and those that Fink sends on with its own fields added."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tom_common.astro.time import mjd_tai_to_mjd_utc, mjd_tai_to_unix_us

from ..batch import AlertObject, PointKind
from ..framing import RawPacket
from ..lockstep import Node
from ..table import Table
from .common import (
    Facts,
    Normalised,
    SurveyFormat,
    add_flags,
    add_float32,
    add_integers,
    add_numbers,
    add_texts,
    below,
    gather_cutouts,
    object_numbers,
    unusable_packets,
)
from .designations import unpacked_designation
from .fink import FINK_LSST_FIELDS, add_fink_lsst
from .flux import FluxPoints
from .orbits import ORBIT_FIELDS, read_orbits

NAME_PREFIX = "LSST-P-DO-"
UNNAMED_PREFIX = "LSST-SSO-"
"""For a solar-system object whose packet holds no designation."""

_FLUX = ("midpointMjdTai", "band", "psfFlux", "psfFluxErr")
_POINT = "midpointMjdTai band psfFlux psfFluxErr ra dec timeWithdrawnMjdTai exposureTime"
_DESIGNATIONS = "designation unpacked_primary_provisional_designation mpcDesignation"


def recognises(node: Node) -> bool:
    """Tell whether a schema is Rubin's: a source with flux and TAI time, named as since version 7."""
    return node.has("diaSource.midpointMjdTai") and node.has("diaSource.psfFlux")


def read(table: Table, packets: Sequence[RawPacket]) -> Normalised:
    """Bring Rubin packets to the common form."""
    source, dia_object = table.table("diaSource"), table.table("diaObject")
    orbits = table.table("mpc_orbits", "MPCORB")
    object_id = _first_of(dia_object.ints("diaObjectId"), source.ints("diaObjectId"))
    solar_id = _first_of(
        source.ints("ssObjectId"),
        table.table("ssSource", "ssObject").ints("ssObjectId"),
        orbits.ints("ssObjectId"),
    )
    mjd_utc = mjd_tai_to_mjd_utc(source.floats("midpointMjdTai"))
    names = _names(object_id, solar_id, _designations(table, orbits))
    time_us = mjd_tai_to_unix_us(source.floats("midpointMjdTai"))
    rejected = unusable_packets([name for name, _ in names], time_us)
    number_of = object_numbers(rejected, table.rows)

    facts: Facts = [{} for _ in range(table.rows)]
    tns_names = add_fink_lsst(facts, table)
    _add_facts(facts, table, source, dia_object)
    elements = read_orbits(orbits)
    ra, dec = _position(source, dia_object, object_id)
    cutouts = gather_cutouts(
        [
            ("science", table.byte_strings("cutoutScience")),
            ("reference", table.byte_strings("cutoutTemplate")),
            ("difference", table.byte_strings("cutoutDifference")),
        ],
        table.rows,
    )
    alert_id = _first_of(table.ints("diaSourceId"), source.ints("diaSourceId"), table.ints("alertId"))
    objects = []
    for row in np.flatnonzero(number_of >= 0).tolist():
        is_sidereal = bool(object_id[row])
        name, aliases = names[row]
        tns_name = tns_names[row]
        objects.append(
            AlertObject(
                name=name,
                aliases=aliases if tns_name is None else (*aliases, tns_name),
                is_sidereal=is_sidereal,
                ra_deg=ra[row],
                dec_deg=dec[row],
                mjd_utc=float(mjd_utc[row]),
                alert_id=str(alert_id[row]),
                extras=facts[row],
                cutouts=cutouts[row],
                orbit=None if is_sidereal else elements[row],
                file=packets[row].file,
                number=packets[row].number,
            )
        )
    points = _points(table, source, number_of)
    return Normalised(points.bands, objects, points.points(), rejected, points.left_out)


def _first_of(*columns: np.ndarray) -> np.ndarray:
    """Give the first number that is not 0: in these packets 0 and null both stand for none."""
    found = columns[0]
    for column in columns[1:]:
        found = np.where(found != 0, found, column)
    return found


def _designations(table: Table, orbits: Table) -> list[str | None]:
    from_orbit = [orbits.texts(name) for name in _DESIGNATIONS.split()]
    columns = [*from_orbit, table.table("ssSource").texts("designation")]
    return [next((name for name in row if name), None) for row in zip(*columns, strict=True)]


def _names(
    object_id: np.ndarray, solar_id: np.ndarray, designations: list[str | None]
) -> list[tuple[str, tuple[str, ...]]]:
    names: list[tuple[str, tuple[str, ...]]] = []
    for static, solar, designation in zip(object_id.tolist(), solar_id.tolist(), designations, strict=True):
        if static:
            names.append((f"{NAME_PREFIX}{static}", (str(static),)))
        elif designation is not None:
            names.append((unpacked_designation(designation), (str(solar),) if solar else ()))
        else:
            names.append((f"{UNNAMED_PREFIX}{solar}", (str(solar),)) if solar else ("", ()))
    return names


def _position(source: Table, dia_object: Table, object_id: np.ndarray) -> tuple[list[float], list[float]]:
    ra, dec = dia_object.floats("ra"), dia_object.floats("dec")
    known = np.isfinite(ra) & np.isfinite(dec) & (object_id != 0)
    return (
        np.where(known, ra, source.floats("ra")).tolist(),
        np.where(known, dec, source.floats("dec")).tolist(),
    )


def _add_facts(facts: Facts, table: Table, source: Table, dia_object: Table) -> None:
    source_id = source.ints("diaSourceId")
    add_texts(facts, "lsst_diaSourceId", [str(number) if number else None for number in source_id.tolist()])
    solar_id = source.ints("ssObjectId")
    add_texts(facts, "lsst_ssObjectId", [str(number) if number else None for number in solar_id.tolist()])
    for name in ("reliability", "snr", "extendedness"):
        add_float32(facts, name, source.floats(name))
    negative = "isNegative" if source.column("isNegative") is not None else "is_negative"
    add_flags(facts, "isNegative", source.bools(negative), source.has_number(negative))
    add_integers(facts, "nDiaSources", dia_object.ints("nDiaSources"), dia_object.ints("nDiaSources") > 0)
    for name in ("firstDiaSourceMjdTai", "lastDiaSourceMjdTai"):
        values = dia_object.floats(name)
        add_numbers(facts, name, values, values > 0)
    for name in ("observation_reason", "target_name"):
        add_texts(facts, name, table.texts(name))
    magnitude = table.table("ssSource").floats("ephVmag", "predictedVMagnitude")
    add_float32(facts, "predicted_v_mag", magnitude, magnitude > 0)


def _points(table: Table, source: Table, number_of: np.ndarray) -> FluxPoints:
    points = FluxPoints(number_of)
    points.add_fluxes(source, np.arange(table.rows), PointKind.DETECTION, number="diaSourceId", names=_FLUX)
    previous, owner = table.items("prvDiaSources")
    points.add_fluxes(previous, owner, PointKind.DETECTION, number="diaSourceId", names=_FLUX)
    forced, owner = table.items("prvDiaForcedSources")
    points.add_fluxes(forced, owner, PointKind.FORCED, number="diaForcedSourceId", names=_FLUX)
    limits, owner = table.items("prvDiaNondetectionLimits")
    points.add_limits(limits, owner, names=("midpointMjdTai", "band", "diaNoise"))
    return points


FORMAT = SurveyFormat(
    survey="LSST",
    telescope="Rubin",
    instrument="LSSTCam",
    recognises=recognises,
    wanted=(
        "diaSourceId",
        "alertId",
        "observation_reason",
        "target_name",
        *below("diaSource", f"diaSourceId diaObjectId ssObjectId {_POINT}"),
        *below("diaSource", "reliability snr extendedness isNegative is_negative"),
        *below("prvDiaSources", f"diaSourceId {_POINT}"),
        *below("prvDiaForcedSources", f"diaForcedSourceId {_POINT}"),
        *below("prvDiaNondetectionLimits", "midpointMjdTai band diaNoise"),
        *below("diaObject", "diaObjectId ra dec nDiaSources firstDiaSourceMjdTai lastDiaSourceMjdTai"),
        *below("ssSource", "ssObjectId designation ephVmag predictedVMagnitude"),
        "ssObject.ssObjectId",
        *below("mpc_orbits", f"{_DESIGNATIONS} {' '.join(ORBIT_FIELDS)}"),
        *below("MPCORB", f"ssObjectId {_DESIGNATIONS} {' '.join(ORBIT_FIELDS)}"),
        *FINK_LSST_FIELDS,
    ),
    cutouts=("cutoutScience", "cutoutTemplate", "cutoutDifference"),
    read=read,
)
