"""Where the items of arrays and maps begin: the one thing that cannot be read in parallel without a trick."""

from __future__ import annotations

import numpy as np

from .nodes import Node
from .primitives import LOST, Buffer
from .steps import only_branch

MARKER_FIELDS = ("diaObjectId",)
"""Long integers that are the same in all items of a list, and can therefore be searched for."""

MIN_MARKER_BYTES = 5
MIN_MARKED_ITEMS = 8
"""Shorter lists are walked through in turn, which costs little when a batch has many packets."""

MAX_ITEMS = 100_000
"""Items in one block of one packet; a packet that claims more is left to the fallback."""


class ItemWalk:
    """Finds the items of lists; `skip` is what a subclass adds."""

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer

    def skip(self, node: Node, position: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Step over one value of type `node` in each row."""
        raise NotImplementedError

    def find_items(
        self, item: Node, position: np.ndarray, end: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find the items of the list that begins in each row.

        Parameters
        ----------
        item : Node
            Type of the items.
        position, end : ndarray of int64, shape (n,)
            Where the lists begin, and the ends of their packets.

        Returns
        -------
        counts : ndarray of int64, shape (n,)
            Number of items in each row.
        starts : ndarray of int64, shape (sum of counts,)
            Where each item begins, row by row.
        position : ndarray of int64, shape (n,)
            Behind the lists.
        """
        position = position.copy()
        live = np.arange(len(position))
        blocks: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        while live.size:
            count, at = self._block_header(item, position[live], end[live])
            more = count > 0
            position[live] = at
            live, count = live[more], count[more]
            if live.size:
                starts, position[live] = self._walk(item, at[more], end[live], count)
                blocks.append((live, count, starts))
        return _merged(blocks, len(position)) + (position,)

    def _block_header(
        self, item: Node, position: np.ndarray, end: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        count, used = self.buffer.varints_at(position)
        at = position + used
        with_size = np.flatnonzero(count < 0)
        if with_size.size:
            count[with_size] *= -1
            at[with_size] += self.buffer.varints_at(at[with_size])[1]
        room = np.minimum((end - at) // max(item.min_size, 1), MAX_ITEMS)
        wrong = (count > 0) & (count > room) | (count < 0)
        if wrong.any():
            count[wrong], at[wrong] = 0, LOST
        return count, at

    def _walk(
        self, item: Node, position: np.ndarray, end: np.ndarray, count: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Step over `count` items in each row; give where each begins and the position behind the last."""
        first = np.cumsum(count) - count
        if item.size is not None:
            rank = np.arange(int(count.sum())) - np.repeat(first, count)
            return np.repeat(position, count) + rank * item.size, position + count * item.size
        parts = _parts_at_marker(item) if int(count.max()) >= MIN_MARKED_ITEMS else None
        if parts is None:
            return self._walk_in_turn(item, position, end, count, first)
        starts, behind, good = self._walk_by_marker(parts, position, end, count)
        bad = np.flatnonzero(~good)
        if bad.size:
            found, behind[bad] = self._walk_in_turn(
                item, position[bad], end[bad], count[bad], np.cumsum(count[bad]) - count[bad]
            )
            starts[np.repeat(~good, count)] = found
        return starts, behind

    def _walk_by_marker(
        self,
        parts: tuple[Node, Node, Node],
        position: np.ndarray,
        end: np.ndarray,
        count: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find all items at once by a field that has the same bytes in each of them.

        From each place where the bytes of that field stand, the rest of the item is walked to its end, which
        is the beginning of the next; from there the walk to the field must arrive at the next place. Where it
        does, for all items of a list, the places are right; the other lists are not `good`.
        """
        before, marker, after = parts
        first_place = self.skip(before, position, end)
        size = self.skip(marker, first_place, end) - first_place
        apart = sum(part.min_size for part in parts)
        places = self._places_of_marker(first_place, size, end, count, apart)
        ends = np.repeat(end, count)
        behind = self.skip(after, places + np.repeat(size, count), ends)
        first = np.cumsum(count) - count
        starts = np.empty_like(behind)
        starts[1:] = behind[:-1]
        starts[first] = position
        wrong = self.skip(before, starts, ends) != places
        return starts, behind[first + count - 1], np.add.reduceat(wrong, first, dtype=np.int64) == 0

    def _places_of_marker(
        self, first_place: np.ndarray, size: np.ndarray, end: np.ndarray, count: np.ndarray, apart: int
    ) -> np.ndarray:
        """Search the bytes of the first marker; of two less than `apart` bytes apart the latter counts.

        (Rubin names an object after its first source: that source's own number looks like the marker.)
        """
        places = np.zeros(int(count.sum()), dtype=np.int64)
        begin = 0
        for place, length, limit, wanted in zip(
            first_place.tolist(), size.tolist(), end.tolist(), count.tolist(), strict=True
        ):
            places[begin] = place
            if length >= MIN_MARKER_BYTES and place + length <= limit:
                found = self._repetitions(place, length, limit, wanted - 1, apart)
                places[begin + 1 : begin + 1 + len(found)] = found
            begin += wanted
        return places

    def _repetitions(self, place: int, length: int, limit: int, wanted: int, apart: int) -> np.ndarray:
        """Give at most `wanted` places behind `place` that repeat its bytes."""
        content = self.buffer.data[place:limit]
        pieces = content[length:].split(content[:length], 2 * wanted + 1)  # each may have its own number, too
        steps = np.fromiter(map(len, pieces[:-1]), dtype=np.int64, count=len(pieces) - 1) + length
        is_own_number = np.zeros(len(steps), dtype=bool)
        is_own_number[:-1] = steps[1:] <= apart - length
        return (place + np.cumsum(steps))[~is_own_number][:wanted]

    def _walk_in_turn(
        self, item: Node, position: np.ndarray, end: np.ndarray, count: np.ndarray, first: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(-count, kind="stable")
        at, end, first = position[order], end[order], first[order]
        starts = np.empty(int(count.sum()), dtype=np.int64)
        longer = len(count) - np.cumsum(np.bincount(count))  # [k]: rows with more than k items
        for k in range(int(count.max())):
            rows = int(longer[k])
            starts[first[:rows] + k] = at[:rows]
            at[:rows] = self.skip(item, at[:rows], end[:rows])
        behind = np.empty_like(at)
        behind[order] = at
        return starts, behind


def _parts_at_marker(item: Node) -> tuple[Node, Node, Node] | None:
    """Give what lies before a marker field, the field, and what lies behind it; None without such a field."""
    if "marker" not in item.cache:
        item.cache["marker"] = _find_marker(item)
    return item.cache["marker"]


def _find_marker(item: Node) -> tuple[Node, Node, Node] | None:
    nullable = item.nullable()
    record, ahead = item, []
    if nullable is not None:  # Spark writes lists of "record or null": the byte before a record is part of it
        record, ahead = nullable[1], [("", only_branch(nullable[0]))]
    for place, (name, node) in enumerate(record.fields):
        value = node.nullable()
        if name in MARKER_FIELDS and (value[1] if value else node).kind == "long":
            return _record([*ahead, *record.fields[:place]]), node, _record(record.fields[place + 1 :])
    return None


def _record(fields: list[tuple[str, Node]]) -> Node:
    return Node("record", min_size=sum(node.min_size for _, node in fields), fields=fields)


def _merged(
    blocks: list[tuple[np.ndarray, np.ndarray, np.ndarray]], rows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Join the blocks of the lists, so that the items of a row stand behind one another."""
    counts = np.zeros(rows, dtype=np.int64)
    for live, count, _ in blocks:
        counts[live] += count
    if not blocks:
        return counts, np.empty(0, dtype=np.int64)
    if len(blocks) == 1:
        return counts, blocks[0][2]
    owner = np.concatenate([np.repeat(live, count) for live, count, _ in blocks])
    starts = np.concatenate([found for _, _, found in blocks])
    return counts, starts[np.argsort(owner, kind="stable")]
