"""Between which values the numbers of a target lie; for what services and catalogues give."""

from __future__ import annotations

import math

LIMITS = {"ra": (0.0, 360.0), "dec": (-90.0, 90.0)}
"""By column, in degrees."""


def why_impossible(column: str, value: object) -> str:
    """Return why a number cannot be the value of a column of targets, as a sentence; empty if it can."""
    if not isinstance(value, float | int):
        return ""
    if not math.isfinite(value):
        return "This is not a finite number."
    low, high = LIMITS.get(column, (-math.inf, math.inf))
    return "" if low <= value <= high else f"It lies between {low:g} and {high:g} degrees."
