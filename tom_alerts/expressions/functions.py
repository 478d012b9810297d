"""The functions of expressions; a missing argument makes the result missing, but for min and max."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .tree import ANY, NUMBER, TEXT

_AB_ZERO_POINT_NJY = 31.4


@dataclass(frozen=True)
class Function:
    """One function: what it takes and gives, the fields it uses besides, and what computes it."""

    takes: tuple[str, ...]
    gives: str
    text: str
    compute: Callable[..., Any]
    also: tuple[str, ...] = ()
    is_open: bool = False
    """Takes any number of further arguments of the last kind."""


def _mag(flux_njy: float) -> float | None:
    return _AB_ZERO_POINT_NJY - 2.5 * math.log10(flux_njy) if flux_njy > 0 else None


def _log10(value: float) -> float | None:
    return math.log10(value) if value > 0 else None


def _sqrt(value: float) -> float | None:
    return math.sqrt(value) if value >= 0 else None


def _distance_deg(ra_deg: float, dec_deg: float, ra: float, dec: float) -> float:
    first, second = math.radians(dec_deg), math.radians(dec)
    half = math.radians(ra - ra_deg) / 2
    root = math.sin((second - first) / 2) ** 2 + math.cos(first) * math.cos(second) * math.sin(half) ** 2
    return math.degrees(2 * math.asin(min(1.0, math.sqrt(root))))


FUNCTIONS: dict[str, Function] = {
    "abs": Function((NUMBER,), NUMBER, "abs(x): without the sign", abs),
    "min": Function((NUMBER, NUMBER), NUMBER, "min(a, b, …): the smallest that is known", min, is_open=True),
    "max": Function((NUMBER, NUMBER), NUMBER, "max(a, b, …): the largest that is known", max, is_open=True),
    "len": Function((TEXT,), NUMBER, "len(text): its number of characters", lambda text: float(len(text))),
    "lower": Function((TEXT,), TEXT, "lower(text): in small letters", lambda text: text.lower()),
    "sqrt": Function((NUMBER,), NUMBER, "sqrt(x): square root", _sqrt),
    "log10": Function((NUMBER,), NUMBER, "log10(x): logarithm to the base 10", _log10),
    "mag": Function((NUMBER,), NUMBER, "mag(flux): AB magnitude of a flux in nJy", _mag),
    "age_days": Function(
        (NUMBER,),
        NUMBER,
        "age_days(mjd): days from that time (MJD, UTC) to the alert",
        lambda since, mjd: mjd - since,
        ("mjd",),
    ),
    "distance_deg": Function(
        (NUMBER, NUMBER),
        NUMBER,
        "distance_deg(ra, dec): degrees on the sky from a position (ICRS, deg) to the alert",
        _distance_deg,
        ("ra", "dec"),
    ),
    "known": Function(
        (ANY, ANY),
        ANY,
        "known(a, b, …): the first of these that is not missing",
        lambda *_: None,
        is_open=True,
    ),
}
