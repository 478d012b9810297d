"""Pages of a long list, found by the last row of the page before and not by counting rows from the start.

A page deep in a million rows costs as much as the first. Used by list views, and by the REST API through
``tom_common.api_pagination``.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import BadRequest, FieldDoesNotExist, FieldError
from django.core.signing import BadSignature, Signer
from django.db import connections
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from tom_common.conf import MAX_EXACT_COUNT

SORT_VALUE = "keyset_value"
_SALT = "tom_common.keyset"
_MAX_CURSOR_LENGTH = 2000


class CursorError(BadRequest):
    """A cursor, or an order, that the list does not know; Django answers it with status 400."""


@dataclass(frozen=True)
class Position:
    """One row's place in the order: its sort value (None for NULL) and its primary key."""

    value: Any
    pk: Any


@dataclass(frozen=True)
class KeysetPage:
    """One page: its rows, and the cursors of the pages around it (None where there is none)."""

    items: list[Any]
    next_cursor: str | None
    previous_cursor: str | None

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True)
class RowCount:
    """Number of rows; an estimate where counting them would take longer than showing them."""

    value: int
    is_estimate: bool


def keyset_page(
    queryset: QuerySet, *, sort: str = "-pk", page_size: int, cursor: str | None = None, offset: int = 0
) -> KeysetPage:
    """Return one page of a queryset.

    Parameters
    ----------
    queryset : QuerySet
        Of model instances or of ``values()``. Its own order is replaced.
    sort : str
        Field, relation path or annotation to sort by; a leading ``-`` sorts downwards. Rows without a value
        come last in both directions, on every database. The primary key breaks ties.
    page_size : int
        Rows on a page.
    cursor : str, optional
        From a page returned earlier for the same `sort`; the first page without.
    offset : int
        Rows to leave out before the page, for callers that count rows; costs time in proportion. Ignored with
        a cursor.

    Raises
    ------
    CursorError
        If the cursor was not made by us for this order, or the queryset cannot be sorted like that.
    """
    order = _Order(queryset, sort)
    if cursor:
        backwards, position = _decode(cursor, sort)
    else:
        backwards, position = False, None
    try:
        rows = order.rows_from(
            position, backwards=backwards, limit=page_size + 1, offset=0 if cursor else offset
        )
    except (FieldError, ValueError, TypeError) as error:
        raise CursorError(f"this list cannot be sorted by {sort.lstrip('-')!r}") from error
    more = len(rows) > page_size
    rows = rows[:page_size]
    if backwards:
        if not more:  # the first page is shown full, whatever row it was reached from
            return keyset_page(queryset, sort=sort, page_size=page_size)
        rows.reverse()
    has_next, has_previous = (True, more) if backwards else (more, bool(position) or offset > 0)
    next_cursor = previous_cursor = None
    if rows and has_next:
        next_cursor = _encode(sort, False, order.position(rows[-1]))
    if rows and has_previous:
        previous_cursor = _encode(sort, True, order.position(rows[0]))
    for row in rows:
        if isinstance(row, dict):
            row.pop(SORT_VALUE, None)
    return KeysetPage(rows, next_cursor, previous_cursor)


class _RelatedPart:
    """Rows in the order of a column of a one-to-one related model, found by that model's index.

    A join sorted by a column of the other table is walked from the wrong side: SQLite reads and sorts all
    rows first.
    """

    def __init__(self, keys: QuerySet, rows: QuerySet) -> None:
        self.keys, self.rows = keys, rows

    def __getitem__(self, window: slice) -> list[Any]:
        keys = list(self.keys[window])
        found = {_key_of(row): row for row in self.rows.filter(pk__in=keys)}
        return [found[key] for key in keys if key in found]

    def count(self) -> int:
        """Count the rows."""
        return self.keys.count()


def _key_of(row: Any) -> Any:
    if isinstance(row, dict):
        return row["pk"] if "pk" in row else row.get("id")
    return row.pk


