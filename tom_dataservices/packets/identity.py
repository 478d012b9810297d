"""The number that says whether two measured points are one: ``docs/decisions/0021``."""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .batch import PointColumns

_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)


def point_keys(points: PointColumns, *, survey: str, bands: list[str]) -> NDArray[np.int64]:
    """Give the key of every point, unique among the points of one target.

    Where the survey numbers its measurements the key mixes (survey, kind, number), else
    (survey, kind, band, time). The same point gets the same key in every packet, file and version.

    Parameters
    ----------
    points : PointColumns
        Points of one survey, shape (n,).
    survey : str
        Name of the survey.
    bands : list of str
        Names that ``points.band`` points into.

    Returns
    -------
    ndarray of int64, shape (n,)
        Keys, never 0.

    References
    ----------
    Mixing function: the finaliser of SplitMix64, Steele, Lea & Flood (2014), doi:10.1145/2660193.2660195.
    """
    numbered = points.survey_id != 0
    names = np.array([_text_number(band) for band in bands] or [0], dtype=np.uint64)
    place = points.kind.astype(np.uint64) << np.uint64(1) | numbered.astype(np.uint64)
    seed = _mix(place + np.uint64(_text_number(survey)))
    by_time = _mix(seed ^ names[points.band]) ^ points.time_us.astype(np.uint64)
    mixed = _mix(np.where(numbered, seed ^ points.survey_id.astype(np.uint64), by_time))
    return np.where(mixed == 0, np.uint64(1), mixed).astype(np.int64)


def keys_of(keys: NDArray[np.int64], maker: str) -> NDArray[np.int64]:
    """Give the keys that points bear where those of another maker at the same moment have theirs.

    Parameters
    ----------
    keys : ndarray of int64, shape (n,)
        As `point_keys` gives them to points without a number.
    maker : str
        Telescope and instrument.

    Returns
    -------
    ndarray of int64, shape (n,)
        Keys, never 0.
    """
    mixed = _mix(keys.astype(np.uint64) ^ np.uint64(_text_number(maker)))
    return np.where(mixed == 0, np.uint64(1), mixed).astype(np.int64)


def _mix(number: NDArray[np.uint64]) -> NDArray[np.uint64]:
    number = (number ^ (number >> np.uint64(30))) * _M1
    number = (number ^ (number >> np.uint64(27))) * _M2
    return number ^ (number >> np.uint64(31))


@cache
def _text_number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
