"""Paging of the REST API: keyset cursors, with ``limit`` and ``offset`` for programs that count rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.db.models import F, QuerySet
from django.db.models.expressions import OrderBy
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.utils.urls import remove_query_param, replace_query_param

from tom_common.keyset import CursorError, KeysetPage, RowCount, count_rows, keyset_page

MAX_LIMIT = 1000
MAX_OFFSET = 10_000_000


class KeysetPagination(BasePagination):
    """Pages of ``limit`` rows; ``next`` and ``previous`` hold a cursor.

    ``count`` is exact up to 10,000 rows and an estimate above, which ``count_is_estimate`` tells. Rows
    without a value in the column that the list is sorted by come last.
    """

    limit_param = "limit"
    offset_param = "offset"
    cursor_param = "cursor"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return the rows of the page that the request asks for.

        Raises
        ------
        ValidationError
            If a parameter is no number in its range, or the cursor none of ours (status 400).
        """
        self.base_url = request.build_absolute_uri()
        limit = self._number(request, self.limit_param, 1, MAX_LIMIT, self.default_limit(view))
        offset = self._number(request, self.offset_param, 0, MAX_OFFSET, 0)
        if not isinstance(queryset, QuerySet):
            return self._slice(queryset, limit, offset)
        cursor = request.query_params.get(self.cursor_param)
        try:
            self.page = keyset_page(
                queryset, sort=sort_of(queryset), page_size=limit, cursor=cursor, offset=offset
            )
        except CursorError as error:
            raise ValidationError({self.cursor_param: [str(error)]}) from error
        self.count = self.count_of(queryset, request)
        self.links = (self._cursor_url(self.page.next_cursor), self._cursor_url(self.page.previous_cursor))
        return self.page.items

    def count_of(self, queryset: QuerySet, request: Request) -> RowCount:
        """Return how many rows the list has in all."""
        return count_rows(queryset)

    def default_limit(self, view: Any = None) -> int:
        """Return the number of rows on a page that a request without ``limit`` gets."""
        return getattr(view, "page_size", None) or api_settings.PAGE_SIZE or 100

    def get_paginated_response(self, data: Any) -> Response:
        """Wrap the rows with the count and the links."""
        return Response(
            {
                "count": self.count.value,
                "count_is_estimate": self.count.is_estimate,
                "next": self.links[0],
                "previous": self.links[1],
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the answer for OpenAPI."""
        return page_schema(schema)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the three parameters for OpenAPI."""

        def parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
            return {
                "name": name,
                "required": False,
                "in": "query",
                "description": description,
                "schema": schema,
            }

        return [
            parameter(
                self.limit_param,
                "Rows on a page.",
                {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": self.default_limit(view)},
            ),
            parameter(
                self.offset_param,
                "Rows to leave out before the page; a cursor is faster.",
                {"type": "integer", "minimum": 0, "maximum": MAX_OFFSET},
            ),
            parameter(
                self.cursor_param, "Where the page starts, from `next` or `previous`.", {"type": "string"}
            ),
        ]

    def _number(self, request: Request, name: str, lowest: int, highest: int, default: int) -> int:
        text = request.query_params.get(name)
        if text is None or text == "":
            return default
        # int() would take "１２", "1_0" and a megabyte of digits, too
        if not (text.isascii() and text.isdecimal() and len(text) <= 9 and lowest <= int(text) <= highest):
            raise ValidationError({name: [f"expected a whole number from {lowest} to {highest}"]})
        return int(text)

    def _cursor_url(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        return remove_query_param(
            replace_query_param(self.base_url, self.cursor_param, cursor), self.offset_param
        )

    def _slice(self, rows: Sequence[Any], limit: int, offset: int) -> list[Any]:
        """Page through a list, which has no columns to make a cursor of."""
        found = list(rows[offset : offset + limit])
        self.count = RowCount(len(rows), False)
        following = offset + limit if offset + limit < len(rows) else None
        preceding = max(0, offset - limit) if offset else None
        self.page = KeysetPage(found, None, None)
        self.links = (self._offset_url(following), self._offset_url(preceding))
        return found

    def _offset_url(self, offset: int | None) -> str | None:
        return None if offset is None else replace_query_param(self.base_url, self.offset_param, str(offset))


def sort_of(queryset: QuerySet) -> str:
    """Return the first term of a queryset's order as ``field`` or ``-field``, else ``-pk``."""
    terms = (
        queryset.query.order_by or (queryset.query.default_ordering and queryset.model._meta.ordering) or ()
    )
    for term in terms:
        if isinstance(term, str) and term != "?":
            return term
        field: Any = term.expression if isinstance(term, OrderBy) else term
        if isinstance(field, F):
            name: str = cast(Any, field).name
            return f"-{name}" if isinstance(term, OrderBy) and term.descending else name
    return "-pk"


def list_schema(item: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI schema of a page of a list from that of one row."""
    return page_schema({"type": "array", "items": item})


def page_schema(rows: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI schema of a page of a list from that of its rows, an array."""
    link = {"type": "string", "nullable": True, "format": "uri"}
    return {
        "type": "object",
        "required": ["count", "count_is_estimate", "next", "previous", "results"],
        "properties": {
            "count": {"type": "integer", "example": 123},
            "count_is_estimate": {
                "type": "boolean",
                "description": "Whether `count` is an estimate, as it is above 10,000 rows.",
            },
            "next": {**link, "description": "Address of the next page."},
            "previous": {**link, "description": "Address of the page before."},
            "results": rows,
        },
    }
