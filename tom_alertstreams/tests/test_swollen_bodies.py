"""Avro of any schema is read as fastavro reads it; what unpacks into much is refused before it has grown."""

import io
import tracemalloc
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import fastavro
import pytest

from tests.avro_containers import PACKED, SYNC, contained, head_of, listed, text, varint
from tom_alertstreams import bodies, counted_avro
from tom_alertstreams.bodies import read_avro
from tom_alertstreams.handling import UndecodableError

EMPTY = {"type": "record", "name": "r", "fields": []}


def written(schema, records, codec):
    file = io.BytesIO()
    fastavro.writer(file, fastavro.parse_schema(schema), records, codec=codec)
    return file.getvalue()


def logical(base, kind, **more):
    return {"type": base, "logicalType": kind, **more}


def record(**fields):
    """Return a schema with fields of such types."""
    named = [{"name": name, "type": kind} for name, kind in fields.items()]
    return {"type": "record", "name": "notice", "fields": named}


NOTICE = {
    "sent": datetime(2026, 11, 22, 5, 0, 0, 250_000, tzinfo=UTC),
    "seen": datetime(2026, 11, 22, 5, 0, 0, 250_001, tzinfo=UTC),
    "night": date(2026, 11, 21),
    "magnitude": Decimal("19.25"),
    "key": uuid.UUID(int=7),
    "before": None,
}
LOGICAL = record(
    sent=logical("long", "timestamp-millis"),
    seen=logical("long", "timestamp-micros"),
    night=logical("int", "date"),
    magnitude=logical("bytes", "decimal", precision=6, scale=2),
    key=logical("string", "uuid"),
    before=["null", "notice"],
)


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz"])
@pytest.mark.parametrize(
    ("schema", "records"),
    [
        (LOGICAL, [NOTICE, {**NOTICE, "before": NOTICE}]),
        ({"type": "map", "values": "double"}, [{"ra": 10.5}, {}]),
        ({"type": "array", "items": "int"}, [[1, 2], []]),
        ("string", ["a", ""]),
        ([record(n="long"), "null"], [{"n": 1}, None]),
    ],
    ids=["logical", "map", "array", "string", "union"],
)
def test_a_handler_gets_what_was_written(schema, records, codec):
    assert read_avro(written(schema, records, codec)) == records


def test_records_without_end_are_refused(monkeypatch):
    monkeypatch.setattr(bodies, "MAX_RECORDS", 1000)
    assert len(read_avro(contained(EMPTY, b"", 1000))) == 1000
    with pytest.raises(UndecodableError, match="more than 1,000 records"):
        read_avro(contained(EMPTY, b"", 1 << 40))
    with pytest.raises(UndecodableError, match="more than 1,000 records"):
        read_avro(contained(EMPTY, b"", 501, blocks=2))


@pytest.mark.parametrize("codec", PACKED)
def test_a_block_that_grows_without_bounds_is_refused(monkeypatch, codec):
    monkeypatch.setattr(bodies, "MAX_BYTES", 1_000_000)
    value = contained(EMPTY, bytes(2 << 20), codec=codec)
    assert len(value) < 5000
    with pytest.raises(UndecodableError, match="the container holds more than 1 MB"):
        read_avro(value)


def test_blocks_that_grow_together_without_bounds_are_refused(monkeypatch):
    monkeypatch.setattr(bodies, "MAX_BYTES", 1_000_000)
    file = io.BytesIO()
    fastavro.writer(file, "bytes", [bytes(600_000)] * 2, codec="bzip2", sync_interval=1)
    with pytest.raises(UndecodableError, match="the container holds more than 1 MB"):
        read_avro(file.getvalue())


