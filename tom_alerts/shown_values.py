"""Values of the fields of alerts as pages show them: digits to match the unit. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tom_alerts.expressions import field_named
from tom_alerts.expressions.tree import NUMBER

_FORMS = {
    "d (UTC)": "{:.5f}",
    "d (TAI)": "{:.5f}",
    "d": "{:.2f}",
    "deg": "{:.5f}",
    "arcsec": "{:.2f}",
    "mag": "{:.2f}",
    "mag (AB)": "{:.2f}",
    "mag (V)": "{:.2f}",
    "mag/d": "{:+.3f}",
    "nJy": "{:.4g}",
    "0 to 1": "{:.2f}",
}


@dataclass(frozen=True)
class Column:
    """One field as the heading of a column."""

    name: str
    unit: str
    is_number: bool


def columns_of(names: Iterable[str]) -> list[Column]:
    """Return the columns of fields, by their names or paths."""
    fields = ((name, field_named(name)) for name in names)
    return [
        Column(name, "" if field is None else field.unit, field is not None and field.kind == NUMBER)
        for name, field in fields
    ]


def shown(value: Any, unit: str) -> str:
    """Return a value in a unit with the digits that it deserves; a dash where it is missing."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        whole = isinstance(value, int) or value.is_integer()
        form = _FORMS.get(unit) or ("{:.0f}" if whole and abs(value) < 1e15 else "{:.6g}")
        return form.format(value).replace("-", "−")
    return str(value)
