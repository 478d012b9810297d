"""Conditions of target lists that are written in two ways: for a page of a list in some order, and else.

An index that finds a hundred thousand rows is the wrong way to the first 25 of them by date: all have to be
fetched and sorted. Where many rows fit, their order leads to a page sooner, and the condition is tested on
the way; written so that no index answers it. Few rows are fetched by their keys. Neither SQLite nor
PostgreSQL knows how many rows a circle, or a part of a name, will find.

Called by ``filters``, ``sky_expressions`` and ``name_search``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import BooleanField, F, Func, QuerySet

FEW = 4000
"""So many rows are fetched by their keys and sorted; more lie so densely that a page is found by walking."""


def is_page(compiler: Any) -> bool:
    """Tell whether a statement reads a part of a list in an order, so that many rows are better walked."""
    query = compiler.query
    return query.high_mark is not None and bool(query.order_by)


def keys_if_few(rows: QuerySet, column: str = "pk") -> list[int] | None:
    """Return the keys of rows, None for more than `FEW`."""
    keys = list(rows.order_by().values_list(column, flat=True)[: FEW + 1])
    return keys if len(keys) <= FEW else None


class Condition(Func):
    """Base of conditions that stand in a filter as they are; `are_many` says that very many rows fit."""

    output_field = BooleanField()
    conditional = True
    are_many = False

    def on_the_way(self, sql: str, connection: Any) -> str:
        """Return a condition so that PostgreSQL, which guesses, takes it to fit half of all rows."""
        return f"(CASE WHEN {sql} THEN TRUE ELSE FALSE END)" if connection.vendor == "postgresql" else sql


class KeysIn(Condition):
    """Whether the primary key of a row is one of some."""

    def __init__(self, keys: Sequence[int]) -> None:
        super().__init__(F("pk"))
        self.keys = sorted({int(key) for key in keys})

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Return the comparison with the keys as they are: as parameters they would take longer than it."""
        if not self.keys:
            return "1 = 0", []
        key, parameters = compiler.compile(self.get_source_expressions()[0])
        listed = ",".join(map(str, self.keys))
        if connection.vendor == "postgresql":
            return f"{key} = ANY('{{{listed}}}'::bigint[])", parameters
        return f"{key} IN ({listed})", parameters


class OnTheWay(Condition):
    """Whether a column has a value; on a page without the column's index, where SQLite would take it."""

    def __init__(self, column: str, value: str) -> None:
        super().__init__(F(column))
        self.value = value

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Return the comparison."""
        column, parameters = compiler.compile(self.get_source_expressions()[0])
        sign = "+" if connection.vendor == "sqlite" and is_page(compiler) else ""
        return f"{sign}{column} = %s", [*parameters, self.value]
