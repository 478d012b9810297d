import io
import random
import struct

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tom_dataservices.packets.lockstep import (
    BadSchemaError,
    PacketDecoder,
    UnsupportedSchemaError,
    compile_schema,
    parse_schema,
)
from tom_dataservices.packets.lockstep.rows import columns_from_values

from .making import record_schema, same, schemaless

INT64 = st.integers(-(2**63), 2**63 - 1)
FLOATS32 = st.floats(width=32, allow_nan=False)


@st.composite
def typed_values(draw, depth=3):
    """Draw an Avro type and a strategy for its values."""
    simple = {
        "null": st.none(),
        "boolean": st.booleans(),
        "int": st.integers(-(2**31), 2**31 - 1),
        "long": INT64,
        "float": FLOATS32,
        "double": st.floats(allow_nan=True),
        "bytes": st.binary(max_size=200),
        "string": st.text(max_size=40),
    }
    kinds = [*simple, "fixed", "enum"] + ["record", "array", "map", "union", "nullable"] * (depth > 0)
    kind = draw(st.sampled_from(kinds))
    name = f"n{draw(st.integers(0, 10**12))}"
    if kind in simple:
        return kind, simple[kind]
    if kind == "fixed":
        size = draw(st.integers(1, 9))
        return {"type": "fixed", "name": name, "size": size}, st.binary(min_size=size, max_size=size)
    if kind == "enum":
        return {"type": "enum", "name": name, "symbols": ["A", "B", "C"]}, st.sampled_from("ABC")
    if kind == "array":
        items, values = draw(typed_values(depth - 1).filter(lambda one: _takes_bytes(one[0])))
        return {"type": "array", "items": items}, st.lists(values, max_size=12)
    if kind == "map":
        items, values = draw(typed_values(depth - 1))
        return {"type": "map", "values": items}, st.dictionaries(st.text(max_size=5), values, max_size=5)
    if kind == "union":
        return ["null", "long", "string", "boolean"], st.one_of(
            st.none(), INT64, st.text(max_size=9), st.booleans()
        )
    if kind == "nullable":
        inner, values = draw(
            typed_values(depth - 1).filter(lambda one: one[0] != "null" and not isinstance(one[0], list))
        )
        branches = ["null", inner] if draw(st.booleans()) else [inner, "null"]
        return branches, st.one_of(st.none(), values)
    return draw(_records(depth - 1))


def _takes_bytes(kind):
    """Tell whether items may be of a type: of those that need no bytes there is no end (test_swelling)."""
    if isinstance(kind, dict) and kind["type"] == "record":
        return any(_takes_bytes(field["type"]) for field in kind["fields"])
    return kind != "null"


@st.composite
def _records(draw, depth):
    parts = [draw(typed_values(depth)) for _ in range(draw(st.integers(1, 7)))]
    name = f"r{draw(st.integers(0, 10**12))}"
    schema = record_schema(name, {f"f{place}": kind for place, (kind, _) in enumerate(parts)})
    return schema, st.fixed_dictionaries({f"f{place}": values for place, (_, values) in enumerate(parts)})


@st.composite
def packets(draw):
    schema, values = draw(_records(3))
    return schema, draw(st.lists(values, min_size=1, max_size=6))


def decoded_values(schema, bodies, wanted=None):
    outcome = PacketDecoder(parse_schema(schema), wanted).decode(bodies)
    assert outcome.errors == {}
    found = {}
    for numbers, columns in outcome.groups:
        found.update(zip(numbers, columns.values(), strict=True))
    return [found[number] for number in range(len(bodies))]


def judged_values(schema, bodies):
    parsed = parse_schema(schema)
    return [fastavro.schemaless_reader(io.BytesIO(body), parsed) for body in bodies]


@settings(max_examples=150)
@given(packets())
def test_random_records_are_read_as_fastavro_reads_them(drawn):
    schema, records = drawn
    try:
        bodies = [schemaless(schema, record) for record in records]
    except (ValueError, fastavro.schema.SchemaParseException):
        return  # two types of one name, or a value that fits two branches
    assert same(decoded_values(schema, bodies), judged_values(schema, bodies))


@settings(max_examples=60)
@given(packets(), st.randoms(use_true_random=False))
def test_a_broken_packet_harms_no_other(drawn, chance):
    schema, records = drawn
    try:
        bodies = [schemaless(schema, record) for record in records]
    except (ValueError, fastavro.schema.SchemaParseException):
        return
    good = judged_values(schema, bodies)
    broken = bytearray(bodies[0] or b"x")
    for _ in range(3):
        broken[chance.randrange(len(broken))] = chance.randrange(256)
    outcome = PacketDecoder(parse_schema(schema)).decode([*bodies, bytes(broken)])
    read = {}
    for numbers, columns in outcome.groups:
        read.update(zip(numbers, columns.values(), strict=True))
    assert same([read[number] for number in range(len(bodies))], good)


LIST_SCHEMA = record_schema(
    "packet",
    {
        "name": "string",
        "points": {
            "type": "array",
            "items": record_schema(
                "point",
                {
                    "number": "long",
                    "visit": "int",
                    "diaObjectId": ["null", "long"],
                    "flux": ["null", "float"],
                    "error": ["null", "float"],
                    "flag": ["null", "boolean"],
                    "band": ["null", "string"],
                },
            ),
        },
        "end": "double",
    },
)


