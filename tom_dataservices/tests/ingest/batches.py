"""Alert batches made by hand, for tests of the database writer."""

from typing import Any

import numpy as np

from tom_dataservices.packets.batch import AlertBatch, AlertObject, Cutout, PointColumns, PointKind

# MJD 60000 is 2023-02-25 00:00 UTC.
MJD_ZERO_US = 1_677_283_200_000_000
DAY_US = 86_400_000_000


def alert(name: str, *, mjd: float = 60000.0, alert_id: str = "1", **facts: Any) -> AlertObject:
    """Return an alert of an object at a fixed position."""
    values: dict[str, Any] = {
        "name": name,
        "aliases": (),
        "is_sidereal": True,
        "ra_deg": 150.1,
        "dec_deg": 2.2,
        "mjd_utc": mjd,
        "alert_id": alert_id,
        "extras": {},
        "cutouts": (),
        "orbit": None,
        "file": "alerts.avro",
        "number": 1,
    }
    return AlertObject(**{**values, **facts})


def cutouts(content: bytes = b"fits") -> tuple[Cutout, ...]:
    """Return the three cutouts of an alert."""
    return tuple(Cutout(role, content, ".fits.gz") for role in ("science", "reference", "difference"))


def points(rows: list[dict[str, Any]]) -> PointColumns:
    """Return points from dictionaries with ``mjd``, ``object_index``, ``kind`` and columns."""
    columns: dict[str, list[Any]] = {}
    for row in rows:
        row = dict(row)
        row["time_us"] = MJD_ZERO_US + round((row.pop("mjd") - 60000.0) * DAY_US)
        defaults = {
            "object_index": 0,
            "kind": PointKind.DETECTION,
            "band": 0,
            "brightness": np.nan,
            "brightness_error": np.nan,
            "limit": np.nan,
            "is_flux": False,
            "is_negative": False,
            "survey_id": 0,
            "exposure_s": np.nan,
            "ra_deg": np.nan,
            "dec_deg": np.nan,
        }
        for key, value in {**defaults, **row}.items():
            columns.setdefault(key, []).append(value)
    return PointColumns.of(len(rows), **columns)


def batch(objects: list[AlertObject], rows: list[dict[str, Any]], **facts: Any) -> AlertBatch:
    """Return a batch of a survey with bands g and r."""
    values: dict[str, Any] = {
        "survey": "ZTF",
        "telescope": "P48",
        "instrument": "ZTF",
        "bands": ["g", "r"],
        "objects": objects,
        "points": points(rows),
        "received": len(objects),
    }
    return AlertBatch(**{**values, **facts})
