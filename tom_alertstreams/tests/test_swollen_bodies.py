"""Avro of any schema is read as fastavro reads it; what unpacks into much is refused before it has grown."""

import bz2
import io
import lzma
import uuid
import zlib
from datetime import UTC, date, datetime
from decimal import Decimal

import fastavro
import pytest

from tom_alertstreams import bodies
from tom_alertstreams.bodies import read_avro
from tom_alertstreams.handling import UndecodableError
from tom_dataservices.packets.framing import container

SYNC = b"0123456789abcdef"


def varint(number):
    number, found = number << 1, bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def text(content):
    return varint(len(content)) + content


def deflated(content):
    packing = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packing.compress(content) + packing.flush()


PACKED = {"deflate": deflated, "bzip2": bz2.compress, "xz": lzma.compress}


def swollen(content, count, codec="deflate", blocks=1):
    """Return a container whose blocks each say that they hold so many records without fields."""
    schema = b'{"type": "record", "name": "r", "fields": []}'
    metadata = (b"avro.schema", schema), (b"avro.codec", codec.encode())
    head = b"Obj\x01" + varint(2) + b"".join(text(name) + text(value) for name, value in metadata)
    return head + b"\0" + SYNC + (varint(count) + text(PACKED[codec](content)) + SYNC) * blocks


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
    assert len(read_avro(swollen(b"", 1000))) == 1000
    with pytest.raises(UndecodableError, match="more than 1,000 records"):
        read_avro(swollen(b"", 1 << 40))
    with pytest.raises(UndecodableError, match="more than 1,000 records"):
        read_avro(swollen(b"", 501, blocks=2))


@pytest.mark.parametrize("codec", PACKED)
def test_a_block_that_grows_without_bounds_is_refused(monkeypatch, codec):
    monkeypatch.setattr(container, "MAX_BLOCK_BYTES", 1 << 20)
    value = swollen(bytes(2 << 20), 1, codec)
    assert len(value) < 5000
    with pytest.raises(UndecodableError, match="holds more than 1 MB"):
        read_avro(value)


def test_blocks_that_grow_together_without_bounds_are_refused(monkeypatch):
    monkeypatch.setattr(container, "MAX_BLOCK_BYTES", 1 << 20)
    file = io.BytesIO()
    fastavro.writer(file, "bytes", [bytes(600_000)] * 2, codec="bzip2", sync_interval=1)
    with pytest.raises(UndecodableError, match="container of more than 1 MB"):
        read_avro(file.getvalue())


def test_bytes_that_are_no_record_are_refused():
    with pytest.raises(UndecodableError, match="3 bytes are left over in a block of 1"):
        read_avro(swollen(b"abc", 1))


@pytest.mark.parametrize("codec", PACKED)
def test_a_block_that_is_broken_or_cut_off_is_refused(codec):
    packed = PACKED[codec](b"")
    whole = swollen(b"", 1, codec)
    with pytest.raises(UndecodableError, match="a block is cut off"):
        read_avro(whole.replace(text(packed) + SYNC, text(packed[:-1]) + SYNC))
    with pytest.raises(UndecodableError, match="cannot be decompressed"):
        read_avro(whole.replace(text(packed) + SYNC, text(b"\xff" * 32) + SYNC))


@pytest.mark.parametrize("schema", [b"", b"{", b"5", b'"of_nobody"', b"[" * 100_000, b'{"type": "record"}'])
def test_a_schema_that_is_none_is_refused(schema):
    head = b"Obj\x01" + varint(1) + text(b"avro.schema") + text(schema) + b"\0" + SYNC
    with pytest.raises(UndecodableError, match="not an Avro container"):
        read_avro(head + varint(1) + text(b"") + SYNC)
