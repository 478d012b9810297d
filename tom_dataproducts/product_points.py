"""Stores what a file holds instead of what an earlier reading of it stored; whole columns at once.

Called inside a change set by ``processing``; the database decides what is there already.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.db.models.signals import post_save, pre_save

from tom_common.astro.time import unix_us_to_datetime
from tom_common.bulk import insert_new
from tom_common.bulk.values import Repeated
from tom_common.history.tracking import KEPT_ROWS
from tom_dataproducts.datum_writing import insert_rows
from tom_dataproducts.expressions import TimeColumn
from tom_dataproducts.formats import PhotometryTable, Spectrum
from tom_dataproducts.light_curves import times_to_unix_us
from tom_dataproducts.models import (
    REDUCED_DATUM_MODELS,
    DataProduct,
    LightCurveSummary,
    PhotometryReducedDatum,
)
from tom_dataproducts.processor_results import rows_of
from tom_dataproducts.processors.photometry_processor import triples
from tom_dataproducts.processors.spectroscopy_processor import value_of
from tom_dataproducts.selectors import TYPED_COLUMNS, measurements
from tom_dataproducts.superseding import superseded, version_key
from tom_dataproducts.values import NEGATIVE_KEY

MOST_KEPT = 20_000
_CHUNK = 500
_COMPARED = (
    "bandpass",
    "brightness",
    "limit",
    "instrument",
    "reduction_version",
    "brightness_error",
    "unit",
    "telescope",
    "source_name",
    "exposure_time",
)


@dataclass
class Counts:
    """What became of measurements; ``new_pks`` are keys by model."""

    stored: int = 0
    already_there: int = 0
    removed: int = 0
    superseded: int = 0
    new_pks: list[tuple[Any, list[int]]] = field(default_factory=list)


def replace_points(product: DataProduct, table: PhotometryTable, *, user: Any = None) -> Counts:
    """Store the points of a file; those of an earlier reading that are not among them go."""
    if any(signal.has_listeners(PhotometryReducedDatum) for signal in (pre_save, post_save)):
        return replace_rows(product, rows_of(triples(table), product, "photometry"), user=user)
    counts = Counts()
    _remove_others(product, counts, keep=PhotometryReducedDatum)
    counts.removed += _remove_points(product, table)
    columns = point_columns(product, table)
    is_versioned = any(version_key(version) for version in set(table.reduction_version))
    before = _superseded_count(product, table) if is_versioned else 0
    done = insert_new(PhotometryReducedDatum, columns, returning=["id"])
    if is_versioned:
        counts.superseded = max(0, _superseded_count(product, table) - before)
    counts.stored = done.inserted
    counts.already_there = len(table) - done.inserted
    counts.new_pks = [(PhotometryReducedDatum, [pk for (pk,) in done.returned])]
    if done.inserted:
        LightCurveSummary.objects.mark_stale({product.target_id})
    return counts


def _superseded_count(product: DataProduct, table: PhotometryTable) -> int:
    """Return how many stored points of the target and of the bands of a table are superseded."""
    rows = PhotometryReducedDatum.objects.filter(target=product.target_id, bandpass__in=set(table.band))
    return int(superseded(measurements(rows.order_by().values_list(*TYPED_COLUMNS))).sum())


def point_columns(product: DataProduct, table: PhotometryTable) -> dict[str, Any]:
    """Return the points of a file as columns for the bulk writer."""
    size = len(table)
    columns = {
        "target_id": Repeated(product.target_id, size),
        "data_product_id": Repeated(product.pk, size),
        "timestamp": table.time_us,
        "bandpass": table.band,
        "brightness": table.brightness,
        "brightness_error": table.error,
        "limit": table.limit,
        "unit": table.unit,
        "exposure_time": table.exposure_s,
        "telescope": table.telescope,
        "instrument": table.instrument,
        "source_name": table.source,
        "source_location": Repeated(product.get_file_name()[:200], size),
        "reduction_version": table.reduction_version,
    }
    if table.notes or table.negative.any():
        columns["value"] = _values(table)
    return columns


def _values(table: PhotometryTable) -> list[str]:
    """Return the JSON text of what a point has besides its columns."""
    heads = [f"{json.dumps(name)}: " for name in table.notes]
    notes = list(zip(*table.notes.values(), strict=True)) or [()] * len(table)
    texts = []
    for row, below in zip(notes, table.negative.tolist(), strict=True):
        parts = [f"{head}{json.dumps(text)}" for head, text in zip(heads, row, strict=True) if text]
        if below:
            parts.append(f'"{NEGATIVE_KEY}": true')
        texts.append("{" + ", ".join(parts) + "}")
    return texts


def _remove_points(product: DataProduct, table: PhotometryTable) -> int:
    """Remove points of an earlier reading that the new one does not hold just as they are."""
    rows = PhotometryReducedDatum.objects.filter(data_product=product.pk)
    stored = list(rows.order_by().values_list("pk", TimeColumn("timestamp"), *_COMPARED))
    if not stored:
        return 0
    times = times_to_unix_us([row[1] for row in stored]).tolist()
    columns = [
        table.time_us.tolist(),
        list(table.band),
        _with_none(table.brightness),
        _with_none(table.limit),
        list(table.instrument),
        list(table.reduction_version),
        _with_none(table.error),
        list(table.unit),
        list(table.telescope),
        list(table.source),
        _with_none(table.exposure_s),
    ]
    wanted = set(zip(*columns, strict=True))
    gone = [row[0] for row, time in zip(stored, times, strict=True) if (time, *row[2:]) not in wanted]
    return _delete_keys(PhotometryReducedDatum, gone)


def _delete_keys(model: type[Any], pks: Sequence[int]) -> int:
    """Delete rows, in parts of which the history keeps all, so that they can be brought back.

    Beyond `MOST_KEPT` it is told how many they were: reading the file as before brings them back, too.
    """
    rows = model._default_manager
    part = _CHUNK if len(pks) <= MOST_KEPT else KEPT_ROWS + 1
    some = (pks[start : start + part] for start in range(0, len(pks), part))
    return sum(_delete(rows.filter(pk__in=chunk)) for chunk in some)


def _with_none(column: Any) -> list[Any]:
    return [None if number != number else number for number in column.tolist()]


def _delete(rows: QuerySet) -> int:
    return int(rows.delete()[1].get(rows.model._meta.label, 0))


def _remove_others(product: DataProduct, counts: Counts, *, keep: type[Any] | None = None) -> None:
    """Remove what an earlier reading stored as another kind of measurement."""
    for model in REDUCED_DATUM_MODELS:
        if model is not keep:
            rows = model._default_manager.filter(data_product=product.pk).order_by()
            counts.removed += _delete_keys(model, list(rows.values_list("pk", flat=True)))


def replace_spectra(product: DataProduct, spectra: Sequence[Spectrum], *, user: Any = None) -> Counts:
    """Store the spectra of a file; those of an earlier reading go."""
    rows: list[Any] = []
    for spectrum in spectra:
        # Without a time in the file that of its upload, so that a second reading finds the same.
        moment = unix_us_to_datetime(spectrum.time_us) if spectrum.time_us is not None else product.created
        rows += rows_of([(moment, value_of(spectrum), "")], product, "spectroscopy")
    return replace_rows(product, rows, user=user)


def replace_rows(product: DataProduct, rows: Sequence[Any], *, user: Any = None) -> Counts:
    """Store unsaved rows of a file; those of an earlier reading that are not among them go.

    Where measurements have permissions of their own, the user gets those on the generic ones.
    """
    counts = Counts()
    for row in rows:
        row.source_location = row.source_location or product.get_file_name()[:200]
    wanted = {_as_stored(row) for row in rows}
    for model in REDUCED_DATUM_MODELS:
        stored = model._default_manager.filter(data_product=product.pk)
        gone = [row.pk for row in stored.iterator() if _as_stored(row) not in wanted]
        counts.removed += _delete_keys(model, gone)
    done = insert_rows(rows, user=user)
    counts.stored, counts.already_there = done.created, done.already_there
    counts.new_pks = list(done.new_pks.items())
    return counts


def _as_stored(row: Any) -> tuple[Any, ...]:
    """Return all that is stored of a row but its key, as text where it cannot be compared."""
    names = [field.attname for field in row._meta.concrete_fields if not field.primary_key]
    values = [getattr(row, name) for name in names if name not in ("source_location", "flux_digest")]
    return (type(row), *(json.dumps(value) if isinstance(value, list | dict) else value for value in values))
