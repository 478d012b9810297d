"""Simulated packets of the ELAsTiCC campaigns, schema 0.9 and 0.9.1; flux scale: ``docs/decisions/0022``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tom_common.astro.photometry import AB_ZERO_POINT_NJY, SNANA_ZERO_POINT, rescaled_flux
from tom_common.astro.time import mjd_tai_to_mjd_utc, mjd_tai_to_unix_us

from ..batch import AlertObject, PointKind
from ..framing import RawPacket
from ..lockstep import Node
from ..table import Table
from .common import (
    Facts,
    Normalised,
    SurveyFormat,
    add_float32,
    below,
    gather_cutouts,
    object_numbers,
    unusable_packets,
)
from .flux import FluxPoints

NAME_PREFIX = "ELAsTiCC-"

_FLUX = ("midPointTai", "filterName", "psFlux", "psFluxErr")
_POINT = "midPointTai filterName psFlux psFluxErr ra decl"
_HOST_FACTS = (
    "mwebv z_final z_final_err hostgal_zspec hostgal_zphot hostgal_zphot_err hostgal_snsep "
    "hostgal_ra hostgal_dec"
)
_LEAST_FACT = -8.0
"""Sentinels of the simulation are -9 and below; no fact kept here but a declination goes below 0."""


def recognises(node: Node) -> bool:
    """Tell whether a schema is ELAsTiCC's: a source with the field names of the early Rubin schemas."""
    return node.has("diaSource.midPointTai") and node.has("diaSource.psFlux")


def read(table: Table, packets: Sequence[RawPacket]) -> Normalised:
    """Bring ELAsTiCC packets to the common form."""
    source, dia_object = table.table("diaSource"), table.table("diaObject")
    object_id = np.where(
        dia_object.ints("diaObjectId") != 0, dia_object.ints("diaObjectId"), source.ints("diaObjectId")
    )
    mjd_utc = mjd_tai_to_mjd_utc(source.floats("midPointTai"))
    names = [f"{NAME_PREFIX}{number}" if number else None for number in object_id.tolist()]
    rejected = unusable_packets(names, mjd_tai_to_unix_us(source.floats("midPointTai")))
    number_of = object_numbers(rejected, table.rows)
    facts = _facts(source, dia_object)
    ra, dec = dia_object.floats("ra"), dia_object.floats("decl")
    ra, dec = (
        np.where(np.isfinite(ra), ra, source.floats("ra")).tolist(),
        np.where(np.isfinite(dec), dec, source.floats("decl")).tolist(),
    )
    cutouts = gather_cutouts(
        [
            ("reference", table.byte_strings("cutoutTemplate")),
            ("difference", table.byte_strings("cutoutDifference")),
        ],
        table.rows,
    )
    source_id, alert_id = source.ints("diaSourceId").tolist(), table.ints("alertId").tolist()
    objects = [
        AlertObject(
            name=names[row] or "",
            aliases=(str(object_id[row]),),
            is_sidereal=True,
            ra_deg=ra[row],
            dec_deg=dec[row],
            mjd_utc=float(mjd_utc[row]),
            alert_id=str(alert_id[row] or source_id[row]),
            extras=facts[row],
            cutouts=cutouts[row],
            orbit=None,
            file=packets[row].file,
            number=packets[row].number,
        )
        for row in np.flatnonzero(number_of >= 0).tolist()
    ]
    points = _points(table, source, number_of, _flux_scale(dia_object))
    return Normalised(points.bands, objects, points.points(), rejected, points.left_out, is_simulated=True)


def _facts(source: Table, dia_object: Table) -> Facts:
    facts: Facts = [
        {"elasticc_diaSourceId": str(number), "simulated": True}
        for number in source.ints("diaSourceId").tolist()
    ]
    add_float32(facts, "snr", source.floats("snr"))
    has_host = (dia_object.floats("hostgal_ra") != 0) | (dia_object.floats("hostgal_dec") != 0)
    for name in _HOST_FACTS.split():
        values = dia_object.floats(name)
        least = -90.0 if name == "hostgal_dec" else _LEAST_FACT
        add_float32(facts, name, values, (values >= least) & (has_host | (name == "mwebv")))
    return facts


def _flux_scale(dia_object: Table) -> float:
    """Give the factor to nJy: packets of the draft schema (``hostgal_z``) hold fluxes of zero point 27.5."""
    is_draft = dia_object.column("hostgal_z") is not None
    return float(rescaled_flux(1.0, zero_point=SNANA_ZERO_POINT if is_draft else AB_ZERO_POINT_NJY))


def _points(table: Table, source: Table, number_of: np.ndarray, flux_scale: float) -> FluxPoints:
    points = FluxPoints(number_of, flux_scale=flux_scale)
    points.add_fluxes(source, np.arange(table.rows), PointKind.DETECTION, number="diaSourceId", names=_FLUX)
    previous, owner = table.items("prvDiaSources")
    points.add_fluxes(previous, owner, PointKind.DETECTION, number="diaSourceId", names=_FLUX)
    forced, owner = table.items("prvDiaForcedSources")
    points.add_fluxes(forced, owner, PointKind.FORCED, number="diaForcedSourceId", names=_FLUX)
    limits, owner = table.items("prvDiaNondetectionLimits")
    points.add_limits(limits, owner, names=("midPointTai", "filterName", "diaNoise"))
    return points


FORMAT = SurveyFormat(
    survey="ELAsTiCC",
    telescope="Rubin",
    instrument="LSSTCam",
    recognises=recognises,
    wanted=(
        "alertId",
        *below("diaSource", f"diaSourceId diaObjectId snr {_POINT}"),
        *below("prvDiaSources", f"diaSourceId {_POINT}"),
        *below("prvDiaForcedSources", f"diaForcedSourceId {_POINT}"),
        *below("prvDiaNondetectionLimits", "midPointTai filterName diaNoise"),
        *below("diaObject", f"diaObjectId ra decl hostgal_z {_HOST_FACTS}"),
    ),
    cutouts=("cutoutDifference", "cutoutTemplate"),
    read=read,
)
