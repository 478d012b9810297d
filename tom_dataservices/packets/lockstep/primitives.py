"""Reading one Avro value at many places of a byte buffer at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LOST = np.int64(1) << 42
"""Position of a row whose packet is broken: behind any end, so it can never count as well read."""

MAX_WINDOW = 512
"""Bytes that can be looked at in one go."""

_PAD = MAX_WINDOW + 16
_HIGH = np.uint64(0x8080808080808080)
_ONE = np.uint64(1)


class Buffer:
    """The packets of one batch behind one another, and how to read numbers at given positions.

    Reading never fails: a position behind the end of the buffer reads zeros, and a row that is off the
    rails is sent to `LOST`. Whether a packet was well read is told at its end, by the position alone.

    Parameters
    ----------
    packets : sequence of bytes
        Packets of one schema.

    Attributes
    ----------
    data : bytes
        All packets joined, with zeros behind them.
    start, end : ndarray of int64, shape (n,)
        First byte of each packet and the one behind its last.
    """

    def __init__(self, packets: Sequence[bytes]) -> None:
        sizes = np.fromiter(map(len, packets), dtype=np.int64, count=len(packets))
        self.data = b"".join((*packets, bytes(_PAD)))
        self.end = np.cumsum(sizes)
        self.start = self.end - sizes
        self.raw = np.frombuffer(self.data, dtype=np.uint8)
        self._last = np.int64(len(self.data) - _PAD)
        count = len(self.data) - 8

        def at_every_byte(dtype: str) -> np.ndarray:
            return np.ndarray(shape=(count,), dtype=dtype, buffer=self.data, strides=(1,))

        self._u8 = at_every_byte("<u8")
        self._f8 = at_every_byte("<f8")
        self._f4 = at_every_byte("<f4")
        self._windows: dict[int, np.ndarray] = {}

    def bytes_at(self, position: np.ndarray) -> np.ndarray:
        """Give the byte at each position, shape (n,), uint8."""
        return self.raw.take(position, mode="clip")

    def doubles_at(self, position: np.ndarray) -> np.ndarray:
        """Give the eight-byte floats that begin at each position, shape (n,)."""
        return self._f8[np.minimum(position, self._last)]

    def floats_at(self, position: np.ndarray) -> np.ndarray:
        """Give the four-byte floats that begin at each position, shape (n,)."""
        return self._f4[np.minimum(position, self._last)]

    def windows_at(self, position: np.ndarray, length: int) -> np.ndarray:
        """Give the bytes from each position on, shape (n, length), uint8; at most `MAX_WINDOW` of them."""
        if length not in self._windows:
            shape = (len(self.data) - length,)
            self._windows[length] = np.ndarray(
                shape=shape, dtype=f"V{length}", buffer=self.data, strides=(1,)
            )
        return self._windows[length][np.minimum(position, self._last)].view(np.uint8).reshape(-1, length)

    def varint_sizes(self, position: np.ndarray) -> np.ndarray:
        """Give the number of bytes of the variable-length integers at each position, shape (n,), int64."""
        first = self.bytes_at(position)
        if not (first & 0x80).any():
            return np.ones(len(position), dtype=np.int64)
        stop = ~self._u8[np.minimum(position, self._last)] & _HIGH
        size = (np.bitwise_count(stop ^ (stop - _ONE)).astype(np.int64)) >> 3
        long = np.flatnonzero(stop == 0)
        if long.size:
            ninth = self.bytes_at(position[long] + 8) < 0x80
            tenth = self.bytes_at(position[long] + 9) < 0x80
            size[long] = np.where(ninth, 9, np.where(tenth, 10, LOST))
        return size

    def varints_at(self, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the zigzag integers at each position and their sizes in bytes, each of shape (n,), int64."""
        first = self.bytes_at(position)
        if not (first & 0x80).any():
            small = first.astype(np.int64)
            return (small >> 1) ^ -(small & 1), np.ones(len(position), dtype=np.int64)
        size = self.varint_sizes(position)
        word = self._u8[np.minimum(position, self._last)]
        keep = np.minimum(size, 8).astype(np.uint64) * np.uint64(8)
        mask = np.where(keep == 64, ~np.uint64(0), (_ONE << (keep & np.uint64(63))) - _ONE)
        value = _squeeze(word & mask)
        long = np.flatnonzero(size > 8)
        if long.size:
            at = position[long] + 8
            ninth = (self.bytes_at(at) & 0x7F).astype(np.uint64)
            tenth = np.where(size[long] > 9, self.bytes_at(at + 1), 0).astype(np.uint64)
            value[long] |= (ninth << np.uint64(56)) | (tenth << np.uint64(63))
        odd = (value & _ONE).astype(np.int64)
        return (value >> _ONE).astype(np.int64) ^ -odd, size


def _squeeze(word: np.ndarray) -> np.ndarray:
    """Join the lower seven bits of eight bytes to one number of 56 bits."""
    low = np.uint64(0x7F7F7F7F7F7F7F7F) & word
    pairs = (low & np.uint64(0x007F007F007F007F)) | ((low & np.uint64(0x7F007F007F007F00)) >> _ONE)
    fours = (pairs & np.uint64(0x00003FFF00003FFF)) | (
        (pairs & np.uint64(0x3FFF00003FFF0000)) >> np.uint64(2)
    )
    return (fours & np.uint64(0x0FFFFFFF)) | ((fours & np.uint64(0x0FFFFFFF00000000)) >> np.uint64(4))