@pytest.mark.parametrize(
    "kind",
    [
        "null",
        {"type": "record", "name": "empty", "fields": []},
        {"type": "record", "name": "hollow", "fields": [{"name": "a", "type": "null"}]},
        {"type": "fixed", "name": "none", "size": 0},
    ],
    ids=["null", "empty", "hollow", "fixed"],
)
@pytest.mark.parametrize("depth", [0, 1])
def test_items_that_need_no_bytes_are_counted(kind, depth, monkeypatch):
    """A few bytes claim 2^40 of them; hop-client writes lists of None so."""
    monkeypatch.setattr(counted_avro, "MOST_ITEMS", 1000)
    schema = record(a=listed(kind)) if depth == 0 else [record(a={"type": "map", "values": listed(kind)})]
    before = b"" if depth == 0 else b"\0" + varint(1) + text(b"k")
    after = b"\0" if depth == 0 else b"\0\0"
    (found,) = read_avro(contained(schema, before + varint(3) + after))
    items = found["a"] if depth == 0 else found["a"]["k"]
    assert len(items) == 3
    with pytest.raises(UndecodableError, match="its lists hold more than 1,000 items"):
        read_avro(contained(schema, before + varint(1 << 40) + after))


def test_a_map_of_nothing_has_its_keys():
    schema = {"type": "map", "values": "null"}
    assert read_avro(contained(schema, varint(2) + text(b"a") + text(b"b") + b"\0")) == [
        {"a": None, "b": None}
    ]
    with pytest.raises(UndecodableError, match="not an Avro container"):
        read_avro(contained(schema, varint(1 << 40) + b"\0"))


def nested(depth):
    kind = "int"
    for number in range(depth):
        kind = {"type": "record", "name": f"r{number}", "fields": [{"name": "a", "type": kind}]}
    return kind


@pytest.mark.parametrize(
    ("kind", "size"),
    [(listed("int"), 14_000_000), (nested(1), 4_000_000), (nested(100), 50_000)],
    ids=["lists", "records", "nested records"],
)
def test_bytes_that_would_take_too_much_memory_are_refused_before_they_do(kind, size, monkeypatch):
    monkeypatch.setattr(counted_avro, "MAX_MEMORY_BYTES", 16_000_000)
    value = contained(listed(kind), varint(size) + bytes(size) + b"\0")
    assert len(value) < 25_000
    tracemalloc.start()
    with pytest.raises(UndecodableError, match="its lists hold more than [0-9,]+ items"):
        read_avro(value)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64_000_000  # with the unpacked bytes


def test_a_large_message_of_images_and_texts_is_read():
    schema = record(image="bytes", notes=listed("string"), limits=listed("null"))
    record_of = {"image": bytes(40_000_000), "notes": ["a", "b"], "limits": [None, None]}
    assert read_avro(written(schema, [record_of], "null")) == [record_of]


@pytest.mark.parametrize("depth", [5000, 1_000_000])
def test_records_within_records_without_end_are_refused(depth):
    """The compiled reader of fastavro ends the process at them."""
    schema = record(a=["null", "notice"])
    assert read_avro(contained(schema, b"\x02\x02\x00")) == [{"a": {"a": {"a": None}}}]
    with pytest.raises(UndecodableError, match="recursion"):
        read_avro(contained(schema, b"\x02" * depth + b"\0"))


def test_bytes_that_are_no_record_are_refused():
    with pytest.raises(UndecodableError, match="3 bytes are left over in a block of 1"):
        read_avro(contained(EMPTY, b"abc", 1))


@pytest.mark.parametrize("codec", PACKED)
def test_a_block_that_is_broken_or_cut_off_is_refused(codec):
    packed = PACKED[codec](b"")
    whole = contained(EMPTY, b"", codec=codec)
    with pytest.raises(UndecodableError, match="a block is cut off"):
        read_avro(whole.replace(text(packed) + SYNC, text(packed[:-1]) + SYNC))
    with pytest.raises(UndecodableError, match="cannot be decompressed"):
        read_avro(whole.replace(text(packed) + SYNC, text(b"\xff" * 32) + SYNC))


@pytest.mark.parametrize("schema", [b"", b"{", b"5", b'"of_nobody"', b"[" * 100_000, b'{"type": "record"}'])
def test_a_schema_that_is_none_is_refused(schema):
    head = head_of(schema)
    with pytest.raises(UndecodableError, match="not an Avro container"):
        read_avro(head + varint(1) + text(b"") + SYNC)
