"""Statistics of the query planner, refreshed when a table has doubled. Raw SQL."""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model

_ANALYZE_FLOOR, _LARGE = 1000, 10_000
_growth: dict[tuple[str, str], list[int]] = {}


def analyze_when_doubled(model: type[Model], added: int, *, using: str = DEFAULT_DB_ALIAS) -> bool:
    """Refresh the planner's statistics of a table once it has doubled.

    One of ten thousand rows or more has to be four times as large. A table that was empty when the statistics
    were taken is scanned from end to end by every foreign-key check. On MariaDB nothing happens: it refreshes
    its statistics itself, and ``ANALYZE`` would end the transaction.

    Parameters
    ----------
    model : type[Model]
    added : int
        Rows inserted since the last call.
    using : str
        Alias of the database.

    Returns
    -------
    bool
        Whether the statistics were refreshed.
    """
    connection = connections[using]
    if connection.vendor not in ("postgresql", "sqlite"):
        return False
    table = model._meta.db_table
    key = (str(connection.settings_dict["NAME"]), table)
    if key not in _growth:
        _growth[key] = [_rows_at_last_analyze(connection, table), 0]
    growth = _growth[key]
    growth[1] += added
    factor = 1 if growth[0] < _LARGE else 3
    if growth[1] < max(_ANALYZE_FLOOR, factor * growth[0]):
        return False
    _growth[key] = [growth[0] + growth[1], 0]
    quoted = connection.ops.quote_name(table)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA analysis_limit=400")  # a sample: the whole table would be read otherwise
            cursor.execute(f"ANALYZE {quoted}")
        else:
            names = ", ".join(map(connection.ops.quote_name, _indexed(model)))
            cursor.execute(f"ANALYZE (SKIP_LOCKED) {quoted} ({names})")
    return True


def _indexed(model: type[Model]) -> list[str]:
    """Return the columns by which rows are found; of the others the server learns when it has time."""
    options = model._meta
    names = {name.lstrip("-") for index in options.indexes for name in index.fields}
    names |= {name for one in options.constraints for name in getattr(one, "fields", ())}
    return [
        one.column
        for one in options.local_concrete_fields
        if one.primary_key
        or one.unique
        or one.is_relation
        or getattr(one, "db_index", False)
        or one.name in names
    ]


def _rows_at_last_analyze(connection: Any, table: str) -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)", [f'"{table}"'])
            found = cursor.fetchone()
            return max(0, int(found[0])) if found else 0
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")
        if cursor.fetchone() is None:
            return 0
        cursor.execute("SELECT stat FROM sqlite_stat1 WHERE tbl = %s LIMIT 1", [table])
        found = cursor.fetchone()
        return int(found[0].split()[0]) if found and found[0] else 0