class _Order:
    """A queryset in one order, with NULLs at the end: a part with values, then a part without.

    Two plain index ranges are quick on every engine; ``NULLS LAST`` is not (PostgreSQL's index holds NULLs at
    the other end for descending order), and the engines disagree on the order without it.
    """

    def __init__(self, queryset: QuerySet, sort: str) -> None:
        self.field = sort.removeprefix("-")
        self.descending = sort.startswith("-")
        model = queryset.model
        self.by_pk = self.field in ("pk", model._meta.pk.name)
        self.nullable = not self.by_pk and self._is_nullable(model)
        self.related = None if self.by_pk else self._related_column(model)
        base = queryset.order_by()
        try:
            self.base = base if self.by_pk else base.annotate(**{SORT_VALUE: F(self.field)})
        except FieldError as error:
            raise CursorError(f"this list cannot be sorted by {self.field!r}") from error

    def _is_nullable(self, model: type[Model]) -> bool:
        try:
            field = model._meta.get_field(self.field)
        except FieldDoesNotExist:
            return True  # a relation path or an annotation: either may be NULL
        return bool(getattr(field, "null", True))

    def _related_column(self, model: type[Model]) -> tuple[type[Model], str] | None:
        """Return model and column of ``relation__column`` where the related rows bear the same keys."""
        relation, _, column = self.field.partition("__")
        try:
            field = model._meta.get_field(relation)
            related = field.related_model if field.one_to_one and field.auto_created else None
            if not isinstance(related, type) or not related._meta.get_field(column).concrete:
                return None
        except FieldDoesNotExist:
            return None
        key = related._meta.pk
        is_shared = key is field.field and key.remote_field.field_name == model._meta.pk.name
        return (related, column) if is_shared else None

    def position(self, row: Any) -> Position:
        """Return the place of a row of this queryset."""
        if self.by_pk:
            return Position(None, _key_of(row))
        return Position(row[SORT_VALUE] if isinstance(row, dict) else getattr(row, SORT_VALUE), _key_of(row))

    def rows_from(self, start: Position | None, *, backwards: bool, limit: int, offset: int) -> list[Any]:
        """Return the rows on one side of a position, nearest first."""
        rows: list[Any] = []
        for part in self._parts(start, backwards=backwards):
            missing = limit - len(rows)
            if missing <= 0:
                break
            found = list(part[offset : offset + missing])
            if offset and not found and self.nullable:
                offset = max(0, offset - part.count())
            elif offset:
                offset = 0
            rows += found
        return rows

    def _parts(self, start: Position | None, *, backwards: bool) -> Iterator[QuerySet]:
        if self.by_pk:
            yield self._part(self.base, start, backwards=backwards, by_value=False)
            return
        with_value = self.base.filter(**{f"{SORT_VALUE}__isnull": False}) if self.nullable else self.base
        without = self.base.filter(**{f"{SORT_VALUE}__isnull": True})
        in_values = start is None or start.value is not None
        if not backwards:
            if in_values:
                yield self._valued(with_value, start, backwards=False)
            if self.nullable:
                yield self._part(without, None if in_values else start, backwards=False, by_value=False)
            return
        if not in_values:
            yield self._part(without, start, backwards=True, by_value=False)
        yield self._valued(with_value, start if in_values else None, backwards=True)

    def _valued(self, rows: QuerySet, start: Position | None, *, backwards: bool) -> Any:
        if self.related is None:
            return self._part(rows, start, backwards=backwards, by_value=True)
        model, column = self.related
        wanted = self.base.filter(pk=OuterRef("pk")).values("pk")
        keys = model._base_manager.using(rows.db).annotate(**{SORT_VALUE: F(column)})
        keys = keys.filter(Exists(wanted), **{f"{SORT_VALUE}__isnull": False})
        keys = self._part(keys, start, backwards=backwards, by_value=True).values_list("pk", flat=True)
        return _RelatedPart(keys, self.base)

    def _part(self, rows: QuerySet, start: Position | None, *, backwards: bool, by_value: bool) -> QuerySet:
        downwards = self.descending != backwards
        beyond = "lt" if downwards else "gt"
        if start is not None and by_value:
            # The first condition is implied by the second; it is what the index range is made of.
            rows = rows.filter(
                Q(**{f"{SORT_VALUE}__{beyond}e": start.value}),
                Q(**{f"{SORT_VALUE}__{beyond}": start.value}) | Q(**{f"pk__{beyond}": start.pk}),
            )
        elif start is not None:
            rows = rows.filter(**{f"pk__{beyond}": start.pk})
        terms = [F(SORT_VALUE), F("pk")] if by_value else [F("pk")]
        return rows.order_by(*(term.desc() if downwards else term.asc() for term in terms))


def count_rows(queryset: QuerySet, *, limit: int = MAX_EXACT_COUNT) -> RowCount:
    """Count the rows of a queryset: exactly up to a limit, by an estimate above.

    Parameters
    ----------
    queryset : QuerySet
    limit : int
        Most rows that are really counted.
    """
    rows = queryset.order_by()
    counted = rows[: limit + 1].count()
    if counted <= limit:
        return RowCount(counted, False)
    estimate = _estimate(rows, limit)
    if estimate is None:
        return RowCount(rows.count(), False)
    return RowCount(max(estimate, limit + 1), True)


