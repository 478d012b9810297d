import datetime as dt
import logging
import uuid

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tom_common.bulk import InsertCounts, analyze_when_doubled, engines, insert_new, statistics
from tom_common.models import Notification

NOON = dt.datetime(2026, 8, 14, 12, tzinfo=dt.UTC)


def _rows(count, start=0):
    return [(f"row {i}", NOON + dt.timedelta(seconds=i)) for i in range(start, start + count)]


def test_new_rows_are_stored_and_known_rows_counted(measured_rows):
    first = insert_new(measured_rows, ("name", "time"), _rows(25), batch_size=10)
    second = insert_new(measured_rows, ("name", "time"), _rows(25, start=20), batch_size=10)

    assert (first.received, first.inserted, first.duplicate, first.rejected) == (25, 25, 0, 0)
    assert (second.received, second.inserted, second.duplicate, second.rejected) == (25, 20, 5, 0)
    assert measured_rows.objects.count() == 45


def test_row_repeated_inside_a_batch_is_stored_once(measured_rows):
    counts = insert_new(measured_rows, ("name", "time"), _rows(3) * 2)

    assert (counts.inserted, counts.duplicate) == (3, 3)


@pytest.mark.parametrize("unique_fields", [(), ("name", "time")])
def test_known_row_keeps_its_values(measured_rows, unique_fields):
    insert_new(measured_rows, ("name", "time", "value"), [("a", NOON, 1.0)])
    insert_new(measured_rows, ("name", "time", "value"), [("a", NOON, 2.0)], unique_fields=unique_fields)

    assert measured_rows.objects.get().value == 1.0


def test_every_kind_of_value_comes_back_as_it_went_in(measured_rows):
    token = uuid.UUID(int=0x0102030405060708090A0B0C0D0E0F10)
    text = 'tab\tline\nback\\slash "quoted" \\N ä 星 \x1f'
    row = ("α", NOON, 0.1 + 0.2, -0, False, {"a": [1, None, "\\\t"]}, b"\x00\xff\\", token, text)
    names = ("name", "time", "value", "count", "is_good", "details", "picture", "token", "comment")

    insert_new(measured_rows, names, [row])

    stored = measured_rows.objects.get()
    found = tuple(getattr(stored, name) for name in names)
    assert (*found[:6], bytes(found[6]), *found[7:]) == row


