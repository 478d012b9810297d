"""Avro object container files, read block by block and cut into raw records."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import fastavro

from .schemas import PacketSchema, SchemaStore

MAGIC = b"Obj\x01"
MAX_BLOCK_BYTES = 128 * 1024 * 1024
MAX_HEADER_BYTES = 16 * 1024 * 1024
MAX_HEADS = 16
MAX_UNPACKING_BYTES = 256 * 1024 * 1024
_UNPACKERS: dict[bytes, Any] = {
    b"deflate": lambda: zlib.decompressobj(-15),
    b"bzip2": bz2.BZ2Decompressor,
    b"xz": lambda: lzma.LZMADecompressor(memlimit=MAX_UNPACKING_BYTES),
}


class FramingError(ValueError):
    """The bytes around the packets are broken; `content` holds what was read of the broken place."""

    def __init__(self, reason: str, content: bytes = b"") -> None:
        super().__init__(reason)
        self.content = content


class RecordsLostError(FramingError):
    """Some records of a block cannot be told apart; the file can be read on behind the block."""


def read_container(
    stream: BinaryIO, store: SchemaStore, most_bytes: int | None = None
) -> Iterator[tuple[PacketSchema, bytes] | RecordsLostError]:
    """Give the records of a container as raw bytes.

    Parameters
    ----------
    stream : file-like
        At the first byte of the container.
    store : SchemaStore
        Parses the schema of the header.
    most_bytes : int, optional
        That its blocks may have together, unpacked.

    Yields
    ------
    (PacketSchema, bytes) or RecordsLostError
        A record; or, in place of records, why they could not be told apart.

    Raises
    ------
    FramingError
        If the container is broken from here on.
    """
    head = read_head(stream)
    schema = store.from_text(head.schema_text)
    for count, content in read_blocks(stream, head, most_bytes):
        yield from _records(schema, content, count)


@dataclass(frozen=True)
class ContainerHead:
    """What stands at the begin of a container: the text of its schema, how blocks are packed and end."""

    schema_text: bytes
    codec: bytes
    sync: bytes


def read_head(stream: BinaryIO) -> ContainerHead:
    """Read a container up to its first block.

    Raises
    ------
    FramingError
        If it is none, or packed in a way that is not known.
    """
    header = _Bytes(stream, MAX_HEADER_BYTES)
    if header.take(4) != MAGIC:
        raise FramingError("not an Avro container")
    metadata = _metadata(header)
    codec = metadata.get(b"avro.codec", b"null") or b"null"
    if codec != b"null" and codec not in _UNPACKERS:
        raise FramingError(
            f"compression {codec[:20].decode('ascii', 'replace')!r} is not supported: use null, deflate,"
            " bzip2 or xz"
        )
    return ContainerHead(metadata.get(b"avro.schema", b""), codec, header.take(16))


def read_blocks(
    stream: BinaryIO, head: ContainerHead, most_bytes: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """Give for each block how many records it says to hold, and its bytes, unpacked.

    Raises
    ------
    FramingError
        If the container is broken from here on, a block is larger than `MAX_BLOCK_BYTES`, or all together
        than `most_bytes`.
    """
    left = most_bytes
    while True:
        first = stream.read(1)
        if not first:
            return
        block = _Bytes(stream, MAX_BLOCK_BYTES, first)
        count = block.varint()
        content = block.take(block.varint())
        if block.take(16) != head.sync:
            raise FramingError("a block does not end with the sync marker: the file is damaged", content)
        most = MAX_BLOCK_BYTES if left is None else min(left, MAX_BLOCK_BYTES)
        plain = content if head.codec == b"null" else _unpacked(head.codec, content, most)
        if len(plain) > most:
            what, limit = ("a block", MAX_BLOCK_BYTES) if left is None else ("the container", most_bytes or 0)
            raise FramingError(f"{what} holds more than {limit / 1e6:.0f} MB", content)
        if left is not None:
            left -= len(plain)
        yield count, plain


def single_record(content: bytes, store: SchemaStore) -> tuple[PacketSchema, bytes] | None:
    """Give the record of a container of one, if its head was noted by `note_head`; else None.

    Surveys send one alert in a container with the same head each: it need not be parsed a thousand times a
    second.
    """
    head = next((one for one in store.heads if content.startswith(one)), None)
    if head is None:
        return None
    sync = content[len(head) : len(head) + 16]
    place = len(head) + 16
    if len(sync) < 16 or content[place : place + 1] != b"\x02" or content[-16:] != sync:
        return None
    size = shift = 0
    for byte in content[place + 1 : place + 11]:
        place += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    body = content[place + 1 : -16]
    return (store.heads[head], body) if size == 2 * len(body) else None


def note_head(content: bytes, schema: PacketSchema, body: bytes, store: SchemaStore) -> None:
    """Note the head of a container that holds one uncompressed record, for `single_record`."""
    begin = content.find(content[-16:])
    head = content[:begin]
    if begin <= 0 or len(store.heads) >= MAX_HEADS or head in store.heads:
        return
    store.heads[head] = schema
    if single_record(content, store) != (schema, body):
        del store.heads[head]


def _records(
    schema: PacketSchema, content: bytes, count: int
) -> Iterator[tuple[PacketSchema, bytes] | RecordsLostError]:
    if count == 1:
        yield schema, content
        return
    stream = io.BytesIO(content)
    start = 0
    for place in range(count):
        try:
            fastavro.schemaless_reader(stream, schema.parsed, schema.skipping)
        except (EOFError, IndexError, KeyError, ValueError, TypeError, OverflowError, MemoryError) as error:
            reason = (
                f"record {place + 1} of a block of {count} is broken, the rest of the block is lost: {error}"
            )
            yield RecordsLostError(reason, content[start:])
            return
        end = stream.tell()
        yield schema, content[start:end]
        start = end
    if start != len(content):
        yield RecordsLostError(
            f"{len(content) - start} bytes are left over in a block of {count}", content[start:]
        )


def _metadata(header: _Bytes) -> dict[bytes, bytes]:
    metadata = {}
    while count := header.varint():
        if count < 0:
            count = -count
            header.varint()
        for _ in range(count):
            key = header.take(header.varint())
            metadata[key] = header.take(header.varint())
    return metadata


def _unpacked(codec: bytes, content: bytes, most: int) -> bytes:
    """Unpack a block, to its end or one byte more than the most that is wanted."""
    unpacker = _UNPACKERS[codec]()
    try:
        plain: bytes = unpacker.decompress(content, most + 1)
    except (zlib.error, lzma.LZMAError, OSError, ValueError) as error:  # the last two: of bzip2
        raise FramingError(f"a block cannot be decompressed: {error}", content) from error
    if len(plain) <= most and not unpacker.eof:
        raise FramingError("a block is cut off", content)
    return plain


class _Bytes:
    """Takes bytes off a stream, no more than `limit` in all."""

    def __init__(self, stream: BinaryIO, limit: int, first: bytes = b"") -> None:
        self._stream = stream
        self._left = limit
        self._first = first

    def take(self, count: int) -> bytes:
        if count < 0 or count > self._left:
            raise FramingError(f"a length of {count} bytes makes no sense: the file is damaged")
        self._left -= count
        taken = self._first[:count]
        self._first = self._first[count:]
        if len(taken) < count:
            taken += self._stream.read(count - len(taken))
        if len(taken) < count:
            raise FramingError("the file is cut off", taken)
        return taken

    def varint(self) -> int:
        number = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (number >> 1) ^ -(number & 1)
        raise FramingError("a number of more than ten bytes makes no sense: the file is damaged")
