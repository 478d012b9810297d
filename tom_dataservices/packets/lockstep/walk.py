"""The walk itself: all packets of a batch step over, or read, one field after another together."""

from __future__ import annotations

from typing import Any

import numpy as np

from .columns import Choices, Column, Lists, Nothing, Numbers, Records, Strings, Symbols
from .items import ItemWalk
from .nodes import Node
from .primitives import LOST
from .steps import Fork, Run, Step, joined, single_steps, skip_steps

Wanted = dict[str, Any] | None
"""Which fields to read: name -> what of it; None = everything; an empty dict = nothing."""


class Walker(ItemWalk):
    """Steps over and reads values at many places of one buffer.

    All methods take ``position`` and ``end``, arrays of int64 with a row for each value: where it begins,
    and the end of the packet it lies in. They give the position behind the value. A row that meets
    nonsense goes to `primitives.LOST` and stays there.
    """

    # ---- stepping over -------------------------------------------------------------------------------

    def skip(self, node: Node, position: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Step over one value of type `node` in each row."""
        for operation, argument in skip_steps(node):
            position = getattr(self, operation)(argument, position, end)
        return position

    def skip_fixed(self, size: int, position: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Step over `size` bytes."""
        return position + size

    def skip_fork(self, fork: Fork, position: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Step over a union whose branches have fixed sizes: its first byte tells how far."""
        return position + fork.table.take(self.buffer.bytes_at(position))

    def skip_run(self, run: Run, position: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Step over neighbouring fields: in one stride where all have a value or all are null."""
        window = self.buffer.windows_at(position, run.length)
        full = (window[:, run.places] == run.codes).all(axis=1)
        if full.all():
            return position + run.length
        stride = np.where(full, run.length, 0)
        if run.null_codes is not None:
            empty = (window[:, : len(run.null_codes)] == run.null_codes).all(axis=1)
            stride[empty] = len(run.null_codes)
        position = position + stride
        rows = np.flatnonzero(stride == 0)
        if rows.size:
            at, ends = position[rows], end[rows]
            for operation, argument in run.steps:
                at = getattr(self, operation)(argument, at, ends)
            position[rows] = at
        return position

    def skip_nullable(self, node: Node, position: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Step over a null or an integer, text or byte string."""
        codes, position = self.branch(node, position)
        number, value = node.nullable() or (0, node)
        is_value = codes == number
        behind = self.skip(value, position, end)
        return behind if is_value.all() else np.where(is_value, behind, position)

    def skip_varint(self, _: None, position: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Step over an integer."""
        return position + self.buffer.varint_sizes(position)

    def skip_bytes(self, _: None, position: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Step over a text or byte string."""
        size, used = self.buffer.varints_at(position)
        return position + used + _sane(size)

    def skip_items(self, node: Node, position: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Step over an array or a map."""
        return self.find_items(item_node(node), position, end)[2]

    def skip_union(self, node: Node, position: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Step over a union of any types."""
        codes, position = self.branch(node, position)
        for number, branch in enumerate(node.branches):
            rows = np.flatnonzero(codes == number)
            if rows.size == len(codes):
                return self.skip(branch, position, end)
            if rows.size:
                position[rows] = self.skip(branch, position[rows], end[rows])
        return position

    def branch(self, node: Node, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the branch number of a union in each row (0 in lost rows) and the position behind it."""
        code = self.buffer.bytes_at(position)
        wrong = (code & 1 != 0) | (code >= 2 * len(node.branches))
        return np.where(wrong, 0, code >> 1), np.where(wrong, LOST, position + 1)

    # ---- reading -------------------------------------------------------------------------------------

    def read(
        self, node: Node, wanted: Wanted, position: np.ndarray, end: np.ndarray, *, to_end: bool = True
    ) -> tuple[Column, np.ndarray]:
        """Read one value of type `node` in each row; without `to_end`, stop behind the last wanted field."""
        if node.kind == "record":
            return self.read_record(node, wanted, position, end, to_end)
        if node.kind == "union":
            return self.read_union(node, wanted, position, end)
        if node.kind in ("array", "map"):
            return self.read_items(node, wanted, position, end)
        return getattr(self, f"read_{node.kind}")(node, position)

    def read_record(
        self, node: Node, wanted: Wanted, position: np.ndarray, end: np.ndarray, to_end: bool
    ) -> tuple[Column, np.ndarray]:
        """Read the wanted fields of a record."""
        steps, tail = _read_plan(node, wanted)
        fields: dict[str, Column] = {}
        for name, child, below, skips in steps:
            for operation, argument in skips:
                position = getattr(self, operation)(argument, position, end)
            fields[name], position = self.read(child, below, position, end)
        if to_end:
            for operation, argument in tail:
                position = getattr(self, operation)(argument, position, end)
        return Records(len(position), fields), position

    def read_null(self, node: Node, position: np.ndarray) -> tuple[Column, np.ndarray]:
        """Read nothing."""
        return Nothing(len(position)), position

    def read_boolean(self, node: Node, position: np.ndarray) -> tuple[Column, np.ndarray]:
        """Read one byte as true or false."""
        return Numbers(self.buffer.bytes_at(position) != 0), position + 1

    def read_float(self, node: Node, position: np.ndarray) -> tuple[Column, np.ndarray]:
        """Read a four-byte float."""
        return Numbers(self.buffer.floats_at(position)), position + 4

    def read_double(self, node: Node, position: np.ndarray) -> tuple[Column, np.ndarray]:
        """Read an eight-byte float."""
        return Numbers(self.buffer.doubles_at(position)), position + 8

    def read_int(self, node: Node, position: np.ndarray) -> tuple[Column, np.ndarray]:
        """Read a zigzag integer."""
        value, size = self.buffer.varints_at(position)
        return Numbers(value), position + size

    read_long = read_int

    def read_enum(self, node: Node, position: np.ndarray) -> tuple[Column, np.ndarray]:
        """Read the number of a symbol."""
        code, size = self.buffer.varints_at(position)
        wrong = (code < 0) | (code >= len(node.symbols))
        return Symbols(np.where(wrong, 0, code), node.symbols), np.where(wrong, LOST, position + size)

    def read_bytes(self, node: Node, position: np.ndarray) -> tuple[Column, np.ndarray]:
        """Read where a byte string or text lies."""
        size, used = self.buffer.varints_at(position)
        size = _sane(size)
        start = position + used
        return Strings(self.buffer.data, start, size, node.kind == "string"), start + size

    read_string = read_bytes

    def read_fixed(self, node: Node, position: np.ndarray) -> tuple[Column, np.ndarray]:
        """Read where bytes of a fixed number lie."""
        size = np.full(len(position), node.size, dtype=np.int64)
        return Strings(self.buffer.data, position, size, False), position + size

    def read_items(
        self, node: Node, wanted: Wanted, position: np.ndarray, end: np.ndarray
    ) -> tuple[Column, np.ndarray]:
        """Read an array or a map: first find where every item begins, then read all items at once."""
        item = item_node(node)
        counts, starts, position = self.find_items(item, position, end)
        ends = np.repeat(end, counts)
        if node.kind == "array":
            items, _ = self.read(item, wanted, starts, ends, to_end=False)
            return Lists(counts, items), position
        pairs, _ = self.read(item, {"key": None, "value": wanted}, starts, ends, to_end=False)
        assert isinstance(pairs, Records)  # noqa: S101  what `read` gives for a record
        keys, values = pairs.fields["key"], pairs.fields["value"]
        return Lists(counts, values, keys), position  # type: ignore[arg-type]

    def read_union(
        self, node: Node, wanted: Wanted, position: np.ndarray, end: np.ndarray
    ) -> tuple[Column, np.ndarray]:
        """Read a union; null-or-number and null-or-text become one column with gaps."""
        codes, position = self.branch(node, position)
        nullable = node.nullable()
        if nullable is not None and nullable[1].kind in _WITH_GAPS:
            return self._read_with_gaps(nullable[1], codes == nullable[0], position)
        branches = []
        for number, branch in enumerate(node.branches):
            rows = np.flatnonzero(codes == number)
            column, position[rows] = self.read(branch, wanted, position[rows], end[rows])
            branches.append((rows, column))
        return Choices(codes, branches), position

    def _read_with_gaps(
        self, node: Node, valid: np.ndarray, position: np.ndarray
    ) -> tuple[Column, np.ndarray]:
        column, behind = getattr(self, f"read_{node.kind}")(node, position)
        if valid.all():
            return column, behind
        if isinstance(column, Strings):
            column.size = np.where(valid, column.size, -1)
        else:
            column.valid = valid
            column.numbers[~valid] = np.nan if column.numbers.dtype.kind == "f" else 0
        return column, np.where(valid, behind, position)


_WITH_GAPS = ("boolean", "int", "long", "float", "double", "bytes", "string", "fixed")


def _sane(size: np.ndarray) -> np.ndarray:
    """Turn lengths that cannot be into `LOST`."""
    return np.where((size < 0) | (size > LOST), LOST, size)


def item_node(node: Node) -> Node:
    """Give the item of an array, or of a map as a record of key and value."""
    if node.items is None:
        raise TypeError(f"{node.kind} has no items")
    if node.kind == "array":
        return node.items
    if "pair" not in node.cache:
        fields = [("key", Node("string", min_size=1)), ("value", node.items)]
        node.cache["pair"] = Node("record", min_size=1 + node.items.min_size, fields=fields)
    return node.cache["pair"]


ReadStep = tuple[str, Node, Wanted, list[Step]]


def _read_plan(node: Node, wanted: Wanted) -> tuple[list[ReadStep], list[Step]]:
    """Give the wanted fields, each with the steps over what lies before it, and the steps behind the last."""
    key = ("read", id(wanted))
    if key not in node.cache:
        steps: list[ReadStep] = []
        gap: list[Step] = []
        for name, child in node.fields:
            if wanted is None or name in wanted:
                steps.append((name, child, None if wanted is None else wanted[name], joined(gap)))
                gap = []
            else:
                gap.extend(single_steps(child))
        node.cache[key] = (wanted, steps, joined(gap))  # `wanted` is kept, so that its id stays its own
    _, steps, tail = node.cache[key]
    return steps, tail