@pytest.mark.parametrize("microsecond", [0, 1, 123456, 999999])
def test_time_is_stored_as_django_stores_it(measured_rows, microsecond):
    time = NOON.replace(microsecond=microsecond)
    since_1970 = (time - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
    measured_rows.objects.create(name="by Django", time=time)

    counts = insert_new(measured_rows, ("name", "time"), [("by Django", time)])
    counts += insert_new(measured_rows, ("name", "time"), [("by Django", since_1970)])
    elsewhere = time.astimezone(dt.timezone(dt.timedelta(hours=-4)))
    counts += insert_new(measured_rows, ("name", "time"), [("by Django", elsewhere)])

    assert (counts.inserted, counts.duplicate) == (0, 3)
    assert measured_rows.objects.filter(time=time).count() == 1


def test_columns_may_be_numpy_arrays(measured_rows):
    columns = {
        "name": ["a", "b", "c"],
        "time": np.array([1_786_708_800_000_000 + i for i in range(3)], dtype=np.int64),
        "value": np.array([1.5, np.nan, -2.0], dtype=np.float32),
        "count": np.array([1, 2, 3], dtype=np.int16),
        "is_good": np.array([True, False, True]),
    }

    counts = insert_new(measured_rows, columns)

    assert counts.inserted == 3
    stored = list(measured_rows.objects.order_by("name").values_list("time", "value", "count", "is_good"))
    assert stored == [
        (NOON, 1.5, 1, True),
        (NOON + dt.timedelta(microseconds=1), None, 2, False),
        (NOON + dt.timedelta(microseconds=2), -2.0, 3, True),
    ]


def test_numpy_numbers_in_rows_are_stored_as_numbers(measured_rows):
    insert_new(measured_rows, ("name", "time", "count", "value"), [("a", NOON, np.int64(5), np.float64(2.5))])

    assert list(measured_rows.objects.filter(count=5, value=2.5).values_list("name", flat=True)) == ["a"]


def test_fields_left_out_get_their_default(measured_rows):
    insert_new(measured_rows, ("name", "time"), _rows(2))

    rows = list(measured_rows.objects.all())
    assert [(row.count, row.is_good, row.details, row.comment) for row in rows] == [(7, True, {}, "")] * 2
    assert rows[0].token != rows[1].token
    assert rows[0].created_at is not None


def test_field_without_default_must_be_given(measured_rows):
    with pytest.raises(ValueError, match=r"MeasuredRow\.time needs a value"):
        insert_new(measured_rows, ("name",), [("a",)])


def test_unknown_column_is_named(measured_rows):
    with pytest.raises(ValueError, match="no column 'nmae'"):
        insert_new(measured_rows, ("nmae", "time"), _rows(1))


def test_columns_of_different_length_are_refused(measured_rows):
    with pytest.raises(ValueError, match="differ in length"):
        insert_new(measured_rows, {"name": ["a"], "time": [NOON, NOON]})


def test_row_that_breaks_a_rule_is_left_out_and_logged(measured_rows, caplog):
    rows = [(name, time, i) for i, (name, time) in enumerate(_rows(20))]
    rows[13] = ("bad", NOON, -1)
    with caplog.at_level(logging.WARNING):
        counts = insert_new(measured_rows, ("name", "time", "count"), rows, unique_fields=("name", "time"))

    assert (counts.received, counts.inserted, counts.rejected) == (20, 19, 1)
    assert "'bad'" in caplog.text
    assert "measured_row_count" in caplog.text


@pytest.mark.parametrize("everywhere", [False, True], ids=["in one row", "in all rows"])
@pytest.mark.parametrize(
    "text",
    ["half a pair \ud800", pytest.param("a NUL \0", marks=pytest.mark.only_on("postgresql"))],
    ids=["surrogate", "NUL"],
)
def test_text_that_the_database_cannot_hold_costs_its_rows_only(measured_rows, text, everywhere):
    good = [(*row, text if everywhere else "fine") for row in _rows(6)]
    rows = [*good[:3], ("bad", NOON, text), *good[3:]]

    counts = insert_new(measured_rows, ("name", "time", "comment"), rows)

    stored = 0 if everywhere else 6
    assert (counts.received, counts.inserted, counts.rejected) == (7, stored, 7 - stored)
    assert measured_rows.objects.count() == stored


@pytest.mark.only_on("postgresql")  # SQLite takes them
@pytest.mark.parametrize("bad", [("n" * 41, 1), ("bad", 2**40)], ids=["too long", "too large"])
def test_value_that_does_not_fit_its_column_costs_its_row_only(measured_rows, bad):
    rows = [(name, time, number) for number, (name, time) in enumerate(_rows(6))]
    rows[3] = (bad[0], NOON, bad[1])

    counts = insert_new(measured_rows, ("name", "time", "count"), rows)

    assert (counts.received, counts.inserted, counts.rejected) == (6, 5, 1)


def test_missing_value_is_rejected_not_swallowed(measured_rows):
    counts = insert_new(measured_rows, ("name", "time"), [("a", None), ("b", NOON)])

    assert (counts.inserted, counts.duplicate, counts.rejected) == (1, 0, 1)


@pytest.mark.parametrize("unique_fields", [(), ("name", "time")])
def test_returned_are_the_inserted_rows_only(measured_rows, unique_fields):
    insert_new(measured_rows, ("name", "time"), _rows(3))

    counts = insert_new(
        measured_rows,
        ("name", "time"),
        _rows(5),
        unique_fields=unique_fields,
        returning=("pk", "name"),
        batch_size=2,
    )

    known = set(measured_rows.objects.filter(name__in=["row 3", "row 4"]).values_list("pk", "name"))
    assert counts.inserted == 2
    assert {tuple(row) for row in counts.returned} == known


def test_returning_from_more_rows_than_one_statement_takes(measured_rows):
    counts = insert_new(measured_rows, ("name", "time"), _rows(7000), returning=("name",))

    assert counts.inserted == 7000
    assert len({name for (name,) in counts.returned}) == 7000


def test_transaction_of_the_caller_takes_the_rows_back(measured_rows):
    with transaction.atomic():
        assert insert_new(measured_rows, ("name", "time"), _rows(5), batch_size=2).inserted == 5
        transaction.set_rollback(True)

    assert measured_rows.objects.count() == 0
    assert insert_new(measured_rows, ("name", "time"), _rows(5)).inserted == 5


def test_rejected_row_does_not_break_the_transaction_of_the_caller(measured_rows):
    with transaction.atomic():
        measured_rows.objects.create(name="before", time=NOON)
        insert_new(measured_rows, ("name", "time", "count"), [("bad", NOON, -1), ("good", NOON, 1)])

    assert set(measured_rows.objects.values_list("name", flat=True)) == {"before", "good"}


def test_nothing_to_insert_is_no_error(measured_rows):
    assert insert_new(measured_rows, ("name", "time"), []) == InsertCounts()
    assert insert_new(measured_rows, {"name": [], "time": []}) == InsertCounts()


def test_foreign_key_may_be_given_by_name_or_column(db):
    user = get_user_model().objects.create(username="ann")
    counts = insert_new(Notification, ("user", "kind", "text"), [(user.pk, "mention", "a")])
    counts += insert_new(Notification, ("user_id", "kind", "text"), [(user.pk, "mention", "b")])

    assert counts.inserted == 2
    assert user.notifications.count() == 2


def test_statistics_are_refreshed_when_the_table_has_doubled(measured_rows, monkeypatch):
    if connection.vendor == "mysql":
        assert analyze_when_doubled(measured_rows, 10_000) is False
        return
    monkeypatch.setattr(statistics, "_growth", {})
    monkeypatch.setattr(statistics, "_rows_at_last_analyze", lambda connection, table: 0)
    insert_new(measured_rows, ("name", "time"), _rows(10))

    added = [600, 600, 600, 1000]
    refreshed = [analyze_when_doubled(measured_rows, number) for number in added]

    assert refreshed == [False, True, False, True]


@pytest.mark.only_on("postgresql")
def test_planner_knows_the_size_of_a_table_just_filled(measured_rows, monkeypatch):
    monkeypatch.setattr(statistics, "_growth", {})
    monkeypatch.setattr(statistics, "_rows_at_last_analyze", lambda connection, table: 0)
    insert_new(measured_rows, ("name", "time"), _rows(3000))

    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [measured_rows._meta.db_table])
        assert cursor.fetchone() == (3000,)


