"""What packets and services tell, as values of the kinds of fields. Pure; called by the tables of filters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tom_alerts.expressions.tree import NUMBER, TEXT, TRUTH
from tom_alerts.expressions.vocabulary import field_named
from tom_alerts.values import finite_or_none


def of_kind(values: Sequence[Any], key: str) -> list[Any]:
    """Return what a packet or a service told as the kind of its field; None for what is of no such kind.

    NaN and infinity are None, too.
    """
    field = field_named(key)
    keep = _KEPT.get(field.kind, _any) if field is not None else _any
    return [None if value is None else keep(value) for value in values]


def _any(value: Any) -> Any:
    return finite_or_none(value) if isinstance(value, float) else value


def _only(*kinds: type) -> Callable[[Any], Any]:
    return lambda value: _any(value) if type(value) in kinds else None


_KEPT: dict[str, Callable[[Any], Any]] = {NUMBER: _only(float, int), TEXT: _only(str), TRUTH: _only(bool)}


def floats_of(values: Sequence[Any]) -> NDArray[np.float64]:
    """Return values as numbers, NaN for what is none, shape (n,)."""
    return np.array(
        [value if isinstance(value, float | int) else np.nan for value in values], dtype=np.float64
    )
