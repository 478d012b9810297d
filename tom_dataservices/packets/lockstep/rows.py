"""Columns made from plain Python values, for packets that only fastavro can read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .columns import Choices, Column, Lists, Nothing, Numbers, Records, Strings
from .walk import Wanted


def columns_from_values(values: Sequence[dict[str, Any]], wanted: Wanted) -> Records:
    """Make the columns that the lockstep decoder would make.

    Parameters
    ----------
    values : sequence of dict
        Records of one schema.
    wanted : dict or None
        Fields to keep, as `decoder.wanted_tree` gives them.
    """
    names = [name for name in values[0] if wanted is None or name in wanted] if values else []
    below = {name: None if wanted is None else wanted[name] for name in names}
    return Records(
        len(values), {name: _column([value[name] for value in values], below[name]) for name in names}
    )


_NUMBERS: dict[type, type] = {bool: np.bool_, int: np.int64, float: np.float64}


def _kind(value: Any) -> tuple[type, tuple[str, ...]]:
    """Tell values apart that need columns of their own: by type, maps by their keys as well."""
    return type(value), tuple(value) if isinstance(value, dict) else ()


def _column(values: list[Any], wanted: Wanted) -> Column:
    kinds = {_kind(value) for value in values} - {_kind(None)}
    if not kinds:
        return Nothing(len(values))
    if len(kinds) == 1:
        ((kind, _),) = kinds
        if kind in _NUMBERS:
            return _numbers(values, kind)
        if kind in (str, bytes):
            return _strings(values, kind)
        if None not in values:
            return _nested(values, kind, wanted)
    return _choices(values, wanted)


def _numbers(values: list[Any], kind: type) -> Numbers:
    gap = np.nan if kind is float else 0
    valid = np.array([value is not None for value in values])
    numbers = np.array([gap if value is None else value for value in values], dtype=_NUMBERS[kind])
    return Numbers(numbers, None if valid.all() else valid)


def _strings(values: list[Any], kind: type) -> Strings:
    encoded = [value.encode() if isinstance(value, str) else value for value in values]
    size = np.array([-1 if value is None else len(value) for value in encoded])
    taken = np.maximum(size, 0)
    data = b"".join(value for value in encoded if value is not None)
    return Strings(data, np.cumsum(taken) - taken, size, kind is str)


def _nested(values: list[Any], kind: type, wanted: Wanted) -> Column:
    if kind is dict:
        return columns_from_values(values, wanted)
    items = [item for value in values for item in value]
    return Lists(np.array([len(value) for value in values]), _column(items, wanted))


def _choices(values: list[Any], wanted: Wanted) -> Choices:
    kinds = sorted({_kind(value) for value in values}, key=lambda kind: (kind[0].__name__, kind[1]))
    codes = np.array([kinds.index(_kind(value)) for value in values])
    branches = []
    for number in range(len(kinds)):
        rows = np.flatnonzero(codes == number)
        branches.append((rows, _column([values[row] for row in rows], wanted)))
    return Choices(codes, branches)
