"""Pages through the tables of measurements as through one list: all of the first table, then the next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from tom_common.api_pagination import MAX_LIMIT, MAX_OFFSET, KeysetPagination
from tom_common.keyset import RowCount, count_rows

_CURSOR = re.compile(r"([0-9])([ab])([0-9]{1,18})")


class _Position(NamedTuple):
    """A row: the number of its table, and its key."""

    table: int
    pk: int


class DatumPagination(KeysetPagination):
    """A cursor names a table, a key, and whether the page lies after (a) or before (b) that row."""

    def paginate_tables(self, parts: Sequence[QuerySet], request: Request, view: Any = None) -> list[Any]:
        """Return the rows of the page that the request asks for, newest first within each table.

        Raises
        ------
        ValidationError
            If a parameter is no number in its range, or the cursor none of ours (status 400).
        """
        self.base_url = request.build_absolute_uri()
        limit = self._number(request, self.limit_param, 1, MAX_LIMIT, self.default_limit(view))
        offset = self._number(request, self.offset_param, 0, MAX_OFFSET, 0)
        cursor = request.query_params.get(self.cursor_param)
        backwards, start = self._read(cursor, len(parts)) if cursor else (False, None)
        found = _rows(parts, start, limit + 1, backwards=backwards, offset=0 if cursor else offset)
        more = len(found) > limit
        found = found[:limit]
        if backwards:
            found.reverse()
        has_next, has_previous = (True, more) if backwards else (more, bool(cursor) or offset > 0)
        self.links = (
            self._link("a", found[-1][0]) if found and has_next else None,
            self._link("b", found[0][0]) if found and has_previous else None,
        )
        counts = [count_rows(part) for part in parts]
        self.count = RowCount(
            sum(count.value for count in counts), any(count.is_estimate for count in counts)
        )
        return [row for _, row in found]

    def _read(self, cursor: str, tables: int) -> tuple[bool, _Position]:
        match = _CURSOR.fullmatch(cursor)
        if match is None or int(match[1]) >= tables:
            raise ValidationError(
                {self.cursor_param: ["This cursor is not one of ours; start again without."]}
            )
        return match[2] == "b", _Position(int(match[1]), int(match[3]))

    def _link(self, side: str, position: _Position) -> str | None:
        return self._cursor_url(f"{position.table}{side}{position.pk}")


def _rows(
    parts: Sequence[QuerySet], start: _Position | None, limit: int, *, backwards: bool, offset: int
) -> list[tuple[_Position, Any]]:
    """Return the rows on one side of a position, nearest first."""
    order = range(len(parts))
    found: list[tuple[_Position, Any]] = []
    for table in reversed(order) if backwards else order:
        if start is not None and (table > start.table if backwards else table < start.table):
            continue
        rows = parts[table].order_by("pk" if backwards else "-pk")
        if start is not None and table == start.table:
            rows = rows.filter(pk__gt=start.pk) if backwards else rows.filter(pk__lt=start.pk)
        page = list(rows[offset : offset + limit - len(found)])
        if offset and not page:
            offset = max(0, offset - rows.count())
        elif offset:
            offset = 0
        found += [(_Position(table, row.pk), row) for row in page]
        if len(found) >= limit:
            break
    return found
