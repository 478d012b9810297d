import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tom_dataservices.packets import PointColumns, point_keys, read_alert_batches, reading, total_bytes
from tom_dataservices.packets.framing import PacketSchema, RawPacket
from tom_dataservices.packets.lockstep import parse_schema
from tom_dataservices.packets.surveys import ztf

from .making import (
    ZTF_SCHEMA,
    container,
    record_schema,
    schemaless,
    ztf_forced,
    ztf_limit,
    ztf_point,
    ztf_record,
)


@pytest.fixture
def folder(tmp_path):
    for number in range(5):
        record = ztf_record(f"ZTF26aaaaaa{'abcde'[number]}")
        (tmp_path / f"{number}.avro").write_bytes(container(ZTF_SCHEMA, [record]))
    return tmp_path


def names(batches):
    return [[one.name[-1] for one in batch.objects] for batch in batches]


def test_batches_are_no_larger_than_asked(folder):
    assert names(read_alert_batches([folder], batch_size=2)) == [["a", "b"], ["c", "d"], ["e"]]


def test_batches_are_cut_by_their_bytes_too(folder, monkeypatch):
    monkeypatch.setattr(reading, "MAX_BATCH_BYTES", 1)
    assert names(read_alert_batches([folder])) == [["a"], ["b"], ["c"], ["d"], ["e"]]


def test_rejected_files_come_with_the_next_batch_and_are_counted(folder):
    (folder / "0b.avro").write_bytes(b"")
    (folder / "2b.avro").write_bytes(b"\xff\xd8\xff\xe0 an image")
    (folder / "9.avro").write_bytes(container(ZTF_SCHEMA, [ztf_record()])[:300])
    batches = list(read_alert_batches([folder], batch_size=2))
    assert sum(batch.received for batch in batches) == 8
    rejected = [one for batch in batches for one in batch.rejected]
    assert [one.file[-7:] for one in rejected] == ["0b.avro", "2b.avro", "9.avro".rjust(7, "/")]
    assert batches[0].survey == "ZTF"
    assert batches[0].rejected == rejected[:1]


def test_nothing_but_rejections_makes_a_batch_of_no_survey(tmp_path):
    (tmp_path / "a.avro").write_bytes(b"")
    [batch] = read_alert_batches([tmp_path])
    assert (batch.survey, len(batch.objects), len(batch.points), batch.received) == ("", 0, 0, 1)


def test_a_container_of_something_else_is_rejected_packet_by_packet(tmp_path):
    schema = record_schema("recipe", {"name": "string"})
    (tmp_path / "a.avro").write_bytes(container(schema, [{"name": "soup"}, {"name": "bread"}]))
    [batch] = read_alert_batches([tmp_path])
    assert [(one.number, one.reason) for one in batch.rejected] == [
        (1, "packets of the kind 'recipe' are of no survey that is known here"),
        (2, "packets of the kind 'recipe' are of no survey that is known here"),
    ]


def test_a_broken_packet_is_kept_aside_and_the_rest_goes_in(tmp_path):
    empty = container(ZTF_SCHEMA, [])
    sync, good = empty[-16:], schemaless(ZTF_SCHEMA, ztf_record())
    blocks = [good, good[:-7] + b"\xff" * 7, good + b"\0", good]
    content = empty + b"".join(b"\x02" + bytes(_varint(len(block))) + block + sync for block in blocks)
    (tmp_path / "a.avro").write_bytes(content)
    [batch] = read_alert_batches([tmp_path])
    assert [one.number for one in batch.objects] == [1, 4]
    assert [one.number for one in batch.rejected] == [2, 3]
    assert batch.rejected[1].reason == "1 bytes are left over behind the record"
    assert batch.rejected[0].content == blocks[1]
    assert batch.received == 4


def _varint(number):
    number <<= 1
    while number > 0x7F:
        yield number & 0x7F | 0x80
        number >>= 7
    yield number


