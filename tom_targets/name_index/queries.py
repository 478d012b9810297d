"""The index behind searches for a part of a name: trigrams of the simplified names, kept by the database.

PostgreSQL: GIN indices of the extension ``pg_trgm``. SQLite: one FTS5 table for each of the two columns, kept
by triggers. Both are made after each ``migrate``: a later migration of SQLite may drop the triggers with the
table they belong to. A database without them reads all names, which takes longer and finds the same.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.db.models import Q
from django.db.models.expressions import RawSQL

logger = logging.getLogger(__name__)

TABLES = ("tom_targets_basetarget", "tom_targets_targetname")
SHORTEST = 3
"""A trigram has three characters; a shorter text has no help from the index."""
_known: dict[str, bool] = {}


def ensure_name_index(using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """Make the indices where they are missing; called after each ``migrate``.

    Parameters
    ----------
    using : str
        Alias of the database.
    """
    connection = connections[using]
    make = {"postgresql": _make_on_postgresql, "sqlite": _make_on_sqlite}.get(connection.vendor)
    tables = connection.introspection.table_names()
    if make is None or not set(TABLES) <= set(tables):
        return
    try:
        with transaction.atomic(using=using):
            make(connection)
    except DatabaseError as error:
        logger.warning("no index for parts of names, searches read all names: %s", error)
    _known.clear()


def _make_on_postgresql(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE indexname = ANY(%s)", [[_of(t) for t in TABLES]]
        )
        missing = {_of(table) for table in TABLES} - {name for (name,) in cursor.fetchall()}
        if missing:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        for table in TABLES:
            if _of(table) in missing:
                cursor.execute(f"CREATE INDEX {_of(table)} ON {table} USING gin (name_key gin_trgm_ops)")


def _make_on_sqlite(connection: Any) -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            index = _of(table)
            wanted = {index, *(f"{index}_{event}" for event in ("added", "gone", "changed"))}
            names = ", ".join(f"'{name}'" for name in wanted)
            cursor.execute(f"SELECT name FROM sqlite_master WHERE name IN ({names})")
            if {name for (name,) in cursor.fetchall()} == wanted:
                continue
            for statement in _statements_of_sqlite(table, index):
                cursor.execute(statement)


def _statements_of_sqlite(table: str, index: str) -> list[str]:
    forget = f"INSERT INTO {index}({index}, rowid, name_key) VALUES ('delete', old.id, old.name_key);"
    learn = f"INSERT INTO {index}(rowid, name_key) VALUES (new.id, new.name_key);"
    return [
        f"DROP TABLE IF EXISTS {index}",
        *(f"DROP TRIGGER IF EXISTS {index}_{event}" for event in ("added", "gone", "changed")),
        f"CREATE VIRTUAL TABLE {index} USING"
        f" fts5(name_key, content='{table}', content_rowid='id', tokenize='trigram', detail=none)",
        f"INSERT INTO {index}({index}) VALUES ('rebuild')",
        f"CREATE TRIGGER {index}_added AFTER INSERT ON {table} BEGIN {learn} END",
        f"CREATE TRIGGER {index}_gone AFTER DELETE ON {table} BEGIN {forget} END",
        f"CREATE TRIGGER {index}_changed AFTER UPDATE OF id, name_key ON {table} BEGIN {forget} {learn} END",
    ]


def _of(table: str) -> str:
    return f"{table}_trigrams"


def holding(key: str, model: Any, using: str) -> Q:
    """Return the condition that a simplified name holds a text.

    Parameters
    ----------
    key : str
        Simplified text.
    model : type of Model
        The base class of targets, or their aliases.
    using : str
        Alias of the database.
    """
    if connections[using].vendor != "sqlite" or len(key) < SHORTEST or not {"%", "_"}.isdisjoint(key):
        return Q(name_key__contains=key)
    table = model._meta.db_table
    if table not in TABLES or not _is_there(using):
        return Q(name_key__contains=key)
    statement = f"SELECT rowid FROM {_of(table)} WHERE name_key LIKE %s"
    return Q(pk__in=RawSQL(statement, [f"%{key}%"]))  # noqa: S611  the table is one of two


def _is_there(using: str) -> bool:
    name = f"{using} {connections[using].settings_dict['NAME']}"
    if name not in _known:
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sqlite_master WHERE name = %s", [_of(TABLES[1])])
            _known[name] = bool(cursor.fetchone()[0])
    return _known[name]
