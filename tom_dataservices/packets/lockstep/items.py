"""Where the items of arrays and maps begin: the one thing that cannot be read in parallel without a trick."""

from __future__ import annotations

import numpy as np

from .nodes import Node
from .primitives import LOST, Buffer

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
        return self._walk_in_turn(item, position, end, count, first)

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
