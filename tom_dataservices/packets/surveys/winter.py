"""WINTER packets: near-infrared magnitudes, laid out much like ZTF's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tom_common.astro.time import NO_TIME, jd_to_mjd, jd_utc_to_unix_us

from ..batch import AlertObject, PointColumns, PointKind
from ..framing import RawPacket
from ..lockstep import Node
from ..table import Table
from .common import (
    Facts,
    Normalised,
    SurveyFormat,
    add_float32,
    add_integers,
    add_numbers,
    below,
    gather_cutouts,
    object_numbers,
    unusable_packets,
)
from .ztf import negative_difference

BANDS = ["Y", "J", "Hs"]
"""By filter number less 1."""

_POINT = "candid jd fid isdiffpos ra dec magpsf sigmapsf exptime"
_FACTS = "rb fwhm magfromlim neargaia maggaia"


def recognises(node: Node) -> bool:
    """Tell whether a schema is WINTER's: ``objectid`` in lower case and a candidate like ZTF's."""
    return node.has("objectid") and node.has("candidate.magpsf") and node.has("candidate.jd")


def read(table: Table, packets: Sequence[RawPacket]) -> Normalised:
    """Bring WINTER packets to the common form."""
    candidate = table.table("candidate")
    names, jd = table.texts("objectid"), candidate.floats("jd")
    rejected = unusable_packets(names, jd_utc_to_unix_us(jd))
    number_of = object_numbers(rejected, table.rows)
    candid = table.ints("candid")
    facts: Facts = [{"winter_candid": str(number)} for number in candid.tolist()]
    for name in _FACTS.split():
        add_float32(facts, name, candidate.floats(name))
    add_integers(facts, "ndethist", candidate.ints("ndethist"), candidate.has_number("ndethist"))
    add_numbers(facts, "jdstarthist", candidate.floats("jdstarthist"))
    cutouts = gather_cutouts(
        [
            ("science", table.byte_strings("cutout_science")),
            ("reference", table.byte_strings("cutout_template")),
            ("difference", table.byte_strings("cutout_difference")),
        ],
        table.rows,
    )
    ra, dec, mjd = candidate.floats("ra").tolist(), candidate.floats("dec").tolist(), jd_to_mjd(jd).tolist()
    objects = [
        AlertObject(
            name=names[row] or "",
            aliases=(),
            is_sidereal=True,
            ra_deg=ra[row],
            dec_deg=dec[row],
            mjd_utc=mjd[row],
            alert_id=str(candid[row]),
            extras=facts[row],
            cutouts=cutouts[row],
            orbit=None,
            file=packets[row].file,
            number=packets[row].number,
        )
        for row in np.flatnonzero(number_of >= 0).tolist()
    ]
    previous, owner = table.items("prv_candidates")
    parts = [_detections(candidate, number_of), _detections(previous, number_of[owner])]
    points = PointColumns.joined(parts)
    offered = int((number_of >= 0).sum() + (number_of[owner] >= 0).sum())
    return Normalised(BANDS, objects, points, rejected, offered - len(points))


def _detections(rows: Table, number: np.ndarray) -> PointColumns:
    magnitude, band = rows.floats("magpsf"), rows.ints("fid") - 1
    time_us = jd_utc_to_unix_us(rows.floats("jd"))
    usable = (number >= 0) & np.isfinite(magnitude) & (time_us != NO_TIME) & (band >= 0) & (band < len(BANDS))
    return PointColumns.of(
        rows.rows,
        object_index=number,
        time_us=time_us,
        kind=PointKind.DETECTION,
        band=band,
        brightness=magnitude,
        brightness_error=rows.floats("sigmapsf"),
        is_negative=negative_difference(rows),
        survey_id=rows.ints("candid"),
        exposure_s=rows.floats("exptime"),
        ra_deg=rows.floats("ra"),
        dec_deg=rows.floats("dec"),
    ).take(usable)


FORMAT = SurveyFormat(
    survey="WINTER",
    telescope="WINTER",
    instrument="WINTER",
    recognises=recognises,
    wanted=(
        "objectid",
        "candid",
        *below("candidate", f"{_POINT} {_FACTS} ndethist jdstarthist"),
        *below("prv_candidates", _POINT),
    ),
    cutouts=("cutout_science", "cutout_template", "cutout_difference"),
    read=read,
    magnitude_system="Vega",
)
