"""Plain values of arrays, as JSON and the database hold them: no NaN, no infinity."""

from __future__ import annotations

import math
from typing import Any

from numpy.typing import NDArray


def finite_or_none(value: float) -> float | None:
    """Return a number, None for NaN and infinity."""
    return value if math.isfinite(value) else None


def plain_column(column: NDArray[Any]) -> list[Any]:
    """Return an array as a list; floats that are no number are None."""
    values = column.tolist()
    return [finite_or_none(value) for value in values] if column.dtype.kind == "f" else values