@pytest.mark.only_on("postgresql")
def test_conflicts_are_looked_for_only_where_the_batch_before_had_some(measured_rows, monkeypatch):
    monkeypatch.setattr(engines, "_MANY_ROWS", 10)
    monkeypatch.setattr(engines, "_all_new", set())

    def inserted(first, last):
        with CaptureQueriesContext(connection) as queries:
            counts = insert_new(measured_rows, ("name", "time"), _rows(last)[first:])
        found = [one["sql"] for one in queries if one["sql"].startswith("INSERT INTO")]
        return counts.inserted, counts.duplicate, [" ON CONFLICT" in text for text in found]

    assert inserted(0, 10) == (10, 0, [True])
    assert inserted(10, 20) == (10, 0, [False])
    assert inserted(15, 30) == (10, 5, [False, True])
    assert inserted(28, 40) == (10, 2, [True])
    assert inserted(40, 50) == (10, 0, [True])
    assert inserted(50, 60) == (10, 0, [False])
    assert measured_rows.objects.count() == 60


def test_known_row_is_overwritten_where_that_is_asked_for(measured_rows):
    columns = ("name", "time", "value")
    insert_new(measured_rows, columns, [("a", NOON, 1.0), ("b", NOON, 1.0)])
    keys = list(measured_rows.objects.order_by("name").values_list("pk", flat=True))
    counts = insert_new(
        measured_rows,
        columns,
        [("b", NOON, 2.0), ("c", NOON, 3.0)],
        unique_fields=("name", "time"),
        update_fields=("value",),
    )

    assert (counts.received, counts.inserted, counts.duplicate) == (2, 2, 0)
    assert list(measured_rows.objects.order_by("name").values_list("name", "value")) == [
        ("a", 1.0),
        ("b", 2.0),
        ("c", 3.0),
    ]
    assert list(measured_rows.objects.order_by("name").values_list("pk", flat=True))[:2] == keys


