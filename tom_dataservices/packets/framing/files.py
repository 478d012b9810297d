"""Paths to raw packets: folders, archives, compressed files, containers and packets, told by content."""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from ..batch import Rejection
from ..lockstep import BadSchemaError
from .container import MAGIC, FramingError, RecordsLostError, read_container
from .schemas import PacketSchema, SchemaStore, UnknownSchemaError

MAX_PACKET_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 3
KEPT_BYTES = 1024 * 1024
"""Of a broken place in a file, no more than this is kept aside."""

SUFFIXES = (".avro", ".bin", ".gz", ".tgz", ".tar", ".bz2", ".tbz2", ".tbz", ".ocf")
"""What is taken from a folder; a file that is named itself is always tried."""

OTHER_KINDS = {
    b"\xff\xd8\xff": "a JPEG image",
    b"\x89PNG": "a PNG image",
    b"SIMPLE  =": "a FITS file",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive: unpack it first",
    b"<!": "an HTML document",
    b"<html": "an HTML document",
    b"<?xml": "an XML document",
    b'{"': "a JSON document",
    b"[{": "a JSON document",
}
"""What people upload by mistake, by its first bytes."""

READ_ERRORS = (OSError, EOFError, zlib.error, tarfile.TarError)

Progress = Callable[[int], None]


@dataclass(frozen=True)
class RawPacket:
    """One packet, not decoded yet: schemaless Avro, its schema, and where it came from."""

    schema: PacketSchema
    body: bytes
    file: str
    number: int


Found = RawPacket | Rejection


def list_files(paths: Iterable[str | Path]) -> list[Path]:
    """Give the files that the paths stand for: files themselves, folders with all below, sorted by name.

    Raises
    ------
    FileNotFoundError
        If a path does not exist.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = (one for one in sorted(path.rglob("*")) if one.name.lower().endswith(SUFFIXES))
            files.extend(one for one in inside if one.is_file() and not _is_hidden(one.relative_to(path)))
        elif path.exists():
            files.append(path)
        else:
            raise FileNotFoundError(f"there is no file {path}")
    return files


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def read_packets(
    paths: Iterable[str | Path],
    store: SchemaStore,
    progress: Progress | None = None,
    *,
    file_names_only: bool = False,
) -> Iterator[Found]:
    """Give the raw packets of files, one after another; memory does not grow with the size of a file.

    Parameters
    ----------
    paths : iterable of path
        Files and folders.
    store : SchemaStore
        Where schemas come from.
    progress : callable, optional
        Is told the bytes of each piece that was read from disk.
    file_names_only : bool
        Tell of files without their folders.

    Yields
    ------
    RawPacket or Rejection
        Rejections with number 0 are about a file as a whole.
    """
    for path in list_files(paths):
        frame = _Frame(path.name if file_names_only else str(path), path.parent, store)
        try:
            with path.open("rb") as file:
                yield from frame.read(_Counted(file, progress), 0)
        except READ_ERRORS as error:
            yield frame.rejection(f"cannot be read to its end: {error}")


class _Counted(io.RawIOBase):
    """A file that tells how far it was read."""

    def __init__(self, file: BinaryIO, progress: Progress | None) -> None:
        self._file = file
        self._progress = progress

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer)  # type: ignore[attr-defined]
        if self._progress is not None and count:
            self._progress(count)
        return count


class _Frame:
    """One file, or one member of an archive, and the packets found in it."""

    def __init__(self, name: str, folder: Path, store: SchemaStore) -> None:
        self.name = name
        self.folder = folder
        self.store = store
        self.number = 0

    def rejection(self, reason: str, content: bytes = b"", number: int | None = None) -> Rejection:
        """Say what is wrong here."""
        return Rejection(self.name, self.number if number is None else number, reason, content[:KEPT_BYTES])

    def read(self, raw: Any, depth: int) -> Iterator[Found]:
        """Give the packets of a stream whose kind its first bytes tell."""
        stream = io.BufferedReader(raw, 1 << 18)
        start = stream.peek(512)[:512]
        if not start:
            yield self.rejection("the file is empty", number=0)
        elif start.startswith(MAGIC):
            yield from self._container(stream)
        elif depth < MAX_DEPTH and start.startswith(b"\x1f\x8b"):
            yield from self._unpacked(gzip.GzipFile(fileobj=stream, mode="rb"), depth)
        elif depth < MAX_DEPTH and start.startswith(b"BZh"):
            yield from self._unpacked(bz2.BZ2File(stream), depth)
        elif depth < MAX_DEPTH and _is_tar(start):
            yield from self._archive(stream)
        else:
            yield self._single(stream)

    def _unpacked(self, unpacked: gzip.GzipFile | bz2.BZ2File, depth: int) -> Iterator[Found]:
        with unpacked:
            try:
                yield from self.read(unpacked, depth + 1)
            except READ_ERRORS as error:
                number = self.number + 1 if self.number else 0  # an archive counts within its members
                yield self.rejection(f"cannot be unpacked to its end: {error}", number=number)

    def _container(self, stream: BinaryIO) -> Iterator[Found]:
        try:
            for found in read_container(stream, self.store):
                self.number += 1
                if isinstance(found, RecordsLostError):
                    yield self.rejection(str(found), found.content)
                else:
                    yield RawPacket(found[0], found[1], self.name, self.number)
        except FramingError as error:
            yield self.rejection(str(error), error.content, self.number + 1)
        except BadSchemaError as error:
            yield self.rejection(f"the container holds no usable schema: {error}", number=0)

    def _archive(self, stream: BinaryIO) -> Iterator[Found]:
        members = 0
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # else it remembers every member it has seen
                if not member.isfile():
                    continue
                members += 1
                yield from self._member(archive, member)
        if not members:
            yield self.rejection("the archive is empty", number=0)

    def _member(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[Found]:
        frame = _Frame(f"{self.name}:{member.name}", self.folder, self.store)
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts:
            yield frame.rejection("the archive gives this member a path that leads out of it", number=0)
            return
        file = archive.extractfile(member)
        if file is not None:
            with file:
                yield from frame.read(file, MAX_DEPTH - 1)

    def _single(self, stream: BinaryIO) -> Found:
        self.number = 1
        content = stream.read(MAX_PACKET_BYTES + 1)
        if len(content) > MAX_PACKET_BYTES:
            return self.rejection(f"a single packet may have {MAX_PACKET_BYTES >> 20} MB at most", content)
        if self.store.bare is not None:
            return RawPacket(self.store.bare, content, self.name, 1)
        if content[0] != 0:
            return self.rejection(_what_it_is(content), content)
        if len(content) < 6:
            return self.rejection("a framed packet has at least 6 bytes", content)
        try:
            schema = self.store.from_number(int.from_bytes(content[1:5], "big"), self.folder)
        except (UnknownSchemaError, BadSchemaError) as error:
            return self.rejection(str(error), content)
        return RawPacket(schema, content[5:], self.name, 1)


def _what_it_is(content: bytes) -> str:
    for start, kind in OTHER_KINDS.items():
        if content[:64].lstrip().startswith(start):
            return f"not an alert packet, but {kind}"
    return (
        f"not an alert packet: begins with {content[:4].hex(' ')}, which is no Avro container, archive or"
        " framed packet (a bare Avro packet needs its schema: ingest_alerts --schema FILE)"
    )


def _is_tar(start: bytes) -> bool:
    return start[257:262] == b"ustar" or (len(start) == 512 and not any(start))