def pager(request: HttpRequest, page: KeysetPage, total: RowCount, noun: str) -> dict[str, str]:
    """Return the variables of ``tom_common/partials/keyset_pager.html`` for a page.

    Parameters
    ----------
    request : HttpRequest
        Its query string is kept in the links; the cursor stands in the parameter ``cursor``.
    page : KeysetPage
    total : RowCount
    noun : str
        What is listed, in the plural: ``targets``.
    """

    def link(cursor: str | None) -> str:
        if cursor is None:
            return ""
        parameters = request.GET.copy()
        parameters["cursor"] = cursor
        return f"?{parameters.urlencode()}"

    about = "about " if total.is_estimate else ""
    one = f"{noun[:-3]}y" if noun.endswith("ies") else noun.removesuffix("s")
    word = one if total.value == 1 else noun
    return {
        "previous_url": link(page.previous_cursor),
        "next_url": link(page.next_cursor),
        "total_text": f"{about}{total.value:,} {word}",
    }


def _estimate(rows: QuerySet, limit: int) -> int | None:
    if connections[rows.db].vendor == "postgresql":
        plan = json.loads(rows.explain(format="json"))
        return int(plan[0]["Plan"]["Plan Rows"])
    # Elsewhere: how far in the range of keys do the first rows reach?
    keys = rows.values_list("pk", flat=True)
    first, last = keys.order_by("pk").first(), keys.order_by("-pk").first()
    reached = keys.order_by("pk")[limit : limit + 1].first()
    if not (isinstance(first, int) and isinstance(last, int) and isinstance(reached, int)):
        return None
    return round(limit * (last - first + 1) / max(1, reached - first))


def _encode(sort: str, backwards: bool, position: Position) -> str:
    content = [sort, int(backwards), _tagged(position.value), _tagged(position.pk)]
    signed = Signer(salt=_SALT).sign(json.dumps(content, separators=(",", ":")))
    return urlsafe_base64_encode(signed.encode())


def _decode(cursor: str, sort: str) -> tuple[bool, Position]:
    if len(cursor) > _MAX_CURSOR_LENGTH:
        raise CursorError("this cursor is not one of ours; start again without a cursor")
    try:
        signed = urlsafe_base64_decode(cursor).decode()
        made_for, backwards, value, pk = json.loads(Signer(salt=_SALT).unsign(signed))
        position = Position(_untagged(value), _untagged(pk))
    except (ValueError, BadSignature, KeyError, TypeError, InvalidOperation) as error:
        raise CursorError("this cursor is not one of ours; start again without a cursor") from error
    if made_for != sort:
        raise CursorError("this cursor belongs to another order; start again without a cursor")
    return bool(backwards), position


_READERS: dict[str, Callable[[str], Any]] = {
    "n": lambda text: None,
    "b": lambda text: text == "1",
    "i": int,
    "f": float,
    "s": str,
    "d": Decimal,
    "u": uuid.UUID,
    "t": dt.datetime.fromisoformat,
    "y": dt.date.fromisoformat,
    "h": dt.time.fromisoformat,
    "l": lambda text: dt.timedelta(microseconds=int(text)),
}

# bool before int and datetime before date: the first is a subclass of the second
_WRITERS: tuple[tuple[type, str, Callable[[Any], str]], ...] = (
    (type(None), "n", lambda value: ""),
    (bool, "b", lambda value: str(int(value))),
    (int, "i", str),
    (float, "f", repr),
    (str, "s", str),
    (Decimal, "d", str),
    (uuid.UUID, "u", str),
    (dt.datetime, "t", dt.datetime.isoformat),
    (dt.date, "y", dt.date.isoformat),
    (dt.time, "h", dt.time.isoformat),
    (dt.timedelta, "l", lambda value: str(value // dt.timedelta(microseconds=1))),
)


def _tagged(value: Any) -> list[str]:
    """Return a sort value as (type, text): JSON alone would lose the type of a date or a decimal."""
    for cls, tag, write in _WRITERS:
        if isinstance(value, cls):
            return [tag, write(value)]
    raise CursorError(f"this list cannot be sorted by values of type {type(value).__name__}")


def _untagged(pair: list[str]) -> Any:
    tag, text = pair
    return _READERS[tag](text)
