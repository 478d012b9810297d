"""ZTF packets, schema 3.x and 4.x, and those that Fink sends on with its own fields added."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tom_common.astro.photometry import ztf_forced_flux_njy
from tom_common.astro.time import NO_TIME, jd_to_mjd, jd_utc_to_unix_us

from ..batch import AlertObject, PointColumns, PointKind
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
    is_simulated,
    object_numbers,
    unusable_packets,
)
from .fink import FINK_ZTF_FIELDS, add_fink_ztf

BANDS = ["g", "r", "i"]
"""By filter number less 1; the schema calls 2 "R", it is ZTF r."""

SOLAR_SYSTEM_MATCH_ARCSEC = 2.0

_FLOAT32_FACTS = "drb rb magnr sgscore1 distpsnr1"
_POINT = "jd fid candid isdiffpos ra dec magpsf sigmapsf diffmaglim exptime"


def recognises(node: Node) -> bool:
    """Tell whether a schema is ZTF's: a candidate with magnitude, Julian date and filter number."""
    return all(
        node.has(path) for path in ("objectId", "candid", "candidate.jd", "candidate.fid", "candidate.magpsf")
    )


def read(table: Table, packets: Sequence[RawPacket]) -> Normalised:
    """Bring ZTF packets to the common form."""
    candidate = table.table("candidate")
    names = table.texts("objectId")
    jd = candidate.floats("jd")
    rejected = unusable_packets(names, jd_utc_to_unix_us(jd))
    number_of = object_numbers(rejected, table.rows)
    simulated = [is_simulated([publisher]) for publisher in table.texts("publisher")]
    facts = _facts(table, candidate, simulated)
    cutouts = gather_cutouts(
        [
            (role, table.table(field).byte_strings("stampData"))
            for role, field in (
                ("science", "cutoutScience"),
                ("reference", "cutoutTemplate"),
                ("difference", "cutoutDifference"),
            )
        ],
        table.rows,
    )
    columns = zip(
        names,
        candidate.floats("ra").tolist(),
        candidate.floats("dec").tolist(),
        jd_to_mjd(jd).tolist(),
        table.ints("candid").tolist(),
        facts,
        cutouts,
        packets,
        number_of.tolist(),
        strict=True,
    )
    objects = [
        AlertObject(name, (), True, ra, dec, mjd, str(candid), fact, images, None, raw.file, raw.number)
        for name, ra, dec, mjd, candid, fact, images, raw, number in columns
        if number >= 0 and name is not None
    ]
    points, left_out = _points(table, candidate, number_of)
    return Normalised(BANDS, objects, points, rejected, left_out, any(simulated))


def _facts(table: Table, candidate: Table, simulated: list[bool]) -> Facts:
    facts: Facts = [{"ztf_candid": str(candid)} for candid in table.ints("candid").tolist()]
    for name in _FLOAT32_FACTS.split():
        values = candidate.floats(name)
        add_float32(facts, name, values, values >= 0)
    for name in ("ndethist", "programid"):
        add_integers(facts, name, candidate.ints(name), candidate.has_number(name))
    add_numbers(facts, "jdstarthist", candidate.floats("jdstarthist"))
    _add_solar_system(facts, candidate)
    for fact, made_up in zip(facts, simulated, strict=True):
        if made_up:
            fact["simulated"] = True
    add_fink_ztf(facts, table)
    return facts


def _add_solar_system(facts: Facts, candidate: Table) -> None:
    """Note the nearest known solar-system object; the target stays ZTF's (``docs/decisions/0024``)."""
    distance = candidate.floats("ssdistnr")
    near = distance >= 0
    if not near.any():
        return
    names = candidate.texts("ssnamenr")
    add_texts(
        facts, "ssnamenr", [name if is_near else None for name, is_near in zip(names, near, strict=True)]
    )
    add_float32(facts, "ssdistnr", distance, near)
    magnitude = candidate.floats("ssmagnr")
    add_float32(facts, "ssmagnr", magnitude, near & (magnitude > -99))
    add_flags(facts, "ss_match", distance <= SOLAR_SYSTEM_MATCH_ARCSEC, near)