def test_overwriting_needs_to_know_what_tells_rows_apart(measured_rows):
    with pytest.raises(ValueError, match="update_fields needs unique_fields"):
        insert_new(measured_rows, ("name", "time"), _rows(1), update_fields=("value",))


@pytest.mark.parametrize("batch_size", [2, 1000])
def test_stored_rows_are_overwritten_where_that_is_asked_for(measured_rows, batch_size):
    names = ("name", "time", "value", "comment")
    insert_new(measured_rows, names, [("a", NOON, 1.0, "old"), ("b", NOON, 1.0, "old")])

    counts = insert_new(
        measured_rows,
        names,
        [("a", NOON, 2.0, "new"), ("c", NOON, 3.0, "new")],
        unique_fields=("name", "time"),
        update_fields=("value",),
        batch_size=batch_size,
    )

    stored = measured_rows.objects.order_by("name").values_list("name", "value", "comment")
    assert list(stored) == [("a", 2.0, "old"), ("b", 1.0, "old"), ("c", 3.0, "new")]
    assert (counts.received, counts.rejected) == (2, 0)


def test_overwriting_needs_to_know_by_what(measured_rows):
    with pytest.raises(ValueError, match="needs unique_fields"):
        insert_new(measured_rows, ("name", "time"), _rows(1), update_fields=("name",))


@pytest.mark.parametrize("value", [None, 2.5, float("nan")])
@pytest.mark.parametrize("text", ["", "one", "tab\tand \\ and 'quote' and % and %s", "\\N"])
def test_column_with_one_value_in_all_rows_arrives(measured_rows, value, text):
    columns = {
        "name": ["a", "b", "c"],
        "time": [NOON] * 3,
        "value": [value] * 3,
        "comment": [text] * 3,
        "picture": [b"\x00\\"] * 3,
        "details": [{"a": "%s"}] * 3,
    }

    insert_new(measured_rows, columns, unique_fields=("name", "time"))

    expected = None if value != 2.5 else 2.5
    for row in measured_rows.objects.all():
        assert (row.time, row.value, row.comment, row.details) == (NOON, expected, text, {"a": "%s"})
        assert bytes(row.picture) == b"\x00\\"


def test_derived_columns_are_derived(db):
    from tom_targets.models import Target

    insert_new(Target, ("name", "type", "ra", "dec"), [("SN 2026-abc", "SIDEREAL", 10.0, 20.0)])
    by_bulk = Target.objects.get()
    by_save = Target.objects.create(name="SN2026 abc 2", type="SIDEREAL", ra=10.0, dec=20.0)

    assert by_bulk.sky_index == by_save.sky_index is not None
    assert by_bulk.name_key == by_save.name_key[:-1]


@pytest.mark.parametrize("value", [5e-324, 1.7976931348623157e308, 0.1, -1 / 3])
def test_floats_are_exact(measured_rows, value):
    insert_new(measured_rows, ("name", "time", "value"), [("a", NOON, value), ("b", NOON, -value)])

    assert set(measured_rows.objects.values_list("value", flat=True)) == {value, -value}
