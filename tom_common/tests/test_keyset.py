import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import BadRequest
from django.db.models import F, Value
from django.db.models.functions import Lower
from django.test import RequestFactory
from rest_framework import serializers, viewsets
from rest_framework.test import APIRequestFactory

from tom_common.api_pagination import KeysetPagination, sort_of
from tom_common.keyset import (
    CursorError,
    KeysetPage,
    Position,
    RowCount,
    _decode,
    _encode,
    count_rows,
    keyset_page,
    pager,
)

START = dt.datetime(2026, 8, 14, tzinfo=dt.UTC)
# Ties, NULLs and both signs: (name, value)
ROWS = [("a", 2.5), ("b", None), ("c", -1.0), ("d", 2.5), ("e", None), ("f", 0.0), ("g", 2.5), ("h", None)]
UPWARDS = ["c", "f", "a", "d", "g", "b", "e", "h"]
DOWNWARDS = ["g", "d", "a", "f", "c", "h", "e", "b"]


@pytest.fixture
def rows(measured_rows):
    measured_rows.objects.bulk_create(
        measured_rows(name=name, value=value, time=START + dt.timedelta(hours=i))
        for i, (name, value) in enumerate(ROWS)
    )
    return measured_rows.objects.all()


def _walk(queryset, sort, page_size):
    """Return the names on each page, forwards, and then again backwards from the last."""
    pages, cursor = [], None
    while True:
        page = keyset_page(queryset, sort=sort, page_size=page_size, cursor=cursor)
        pages.append([row.name for row in page])
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    back = [pages[-1]]
    while page.previous_cursor is not None:
        page = keyset_page(queryset, sort=sort, page_size=page_size, cursor=page.previous_cursor)
        back.append([row.name for row in page])
    return pages, back[::-1]


@pytest.mark.parametrize("page_size", [1, 2, 3, 4, 5, 8, 20])
@pytest.mark.parametrize(("sort", "expected"), [("value", UPWARDS), ("-value", DOWNWARDS)])
def test_every_row_comes_once_with_nulls_last(rows, sort, expected, page_size):
    forwards, backwards = _walk(rows, sort, page_size)

    assert [name for page in forwards for name in page] == expected
    assert forwards[0] == backwards[0]
    assert all(page for page in backwards)


@pytest.mark.parametrize("page_size", [1, 2, 4])
def test_previous_pages_are_the_pages_before(rows, page_size):
    forwards, backwards = _walk(rows, "value", page_size)

    assert backwards == forwards


@pytest.mark.parametrize("sort", ["name", "-name", "pk", "-pk", "id", "time", "-time", "is_good", "token"])
def test_any_column_sorts_both_ways(rows, sort):
    forwards, _ = _walk(rows, sort, 3)
    expected = list(rows.order_by(sort, sort[: sort.startswith("-")] + "pk").values_list("name", flat=True))

    assert [name for page in forwards for name in page] == expected


def test_annotation_sorts(rows):
    forwards, _ = _walk(rows.annotate(lower=Lower("name"), half=F("value") / 2), "-half", 3)

    assert [name for page in forwards for name in page] == DOWNWARDS


def test_values_rows_keep_their_keys(rows):
    page = keyset_page(rows.values("pk", "name"), sort="value", page_size=3)
    second = keyset_page(rows.values("pk", "name"), sort="value", page_size=3, cursor=page.next_cursor)

    assert [row["name"] for row in (*page, *second)] == UPWARDS[:6]
    assert set(second.items[0]) == {"pk", "name"}


def test_rows_added_or_gone_before_the_page_do_not_shift_it(rows, measured_rows):
    page = keyset_page(rows, sort="value", page_size=3)
    rows.filter(name="c").delete()
    measured_rows.objects.create(name="new", value=-5, time=START)

    second = keyset_page(rows, sort="value", page_size=3, cursor=page.next_cursor)

    assert [row.name for row in second] == ["d", "g", "b"]


def test_page_costs_one_query_where_no_null_can_be(rows, django_assert_num_queries):
    page = keyset_page(rows, sort="name", page_size=3)
    with django_assert_num_queries(1):
        keyset_page(rows, sort="name", page_size=3, cursor=page.next_cursor)


@pytest.mark.parametrize("offset", [0, 1, 4, 5, 6, 7, 8, 50])
def test_offset_leaves_out_rows(rows, offset):
    page = keyset_page(rows, sort="value", page_size=2, offset=offset)

    assert [row.name for row in page] == UPWARDS[offset : offset + 2]


@pytest.mark.parametrize(
    "cursor",
    [
        "garbage",
        "%%%",
        "ä",
        "\x00",
        "eyJhIjoxfQ",
        "x" * 3000,
        "MTIz",
        "W10",
        _encode("value", False, Position(1.0, 1))[:-3],
        _encode("-value", False, Position(1.0, 1)),
    ],
)
def test_strange_cursor_is_a_bad_request(rows, cursor):
    with pytest.raises(BadRequest, match="cursor"):
        keyset_page(rows, sort="value", page_size=2, cursor=cursor)


