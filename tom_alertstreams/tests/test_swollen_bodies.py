"""A small message that unpacks into much is refused before it has grown."""

import zlib

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


def swollen(content, count):
    """Return a container with one block, which says that it holds so many records without fields."""
    schema = b'{"type": "record", "name": "r", "fields": []}'
    metadata = (b"avro.schema", schema), (b"avro.codec", b"deflate")
    head = b"Obj\x01" + varint(2) + b"".join(text(name) + text(value) for name, value in metadata)
    packing = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packing.compress(content) + packing.flush()
    return head + b"\0" + SYNC + varint(count) + text(packed) + SYNC


def test_records_without_end_are_refused(monkeypatch):
    monkeypatch.setattr(bodies, "MAX_RECORDS", 1000)
    assert len(read_avro(swollen(b"", 1000))) == 1000
    with pytest.raises(UndecodableError, match="more than 1,000 records"):
        read_avro(swollen(b"", 1 << 40))


def test_a_block_that_grows_without_bounds_is_refused(monkeypatch):
    monkeypatch.setattr(container, "MAX_BLOCK_BYTES", 1 << 20)
    value = swollen(bytes(2 << 20), 1)
    assert len(value) < 5000
    with pytest.raises(UndecodableError, match="holds more than 1 MB"):
        read_avro(value)
