"""Measurements of all four tables in one shape, the one that TOMs exchange: see ``value``."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from tom_common.api_fields import as_utc_text
from tom_dataproducts.models import (
    AstrometryReducedDatum,
    PhotometryReducedDatum,
    ReducedDatum,
    SpectroscopyReducedDatum,
)

TABLES: tuple[tuple[str | None, type[Model]], ...] = (
    ("photometry", PhotometryReducedDatum),
    ("spectroscopy", SpectroscopyReducedDatum),
    ("astrometry", AstrometryReducedDatum),
    (None, ReducedDatum),
)
"""Type of the data and its table, in the order of lists; None: any other type, and older rows of these."""

_ALWAYS: dict[type[Model], tuple[str, ...]] = {
    PhotometryReducedDatum: ("brightness", "brightness_error", "bandpass", "unit"),
    SpectroscopyReducedDatum: ("flux", "wavelength", "error", "flux_unit", "wavelength_unit"),
    AstrometryReducedDatum: ("ra", "dec", "ra_error", "dec_error", "ra_error_units", "dec_error_units"),
}
_IF_FILLED: dict[type[Model], tuple[str, ...]] = {
    PhotometryReducedDatum: ("limit", "exposure_time", "reduction_version"),
    SpectroscopyReducedDatum: ("setup", "exposure_time", "reduction_version"),
    AstrometryReducedDatum: ("reduction_version",),
}


def tables_of(data_type: str | None) -> list[type[Model]]:
    """Return the tables in which data of a type may lie; all of them without a type."""
    if not data_type:
        return [model for _, model in TABLES]
    typed = [model for kind, model in TABLES if kind == data_type.lower()]
    return [*typed, ReducedDatum]


def data_type_of(row: Any) -> str:
    """Return the type of a row's data."""
    if isinstance(row, ReducedDatum):
        return row.data_type
    return next(str(kind) for kind, model in TABLES if type(row) is model)


def datum_as_dict(row: Any) -> dict[str, Any]:
    """Return a row in the common shape; ``try_parse_reduced_datum`` makes the same row of it."""
    return {
        "id": row.pk,
        "data_product": row.data_product_id,
        "data_type": data_type_of(row),
        "source_name": row.source_name,
        "source_location": row.source_location,
        "timestamp": as_utc_text(row.timestamp),
        "value": _value(row),
        "target": row.target_id,
    }


def _value(row: Any) -> Any:
    model = type(row)
    if model is ReducedDatum:
        return row.value
    value = dict(row.value) if isinstance(row.value, dict) else {}
    for name in _ALWAYS[model]:
        value[name] = getattr(row, name)
    value["telescope"], value["instrument"] = row.telescope, row.instrument
    for name in _IF_FILLED[model]:
        if (filled := getattr(row, name)) not in (None, ""):
            value[name] = filled
    return value
