"""Points that a process has stored itself, so that it does not offer them to the database again and again.

Of the points of an alert nine in ten came with the alert before. Whoever takes alerts for long keeps one of
these and hands it to ``ingest_batch``.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

LIMIT = 1_000_000
KEPT_S = 3600.0
_ODD = np.uint64(0x9E3779B97F4A7C15)


class KnownPoints:
    """Remembers (target, point key) of stored points, exactly, as two generations of sorted columns.

    A point is forgotten when up to `limit` newer ones are known, and after `kept_s` at the latest: one that
    somebody has deleted meanwhile is stored again then. What is not remembered is left to the constraints of
    the database, as ever.

    Parameters
    ----------
    limit : int
        Most points; each takes 24 bytes.
    kept_s : float
        How long, s.
    """

    def __init__(self, limit: int = LIMIT, kept_s: float = KEPT_S) -> None:
        self.limit = limit
        self.kept_s = kept_s
        self._old, self._new = _Generation(), _Generation()
        self._begun_s = time.monotonic()

    def __len__(self) -> int:
        return len(self._old) + len(self._new)

    def has(self, targets: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which points are known to be stored; shape of the arguments."""
        self._forget()
        mixed = _mixed(targets, keys)
        return self._new.has(mixed, targets, keys) | self._old.has(mixed, targets, keys)

    def add(self, targets: NDArray[np.int64], keys: NDArray[np.int64]) -> None:
        """Remember points; call it when their transaction is committed."""
        self._forget()
        if len(self._new) >= self.limit // 2:
            self._turn()
        self._new.add(_mixed(targets, keys), targets, keys)

    def _forget(self) -> None:
        age_s = time.monotonic() - self._begun_s
        if age_s > self.kept_s / 2:
            self._turn()
        if age_s > self.kept_s:
            self._turn()

    def _turn(self) -> None:
        self._old, self._new, self._begun_s = self._new, _Generation(), time.monotonic()


class _Generation:
    """Points sorted by a mixture of target and key; equal mixtures of different points harm nothing."""

    def __init__(self) -> None:
        self.mixed = np.empty(0, dtype=np.uint64)
        self.targets = np.empty(0, dtype=np.int64)
        self.keys = np.empty(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.mixed)

    def has(
        self, mixed: NDArray[np.uint64], targets: NDArray[np.int64], keys: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        if not len(self.mixed):
            return np.zeros(len(mixed), dtype=bool)
        place = np.minimum(np.searchsorted(self.mixed, mixed), len(self.mixed) - 1)
        return (self.targets[place] == targets) & (self.keys[place] == keys)

    def add(self, mixed: NDArray[np.uint64], targets: NDArray[np.int64], keys: NDArray[np.int64]) -> None:
        order = np.argsort(mixed)
        place = np.searchsorted(self.mixed, mixed[order])
        self.mixed = np.insert(self.mixed, place, mixed[order])
        self.targets = np.insert(self.targets, place, targets[order])
        self.keys = np.insert(self.keys, place, keys[order])


def _mixed(targets: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.uint64]:
    return keys.astype(np.uint64) ^ (targets.astype(np.uint64) * _ODD)
