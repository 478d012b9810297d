"""Rows stored over those that are there, on every engine: ``upsert``. Called by services."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections, router
from django.db.models import Model


def upsert(
    model: type[Model],
    rows: Iterable[Any],
    *,
    unique_fields: Sequence[str],
    update_fields: Sequence[str],
    batch_size: int | None = None,
) -> list[Any]:
    """Insert rows, and overwrite fields of those that are stored already; every row has its key afterwards.

    Signals and ``save`` are not called. Where keys are of no use, ``tom_common.bulk.insert_new`` is faster.

    Parameters
    ----------
    model : type[Model]
    rows : iterable of Model
        Unsaved.
    unique_fields : sequence of str
        Fields of the constraint that tells a row is stored already. MariaDB cannot be told; there a conflict
        with any unique constraint does.
    update_fields : sequence of str
        Fields to overwrite.
    batch_size : int, optional
        Rows a statement.

    Returns
    -------
    list of Model
    """
    options: dict[str, Any] = {"update_conflicts": True, "update_fields": list(update_fields)}
    if connections[router.db_for_write(model)].features.supports_update_conflicts_with_target:
        options["unique_fields"] = list(unique_fields)
    stored = model._default_manager.bulk_create(list(rows), batch_size=batch_size, **options)
    keyless = [row for row in stored if row.pk is None]
    if keyless:
        _with_keys(model, keyless, unique_fields)
    return stored


def _with_keys(model: type[Model], rows: Sequence[Any], unique_fields: Sequence[str]) -> None:
    names = [model._meta.get_field(name).attname for name in unique_fields]
    wanted = {name: {getattr(row, name) for row in rows} for name in names}
    found = model._default_manager.filter(**{f"{name}__in": values for name, values in wanted.items()})
    keys = {tuple(values): pk for pk, *values in found.values_list("pk", *names)}
    for row in rows:
        row.pk = keys[tuple(getattr(row, name) for name in names)]