@pytest.mark.parametrize("sort", ["nothing", "-nothing", "value__nothing", ""])
def test_unknown_order_is_a_bad_request(rows, sort):
    with pytest.raises(CursorError, match="cannot be sorted"):
        keyset_page(rows, sort=sort, page_size=2)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        2**62,
        0.1,
        -1e300,
        "ä'\"",
        Decimal("1.10"),
        uuid.UUID(int=5),
        START,
        START.replace(microsecond=7),
        dt.date(2026, 1, 2),
        dt.time(3, 4, 5),
        dt.timedelta(days=-1, microseconds=3),
    ],
)
def test_cursor_carries_values_exactly(value):
    backwards, position = _decode(_encode("-x", True, Position(value, 17)), "-x")

    assert (backwards, position) == (True, Position(value, 17))
    assert type(position.value) is type(value)


# --- counting


def test_count_is_exact_up_to_the_limit(rows):
    assert count_rows(rows, limit=8) == RowCount(8, False)
    assert count_rows(rows.none()) == RowCount(0, False)


def test_count_above_the_limit_is_estimated(rows):
    found = count_rows(rows, limit=4)

    assert found.is_estimate
    assert 5 <= found.value


def test_estimate_follows_the_share_of_the_keys(measured_rows):
    measured_rows.objects.bulk_create(
        measured_rows(name=f"{i:04}", time=START, is_good=i % 2 == 0) for i in range(2000)
    )
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ANALYZE {measured_rows._meta.db_table}")

    assert count_rows(measured_rows.objects.all(), limit=100).value == pytest.approx(2000, rel=0.05)
    assert count_rows(measured_rows.objects.filter(is_good=True), limit=100).value == pytest.approx(
        1000, rel=0.1
    )


# --- links of a page


@pytest.mark.parametrize(
    ("total", "words"),
    [
        (RowCount(0, False), "0 jobs"),
        (RowCount(1, False), "1 job"),
        (RowCount(1234567, True), "about 1,234,567 jobs"),
    ],
)
def test_pager_keeps_the_query_and_counts_in_words(total, words):
    request = RequestFactory().get("/x/", {"query": "a b", "cursor": "old"})

    links = pager(request, KeysetPage([1], "new", None), total, "jobs")

    assert links == {"previous_url": "", "next_url": "?query=a+b&cursor=new", "total_text": words}


def test_pager_knows_one_query():
    assert pager(RequestFactory().get("/"), KeysetPage([1], None, None), RowCount(1, False), "queries")[
        "total_text"
    ] == ("1 query")


# --- REST API


class GroupSerializer(serializers.ModelSerializer):
    class Meta:
        model = Group
        fields = ("id", "name")


class GroupViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Group.objects.order_by("name")
    serializer_class = GroupSerializer
    pagination_class = KeysetPagination
    filter_backends = ()


class ListViewSet(GroupViewSet):
    def filter_queryset(self, queryset):
        return list(queryset)


def _get(query="", view=GroupViewSet):
    response = view.as_view({"get": "list"})(APIRequestFactory().get(f"/api/groups/{query}"))
    return response.status_code, response.data


@pytest.fixture
def groups(db):
    Group.objects.all().delete()
    Group.objects.bulk_create(Group(name=f"group {number:02}") for number in range(25))


@pytest.mark.parametrize("view", [GroupViewSet, ListViewSet])
def test_next_links_lead_through_all_rows(groups, view):
    status, data = _get("?limit=10&x=1", view)
    names = [row["name"] for row in data["results"]]
    previous = data["previous"]
    while data["next"]:
        status, data = _get("?" + data["next"].split("?")[1], view)
        names += [row["name"] for row in data["results"]]

    assert names == [f"group {number:02}" for number in range(25)]
    assert (status, data["count"], data["count_is_estimate"], previous) == (200, 25, False, None)
    _, before = _get("?" + data["previous"].split("?")[1], view)
    assert [row["name"] for row in before["results"]] == names[10:20]


def test_next_after_an_offset_is_a_cursor(groups):
    _, data = _get("?limit=5&offset=7")
    _, following = _get("?" + data["next"].split("?")[1])

    assert "offset=" not in data["next"]
    assert [row["name"] for row in (*data["results"], *following["results"])] == [
        f"group {number:02}" for number in range(7, 17)
    ]


@pytest.mark.parametrize(
    "query",
    [
        "?limit=0",
        "?limit=-1",
        "?limit=x",
        "?limit=1001",
        "?limit=9999999999999999999999",
        "?limit=%EF%BC%91",
        "?offset=-1",
        "?offset=1e3",
        "?offset=10000001",
        "?cursor=x",
        "?cursor=%00",
    ],
)
def test_strange_parameters_are_answered_with_400(groups, query):
    status, data = _get(query)

    assert status == 400
    assert list(data) == [query[1:].split("=")[0]]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (["name"], "name"),
        (["-name", "id"], "-name"),
        ([F("name").desc()], "-name"),
        ([F("name").asc()], "name"),
        ([F("name")], "name"),
        (["?"], "-pk"),
        ([Value(1)], "-pk"),
        ([], "-pk"),
    ],
)
def test_order_of_the_queryset_is_kept(order, expected):
    assert sort_of(Group.objects.order_by(*order)) == expected


def test_schema_describes_page_and_parameters():
    paginator = KeysetPagination()
    schema = paginator.get_paginated_response_schema({"type": "array"})
    parameters = {item["name"] for item in paginator.get_schema_operation_parameters(GroupViewSet())}

    assert set(schema["required"]) == {"count", "count_is_estimate", "next", "previous", "results"}
    assert parameters == {"limit", "offset", "cursor"}
