"""Rows that were deleted, as one piece of compressed JSON: packed, and brought back under their keys.

Called by the trash of targets, and by that of files in tom_dataproducts.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import orjson
from django.apps import apps
from django.db import models
from django.db.models.constants import OnConflict
from django.db.models.deletion import Collector

from tom_targets.trash_rows import (
    chunks,
    columns_of,
    in_order,
    nulled_pointers,
    packed,
    plain_value,
    stored_rows,
    words_for,
)

_FORMAT = 1


def pack(collector: Collector, using: str) -> tuple[bytes, int]:
    """Return what a collector would delete, packed, and the number of rows."""
    rows = stored_rows(collector, using)
    content = {
        "format": _FORMAT,
        "models": [packed(model, found) for model, found in in_order(rows)],
        "nulled": nulled_pointers(collector, using),
    }
    text = orjson.dumps(content, default=plain_value, option=orjson.OPT_NON_STR_KEYS)
    return zlib.compress(text), sum(len(found) for found in rows.values())


def unpack(content: bytes | memoryview) -> dict[str, Any]:
    """Return what `pack` packed: ``models`` with their rows, and ``nulled`` pointers."""
    unpacked: dict[str, Any] = orjson.loads(zlib.decompress(bytes(content)))
    return unpacked


def model_of(label: str) -> type[models.Model] | None:
    """Return a model by its label, None if its app was taken out of the TOM since."""
    try:
        return apps.get_model(label)
    except LookupError:
        return None


def insert_part(
    model: type[models.Model],
    part: dict[str, Any],
    restored: dict[type[models.Model], set[Any]],
    left_out: dict[str, int],
    using: str,
    *,
    skip_known: bool = False,
) -> None:
    """Insert the rows of a model under their old keys; note which, and count those that cannot come back.

    Parameters
    ----------
    model : type[Model]
    part : dict
        ``columns`` and ``rows``, as `pack` wrote them.
    restored : dict
        Keys of the rows inserted so far, by model.
    left_out : dict
        Rows left out so far, by the plural of their kind.
    using : str
    skip_known : bool
        Leave out rows that a constraint takes for known: the same was stored again since.
    """
    columns = {column.attname: column for column in columns_of(model)}
    names = [name if name in columns else None for name in part["columns"]]
    kept = []
    for chunk in chunks(part["rows"]):
        rows = [
            {name: columns[name].to_python(value) for name, value in zip(names, row, strict=True) if name}
            for row in chunk
        ]
        kept += _without_lost_pointers(rows, columns, restored, using)
    key = model._meta.pk.attname
    stored: Any = model._base_manager.using(using)
    on_conflict = OnConflict.IGNORE if skip_known else None
    came = restored.setdefault(model, set())
    for chunk in chunks(kept):
        # raw: as loaddata does, without setting times to now or deriving columns anew.
        rows = [model(**row) for row in chunk]
        stored._insert(rows, fields=list(columns.values()), using=using, raw=True, on_conflict=on_conflict)
        keys = [row[key] for row in chunk]
        came.update(stored.filter(pk__in=keys).values_list("pk", flat=True) if skip_known else keys)
    missing = len(part["rows"]) - len(came)
    if missing:
        left_out[words_for(model)[1]] += missing


def _without_lost_pointers(
    rows: list[dict[str, Any]],
    columns: dict[str, models.Field],
    restored: dict[type[models.Model], set[Any]],
    using: str,
) -> list[dict[str, Any]]:
    """Return the rows whose foreign keys lead somewhere; those that may be NULL are emptied instead."""
    for name, column in columns.items():
        if not column.remote_field or not getattr(column.remote_field, "field_name", None):
            continue
        aim: Any = column.remote_field.model._meta.concrete_model
        wanted = {row[name] for row in rows if row.get(name) is not None} - restored.get(aim, set())
        if aim is column.model._meta.concrete_model:
            wanted -= {row[column.model._meta.pk.attname] for row in rows}
        lookup: Any = column.remote_field.field_name
        there = aim._base_manager.using(using).filter(**{f"{lookup}__in": wanted}) if wanted else ()
        lost = wanted - set(there.values_list(lookup, flat=True)) if wanted else set()
        if not lost:
            continue
        if column.null:
            rows = [{**row, name: None} if row.get(name) in lost else row for row in rows]
        else:
            rows = [row for row in rows if row.get(name) not in lost]
    return rows


def point_again(content: dict[str, Any], using: str) -> None:
    """Set the pointers again that the deletion emptied in rows that stayed, where they are still empty."""
    for label, column, pk, value in content["nulled"]:
        if model := model_of(label):
            waiting = model._base_manager.using(using).filter(pk=pk, **{f"{column}__isnull": True})
            waiting.update(**{column: value})


def file_names(content: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    """Yield column and name of each file that unpacked rows name."""
    for part in content["models"]:
        model = model_of(part["model"])
        for column in columns_of(model) if model else ():
            if isinstance(column, models.FileField) and column.attname in part["columns"]:
                at = part["columns"].index(column.attname)
                yield from ((column, row[at]) for row in part["rows"] if row[at])
