"""A light curve as JSON for the plot and as CSV for people; called by the views.

Digits: magnitudes to 1e-6, fluxes to seven digits, MJD to 1e-7 d (9 ms). ISO times in CSV are exact.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson

from tom_common.astro.time import unix_us_to_datetime64
from tom_common.spreadsheets import no_formula
from tom_dataproducts.light_curves import Coded, Floats, Kind, LightCurveColumns

CSV_COLUMNS = (
    "mjd_utc [d]",
    "time_utc [ISO 8601]",
    "band",
    "kind",
    "mag [mag]",
    "mag_err [mag]",
    "limit [mag]",
    "flux [nJy]",
    "flux_err [nJy]",
    "negative",
    "source",
    "telescope",
    "instrument",
)
_CSV_BLOCK = 2000


def light_curve_json(name: str, curve: LightCurveColumns) -> bytes:
    """Return a light curve as the JSON of the endpoint.

    Returns
    -------
    bytes
        ``{"target", "count", "bands", "sources", "versions", "points": {"mjd" (UTC), "band", "source",
        "version", "kind" (0 detection, 1 limit, 2 forced), "mag", "mag_err", "limit", "flux" (nJy),
        "flux_err", "negative"}}``; the columns of ``points`` have one entry per point, null where there is
        none; ``band``, ``source`` and ``version`` count in ``bands``, ``sources`` and ``versions``.
    """
    source = sources_of(curve)
    content: dict[str, Any] = {
        "target": name,
        "count": len(curve),
        "bands": curve.band.values,
        "sources": source.values,
        "versions": curve.version.values,
        "points": {
            "mjd": np.round(curve.mjd_utc, 7),
            "band": curve.band.codes,
            "source": source.codes,
            "version": curve.version.codes,
            "kind": curve.kind,
            "mag": np.round(curve.mag, 6),
            "mag_err": np.round(curve.mag_err, 6),
            "limit": np.round(curve.limit, 6),
            "flux": _seven_digits(curve.flux),
            "flux_err": _seven_digits(curve.flux_err),
            "negative": curve.negative.astype(np.uint8),
        },
    }
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


def sources_of(curve: LightCurveColumns) -> Coded:
    """Return where each point is from in one word: its source, else its telescope, else its instrument."""
    return curve.origin.mapped(lambda origin: next(filter(None, origin), ""))


def light_curve_csv(curve: LightCurveColumns) -> Iterator[bytes]:
    """Yield a light curve as CSV (UTF-8), header first, some thousand points at a time.

    Texts that a spreadsheet would take for a formula get an apostrophe in front. The lines are joined here,
    since the csv module looks at every cell again: half of the time of 10,000 points.
    """
    yield f"{','.join(CSV_COLUMNS)}\r\n".encode()
    columns = _csv_columns(curve)
    for start in range(0, len(curve), _CSV_BLOCK):
        rows = zip(*(column[start : start + _CSV_BLOCK] for column in columns), strict=True)
        yield "".join([f"{','.join(row)}\r\n" for row in rows]).encode()


def _csv_columns(curve: LightCurveColumns) -> list[list[str]]:
    times = np.datetime_as_string(unix_us_to_datetime64(curve.time_us), unit="us", timezone="UTC").tolist()
    kinds = np.array([kind.name.lower() for kind in sorted(Kind)], dtype=object)
    origin = [
        Coded([csv_cell(row[number]) for row in curve.origin.values], curve.origin.codes).expanded()
        for number in range(3)
    ]
    return [
        [f"{value:.7f}" for value in curve.mjd_utc.tolist()],
        times,
        Coded([csv_cell(band) for band in curve.band.values], curve.band.codes).expanded(),
        kinds[curve.kind].tolist(),
        numbers_text(np.round(curve.mag, 6)),
        numbers_text(np.round(curve.mag_err, 6)),
        numbers_text(np.round(curve.limit, 6)),
        numbers_text(_seven_digits(curve.flux)),
        numbers_text(_seven_digits(curve.flux_err)),
        np.where(curve.negative, "1", "0").tolist(),
        *origin,
    ]


def csv_cell(text: str) -> str:
    """Write a text as one cell, in quotes where it needs them; no spreadsheet takes it for a formula."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow([no_formula(text), ""])
    return buffer.getvalue().removesuffix(",")


def numbers_text(column: Floats) -> list[str]:
    """Write numbers with the fewest digits that give them again; nothing for those that are not there."""
    if not len(column):
        return []
    text = orjson.dumps(np.ascontiguousarray(column), option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return text[1:-1].replace("null", "").split(",")


def _seven_digits(column: Floats) -> Floats:
    size = np.abs(np.where(np.isfinite(column) & (column != 0.0), column, 1.0))
    unit = 10.0 ** (6.0 - np.floor(np.log10(size)))
    return np.round(column * unit) / unit
