"""Avro bytes of alert packets: parts are encoded once and put together, as the histories of packets overlap.

`PacketEncoder` and the two framings (one packet a file, many in one container) serve `survey` and the
benchmark tool.
"""

import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterable, Sequence
from gzip import GzipFile
from pathlib import Path
from typing import IO, Any

import fastavro

from tom_alerts.simulation.schema import alert_schema_json, record_schema

PUBLISHER = "Simulated survey (no telescope has seen this)"
MAGIC = b"Obj\x01"
SYNC_BYTES = 16

_IS_NULL, _IS_VALUE = b"\x00", b"\x02"  # index of the branch of a union ["null", something]
_END_OF_ARRAY = b"\x00"


def avro_long(value: int) -> bytes:
    """Encode an integer as Avro does: zigzag, then seven bits a byte.

    Parameters
    ----------
    value : int
        Between -2^63 and 2^63 - 1.

    Returns
    -------
    bytes
        One to ten bytes.
    """
    rest = (value << 1) ^ (value >> 63)
    encoded = bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def avro_text(value: str | bytes) -> bytes:
    """Encode text (UTF-8) or bytes as Avro does: length, then content.

    Parameters
    ----------
    value : str or bytes
        The content.

    Returns
    -------
    bytes
        Encoded content.
    """
    content = value.encode() if isinstance(value, str) else value
    return avro_long(len(content)) + content


class PacketEncoder:
    """Encodes alert packets of ZTF schema 4.02 from parts.

    Raises
    ------
    ValueError
        By its methods, if a record lacks a field that has no default or holds a value of a wrong type.
    """

    def __init__(self) -> None:
        self._schemas = {
            name: fastavro.parse_schema(record_schema(name))
            for name in ("candidate", "prv_candidate", "fp_hist", "cutout")
        }

    def _encode(self, name: str, record: dict[str, Any]) -> bytes:
        buffer = io.BytesIO()
        fastavro.schemaless_writer(buffer, self._schemas[name], record)
        return buffer.getvalue()

    def candidate(self, record: dict[str, Any]) -> bytes:
        """Encode the detection of an alert."""
        return self._encode("candidate", record)

    def previous(self, record: dict[str, Any]) -> bytes:
        """Encode a previous detection or limit."""
        return self._encode("prv_candidate", record)

    def forced(self, record: dict[str, Any]) -> bytes:
        """Encode a forced measurement."""
        return self._encode("fp_hist", record)

    def alert(
        self,
        *,
        object_name: str,
        alert_number: int,
        candidate: bytes,
        previous: Sequence[bytes] = (),
        forced: Sequence[bytes] = (),
        stamps: Sequence[tuple[str, bytes]] | None = None,
    ) -> bytes:
        """Put a packet together.

        Parameters
        ----------
        object_name : str
            Name of the object.
        alert_number : int
            Number of the alert.
        candidate : bytes
            Encoded detection.
        previous, forced : sequence of bytes
            Encoded previous and forced measurements; an empty one is written as null.
        stamps : sequence of (file name, content), optional
            Science, template and difference image; None writes three nulls.

        Returns
        -------
        bytes
            One Avro record without a frame.
        """
        head = avro_text("4.02") + avro_text(PUBLISHER) + avro_text(object_name) + avro_long(alert_number)
        images = _IS_NULL * 3
        if stamps is not None:
            images = b"".join(_IS_VALUE + avro_text(name) + avro_text(content) for name, content in stamps)
        return b"".join([head, candidate, _optional_array(previous), _optional_array(forced), images])


def _optional_array(items: Sequence[bytes]) -> bytes:
    if not items:
        return _IS_NULL
    return b"".join([_IS_VALUE, avro_long(len(items)), *items, _END_OF_ARRAY])


def container_head(sync: bytes, *, deflate: bool = False) -> bytes:
    """Return the head of an Avro object container file with the schema in it.

    Parameters
    ----------
    sync : bytes
        16 bytes that end each block.
    deflate : bool
        Whether blocks are compressed.

    Returns
    -------
    bytes
        Magic number, metadata and sync marker.
    """
    metadata = {"avro.schema": alert_schema_json(), "avro.codec": "deflate" if deflate else "null"}
    entries = b"".join(avro_text(key) + avro_text(value) for key, value in metadata.items())
    return MAGIC + avro_long(len(metadata)) + entries + _END_OF_ARRAY + sync


def container_block(records: Sequence[bytes], sync: bytes, *, deflate: bool = False) -> bytes:
    """Return one block of an Avro object container file.

    Parameters
    ----------
    records : sequence of bytes
        Encoded records.
    sync : bytes
        The sync marker of the file.
    deflate : bool
        Whether to compress, as said in the head.

    Returns
    -------
    bytes
        Count, size, content, sync marker.
    """
    content = b"".join(records)
    if deflate:
        packer = zlib.compressobj(level=6, wbits=-15)
        content = packer.compress(content) + packer.flush()
    return avro_long(len(records)) + avro_text(content) + sync


def single_packet_file(record: bytes) -> bytes:
    """Frame one record as an Avro object container file, the form in which ZTF sends alerts.

    Parameters
    ----------
    record : bytes
        Encoded record.

    Returns
    -------
    bytes
        The file; the sync marker is a digest of the record, so that equal records give equal files.
    """
    sync = hashlib.blake2b(record, digest_size=SYNC_BYTES).digest()
    return container_head(sync) + container_block([record], sync)


def write_archive(packets: Iterable[tuple[str, bytes]], path: Path, *, compress_level: int = 6) -> int:
    """Write packets as a nightly archive: a tar with one file a packet at top level.

    Parameters
    ----------
    packets : iterable of (file name, content)
        The packets.
    path : Path
        File to write; compressed if its name ends in ``gz``.
    compress_level : int
        Level of gzip, 1 to 9.

    Returns
    -------
    int
        Number of packets. Equal packets give equal archives: times and owners are zero.
    """
    with path.open("wb") as target:
        if path.name.endswith("gz"):
            with GzipFile(
                filename="", mode="wb", fileobj=target, mtime=0, compresslevel=compress_level
            ) as packed:
                return _write_tar(packets, packed)
        return _write_tar(packets, target)


def _write_tar(packets: Iterable[tuple[str, bytes]], target: IO[bytes] | GzipFile) -> int:
    # Not tarfile.open: it remembers every entry, so that memory would grow with the archive.
    count, size = 0, 0
    for name, content in packets:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        head = entry.tobuf(tarfile.USTAR_FORMAT)
        padding = b"\0" * (-len(content) % tarfile.BLOCKSIZE)
        size += target.write(head + content + padding)
        count += 1
    size += target.write(b"\0" * 2 * tarfile.BLOCKSIZE)
    target.write(b"\0" * (-size % tarfile.RECORDSIZE))
    return count
