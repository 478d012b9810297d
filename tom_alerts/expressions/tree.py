"""The tree of an expression; every node knows what kind of value it gives, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass

NUMBER, TEXT, TRUTH, ANY = "number", "text", "truth", "any"
KIND_WORDS = {NUMBER: "a number", TEXT: "a text", TRUTH: "a condition (true or false)", ANY: "a value"}


@dataclass(frozen=True)
class Node:
    """What all nodes share."""

    kind: str
    place: int


@dataclass(frozen=True)
class Constant(Node):
    """A number, a text, true or false."""

    value: float | str | bool


@dataclass(frozen=True)
class FieldValue(Node):
    """The value of a field; `key` is what tables of alerts know it by, `written` how it was typed."""

    key: str
    written: str


@dataclass(frozen=True)
class Negated(Node):
    """``-a``, or ``not a`` where the kind is truth."""

    of: Node


@dataclass(frozen=True)
class Pair(Node):
    """``a op b``: arithmetic, comparison, ``contains``, ``and``, ``or``."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Between(Node):
    """``a between low and high``, both included."""

    of: Node
    low: Node
    high: Node


@dataclass(frozen=True)
class OneOf(Node):
    """``a in (x, y)``."""

    of: Node
    values: tuple[float | str | bool, ...]


@dataclass(frozen=True)
class Missing(Node):
    """``a is missing``."""

    of: Node


@dataclass(frozen=True)
class Call(Node):
    """``name(a, b)``."""

    name: str
    arguments: tuple[Node, ...]
