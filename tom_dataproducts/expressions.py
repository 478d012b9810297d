"""Database expressions that hand a column to numpy without a Python object per value on the way."""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, Field, Func

LABEL_SEPARATOR = "\x1f"
"""ASCII's own separator of units, which no text of ours holds."""


class TimeColumn(Func):
    """A ``timestamptz`` as what each engine gives fastest: microseconds since 1970, or text on SQLite.

    ``times_to_unix_us`` in ``tom_dataproducts.light_curves`` reads either.
    """

    output_field = Field()  # of no type: values come as the driver gives them

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        """Write it for SQLite: the text as it is stored."""
        return super().as_sql(compiler, connection, template="CAST(%(expressions)s AS TEXT)", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        """Write it for PostgreSQL, whose driver would make a ``datetime`` of each."""
        return super().as_sql(
            compiler,
            connection,
            template="(EXTRACT(EPOCH FROM %(expressions)s) * 1000000)::bigint",
            **context,
        )

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        """Write it for MariaDB, whose times are kept in UTC."""
        return super().as_sql(
            compiler,
            connection,
            template="TIMESTAMPDIFF(MICROSECOND, '1970-01-01', %(expressions)s)",
            **context,
        )


class Labels(Func):
    """Texts of a row in one, so that thousands of rows that say the same cost one column, not six."""

    output_field = Field()
    arg_joiner = f" || '{LABEL_SEPARATOR}' || "
    template = "(%(expressions)s)"

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        """Write it for MariaDB, where ``||`` means or."""
        template = f"CONCAT_WS('{LABEL_SEPARATOR}', %(expressions)s)"
        return super().as_sql(compiler, connection, template=template, arg_joiner=", ", **context)


class HasFlag(Func):
    """Whether a JSON object has a key whose value is true; the key is a constant of ours.

    Few rows have the key, so that only those are parsed. `as_stored` leaves out the conversion to ``bool``.
    """

    def __init__(self, expression: Any, *, key: str, as_stored: bool = False) -> None:
        if not key.isidentifier():
            raise ValueError(f"{key!r} cannot be the key of a flag")
        super().__init__(expression, output_field=Field() if as_stored else BooleanField())
        self.key = key

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        """Write it for SQLite."""
        template = (
            f"(CASE WHEN INSTR(%(expressions)s, '\"{self.key}\"') > 0"
            f" THEN JSON_EXTRACT(%(expressions)s, '$.{self.key}') = 1 ELSE 0 END)"
        )
        return self._twice(compiler, connection, template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        """Write it for PostgreSQL."""
        template = f"(%(expressions)s @> '{{\"{self.key}\": true}}'::jsonb)"
        return super().as_sql(compiler, connection, template=template, **context)

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        """Write it for MariaDB."""
        template = f"COALESCE(JSON_CONTAINS(%(expressions)s, 'true', '$.{self.key}'), 0)"
        return super().as_sql(compiler, connection, template=template, **context)

    def _twice(self, compiler: Any, connection: Any, template: str, **context: Any) -> tuple[str, Any]:
        sql, params = super().as_sql(compiler, connection, template=template, **context)
        return sql, [*params, *params]
