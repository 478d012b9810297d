"""DECam packets of the DESIRT survey: fluxes in nJy, times MJD (UTC)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tom_common.astro.time import mjd_utc_to_unix_us

from ..batch import AlertObject, PointKind
from ..framing import RawPacket
from ..lockstep import Node
from ..table import Table
from .common import (
    Facts,
    Normalised,
    SurveyFormat,
    add_integers,
    add_numbers,
    below,
    gather_cutouts,
    object_numbers,
    unusable_packets,
)
from .flux import FluxPoints

_FLUX = ("mjd", "band", "psfFlux", "psfFluxErr")


def recognises(node: Node) -> bool:
    """Tell whether a schema is DESIRT's: a candidate with flux, MJD and band."""
    return all(
        node.has(path) for path in ("objectId", "candidate.mjd", "candidate.psfFlux", "candidate.band")
    )


def read(table: Table, packets: Sequence[RawPacket]) -> Normalised:
    """Bring DECam packets to the common form."""
    candidate = table.table("candidate")
    names, mjd = table.texts("objectId"), candidate.floats("mjd")
    rejected = unusable_packets(names, mjd_utc_to_unix_us(mjd))
    number_of = object_numbers(rejected, table.rows)
    candid = table.ints("candid")
    facts: Facts = [{"decam_candid": str(number)} for number in candid.tolist()]
    add_numbers(facts, "reliability", candidate.floats("reliability"))
    forced, owner = table.items("fp_hists")
    add_integers(facts, "n_forced", np.bincount(owner, minlength=table.rows), np.ones(table.rows, dtype=bool))
    cutouts = gather_cutouts(
        [
            ("science", table.byte_strings("cutoutScience")),
            ("reference", table.byte_strings("cutoutTemplate")),
            ("difference", table.byte_strings("cutoutDifference")),
        ],
        table.rows,
    )
    ra, dec = candidate.floats("ra").tolist(), candidate.floats("dec").tolist()
    objects = [
        AlertObject(
            name=names[row] or "",
            aliases=(),
            is_sidereal=True,
            ra_deg=ra[row],
            dec_deg=dec[row],
            mjd_utc=float(mjd[row]),
            alert_id=str(candid[row]),
            extras=facts[row],
            cutouts=cutouts[row],
            orbit=None,
            file=packets[row].file,
            number=packets[row].number,
        )
        for row in np.flatnonzero(number_of >= 0).tolist()
    ]
    points = FluxPoints(number_of, is_tai=False)
    points.add_fluxes(candidate, np.arange(table.rows), PointKind.DETECTION, names=_FLUX)
    points.add_fluxes(forced, owner, PointKind.FORCED, names=_FLUX)
    return Normalised(points.bands, objects, points.points(), rejected, points.left_out)


FORMAT = SurveyFormat(
    survey="DECam",
    telescope="Blanco",
    instrument="DECam",
    recognises=recognises,
    wanted=(
        "objectId",
        "candid",
        *below("candidate", "mjd band psfFlux psfFluxErr ra dec reliability"),
        *below("fp_hists", "mjd band psfFlux psfFluxErr"),
    ),
    cutouts=("cutoutScience", "cutoutTemplate", "cutoutDifference"),
    read=read,
)
