"""Rows of ALeRCE as points and classifications (brokers.md 5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from tom_dataservices.clients.broker import (
    error_of,
    id_text,
    is_negative,
    magnitude,
    number,
    point,
    text,
    whole,
)
from tom_dataservices.clients.fink.ztf import ZTF_BANDS
from tom_dataservices.clients.rubin_rows import flux_points

Row = dict[str, Any]

LSST_BANDS = {"6": "u", "1": "g", "2": "r", "3": "i", "4": "z", "5": "y"}
_KEPT_RANKING = 3


def lsst_points(
    rows: Iterable[Row], *, forced: bool = False, withdrawn: bool = False
) -> list[dict[str, Any]]:
    """Return fluxes of LSST; rows tell the names of their band numbers."""
    made = []
    for row in rows:
        bands = {
            **LSST_BANDS,
            **{str(key): str(name) for key, name in (row.get("band_map") or {}).items()},
        }
        made += flux_points(
            [row], "measurement_id", time="mjd", bands=bands, forced=forced, withdrawn=withdrawn
        )
    return made


def light_curve(said: Row) -> Iterator[dict[str, Any]]:
    """Yield the points of a light curve: difference magnitudes with their sign, and limits."""
    for row in said.get("detections") or ():
        made = point(
            mjd=number(row.get("mjd")),
            band=ZTF_BANDS.get(whole(row.get("fid")) or 0),
            mag=magnitude(row.get("magpsf")),
            mag_err=error_of(row.get("sigmapsf")),
            negative=is_negative(row.get("isdiffpos")),
            measurement=id_text(row.get("candid")),
            ra_deg=number(row.get("ra")),
            dec_deg=number(row.get("dec")),
        )
        if made is not None:
            yield made
    for row in said.get("non_detections") or ():
        made = point(
            mjd=number(row.get("mjd")),
            band=ZTF_BANDS.get(whole(row.get("fid")) or 0),
            limit=magnitude(row.get("diffmaglim")),
        )
        if made is not None:
            yield made


def forced_points(rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Yield forced difference magnitudes with their sign."""
    for row in rows:
        made = point(
            mjd=number(row.get("mjd")),
            band=ZTF_BANDS.get(whole(row.get("fid")) or 0),
            mag=magnitude(row.get("mag")),
            mag_err=error_of(row.get("e_mag")),
            negative=is_negative(row.get("isdiffpos")),
            forced=True,
        )
        if made is not None:
            yield made


def classes_of(rows: Iterable[Row], mjd_utc: float | None) -> list[dict[str, Any]]:
    """Return the likeliest classes of each classifier, as of the newest detection."""
    return [
        {
            "classifier": text(row.get("classifier_name")),
            "version": text(row.get("classifier_version")),
            "class_name": text(row.get("class_name")),
            "probability": number(row.get("probability")),
            "mjd_utc": mjd_utc,
        }
        for row in rows
        if (whole(row.get("ranking")) or 1) <= _KEPT_RANKING
    ]


def version_key(version: str) -> tuple[int, ...]:
    """Return the numbers of a version for comparing: 1.10 comes after 1.9."""
    return tuple(int(digits) for digits in re.findall(r"\d+", version))
