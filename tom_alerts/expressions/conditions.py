"""An expression as rows of field, operator and value, and back: for the form.

Only conditions that are all joined by ``and`` can be shown as rows; anything else is written out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .reading import ExpressionError, quoted
from .tree import NUMBER, TEXT, TRUTH, Between, Constant, FieldValue, Missing, Negated, Node, OneOf, Pair
from .vocabulary import field_named

OPERATORS = {
    "<": "less than",
    "<=": "at most",
    ">": "more than",
    ">=": "at least",
    "=": "is",
    "!=": "is not",
    "between": "between",
    "in": "one of",
    "contains": "contains",
    "missing": "is missing",
    "present": "is there",
}


@dataclass(frozen=True)
class Condition:
    """One row of the form, as typed."""

    field: str
    operator: str
    value: str = ""


def written(conditions: Iterable[Condition]) -> str:
    """Return rows as an expression.

    Raises
    ------
    ExpressionError
        If a value does not fit its field; the place is the number of the row, from 1.
    """
    return " and ".join(_written(row, number) for number, row in enumerate(conditions, start=1))


def _written(row: Condition, number: int) -> str:
    field = field_named(row.field)
    if field is None:
        raise ExpressionError(f"there is no field “{row.field}”", number)
    if row.operator in ("missing", "present"):
        return f"{row.field} is {'not ' * (row.operator == 'present')}missing"
    if row.operator not in OPERATORS:
        raise ExpressionError(f"there is no operator “{row.operator}”", number)
    if row.operator in ("between", "in"):
        parts = [_value(part.strip(), field.kind, number) for part in row.value.split(",") if part.strip()]
        if row.operator == "in" and parts:
            return f"{row.field} in ({', '.join(parts)})"
        if row.operator == "between" and len(parts) == 2:
            return f"{row.field} between {parts[0]} and {parts[1]}"
        raise ExpressionError(
            f"{row.field}: expected values separated by commas, found “{row.value}”", number
        )
    kind = TEXT if row.operator == "contains" else field.kind
    return f"{row.field} {row.operator} {_value(row.value.strip(), kind, number)}"


def _value(text: str, kind: str, number: int) -> str:
    if kind == TRUTH:
        if text.lower() in ("true", "yes", "1"):
            return "true"
        if text.lower() in ("false", "no", "0"):
            return "false"
        raise ExpressionError(f"expected true or false, found “{text}”", number)
    if kind == TEXT:
        return quoted(text)
    try:
        value = float(text)
    except ValueError:
        if kind == NUMBER:
            raise ExpressionError(f"expected a number, found “{text}”", number) from None
        return quoted(text)
    if value - value:  # infinite, or not a number
        raise ExpressionError(f"expected a number, found “{text}”", number)
    return text


def conditions_of(tree: Node) -> list[Condition] | None:
    """Return a tree as rows, or None if it says more than rows can."""
    if isinstance(tree, Pair) and tree.sign == "and":
        left, right = conditions_of(tree.left), conditions_of(tree.right)
        return None if left is None or right is None else left + right
    found = _condition(tree)
    return None if found is None else [found]


def _condition(node: Node) -> Condition | None:
    if isinstance(node, Missing) and isinstance(node.of, FieldValue):
        return Condition(node.of.written, "missing")
    if isinstance(node, FieldValue) and node.kind == TRUTH:
        return Condition(node.written, "=", "true")
    if isinstance(node, Negated):
        return _opposite(node.of)
    if isinstance(node, OneOf) and isinstance(node.of, FieldValue):
        return _listed(node.of, "in", node.values)
    if isinstance(node, Between) and isinstance(node.of, FieldValue):
        if isinstance(node.low, Constant) and isinstance(node.high, Constant):
            return _listed(node.of, "between", (node.low.value, node.high.value))
    elif isinstance(node, Pair) and isinstance(node.left, FieldValue) and isinstance(node.right, Constant):
        kind = TEXT if node.sign == "contains" else node.left.kind
        value = _typed(node.right.value, kind)
        return None if value is None or node.sign == "or" else Condition(node.left.written, node.sign, value)
    return None


def _opposite(of: Node) -> Condition | None:
    if isinstance(of, Missing) and isinstance(of.of, FieldValue):
        return Condition(of.of.written, "present")
    if isinstance(of, FieldValue) and of.kind == TRUTH:
        return Condition(of.written, "=", "false")
    return None


def _listed(field: FieldValue, operator: str, values: Iterable[float | str | bool]) -> Condition | None:
    typed = [_typed(value, field.kind) for value in values]
    if any(value is None or value == "" or "," in value for value in typed):
        return None
    return Condition(field.written, operator, ", ".join(value or "" for value in typed))


def _typed(value: float | str | bool, kind: str) -> str | None:
    """Return a constant as one types it in a row, or None where that row would be read as something else.

    A field of any kind has no truths in rows, and no texts that look like numbers.
    """
    if isinstance(value, bool):
        meant = typed = "true" if value else "false"
    elif isinstance(value, str):
        meant, typed = quoted(value), value
    else:
        meant = typed = short if float(short := f"{value:.15g}") == value else repr(float(value))
    try:
        return typed if _value(typed.strip(), kind, 0) == meant else None
    except ExpressionError:
        return None
