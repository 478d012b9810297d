"""Finds rows whose derived columns are not what their sources say, as raw SQL leaves them, and mends them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Model

from tom_targets.derived import DerivedField, derived_fields

_BATCH = 2000


@dataclass
class CheckCounts:
    """How many rows were looked at, and how many were wrong by column."""

    checked: int = 0
    wrong: dict[str, int] = field(default_factory=dict)


def check_derived(model: type[Model], *, mend: bool) -> CheckCounts:
    """Compare the derived columns of all rows of a model with their sources, and mend those that differ.

    Parameters
    ----------
    model : type[Model]
    mend : bool
        Write the right values; else only count.
    """
    columns = derived_fields(model)
    counts = CheckCounts(wrong={column.name: 0 for column in columns})
    for batch in _batches(model, columns):
        counts.checked += len(batch)
        changed = []
        for row in batch:
            if _is_wrong(row, columns, counts):
                changed.append(row)
        if mend and changed:
            # Written by key, in one statement a batch; bulk_update of our QuerySet would derive once more.
            model._base_manager.bulk_update(changed, [column.name for column in columns])
    return counts


def _is_wrong(row: Model, columns: list[DerivedField], counts: CheckCounts) -> bool:
    """Set the right values on a row, and tell whether any was wrong."""
    is_wrong = False
    for column in columns:
        right = column.derive_from(row)
        if getattr(row, column.attname) != right:
            counts.wrong[column.name] += 1
            setattr(row, column.attname, right)
            is_wrong = True
    return is_wrong


def _batches(model: type[Model], columns: list[DerivedField]) -> Iterator[list[Model]]:
    needed = {name for column in columns for name in (column.attname, *column.sources)}
    rows = model._base_manager.only(*needed).order_by("pk")
    last = None
    while batch := list((rows if last is None else rows.filter(pk__gt=last))[:_BATCH]):
        yield batch
        last = batch[-1].pk
