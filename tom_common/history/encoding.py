"""Values of columns as JSON text and back, exactly; and keys of many rows as short text."""

from __future__ import annotations

import datetime as dt
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from math import isfinite
from typing import Any
from uuid import UUID

from django.db.models import Field
from django.db.models.fields.files import FieldFile
from django.utils.duration import duration_string


def _plain(value: Any) -> Any:
    """Return what JSON can hold for a value that it cannot; ``Field.to_python`` reads it back."""
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return duration_string(value)
    if isinstance(value, (bytes, memoryview, bytearray)):
        return b64encode(bytes(value)).decode()
    if isinstance(value, FieldFile):
        return value.name
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if hasattr(value, "tolist"):  # a number or an array of numpy
        return value.tolist()
    return str(value)


_encoder = json.JSONEncoder(default=_plain, separators=(",", ":"))


def dump(values: Mapping[str, Any]) -> str:
    """Return values of columns as JSON text, empty for none; floats (NaN, too) come back bit for bit."""
    return _encoder.encode(values) if values else ""


def dump_rows(names: Sequence[str], columns: Sequence[Sequence[Any]]) -> list[str]:
    """Return what ``dump`` writes of each of many rows, given column by column; at least one column."""
    template = "{" + ",".join(f"{_encoder.encode(name)}:%s" for name in names) + "}"
    return [template % texts for texts in zip(*map(_texts, columns), strict=True)]


def _texts(values: Sequence[Any]) -> Iterable[str]:
    kinds = set(map(type, values))
    if kinds <= {str}:
        return map(encode_basestring_ascii, values)
    if kinds <= {float}:
        return [repr(value) if isfinite(value) else _encoder.encode(value) for value in values]
    return map(_encoder.encode, values)


def load(text: str) -> dict[str, Any]:
    """Return what ``dump`` wrote, as plain values."""
    return json.loads(text) if text else {}


def python_value(column: Field, value: Any) -> Any:
    """Return a plain value as its column has it in Python."""
    return column.to_python(value)


def same(first: Any, second: Any) -> bool:
    """Tell whether two values are stored alike: NaN equals itself, -0.0 the 0.0 that SQLite makes of it."""
    if first is second:
        return True
    if isinstance(first, float) and isinstance(second, float):
        return first == second or (first != first and second != second)
    return _encoder.encode(first) == _encoder.encode(second)


def as_ranges(keys: Iterable[int]) -> str:
    """Return keys as text such as ``"1-30,45"``."""
    parts: list[str] = []
    start = last = None
    for key in sorted(keys):
        if last is not None and key == last + 1:
            last = key
            continue
        if start is not None:
            parts.append(f"{start}-{last}" if last != start else str(start))
        start = last = key
    if start is not None:
        parts.append(f"{start}-{last}" if last != start else str(start))
    return ",".join(parts)


def from_ranges(text: str) -> list[int]:
    """Return the keys that ``as_ranges`` wrote."""
    keys: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        keys.extend(range(int(first), int(last or first) + 1))
    return keys


def chunks(values: Sequence[Any], size: int = 500) -> Iterable[Sequence[Any]]:
    """Yield values in pieces short enough for one statement of any engine."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