def test_a_packet_that_cannot_be_understood_harms_no_other(folder, monkeypatch, caplog):
    understand = ztf.FORMAT.read

    def stumble(table, packets):
        if "ZTF26aaaaaac" in table.texts("objectId"):
            raise ZeroDivisionError("made up")
        return understand(table, packets)

    monkeypatch.setattr(reading, "format_of", lambda node: _with_read(stumble))
    batches = list(read_alert_batches([folder]))
    assert sorted(sum(names(batches), [])) == ["a", "b", "d", "e"]
    [rejection] = [one for batch in batches for one in batch.rejected]
    assert rejection.file.endswith("2.avro")
    assert rejection.reason == "cannot be understood: ZeroDivisionError: made up"
    assert sum(batch.received for batch in batches) == 5
    assert "cannot be brought to the common form" in caplog.text


def _with_read(function):
    import dataclasses

    return dataclasses.replace(ztf.FORMAT, read=function)


def test_arguments_that_make_no_sense_are_refused_at_once(folder):
    with pytest.raises(ValueError, match="at least one packet, not 0"):
        read_alert_batches([folder], batch_size=0)
    with pytest.raises(NotADirectoryError, match="nowhere"):
        read_alert_batches([folder], schemas_dir=folder / "nowhere")
    with pytest.raises(FileNotFoundError, match="nothing"):
        read_alert_batches([folder / "nothing"])


def test_progress_reaches_the_total(folder):
    seen = []
    list(read_alert_batches([folder], progress=seen.append))
    assert sum(seen) == total_bytes([folder]) > 0


def test_points_are_made_joined_and_taken():
    one = PointColumns.of(2, time_us=[1, 2], brightness=3.0)
    both = PointColumns.joined([one, PointColumns.of(1, time_us=[9])])
    assert both.time_us.tolist() == [1, 2, 9]
    assert np.isnan(both.brightness).tolist() == [False, False, True]
    assert both.take(both.time_us > 1).time_us.tolist() == [2, 9]
    assert len(PointColumns.joined([])) == 0
    with pytest.raises(TypeError, match="colour"):
        PointColumns.of(1, colour=1)


@settings(max_examples=40)
@given(st.randoms(use_true_random=False))
def test_damaged_packets_end_as_alerts_or_rejections(chance):
    records = [
        ztf_record(prv_candidates=[ztf_point(), ztf_limit()], fp_hists=[ztf_forced()] * 3) for _ in range(30)
    ]
    schema = PacketSchema(parse_schema(ZTF_SCHEMA))
    packets = []
    for number, record in enumerate(records, 1):
        body = bytearray(schemaless(ZTF_SCHEMA, record))
        for _ in range(number % 4):
            body[chance.randrange(len(body))] = chance.randrange(256)
        packets.append(RawPacket(schema, bytes(body), "damaged.avro", number))
    batches = list(reading.decode_packets(packets, ztf.FORMAT, schema))
    places = [one.number for batch in batches for one in (*batch.objects, *batch.rejected)]
    assert sorted(places) == list(range(1, 31))
    assert sum(batch.received for batch in batches) == 30
    for batch in batches:
        assert (batch.points.object_index < len(batch.objects)).all()
        assert (batch.points.object_index >= 0).all()
        assert not np.isinf(batch.points.brightness).any()
        assert all(1 <= len(one.name) <= 100 and "\0" not in one.name for one in batch.objects)
        point_keys(batch.points, survey=batch.survey, bands=batch.bands)


def test_a_name_that_no_target_can_have_is_rejected(tmp_path):
    (tmp_path / "a.avro").write_bytes(
        container(ZTF_SCHEMA, [ztf_record("Z" * 101), ztf_record(candidate={"jd": 1e300})])
    )
    [batch] = read_alert_batches([tmp_path])
    assert [one.reason for one in batch.rejected] == [
        "the name of the object has more than 100 characters",
        "the alert has no time",
    ]
