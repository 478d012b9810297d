import bz2
import gzip
import io
import json
import tarfile

import pytest

from tom_dataservices.packets.framing import (
    RawPacket,
    SchemaStore,
    container,
    files,
    list_files,
    read_packets,
)
from tom_dataservices.packets.lockstep import BadSchemaError

from .making import ZTF_SCHEMA, schemaless, ztf_record
from .making import container as make_container

RECORDS = [ztf_record(f"ZTF26aaaaaa{letter}") for letter in "abc"]


@pytest.fixture
def one_file(tmp_path):
    def write(content, name="alerts.avro"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write


def found_in(*paths, **options):
    return list(read_packets(paths, SchemaStore(**options)))


def bodies(found):
    return [one.body for one in found if isinstance(one, RawPacket)]


def reasons(found):
    return [(one.number, one.reason) for one in found if not isinstance(one, RawPacket)]


def tar(members, mode="w"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if content is None:
                member.type = tarfile.DIRTYPE
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


PACKETS = [schemaless(ZTF_SCHEMA, record) for record in RECORDS]
CONTAINER = make_container(ZTF_SCHEMA, RECORDS)


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz"])
def test_a_container_is_cut_into_its_records(one_file, codec):
    found = found_in(one_file(make_container(ZTF_SCHEMA, RECORDS, codec=codec)))
    assert bodies(found) == PACKETS
    assert [one.number for one in found] == [1, 2, 3]
    assert len({id(one.schema) for one in found}) == 1


def test_a_container_of_many_blocks_is_read_to_its_end(one_file):
    found = found_in(one_file(make_container(ZTF_SCHEMA, RECORDS * 20, sync_interval=300)))
    assert bodies(found) == PACKETS * 20


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("alerts.avro.gz", gzip.compress(CONTAINER)),
        ("alerts.avro.bz2", bz2.compress(CONTAINER)),
        ("night.tar", tar([("1.avro", CONTAINER)])),
        ("night.tar.gz", tar([("1.avro", CONTAINER)], "w:gz")),
        ("night.tar.bz2", tar([("1.avro", CONTAINER)], "w:bz2")),
        ("night.tar", tar([("1.avro.gz", gzip.compress(CONTAINER))])),
        ("wrong_name.jpeg", CONTAINER),
    ],
)
def test_what_a_file_is_wrapped_in_is_told_by_its_bytes(one_file, name, content):
    assert bodies(found_in(one_file(content, name))) == PACKETS


def test_members_of_an_archive_are_named_and_what_is_no_file_is_passed_over(one_file):
    content = tar([("folder", None), ("folder/2.avro", CONTAINER), ("1.avro", CONTAINER)])
    found = found_in(one_file(content, "night.tar"))
    assert [one.file.rpartition("/")[2] for one in found[:4]] == ["2.avro"] * 3 + ["night.tar:1.avro"]
    assert found[3].number == 1


@pytest.mark.parametrize("name", ["/etc/passwd", "../1.avro", "a/../../1.avro"])
def test_members_that_lead_out_of_the_archive_are_rejected(one_file, name):
    found = found_in(one_file(tar([(name, CONTAINER), ("1.avro", CONTAINER)]), "night.tar"))
    assert bodies(found) == PACKETS
    assert reasons(found) == [(0, "the archive gives this member a path that leads out of it")]


def test_folders_are_read_with_all_below_in_order(one_file, tmp_path):
    one_file(CONTAINER, "night/b/2.avro")
    one_file(CONTAINER, "night/a.avro")
    one_file(b"notes", "night/readme.txt")
    one_file(CONTAINER, "night/.hidden/3.avro")
    found = found_in(tmp_path / "night")
    assert [one.file.rpartition("night/")[2] for one in found[::3]] == ["a.avro", "b/2.avro"]
    assert reasons(found) == []


