"""How a catalogue's value differs from the stored one."""

from __future__ import annotations

from typing import Any

import numpy as np


def same_value(first: Any, second: Any) -> bool:
    """Tell whether two values are the same, numbers whatever they are written as."""
    if first in (None, "") or second in (None, ""):
        return first in (None, "") and second in (None, "")
    if str(first) == str(second):
        return True
    try:
        return float(first) == float(second)
    except (TypeError, ValueError):
        return False


def difference(key: str, stored: Any, value: Any, *, dec_deg: float | None = None) -> str:
    """Return how a catalogue's value differs from the stored one, empty where it does not.

    Right ascensions differ by the angle on the sky, in arcsec, where the declination is known.
    """
    if stored in (None, "") or value in (None, "") or same_value(stored, value):
        return ""
    try:
        by = float(value) - float(stored)
    except (TypeError, ValueError):
        return "differs"
    if key == "ra":
        by = (by + 180.0) % 360.0 - 180.0
        by *= float(np.cos(np.radians(dec_deg or 0.0)))
    if key in ("ra", "dec"):
        return f"{by * 3600.0:+.2f}″"
    return f"{by:+.4g}"
