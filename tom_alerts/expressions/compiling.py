"""A tree into nested functions, once; a batch of alerts is then judged row by row.

A missing value makes a comparison neither true nor false: ``mag < 19`` and ``not (mag < 19)`` both leave an
alert without magnitude out. ``or`` and ``and`` use what is known; ``is missing`` asks. What is no number
(NaN, infinite, divided by zero), or of another kind than it is compared with, counts as missing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from .functions import FUNCTIONS
from .parsing import parse
from .tree import NUMBER, Between, Call, Constant, FieldValue, Missing, Negated, Node, OneOf, Pair

Row = Sequence[Any]
Value = Callable[[Row], Any]
_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_COMPUTED: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


class AlertTable(Protocol):
    """Alerts of which columns can be asked for by the key of a field; None where a value is missing."""

    def __len__(self) -> int: ...

    def column(self, key: str) -> Sequence[Any]:
        """Return the values of a field, one for each alert."""
        ...


@dataclass(frozen=True)
class Compiled:
    """An expression ready for use: the fields that it asks for, and what judges a row of them."""

    fields: tuple[str, ...]
    judge: Value

    def passing(self, table: AlertTable) -> list[int]:
        """Return the rows of a table that pass, ascending."""
        rows: Iterable[Row] = zip(*(table.column(key) for key in self.fields), strict=True)
        judge = self.judge
        return [number for number, row in enumerate(rows) if judge(row) is True]


@lru_cache(maxsize=500)
def compiled(text: str) -> Compiled:
    """Return an expression ready for use; kept for as long as it is used.

    Raises
    ------
    ExpressionError
    """
    fields: dict[str, int] = {}
    judge = _made(parse(text), fields)
    return Compiled(tuple(fields), judge)


def _place_of(key: str, fields: dict[str, int]) -> int:
    return fields.setdefault(key, len(fields))


def _made(node: Node, fields: dict[str, int]) -> Value:
    return _MAKERS[type(node)](node, fields)


def _constant(node: Constant, fields: dict[str, int]) -> Value:
    value = node.value
    return lambda row: value


def _field(node: FieldValue, fields: dict[str, int]) -> Value:
    return operator.itemgetter(_place_of(node.key, fields))


def _negated(node: Negated, fields: dict[str, int]) -> Value:
    of, is_truth = _made(node.of, fields), node.kind == "truth"

    def negate(row: Row) -> Any:
        value = of(row)
        if value is None:
            return None
        if is_truth:
            return not value
        return -value if _is_number(value) else None

    return negate


def _is_number(value: Any) -> bool:
    return type(value) in (float, int)  # a truth is none


def _finite(value: Any) -> Any:
    """Return a number; None for NaN and infinity, and for what is no number."""
    return value if _is_number(value) and value - value == 0 else None


def _alike(first: Any, second: Any) -> bool:
    """Tell whether two values can be compared: two numbers, two texts, two truths."""
    return type(first) is type(second) or (_is_number(first) and _is_number(second))


def _both(left: Value, right: Value) -> Value:
    def judge(row: Row) -> bool | None:
        first = left(row)
        if first is False:
            return False
        second = right(row)
        if second is False:
            return False
        return True if first is True and second is True else None

    return judge


def _any_of(left: Value, right: Value) -> Value:
    def judge(row: Row) -> bool | None:
        first = left(row)
        if first is True:
            return True
        second = right(row)
        if second is True:
            return True
        return False if first is False and second is False else None

    return judge


def _pair(node: Pair, fields: dict[str, int]) -> Value:
    left, right = _made(node.left, fields), _made(node.right, fields)
    if node.sign == "and":
        return _both(left, right)
    if node.sign == "or":
        return _any_of(left, right)
    if node.sign == "contains":
        return _containing(left, right)
    if node.sign in _COMPUTED:
        return _computed(left, right, _COMPUTED[node.sign])
    compare = _COMPARED[node.sign]
    if isinstance(node.right, Constant) and node.left.kind != "any":
        return _with_constant(left, node.right.value, compare)

    def both(row: Row) -> Any:
        first, second = left(row), right(row)
        if first is None or second is None or not _alike(first, second):
            return None
        try:
            return compare(first, second)
        except TypeError:  # extras may hold lists
            return None

    return both


def _with_constant(left: Value, value: Any, compare: Callable[[Any, Any], Any]) -> Value:
    def judge(row: Row) -> Any:
        found = left(row)
        return None if found is None else compare(found, value)

    return judge


def _computed(left: Value, right: Value, compute: Callable[[float, float], float]) -> Value:
    def arithmetic(row: Row) -> float | None:
        first, second = left(row), right(row)
        if not (_is_number(first) and _is_number(second)):  # extras may hold texts
            return None
        try:
            return _finite(compute(float(first), float(second)))  # type: ignore[no-any-return]
        except (ZeroDivisionError, OverflowError):
            return None

    return arithmetic


def _containing(left: Value, right: Value) -> Value:
    def judge(row: Row) -> bool | None:
        whole, part = left(row), right(row)
        if isinstance(whole, str) and isinstance(part, str):
            return part.casefold() in whole.casefold()
        return None

    return judge


def _between(node: Between, fields: dict[str, int]) -> Value:
    of, low, high = (_made(part, fields) for part in (node.of, node.low, node.high))

    def judge(row: Row) -> bool | None:
        value, lowest, highest = of(row), low(row), high(row)
        if value is None or lowest is None or highest is None:
            return None
        if not (_alike(value, lowest) and _alike(value, highest)):
            return None
        try:
            return bool(lowest <= value <= highest)
        except TypeError:
            return None

    return judge


def _one_of(node: OneOf, fields: dict[str, int]) -> Value:
    of, values = _made(node.of, fields), frozenset(node.values)
    kinds = {float if _is_number(value) else type(value) for value in values}

    def judge(row: Row) -> bool | None:
        value = of(row)
        kind = float if _is_number(value) else type(value)
        return value in values if kind in kinds else None

    return judge


def _missing(node: Missing, fields: dict[str, int]) -> Value:
    of = _made(node.of, fields)
    return lambda row: of(row) is None


def _call(node: Call, fields: dict[str, int]) -> Value:
    parts = [_made(argument, fields) for argument in node.arguments]
    function = FUNCTIONS[node.name]
    if node.name == "known":
        return lambda row: next((value for part in parts if (value := part(row)) is not None), None)
    parts += [operator.itemgetter(_place_of(key, fields)) for key in function.also]
    compute, is_number = function.compute, function.gives == NUMBER

    def call(row: Row) -> Any:
        values = [part(row) for part in parts]
        if function.is_open:
            values = [value for value in values if value is not None]
            if not values:
                return None
        elif None in values:
            return None
        try:
            found = compute(values) if function.is_open else compute(*values)
            return _finite(found) if is_number else found
        except (TypeError, ValueError, AttributeError, OverflowError):
            return None

    return call


_MAKERS: dict[type[Node], Callable[[Any, dict[str, int]], Value]] = {
    Constant: _constant,
    FieldValue: _field,
    Negated: _negated,
    Pair: _pair,
    Between: _between,
    OneOf: _one_of,
    Missing: _missing,
    Call: _call,
}
