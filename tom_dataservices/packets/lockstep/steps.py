"""The steps over a value, prepared once for each type: neighbouring fixed sizes are taken in one stride."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .nodes import Node
from .primitives import LOST, MAX_WINDOW

Step = tuple[str, Any]
"""Name of a method of the walker, and what it is given."""

VARINTS = ("int", "long", "enum")
MIN_RUN = 3


@dataclass(eq=False)
class Fork:
    """A union whose branches have fixed sizes.

    Attributes
    ----------
    table : ndarray of int64, shape (256,)
        By the first byte: bytes to step over in all; `LOST` where it is no branch.
    value_code, null_code : int
        First byte of the value and of null, if the union is of null and one other type, else -1.
    size : int
        Bytes of the value with its first byte.
    """

    table: np.ndarray
    value_code: int = -1
    null_code: int = -1
    size: int = 0


@dataclass(eq=False)
class Run:
    """Neighbouring fields that take `length` bytes where no value is null, and one byte each where all are.

    Attributes
    ----------
    steps : list of Step
        The same fields one by one, for rows where some are null.
    length : int
        Bytes where no value is null.
    places, codes : ndarray, shape (forks,)
        Where the first bytes of the unions stand then, and what they are.
    null_codes : ndarray or None, shape (forks,)
        First bytes where all are null; None if some field is not a union.
    """

    steps: list[Step]
    length: int
    places: np.ndarray
    codes: np.ndarray
    null_codes: np.ndarray | None


def skip_steps(node: Node) -> list[Step]:
    """Give the steps over one value."""
    if "skip" not in node.cache:
        node.cache["skip"] = joined(_own_steps(node))
    return node.cache["skip"]


def single_steps(node: Node) -> list[Step]:
    """Give the steps over one value, each field by itself."""
    return _own_steps(node)


def joined(steps: list[Step]) -> list[Step]:
    """Join neighbouring steps of fixed size to single strides."""
    made: list[Step] = []
    stretch: list[Step] = []
    for step in [*steps, ("end", None)]:
        if step[0] == "skip_fixed" or (step[0] == "skip_fork" and step[1].value_code >= 0):
            if _length(stretch) + _length([step]) > MAX_WINDOW:
                made.extend(_stride(stretch))
                stretch = []
            stretch.append(step)
            continue
        made.extend(_stride(stretch))
        stretch = []
        made.append(step)
    return made[:-1]


def only_branch(number: int) -> Node:
    """Give a node that stands for the number of one branch of a union and takes no other."""
    table = np.full(256, LOST, dtype=np.int64)
    table[2 * number] = 1
    return Node("branch", min_size=1, cache={"own": [("skip_fork", Fork(table))]})


def _own_steps(node: Node) -> list[Step]:
    if "own" not in node.cache:
        node.cache["own"] = _made_steps(node)
    return node.cache["own"]


def _made_steps(node: Node) -> list[Step]:
    if node.size is not None:
        return [("skip_fixed", node.size)] if node.size else []
    if node.kind in VARINTS:
        return [("skip_varint", None)]
    if node.kind in ("bytes", "string"):
        return [("skip_bytes", None)]
    if node.kind == "record":
        return [step for _, child in node.fields for step in _own_steps(child)]
    if node.kind == "union":
        return [_union_step(node)]
    return [("skip_items", node)]


def _union_step(node: Node) -> Step:
    sizes = [branch.size for branch in node.branches]
    nullable = node.nullable()
    if None in sizes:
        simple = nullable is not None and nullable[1].kind in (*VARINTS, "bytes", "string")
        return ("skip_nullable", node) if simple else ("skip_union", node)
    table = np.full(256, LOST, dtype=np.int64)
    table[0 : 2 * len(sizes) : 2] = [1 + (size or 0) for size in sizes]
    if nullable is None:
        return "skip_fork", Fork(table)
    number, branch = nullable
    return "skip_fork", Fork(table, 2 * number, 2 * (1 - number), 1 + (branch.size or 0))


def _length(steps: list[Step]) -> int:
    return sum(argument if operation == "skip_fixed" else argument.size for operation, argument in steps)


def _stride(stretch: list[Step]) -> list[Step]:
    forks = [argument for operation, argument in stretch if operation == "skip_fork"]
    if not forks and stretch:
        return [("skip_fixed", _length(stretch))]
    if len(forks) < MIN_RUN:
        return stretch
    places, place = [], 0
    for operation, argument in stretch:
        if operation == "skip_fork":
            places.append(place)
        place += argument if operation == "skip_fixed" else argument.size
    all_forks = len(forks) == len(stretch)
    return [
        (
            "skip_run",
            Run(
                steps=stretch,
                length=place,
                places=np.array(places),
                codes=np.array([fork.value_code for fork in forks], dtype=np.uint8),
                null_codes=np.array([fork.null_code for fork in forks], dtype=np.uint8)
                if all_forks
                else None,
            ),
        )
    ]
