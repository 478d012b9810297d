"""How each database engine is handed a batch. Raw SQL; called by ``insert_new`` only."""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError
from django.db.models import DateTimeField, Field

from tom_common.bulk.values import prepared, with_uuids, without_memoryviews

Columns = list[Sequence[Any]]
_SQLITE_VARIABLES = 30_000  # below SQLite's own limit of 32,766 in one statement
_MYSQL_ROWS = 1000
_MYSQL_DUPLICATE = 1062


@dataclass(frozen=True)
class Statement:
    """Where the rows go: table, columns, and what decides that a row is stored already."""

    table: str
    columns: tuple[str, ...]
    fields: tuple[Field, ...]
    conflict: tuple[str, ...]
    returning: tuple[str, ...]


def insert_sqlite(connection: Any, statement: Statement, batch: Columns) -> tuple[int, list[tuple[Any, ...]]]:
    """Leans on the unique indices of the table."""
    columns = [
        with_uuids(prepared(concrete, column), lambda value: value.hex)
        for concrete, column in zip(statement.fields, batch, strict=True)
    ]
    quote = connection.ops.quote_name
    names = ", ".join(map(quote, statement.columns))
    target = f" ({', '.join(map(quote, statement.conflict))})" if statement.conflict else ""
    place = f"({', '.join(['%s'] * len(columns))})"
    head = f"INSERT INTO {quote(statement.table)} ({names}) VALUES "
    tail = f" ON CONFLICT{target} DO NOTHING"
    rows = list(zip(*columns, strict=True))
    with connection.cursor() as cursor:
        if not statement.returning:
            cursor.executemany(head + place + tail, rows)
            return cursor.rowcount, []
        tail += f" RETURNING {', '.join(map(quote, statement.returning))}"
        returned: list[tuple[Any, ...]] = []
        step = max(1, _SQLITE_VARIABLES // len(columns))
        for start in range(0, len(rows), step):
            chunk = rows[start : start + step]
            cursor.execute(head + ", ".join([place] * len(chunk)) + tail, list(itertools.chain(*chunk)))
            returned += cursor.fetchall()
        return len(returned), returned


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copy_text(concrete: Field, column: Sequence[Any]) -> Iterable[str]:
    """Return a column as the fields of COPY's text format."""
    values = without_memoryviews(with_uuids(prepared(concrete, column), str))
    kinds = set(map(type, values))
    if isinstance(concrete, DateTimeField):
        return ["\\N" if value is None else f"{value}+00" if "+" not in value else value for value in values]
    if kinds <= {int} or kinds <= {float}:
        return map(repr, values)
    if kinds <= {int, float, type(None)}:
        return ["\\N" if value is None else repr(value) for value in values]
    if kinds <= {bool}:
        return ["t" if value else "f" for value in values]
    return map(_copy_field, values)


def _copy_field(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    text = str(value)
    return text.translate(_ESCAPES) if not text.isalnum() else text


def insert_postgresql(
    connection: Any, statement: Statement, batch: Columns
) -> tuple[int, list[tuple[Any, ...]]]:
    """Leans on the unique indices of the table; the staging table lives as long as the connection."""
    quote = connection.ops.quote_name
    names = ", ".join(map(quote, statement.columns))
    digest = hashlib.sha256(f"{statement.table} {names}".encode()).hexdigest()[:20]
    staging = quote(f"tom_staging_{digest}")
    fields = [_copy_text(concrete, column) for concrete, column in zip(statement.fields, batch, strict=True)]
    content = "\n".join(map("\t".join, zip(*fields, strict=True))) + "\n"
    insert = f"INSERT INTO {quote(statement.table)} ({names}) SELECT {names} FROM {staging}"
    if statement.conflict:
        # Two writers that lock the same keys in the same order wait for each other, but never in a circle.
        keys = ", ".join(map(quote, statement.conflict))
        insert += f" ORDER BY {keys} ON CONFLICT ({keys}) DO NOTHING"
    else:
        insert += " ON CONFLICT DO NOTHING"
    if statement.returning:
        insert += f" RETURNING {', '.join(map(quote, statement.returning))}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {staging} ON COMMIT DELETE ROWS AS"
            f" SELECT {names} FROM {quote(statement.table)} WITH NO DATA"
        )
        cursor.execute(f"TRUNCATE {staging}")
        cursor.cursor.copy_expert(f"COPY {staging} ({names}) FROM STDIN", io.BytesIO(content.encode()))
        cursor.execute(insert)
        inserted = cursor.rowcount
        return inserted, cursor.fetchall() if statement.returning else []


def insert_mysql(connection: Any, statement: Statement, batch: Columns) -> tuple[int, list[tuple[Any, ...]]]:
    """Insert a batch on MariaDB; leans on the unique indices of the table.

    ``ON DUPLICATE KEY UPDATE`` cannot tell new rows from old ones while the connection counts found rows, as
    Django asks it to; ``INSERT IGNORE`` can, but hides every other error, so what it hides is looked at.
    """
    columns = [
        with_uuids(
            prepared(concrete, column),
            lambda value, concrete=concrete: concrete.get_db_prep_value(value, connection),
        )
        for concrete, column in zip(statement.fields, batch, strict=True)
    ]
    quote = connection.ops.quote_name
    head = f"INSERT IGNORE INTO {quote(statement.table)} ({', '.join(map(quote, statement.columns))}) VALUES "
    place = f"({', '.join(['%s'] * len(columns))})"
    tail = f" RETURNING {', '.join(map(quote, statement.returning))}" if statement.returning else ""
    rows = list(zip(*columns, strict=True))
    inserted = 0
    returned: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION max_error_count = 65535")
        for start in range(0, len(rows), _MYSQL_ROWS):
            chunk = rows[start : start + _MYSQL_ROWS]
            cursor.execute(head + ", ".join([place] * len(chunk)) + tail, list(itertools.chain(*chunk)))
            found = cursor.fetchall() if statement.returning else ()
            inserted += len(found) if statement.returning else cursor.rowcount
            returned += found
            cursor.execute("SHOW WARNINGS")
            for _, code, message in cursor.fetchall():
                if code != _MYSQL_DUPLICATE:
                    raise IntegrityError(code, message)
    return inserted, returned


Writer = Callable[[Any, Statement, Columns], tuple[int, list[tuple[Any, ...]]]]
WRITERS: dict[str, Writer] = {
    "sqlite": insert_sqlite,
    "postgresql": insert_postgresql,
    "mysql": insert_mysql,
}
