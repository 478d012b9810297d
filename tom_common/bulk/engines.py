"""How each database engine is handed a batch. Raw SQL; called by ``insert_new`` only."""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, Field

from tom_common.bulk.values import Repeated, prepared, repeated, with_uuids

Columns = list[Sequence[Any]]
_SQLITE_VARIABLES = 30_000  # below SQLite's own limit of 32,766 in one statement
_MYSQL_ROWS = 1000
_MANY_ROWS = 1000
_MYSQL_DUPLICATE = 1062


@dataclass(frozen=True)
class Statement:
    """Where the rows go, what decides that one is stored already, and what is then overwritten."""

    table: str
    columns: tuple[str, ...]
    fields: tuple[Field, ...]
    conflict: tuple[str, ...]
    returning: tuple[str, ...]
    update: tuple[str, ...] = ()

    def on_conflict(self, quote: Callable[[str], str]) -> str:
        """Return the clause that SQLite and PostgreSQL share."""
        target = f" ({', '.join(map(quote, self.conflict))})" if self.conflict else ""
        if not self.update:
            return f" ON CONFLICT{target} DO NOTHING"
        changes = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in self.update)
        return f" ON CONFLICT{target} DO UPDATE SET {changes}"


def insert_sqlite(connection: Any, statement: Statement, batch: Columns) -> tuple[int, list[tuple[Any, ...]]]:
    """Leans on the unique indices of the table."""
    columns = [
        with_uuids(prepared(concrete, column), lambda value: value.hex)
        for concrete, column in zip(statement.fields, batch, strict=True)
    ]
    quote = connection.ops.quote_name
    names = ", ".join(map(quote, statement.columns))
    place = f"({', '.join(['%s'] * len(columns))})"
    head = f"INSERT INTO {quote(statement.table)} ({names}) VALUES "
    tail = statement.on_conflict(quote)
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
_NULL = "\\N"


def _copy_text(values: Sequence[Any]) -> Iterable[str]:
    """Return prepared values as the fields of COPY's text format."""
    kinds = set(map(type, values))
    if kinds <= {int} or kinds <= {float}:
        return map(repr, values)
    if kinds <= {str}:
        return values if _needs_no_escape(values) else [value.translate(_ESCAPES) for value in values]
    if kinds <= {int, float, type(None)}:
        return [_NULL if value is None else repr(value) for value in values]
    return map(_copy_field, values)


def _needs_no_escape(texts: Sequence[str]) -> bool:
    joined = "".join(texts)
    return not any(character in joined for character in "\\\t\n\r")


def _copy_field(value: Any) -> str:
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    return str(value).translate(_ESCAPES)


def _prepared_for_postgresql(concrete: Field, column: Sequence[Any]) -> Sequence[Any]:
    """Return a column prepared, and times with their offset: a session may have another time zone."""
    if not isinstance(concrete, DateTimeField):
        return with_uuids(prepared(concrete, column), str)
    if getattr(getattr(column, "dtype", None), "kind", "") == "i":
        import numpy as np

        times = np.asarray(column).astype("datetime64[us]")
        return np.datetime_as_string(times, timezone="UTC").tolist()
    values = prepared(concrete, column)
    if isinstance(values, Repeated):
        return Repeated(_with_offset(values.value), len(values))
    return [_with_offset(value) for value in values]


def _with_offset(text: str | None) -> str | None:
    return text if text is None or "+" in text or text.endswith("Z") else f"{text}+00"


def _constant(column: Sequence[Any]) -> Repeated | None:
    """Return a column that can stand in the INSERT; psycopg refuses a NUL there by a plain ValueError."""
    found = repeated(column)
    return None if found is not None and isinstance(found.value, str) and "\0" in found.value else found