def _points(table: Table, candidate: Table, number_of: np.ndarray) -> tuple[PointColumns, int]:
    previous, owner = table.items("prv_candidates")
    forced, forced_owner = table.items("fp_hists")
    parts = [
        _alert_points(candidate, number_of, table.ints("candid")),
        _alert_points(previous, number_of[owner], previous.ints("candid")),
        _forced_points(forced, number_of[forced_owner]),
    ]
    of_known = int(
        (number_of >= 0).sum() + (number_of[owner] >= 0).sum() + (number_of[forced_owner] >= 0).sum()
    )
    points = PointColumns.joined(parts)
    return points, of_known - len(points)


def _alert_points(rows: Table, number: np.ndarray, candid: np.ndarray) -> PointColumns:
    """Give detections, and limits where there is no magnitude."""
    magnitude = rows.floats("magpsf")
    error, limit = rows.floats("sigmapsf"), rows.floats("diffmaglim")
    is_detection = np.isfinite(magnitude)
    time_us = jd_utc_to_unix_us(rows.floats("jd"))
    band = rows.ints("fid") - 1
    usable = _usable(number, time_us, band) & (is_detection | _is_magnitude(limit))
    position = (
        np.where(is_detection, rows.floats("ra"), np.nan),
        np.where(is_detection, rows.floats("dec"), np.nan),
    )
    return PointColumns.of(
        rows.rows,
        object_index=number,
        time_us=time_us,
        kind=np.where(is_detection, PointKind.DETECTION, PointKind.LIMIT),
        band=band,
        brightness=magnitude,
        brightness_error=np.where(is_detection & (error >= 0), error, np.nan),
        limit=np.where(is_detection, np.nan, limit),
        is_negative=is_detection & negative_difference(rows),
        survey_id=np.where(is_detection, candid, 0),
        exposure_s=rows.floats("exptime"),
        ra_deg=position[0],
        dec_deg=position[1],
    ).take(usable)


def _forced_points(rows: Table, number: np.ndarray) -> PointColumns:
    """Give forced photometry in nJy; what failed or is not clean is left out (``docs/decisions/0023``)."""
    flux, error = ztf_forced_flux_njy(
        rows.floats("forcediffimflux"), rows.floats("forcediffimfluxunc"), rows.floats("magzpsci")
    )
    time_us = jd_utc_to_unix_us(rows.floats("jd"))
    band = rows.ints("fid") - 1
    usable = _usable(number, time_us, band) & np.isfinite(flux) & _is_clean(rows)
    return PointColumns.of(
        rows.rows,
        object_index=number,
        time_us=time_us,
        kind=PointKind.FORCED,
        band=band,
        brightness=flux,
        brightness_error=error,
        is_flux=True,
        exposure_s=rows.floats("exptime"),
    ).take(usable)


def _usable(number: np.ndarray, time_us: np.ndarray, band: np.ndarray) -> np.ndarray:
    return (number >= 0) & (time_us != NO_TIME) & (band >= 0) & (band < len(BANDS))


def _is_magnitude(limit: np.ndarray) -> np.ndarray:
    return (limit > 0) & (limit < 40)


def _is_clean(rows: Table) -> np.ndarray:
    codes, words = rows.categories("procstatus")
    return np.array([word in ("0", "") for word in words], dtype=bool)[codes]


def negative_difference(rows: Table) -> np.ndarray:
    """Tell which differences are negative from ``isdiffpos``: t or f, 1 or 0, 1 or -1, true or false."""
    codes, words = rows.categories("isdiffpos")
    return np.array([word.lower() in ("f", "0", "-1", "false") for word in words], dtype=bool)[codes]


FORMAT = SurveyFormat(
    survey="ZTF",
    telescope="P48",
    instrument="ZTF",
    recognises=recognises,
    wanted=(
        "objectId",
        "candid",
        "publisher",
        *below("candidate", f"{_POINT} {_FLOAT32_FACTS} ndethist programid jdstarthist "),
        *below("candidate", "ssdistnr ssmagnr ssnamenr"),
        *below("prv_candidates", _POINT),
        *below("fp_hists", "jd fid forcediffimflux forcediffimfluxunc magzpsci exptime procstatus"),
        *FINK_ZTF_FIELDS,
    ),
    cutouts=("cutoutScience.stampData", "cutoutTemplate.stampData", "cutoutDifference.stampData"),
    read=read,
)