def list_record(items, name="x", object_id=170028485706776685, seed=1):
    chance = random.Random(seed)
    points = [
        {
            "number": object_id if place == 3 else chance.randrange(2**60),
            "visit": chance.randrange(2 ** chance.randrange(1, 31)),
            "diaObjectId": object_id,
            "flux": struct.unpack("<f", struct.pack("<f", chance.gauss(0, 1)))[0] if place % 3 else None,
            "error": 1.0 if place % 3 else None,
            "flag": None if place % 5 else True,
            "band": "r",
        }
        for place in range(items)
    ]
    return {"name": name, "points": points, "end": 1.5}


@pytest.mark.parametrize("counts", [(0,), (300,), (8, 0, 40, 1), (9, 9, 9)])
def test_long_lists_with_a_common_number_are_read_at_once(counts):
    records = [list_record(count, seed=place) for place, count in enumerate(counts)]
    bodies = [schemaless(LIST_SCHEMA, record) for record in records]
    assert same(decoded_values(LIST_SCHEMA, bodies), records)


def test_a_list_whose_items_differ_in_the_common_number_is_read_in_turn():
    record = list_record(30)
    record["points"][11]["diaObjectId"] = None
    record["points"][12]["diaObjectId"] = 170028485706776686
    bodies = [schemaless(LIST_SCHEMA, one) for one in (list_record(20, seed=5), record)]
    assert same(decoded_values(LIST_SCHEMA, bodies), [list_record(20, seed=5), record])


def test_blocks_with_sizes_are_read():
    # Two blocks of one long each, the first with its length in bytes (count -1), as the specification allows.
    schema = record_schema("packet", {"values": {"type": "array", "items": "long"}})
    body = bytes([0x01, 0x02, 0x06, 0x02, 0x08, 0x00])
    assert decoded_values(schema, [body, body]) == [{"values": [3, 4]}] * 2


def test_only_wanted_fields_are_read():
    bodies = [schemaless(LIST_SCHEMA, list_record(12))]
    wanted = ["points.band", "points.nothing", "end"]
    assert decoded_values(LIST_SCHEMA, bodies, wanted) == [{"points": [{"band": "r"}] * 12, "end": 1.5}]


@pytest.mark.parametrize(
    "maps",
    [[{}, {"": None}], [{"a": 1}, {}], [{"a": 1}, {"b": 2, "a": 3}], [None, {"a": {"b": 1}}, {"a": {}}]],
)
def test_maps_with_keys_of_their_own_are_kept_whole(maps):
    rows = [{"map": one} for one in maps]
    assert list(columns_from_values(rows, None).values()) == rows


@pytest.mark.parametrize("cut", [1, 5, 50])
def test_a_truncated_packet_is_reported(cut):
    body = schemaless(LIST_SCHEMA, list_record(12))
    outcome = PacketDecoder(parse_schema(LIST_SCHEMA)).decode([body, body[:-cut], body])
    assert list(outcome.errors) == [1]
    assert "not a record of its schema" in outcome.errors[1]
    assert [numbers for numbers, _ in outcome.groups] == [[0, 2]]


def test_bytes_behind_the_record_are_an_error():
    body = schemaless(LIST_SCHEMA, list_record(2))
    outcome = PacketDecoder(parse_schema(LIST_SCHEMA)).decode([body + b"\0\0"])
    assert outcome.errors == {0: "2 bytes are left over behind the record"}


def test_a_claimed_length_beyond_the_packet_ends_quickly():
    schema = record_schema("packet", {"values": {"type": "array", "items": "boolean"}, "text": "string"})
    huge = bytes([0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
    outcome = PacketDecoder(parse_schema(schema)).decode(
        [huge, b"\0" + huge, schemaless(schema, {"values": [True], "text": "a"})]
    )
    assert sorted(outcome.errors) == [0, 1]
    assert outcome.groups[0][0] == [2]


def test_numbers_written_longer_than_needed_are_left_to_fastavro():
    schema = record_schema("packet", {"choice": ["null", "long"]})
    body = bytes([0x82, 0x00, 0x04])  # branch 1 in two bytes
    assert decoded_values(schema, [body, bytes([0x02, 0x04])]) == [{"choice": 2}, {"choice": 2}]


def test_a_schema_that_contains_itself_is_read_by_fastavro():
    schema = {
        "type": "record",
        "name": "link",
        "fields": [
            {"name": "value", "type": "long"},
            {"name": "names", "type": {"type": "array", "items": "string"}},
            {"name": "next", "type": ["null", "link"]},
        ],
    }
    with pytest.raises(UnsupportedSchemaError, match="refers to itself"):
        compile_schema(parse_schema(schema))
    record = {"value": 1, "names": ["a"], "next": {"value": 2, "names": [], "next": None}}
    other = {"value": 3, "names": ["b", "c"], "next": None}
    bodies = [schemaless(schema, one) for one in (record, other)]
    assert decoded_values(schema, bodies) == [record, other]
    assert decoded_values(schema, bodies, ["value"]) == [{"value": 1}, {"value": 3}]


@pytest.mark.parametrize("text", [b"", b"no json", b'{"type": "nonsense"}', b"7"])
def test_text_that_is_no_schema_is_refused(text):
    with pytest.raises(BadSchemaError, match="not an Avro schema"):
        parse_schema(text)


def test_no_packets_give_nothing():
    outcome = PacketDecoder(parse_schema(LIST_SCHEMA)).decode([])
    assert (outcome.groups, outcome.errors) == ([], {})