def insert_postgresql(
    connection: Any, statement: Statement, batch: Columns
) -> tuple[int, list[tuple[Any, ...]]]:
    """Leans on the unique indices of the table; the staging table lives as long as the connection.

    Columns with one value in all rows are not copied: the value stands in the INSERT. Where the batch before
    was all new, a large one is taken to be so, too: without ``ON CONFLICT`` an INSERT takes three quarters of
    the time. If it is not, it is done again.
    """
    columns = [
        _prepared_for_postgresql(concrete, column)
        for concrete, column in zip(statement.fields, batch, strict=True)
    ]
    constants = [_constant(column) for column in columns]
    if all(constants):
        constants = [None] * len(columns)  # something has to be copied
    quote = connection.ops.quote_name
    quoted = list(map(quote, statement.columns))
    names = ", ".join(quoted)
    staging = quote(f"tom_staging_{hashlib.sha256(f'{statement.table} {names}'.encode()).hexdigest()[:20]}")
    copied = [name for name, constant in zip(quoted, constants, strict=True) if constant is None]
    texts = [
        _copy_text(column) for column, constant in zip(columns, constants, strict=True) if constant is None
    ]
    content = "\n".join(map("\t".join, zip(*texts, strict=True))) + "\n"
    chosen = ", ".join(
        name if constant is None else "%s" for name, constant in zip(quoted, constants, strict=True)
    )
    insert = f"INSERT INTO {quote(statement.table)} ({names}) SELECT {chosen} FROM {staging}"
    keys = [name for name in map(quote, statement.conflict) if name in copied]
    if keys:
        # Two writers that lock the same keys in the same order wait for each other, but never in a circle.
        insert += f" ORDER BY {', '.join(keys)}"
    returning = f" RETURNING {', '.join(map(quote, statement.returning))}" if statement.returning else ""
    values = [constant.value for constant in constants if constant is not None]
    place = (str(connection.settings_dict["NAME"]), statement.table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {staging} ON COMMIT DELETE ROWS AS"
            f" SELECT {names} FROM {quote(statement.table)} WITH NO DATA"
        )
        cursor.execute(f"TRUNCATE {staging}")
        with connection.wrap_database_errors:  # the cursor below Django's would raise errors of psycopg
            cursor.cursor.copy_expert(
                f"COPY {staging} ({', '.join(copied)}) FROM STDIN", io.BytesIO(content.encode())
            )
        is_taken_to_be_new = len(columns[0]) >= _MANY_ROWS and place in _all_new and not statement.update
        if not is_taken_to_be_new or not _inserted(cursor, insert + returning, values):
            cursor.execute(insert + statement.on_conflict(quote) + returning, values)
            (_all_new.add if cursor.rowcount == len(columns[0]) else _all_new.discard)(place)
        return cursor.rowcount, cursor.fetchall() if statement.returning else []


_all_new: set[tuple[str, str]] = set()
"""Databases and tables whose last batch held no row that was stored."""


def _inserted(cursor: Any, insert: str, values: Sequence[Any]) -> bool:
    """Insert rows that are taken to be new; tell whether they were, and leave all as it was otherwise."""
    try:
        with transaction.atomic(using=cursor.db.alias):
            cursor.execute(insert, values)
    except IntegrityError:
        return False
    return True


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
    ignore = "" if statement.update else " IGNORE"
    head = (
        f"INSERT{ignore} INTO {quote(statement.table)} ({', '.join(map(quote, statement.columns))}) VALUES "
    )
    place = f"({', '.join(['%s'] * len(columns))})"
    tail = ""
    if statement.update:
        changes = ", ".join(f"{quote(name)} = VALUES({quote(name)})" for name in statement.update)
        tail = f" ON DUPLICATE KEY UPDATE {changes}"
    if statement.returning:
        tail += f" RETURNING {', '.join(map(quote, statement.returning))}"
    rows = list(zip(*columns, strict=True))
    inserted = 0
    returned: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION max_error_count = 65535")
        for start in range(0, len(rows), _MYSQL_ROWS):
            chunk = rows[start : start + _MYSQL_ROWS]
            cursor.execute(head + ", ".join([place] * len(chunk)) + tail, list(itertools.chain(*chunk)))
            found = cursor.fetchall() if statement.returning else ()
            if statement.returning or statement.update:
                inserted += len(found) if statement.returning else len(chunk)
            else:
                inserted += cursor.rowcount
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
