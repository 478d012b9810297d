"""Statements that the ORM could write, but takes longer to put together than a database to run.

Every creation of a target by the REST API runs them. Called by ``recorder``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connections

from tom_common.history.models import Change, ChangeSet


@cache
def _insert(model: Any, vendor: str, rows: int) -> tuple[str, tuple[str, ...]]:
    """Return the statement that stores rows of a model, and the attributes that it takes, in order."""
    columns = [column for column in model._meta.concrete_fields if not column.primary_key]
    quote = "`{}`" if vendor == "mysql" else '"{}"'
    names = ", ".join(quote.format(column.column) for column in columns)
    places = ", ".join([f"({', '.join(['%s'] * len(columns))})"] * rows)
    table = quote.format(model._meta.db_table)
    return f"INSERT INTO {table} ({names}) VALUES {places}", tuple(column.attname for column in columns)


def insert_change_set(change_set: ChangeSet, *, using: str) -> int:
    """Store a change set and return its key.

    Parameters
    ----------
    change_set : ChangeSet
        Unsaved, with its author known to exist.
    using : str
        Alias of the database.
    """
    connection = connections[using]
    sql, names = _insert(ChangeSet, connection.vendor, 1)
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} RETURNING id", _values(connection, change_set, names))
        return int(cursor.fetchone()[0])


def insert_changes(changes: Sequence[Change], *, using: str) -> None:
    """Store a few changes in one statement.

    Parameters
    ----------
    changes : sequence of Change
        At most twenty: each number of them is a statement of its own.
    using : str
        Alias of the database.
    """
    connection = connections[using]
    sql, names = _insert(Change, connection.vendor, len(changes))
    values = [value for change in changes for value in _values(connection, change, names)]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def _values(connection: Any, row: Any, names: Sequence[str]) -> list[Any]:
    times = {"created_at", "at"}
    values = ((name, getattr(row, name)) for name in names)
    adapt = connection.ops.adapt_datetimefield_value
    return [
        adapt(value) if name in times else str(value) if name == "action" else value for name, value in values
    ]