def test_a_path_that_does_not_exist_is_an_error_of_the_caller(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.avro"):
        list_files([tmp_path / "nothing.avro"])


def test_progress_adds_up_to_the_size_of_the_file(one_file):
    path = one_file(tar([("1.avro", CONTAINER)], "w:gz"), "night.tar.gz")
    seen = []
    list(read_packets([path], SchemaStore(), seen.append))
    assert sum(seen) == path.stat().st_size


class TestSinglePackets:
    def framed(self, number=900, body=PACKETS[0]):
        return b"\0" + number.to_bytes(4, "big") + body

    @pytest.fixture
    def schema_folder(self, one_file):
        return one_file(json.dumps(ZTF_SCHEMA).encode(), "schema/9/0/ztf.alert.avsc").parents[2]

    def test_a_framed_packet_finds_its_schema_beside_it(self, one_file, schema_folder):
        assert bodies(found_in(one_file(self.framed(), "one.bin"))) == [PACKETS[0]]

    def test_a_folder_of_schemas_can_be_named(self, one_file, schema_folder):
        path = one_file(self.framed(), "elsewhere/one.bin")
        [(number, reason)] = reasons(found_in(path))
        assert number == 1
        assert reason.startswith("schema 900 is needed, and there is no folder 'schema' of schemas: name one")
        assert bodies(found_in(path, schemas_dir=schema_folder)) == [PACKETS[0]]

    def test_an_unknown_schema_number_is_rejected(self, one_file, schema_folder):
        found = found_in(one_file(self.framed(number=1205), "one.bin"))
        assert reasons(found) == [(1, "unknown schema 1205: no alert schema in schema/12/5")]
        assert found[0].content == self.framed(number=1205)

    def test_a_schema_file_that_is_none_is_rejected(self, one_file, schema_folder):
        (schema_folder / "9/0/ztf.alert.avsc").write_text("{}")
        [(number, reason)] = reasons(found_in(one_file(self.framed(), "one.bin")))
        assert "not a readable Avro schema" in reason

    @pytest.mark.parametrize("wrap", [bytes, gzip.compress])
    def test_a_bare_packet_takes_the_schema_that_was_named(self, one_file, schema_folder, wrap):
        path = one_file(wrap(PACKETS[1]), "bare.avro")
        assert bodies(found_in(path, schema_file=schema_folder / "9/0/ztf.alert.avsc")) == [PACKETS[1]]

    def test_a_named_schema_must_be_one(self, one_file):
        with pytest.raises(BadSchemaError, match=r"readable Avro schema"):
            SchemaStore(schema_file=one_file(b"[", "broken.avsc"))

    def test_a_frame_without_packet_is_rejected(self, one_file):
        assert reasons(found_in(one_file(b"\0\0\0", "one.bin"))) == [
            (1, "a framed packet has at least 6 bytes")
        ]

    def test_a_packet_beyond_all_measure_is_rejected(self, one_file, monkeypatch):
        monkeypatch.setattr(files, "MAX_PACKET_BYTES", 2**20)
        [(_, reason)] = reasons(found_in(one_file(bytes(2**20 + 1), "one.bin")))
        assert reason in ("a single packet may have 1 MB at most", "the archive is empty")


class TestBadFiles:
    def test_an_empty_file(self, one_file):
        assert reasons(found_in(one_file(b""))) == [(0, "the file is empty")]

    def test_an_empty_archive(self, one_file):
        assert reasons(found_in(one_file(tar([]), "night.tar"))) == [(0, "the archive is empty")]
        assert reasons(found_in(one_file(tar([], "w:gz"), "night.tar.gz"))) == [(0, "the archive is empty")]

    def test_an_image(self, one_file):
        [(number, reason)] = reasons(found_in(one_file(b"\xff\xd8\xff\xe0\0\x10JFIF\0" * 40)))
        assert number == 1
        assert reason == "not an alert packet, but a JPEG image"

    @pytest.mark.parametrize("kept", [2, 10, 400, len(CONTAINER) - 30])
    def test_a_container_that_is_cut_off(self, one_file, kept):
        found = found_in(one_file(CONTAINER[:kept]))
        assert bodies(found) == []
        assert len(reasons(found)) == 1

    def test_what_stands_before_the_cut_is_read(self, one_file):
        many = make_container(ZTF_SCHEMA, RECORDS * 20, sync_interval=300)
        found = found_in(one_file(many[:-200]))
        assert bodies(found) == (PACKETS * 20)[: len(found) - 1]
        assert len(found) > 40
        assert reasons(found) == [(len(found), "the file is cut off")]

    @pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2"])
    def test_an_archive_that_is_cut_off(self, one_file, mode):
        content = tar([(f"{n}.avro", CONTAINER + bytes(range(256)) * 0) for n in range(400)], mode)
        found = found_in(one_file(content[: len(content) * 2 // 3], "night.tar"))
        assert 0 < len(bodies(found)) < 1200 or mode == "w:bz2"
        assert any("end" in reason or "cut off" in reason for _, reason in reasons(found))

    def test_a_damaged_block(self, one_file):
        broken = bytearray(CONTAINER)
        broken[-3] ^= 0xFF
        [(number, reason)] = reasons(found_in(one_file(bytes(broken))))
        assert (number, "sync marker" in reason) == (1, True)

    def test_a_broken_record_takes_only_its_block(self, one_file):
        schema_only = make_container(ZTF_SCHEMA, [])
        sync = schema_only[-16:]
        bad_block = bytes([0x04]) + _varint(len(PACKETS[0]) + 3) + PACKETS[0] + b"\xff\xff\xff" + sync
        good_block = bytes([0x02]) + _varint(len(PACKETS[1])) + PACKETS[1] + sync
        found = found_in(one_file(schema_only + bad_block + good_block))
        assert bodies(found) == [PACKETS[0], PACKETS[1]]
        [(number, reason)] = reasons(found)
        assert number == 2
        assert reason.startswith("record 2 of a block of 2 is broken")

    def test_a_compression_that_is_not_known(self, one_file):
        content = make_container(ZTF_SCHEMA, RECORDS, codec="deflate").replace(b"deflate", b"lz77777", 1)
        assert reasons(found_in(one_file(content))) == [
            (1, "compression 'lz77777' is not supported: use null, deflate, bzip2 or xz")
        ]

    def test_a_block_that_blows_up(self, one_file, monkeypatch):
        monkeypatch.setattr(container, "MAX_BLOCK_BYTES", 1000)
        big = [ztf_record("Z" * 5000)]
        [(_, reason)] = reasons(found_in(one_file(make_container(ZTF_SCHEMA, big, codec="deflate"))))
        assert "more than" in reason

    def test_archives_in_archives_end_somewhere(self, one_file):
        content = CONTAINER
        for _ in range(6):
            content = gzip.compress(content)
        [(_, reason)] = reasons(found_in(one_file(content, "matryoshka.gz")))
        assert reason.startswith("not an alert packet: begins with 1f 8b")

    @pytest.mark.parametrize("seed", range(20))
    def test_random_bytes(self, one_file, seed):
        import random

        content = random.Random(seed).randbytes(3000)
        for start in (b"", b"Obj\x01", b"\x1f\x8b\x08", b"BZh9", b"\0"):
            found = found_in(one_file(start + content))
            assert bodies(found) == []
            assert len(reasons(found)) == 1


def _varint(number):
    number, made = number << 1, b""
    while number > 0x7F:
        made += bytes([number & 0x7F | 0x80])
        number >>= 7
    return made + bytes([number])
