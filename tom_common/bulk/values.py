"""Values of a batch, column by column, in the form that Django itself would store."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import repeat
from typing import Any

from django.db.models import DateTimeField, Field, JSONField

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  databases are handed UTC without an offset


class Repeated(Sequence[Any]):
    """A column that holds one value in all rows."""

    def __init__(self, value: Any, length: int) -> None:
        self.value = value
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Any]:
        return repeat(self.value, self._length)

    def __getitem__(self, index: Any) -> Any:
        """Return one value, or a shorter column for a slice."""
        if isinstance(index, slice):
            return Repeated(self.value, len(range(*index.indices(self._length))))
        return self.value


def repeated(values: Sequence[Any]) -> Repeated | None:
    """Return a column as `Repeated` if it holds one value in all rows."""
    if isinstance(values, Repeated):
        return values
    if values.count(values[0]) == len(values):
        return Repeated(values[0], len(values))
    return None


def _plain(column: Sequence[Any]) -> Sequence[Any]:
    """Return a column without numpy: sqlite3 would store a numpy integer as a blob."""
    if hasattr(column, "tolist"):
        return column.tolist()
    if any(hasattr(kind, "tolist") for kind in set(map(type, column))):
        return [value.item() if hasattr(value, "tolist") else value for value in column]
    return column


def _utc_naive(value: Any) -> dt.datetime | None:
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return value if value.tzinfo is None else value.astimezone(dt.UTC).replace(tzinfo=None)
    return _EPOCH + dt.timedelta(microseconds=value)


def prepared(concrete: Field, column: Sequence[Any]) -> Sequence[Any]:
    """Return a column as str, int, float, bool, bytes and None only, the form that Django itself stores."""
    if isinstance(column, Repeated):
        return Repeated(prepared(concrete, [column.value])[0], len(column))
    values = _plain(column)
    kinds = set(map(type, values))
    if isinstance(concrete, DateTimeField):
        if len(values) > 1 and kinds == {dt.datetime} and (one := repeated(values)):
            return prepared(concrete, one)
        if kinds <= {str, type(None)}:
            return values
        return [None if value is None else str(_utc_naive(value)) for value in values]
    if isinstance(concrete, JSONField):
        if kinds <= {str, type(None)}:
            return values
        dump = concrete.encoder().encode if concrete.encoder else json.dumps
        return [value if value is None or type(value) is str else dump(value) for value in values]
    if float in kinds:
        values = [value if value == value else None for value in values]  # NaN differs from itself
    if memoryview in kinds:
        values = [bytes(value) if isinstance(value, memoryview) else value for value in values]
    if kinds & {dt.date, dt.time, Decimal}:
        values = [str(value) if isinstance(value, (dt.date, dt.time, Decimal)) else value for value in values]
    return values


def with_uuids(values: Sequence[Any], write: Callable[[uuid.UUID], str]) -> Sequence[Any]:
    """Return a column with its UUIDs written as text."""
    if isinstance(values, Repeated):
        return Repeated(with_uuids([values.value], write)[0], len(values))
    if uuid.UUID not in set(map(type, values)):
        return values
    return [write(value) if isinstance(value, uuid.UUID) else value for value in values]
