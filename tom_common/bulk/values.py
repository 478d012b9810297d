"""Values of a batch, column by column, in the form that Django itself would store."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import DateTimeField, Field, JSONField

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  databases are handed UTC without an offset


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
    values = _plain(column)
    kinds = set(map(type, values))
    if isinstance(concrete, DateTimeField):
        if kinds <= {str, type(None)}:
            return values
        return [None if value is None else str(_utc_naive(value)) for value in values]
    if isinstance(concrete, JSONField):
        if kinds <= {str, type(None)}:
            return values
        encode = json.JSONEncoder(cls=concrete.encoder) if concrete.encoder else json
        dump = encode.encode if isinstance(encode, json.JSONEncoder) else json.dumps
        return [value if value is None or type(value) is str else dump(value) for value in values]
    if float in kinds:
        values = [None if type(value) is float and value != value else value for value in values]
    if kinds & {dt.date, dt.time, Decimal}:
        values = [str(value) if isinstance(value, (dt.date, dt.time, Decimal)) else value for value in values]
    return values


def with_uuids(values: Sequence[Any], write: Callable[[uuid.UUID], str]) -> Sequence[Any]:
    """Return a column with its UUIDs written as text."""
    if uuid.UUID not in set(map(type, values)):
        return values
    return [write(value) if isinstance(value, uuid.UUID) else value for value in values]


def without_memoryviews(values: Sequence[Any]) -> Sequence[Any]:
    """Return a column with bytes in place of memoryviews."""
    if memoryview in set(map(type, values)):
        return [bytes(value) if isinstance(value, memoryview) else value for value in values]
    return values
