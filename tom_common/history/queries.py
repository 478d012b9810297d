"""Statements that the ORM could write, but takes longer to put together than a database to run.

Every creation of a target by the REST API runs them. Called by ``recorder``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connections

from tom_common.history.models import Change, ChangeSet
from tom_common.history.pending import COLUMNS

_TIMES = {"created_at", "at"}


@cache
def _columns(model: Any) -> tuple[str, ...]:
    return tuple(column.attname for column in model._meta.concrete_fields if not column.primary_key)


@cache
def _insert(model: Any, vendor: str, names: tuple[str, ...]) -> str:
    """Return the beginning of a statement that stores rows of a model."""
    quote = "`{}`" if vendor == "mysql" else '"{}"'
    columns = ", ".join(quote.format(model._meta.get_field(name).column) for name in names)
    return f"INSERT INTO {quote.format(model._meta.db_table)} ({columns})"


def _places(width: int) -> str:
    return f"({', '.join(['%s'] * width)})"


@cache
def _insert_both(names: tuple[str, ...], types: tuple[str, ...], rows: int) -> str:
    """Return the statement of PostgreSQL that stores a change set and as many changes."""
    places = ", ".join(f"%s::{one}" for one in types[1:])
    changes = " UNION ALL ".join([f"SELECT made.id, {places} FROM made"] * rows)
    return (
        f"WITH made AS ({_insert(ChangeSet, 'postgresql', names)} VALUES {_places(len(names))} RETURNING id)"
        f" {_insert(Change, 'postgresql', COLUMNS)} {changes} RETURNING change_set_id"
    )


def insert_change_set(change_set: ChangeSet, rows: Sequence[tuple[Any, ...]], *, using: str) -> int:
    """Store a change set, with a few changes of it, and return its key.

    Parameters
    ----------
    change_set : ChangeSet
        Unsaved, with its author known to exist.
    rows : sequence of tuples
        Values of ``pending.COLUMNS``, that of the change set left open; at most twenty, since each number of
        them is a statement of its own.
    using : str
        Alias of the database.
    """
    connection = connections[using]
    names = _columns(ChangeSet)
    adapt = connection.ops.adapt_datetimefield_value
    values = [getattr(change_set, name) for name in names]
    values = [adapt(value) if name in _TIMES else value for name, value in zip(names, values, strict=True)]
    if connection.vendor == "postgresql" and rows:
        types = tuple(str(Change._meta.get_field(name).rel_db_type(connection)) for name in COLUMNS)
        values += [value for row in rows for value in _adapted(connection, row)[1:]]
        with connection.cursor() as cursor:
            cursor.execute(_insert_both(names, types, len(rows)), values)
            return int(cursor.fetchone()[0])
    with connection.cursor() as cursor:
        statement = (
            f"{_insert(ChangeSet, connection.vendor, names)} VALUES {_places(len(names))} RETURNING id"
        )
        cursor.execute(statement, values)
        pk = int(cursor.fetchone()[0])
    insert_changes([(pk, *row[1:]) for row in rows], using=using)
    return pk


def insert_changes(rows: Sequence[tuple[Any, ...]], *, using: str) -> None:
    """Store a few changes in one statement.

    Parameters
    ----------
    rows : sequence of tuples
        Values of ``pending.COLUMNS``; at most twenty.
    using : str
        Alias of the database.
    """
    if not rows:
        return
    connection = connections[using]
    places = ", ".join([_places(len(COLUMNS))] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_insert(Change, connection.vendor, COLUMNS)} VALUES {places}",
            [value for row in rows for value in _adapted(connection, row)],
        )


def _adapted(connection: Any, row: Sequence[Any]) -> list[Any]:
    adapt = connection.ops.adapt_datetimefield_value
    return [adapt(value) if name in _TIMES else value for name, value in zip(COLUMNS, row, strict=True)]
