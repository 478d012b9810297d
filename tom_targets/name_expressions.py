"""The condition that a target has a name like a text, among very many that do. Called by ``name_search``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F

from tom_targets.list_expressions import Condition, is_page

_COUNTED = 20_001  # of the names and of the aliases: more than is ever counted exactly


class NamedLike(Condition):
    """Whether the name of a target, or an alias, fits.

    For a count, an export or a selection the rows come from the indices of names and aliases; a count takes
    no more of them than it tells. On a page each row is tested on the way, where that leads there sooner.

    Parameters
    ----------
    selects : sequence of (str, sequence)
        Statements with their parameters that give the keys of targets by name, and by alias.
    test : (str, list)
        Condition for single rows, with ``{key}`` for the column of the simplified name, and its parameters.
    aliases : str
        Table of aliases, quoted.
    other_keys : sequence of int, optional
        Keys of the targets that have such an alias, where they are few.
    are_sorted : bool
        Whether a page takes all rows from the indices, too.
    """

    def __init__(
        self,
        selects: Sequence[tuple[str, Sequence[Any]]],
        test: tuple[str, list[Any]],
        aliases: str,
        *,
        other_keys: Sequence[int] | None = None,
        are_sorted: bool = False,
    ) -> None:
        super().__init__(F("pk"), F("name_key"))
        self.selects, self.test, self.aliases = selects, test, aliases
        self.other_keys, self.are_sorted = other_keys, are_sorted

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Return the condition."""
        key, name_key = (compiler.compile(one)[0] for one in self.get_source_expressions())
        if is_page(compiler) and not self.are_sorted:
            sql, values = self._tested(key, name_key)
            return self.on_the_way(sql, connection), values
        limit = "" if compiler.query.high_mark is None or is_page(compiler) else f" LIMIT {_COUNTED}"
        found = (f"SELECT * FROM ({select}{limit}) found" for select, _ in self.selects)  # noqa: S608
        values = [value for _, parameters in self.selects for value in parameters]
        return f"{key} IN ({' UNION ALL '.join(found)})", values

    def _tested(self, key: str, name_key: str) -> tuple[str, list[Any]]:
        sql, values = self.test
        own = sql.format(key=name_key)
        if self.other_keys is not None:
            others = f" OR {key} IN ({','.join(map(str, self.other_keys))})" if self.other_keys else ""
            return f"({own}{others})", list(values)
        # A count inside a scalar subquery stays a probe; PostgreSQL would hash the aliases of all rows.
        other = sql.format(key="also.name_key")
        probe = f"SELECT 1 FROM {self.aliases} also WHERE also.target_id = {key} AND {other} LIMIT 1"  # noqa: S608
        return f"({own} OR (SELECT COUNT(*) FROM ({probe}) found) > 0)", [*values, *values]  # noqa: S608
