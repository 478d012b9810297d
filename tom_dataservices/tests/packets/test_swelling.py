"""Packets of few bytes that stand for much are refused before they have grown."""

import io
import json
import tracemalloc

import fastavro
import pytest

from tests.avro_containers import contained, listed, text, varint
from tests.fink_messages import fink_messages
from tests.shared_data import shared_data_dir
from tom_dataservices.packets import SchemaStore, StreamMessage, messages, read_message_batches, read_records
from tom_dataservices.packets.framing import read_packets
from tom_dataservices.packets.lockstep import PacketDecoder, parse_schema
from tom_dataservices.packets.swelling import SwellingError, swelling_of

from .making import ZTF_SCHEMA, record_schema

ENDLESS = record_schema("alert", {"objectId": "string", "prv": listed("null")})
HOLLOW = record_schema("alert", {"objectId": "null"})
WITHIN = record_schema("alert", {"objectId": "string", "next": ["null", "alert"]})
REFUSED = [
    (ENDLESS, text(b"ZTF1") + varint(1 << 40) + b"\0", 1, "items of an array need no bytes"),
    (HOLLOW, b"", 1 << 40, "records of it need no bytes"),
    (WITHIN, b"\0\x02" * 100_000 + b"\0\0", 1, "a type of it contains itself"),
]


@pytest.mark.parametrize(("schema", "body", "count", "words"), REFUSED, ids=["endless", "hollow", "within"])
@pytest.mark.parametrize("framing", ["container", "key", "registry", "file"])
def test_schemas_of_which_few_bytes_claim_much_are_refused(schema, body, count, words, framing, tmp_path):
    definition = json.dumps(schema)
    store = SchemaStore(registry={7: definition}.get)
    if framing == "file":
        path = tmp_path / "alerts.avro"
        path.write_bytes(contained(schema, body, count))
        (found,) = read_packets([path], store)
        assert words in found.reason
        return
    value, key = {
        "container": (contained(schema, body, count), None),
        "key": (body or b"x", definition.encode()),
        "registry": (b"\0\0\0\0\7" + (body or b"x"), None),
    }[framing]
    message = StreamMessage("night", 0, 3, value, key)
    (batch,) = read_message_batches([message], store)
    assert words in batch.rejected[0].reason
    with pytest.raises(ValueError, match=words):
        read_records(message, store)


def test_a_message_whose_packets_unpack_without_bounds_is_refused(monkeypatch):
    monkeypatch.setattr(messages, "MAX_UNPACKED_BYTES", 1_000_000)
    schema = record_schema("alert", {"objectId": "string"})
    for body, count, blocks in ((text(bytes(300_000)) * 4, 4, 1), (text(bytes(300_000)), 1, 4)):
        message = StreamMessage("night", 0, 3, contained(schema, body, count, blocks=blocks))
        assert len(message.value) < 3000
        with pytest.raises(ValueError, match="the container holds more than 1 MB"):
            read_records(message, SchemaStore())


def test_a_record_that_might_take_too_much_memory_is_refused_before_it_does():
    schema = record_schema("alert", {"objectId": "string", "prv": listed(listed("int"))})
    size = 14_000_000
    body = text(b"ZTF1") + varint(size) + bytes(size) + b"\0"
    tracemalloc.start()
    with pytest.raises(ValueError, match="might take more than 512 MB of memory"):
        read_records(StreamMessage("night", 0, 3, contained(schema, body)), SchemaStore())
    decoded = PacketDecoder(parse_schema(schema)).decode([body])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "might take more than 512 MB of memory" in decoded.errors[0]
    assert peak < 128_000_000


RECORD = record_schema("point", {"a": ["null", "double"], "b": "int"})
WIDE = record_schema("wide", {f"field{number}": ["null", "int"] for number in range(22)})
MOMENT = {"type": "long", "logicalType": "timestamp-micros"}
KEY = {"type": "string", "logicalType": "uuid"}
UUID = text(b"12345678-1234-5678-1234-567812345678")
SAMPLES = [
    ("int", varint(300)),
    ("long", varint(1 << 40)),
    ("double", b"12345678"),
    ("float", b"1234"),
    ("boolean", b"\1"),
    ("string", text(b"ab")),
    ("string", text("\N{MILKY WAY}".encode())),
    ("string", text("\N{MILKY WAY}".encode() + b"abcdefgh" * 1000)),
    ("bytes", text(b"ab")),
    ({"type": "fixed", "name": "three", "size": 3}, b"abc"),
    ({"type": "enum", "name": "sign", "symbols": ["up", "down"]}, b"\0"),
    (["null", "double"], b"\0"),
    (["null", RECORD], b"\2\0\0"),
    (["null", RECORD], b"\0"),
    ([RECORD, "null", "string"], b"\0\0\0"),
    (listed("int"), b"\0"),
    (listed("boolean"), varint(1) + b"\1\0"),
    ({"type": "map", "values": "null"}, b"\0"),
    ({"type": "map", "values": "int"}, varint(2) + text(b"a") + varint(300) + text(b"bc") + b"\0\0"),
    (RECORD, b"\0\0"),
    (WIDE, bytes(22)),
    (record_schema("outer", {"inner": record_schema("inner", {"a": "boolean"})}), b"\1"),
    (MOMENT, varint(1 << 45)),
    (KEY, UUID),
]


@pytest.mark.parametrize(("kind", "item"), SAMPLES)
def test_values_take_no_more_memory_than_their_schema_says(kind, item):
    count = 1 + 200_000 // len(item)
    schema = fastavro.parse_schema(listed(kind))
    body = varint(count) + item * count + b"\0"
    most = swelling_of(schema).memory_bytes(len(body))
    stream = io.BytesIO(body)
    tracemalloc.start()
    value = fastavro.schemaless_reader(stream, schema)
    now, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(value) == count
    assert now <= most + 10_000


def test_types_within_themselves_are_known_by_their_full_names():
    schema = {**WITHIN, "namespace": "of.us"}
    swelling = swelling_of(fastavro.parse_schema(schema))
    assert (swelling.is_recursive, swelling.least_bytes) == (True, 2)
    assert swelling.per_byte > 100
    assert not swelling_of(parse_schema(ZTF_SCHEMA)).is_recursive


def test_a_packet_of_a_survey_may_be_as_large_as_a_message():
    """By far: those of Rubin have two megabytes."""
    swelling_of(parse_schema(ZTF_SCHEMA)).check(4_000_000)
    with pytest.raises(SwellingError):
        swelling_of(parse_schema(ZTF_SCHEMA)).check(64_000_000)


@pytest.mark.parametrize("name", ["fink_ztf_31alerts.avro", "fink_lsst_7alerts.avro"])
def test_real_packets_weigh_little(name):
    path = shared_data_dir() / "data" / "alerts" / "fink" / name
    schema = fastavro.reader(io.BytesIO(path.read_bytes())).writer_schema
    key, values = fink_messages(name)
    swelling = swelling_of(fastavro.parse_schema(schema, named_schemas={}))
    for value in values:
        swelling.check(10 * len(value))
        assert read_records(StreamMessage("fink", 0, 3, value, key), SchemaStore())
