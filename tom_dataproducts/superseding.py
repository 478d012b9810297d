"""Which points a newer reduction of the same observation stands for; the one rule of plots and exports.

Both stay stored. See docs/decisions/0140-newer-reductions-supersede.md.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from tom_dataproducts.light_curves import Coded, Label, Measurements, is_forced_version

TOLERANCE_US = 1_000_000
"""Reductions of one observation tell its time to different digits: five decimals of an MJD are 0.9 s."""

_NUMBER = re.compile(r"(\d+)")
VersionKey = tuple[tuple[int, int, str], ...]


def version_key(version: str) -> VersionKey:
    """Return what versions are compared by: numbers in them count as numbers, no version is the oldest.

    ``""`` < ``dr9`` < ``dr10``; ``2026-01-05`` < ``2026-02-01``. The word ``forced`` is no part of a version.
    """
    words = version.strip().lower().removeprefix("forced").strip()
    parts = [part for part in _NUMBER.split(words) if part]
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts)


def superseded(points: Measurements) -> NDArray[np.bool_]:
    """Return for which points there is one of a newer reduction.

    Two points are of the same observation if band, source, telescope and instrument are the same, both are
    forced or neither, and their times differ by at most a second. The newer version counts, whether it is a
    detection or a limit.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    found = np.zeros(len(points), bool)
    for family in _families(points.label):
        versions = sorted({version_key(label.version) for _, label in family})
        rank_of_code = {code: versions.index(version_key(label.version)) for code, label in family}
        rows = np.flatnonzero(np.isin(points.label.codes, list(rank_of_code)))
        ranks = np.array([rank_of_code[code] for code in points.label.codes[rows].tolist()])
        for rank in range(len(versions) - 1):
            newer = np.sort(points.time_us[rows[ranks > rank]])
            mine = rows[ranks == rank]
            found[mine] = _has_neighbour(points.time_us[mine], newer)
    return found


def _families(labels: Coded) -> list[list[tuple[int, Label]]]:
    """Return labels that differ in version (and unit) only, where there is more than one version."""
    by_origin: dict[tuple[object, ...], list[tuple[int, Label]]] = {}
    for code, label in enumerate(labels.values):
        origin = (
            label.band,
            label.source,
            label.telescope,
            label.instrument,
            is_forced_version(label.version),
        )
        by_origin.setdefault(origin, []).append((code, label))
    return [
        family
        for family in by_origin.values()
        if len(family) > 1 and len({version_key(label.version) for _, label in family}) > 1
    ]


def _has_neighbour(times_us: NDArray[np.int64], others_us: NDArray[np.int64]) -> NDArray[np.bool_]:
    if not len(others_us):
        return np.zeros(len(times_us), bool)
    after = np.searchsorted(others_us, times_us)
    right = np.abs(others_us[np.minimum(after, len(others_us) - 1)] - times_us)
    left = np.abs(others_us[np.maximum(after - 1, 0)] - times_us)
    return np.minimum(left, right) <= TOLERANCE_US


def current(points: Measurements) -> Measurements:
    """Return points without those that are superseded; the same object where none is."""
    gone = superseded(points)
    if not gone.any():
        return points
    rows = np.flatnonzero(~gone)
    return Measurements(
        time_us=points.time_us[rows],
        label=Coded(points.label.values, points.label.codes[rows]),
        brightness=points.brightness[rows],
        error=points.error[rows],
        limit=points.limit[rows],
        negative=points.negative[rows],
    )
