"""Bodies of messages of Hopskotch and GCN, as their handlers get them."""

from __future__ import annotations

import io
import json
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from xml.etree import ElementTree

import fastavro
from fastavro.repository import SchemaRepositoryError
from fastavro.schema import SchemaParseException

from tom_alertstreams.counted_avro import CountedItems
from tom_alertstreams.handling import UndecodableError
from tom_common.document_types import declares_document_type
from tom_dataservices.packets import StreamMessage
from tom_dataservices.packets.framing import container
from tom_dataservices.packets.swelling import MAX_MEMORY_BYTES, SwellingError, swelling_of

MAX_BYTES = 16_000_000
MAX_RECORDS = 100_000
_AVRO_ERRORS = (
    *(ValueError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError, MemoryError),
    *(RecursionError, SchemaParseException, SchemaRepositoryError),
)
Headers = list[tuple[str, bytes]]


@dataclass(frozen=True)
class JSONBlob:
    """A body of JSON."""

    content: Any


@dataclass(frozen=True)
class AvroBlob:
    """An Avro container; `content` holds its records."""

    content: list[Any]


@dataclass(frozen=True)
class Blob:
    """A body of any bytes."""

    content: bytes


@dataclass(frozen=True)
class GCNCircular:
    """A circular: its header lines by lower-case name, and its text."""

    header: dict[str, str]
    body: str


@dataclass(frozen=True)
class ExternalMessage:
    """A message too large for Kafka that was not fetched: where it lies."""

    url: str


@dataclass(frozen=True)
class VOEvent:
    """A VOEvent packet; `content` is its XML as dictionaries, attributes beside elements."""

    ivorn: str
    role: str
    content: dict[str, Any]
    raw: bytes = field(repr=False)


@dataclass(frozen=True)
class Metadata:
    """Where a message comes from; `timestamp` is Unix time in ms, None where the broker sets none."""

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    headers: Headers

    @classmethod
    def of(cls, message: StreamMessage) -> Metadata:
        """Take it from a message."""
        return cls(
            message.topic,
            message.partition,
            message.offset,
            message.timestamp_ms,
            message.key,
            list(message.headers),
        )


class ReceivedMessage:
    """A message as confluent-kafka hands it out, for handlers that ask it ``topic()`` and ``value()``."""

    def __init__(self, message: StreamMessage) -> None:
        self._message = message

    def topic(self) -> str:
        """Return the topic."""
        return self._message.topic

    def partition(self) -> int:
        """Return the partition."""
        return self._message.partition

    def offset(self) -> int:
        """Return the offset."""
        return self._message.offset

    def key(self) -> bytes | None:
        """Return the key."""
        return self._message.key

    def value(self) -> bytes:
        """Return the body."""
        return self._message.value

    def headers(self) -> Headers | None:
        """Return the headers, None without any."""
        return list(self._message.headers) or None

    def timestamp(self) -> tuple[int, int]:
        """Return the kind of time (0: none, 1: of creation) and Unix time in ms."""
        moment = self._message.timestamp_ms
        return (0, 0) if moment is None else (1, moment)

    def error(self) -> None:
        """Return None: this message came through."""


Body = JSONBlob | AvroBlob | Blob | GCNCircular | ExternalMessage | VOEvent


def hopskotch_body(message: StreamMessage) -> Body:
    """Decode a message of Hopskotch by its header ``_format``.

    Without one, the wrapper of hop-client before 0.8 is tried, then JSON; else the body is a `Blob`.

    Raises
    ------
    UndecodableError
        If the body is not what the header says.
    """
    form = next(
        (value.decode("ascii", "replace") for name, value in message.headers if name == "_format"), ""
    )
    if form:
        return _decoded(form, message.value)
    try:
        content = json.loads(message.value)
    except (ValueError, RecursionError):
        return Blob(message.value)
    if isinstance(content, dict) and set(content) == {"format", "content"}:
        inner = content["content"]
        if content["format"] == "circular" and isinstance(inner, dict):
            return _circular_of(inner)
        if isinstance(inner, str) and content["format"] in ("voevent", "circular"):
            return _decoded(content["format"], inner.encode())
        return JSONBlob(inner)
    return JSONBlob(content)


def _decoded(form: str, value: bytes) -> Body:
    if form == "json":
        return JSONBlob(read_json(value))
    if form == "avro":
        return AvroBlob(read_avro(value))
    if form == "circular":
        return read_circular(value)
    if form == "voevent":
        return read_voevent(value)
    if form == "external":
        content = read_json(value)
        if not isinstance(content, dict) or not isinstance(content.get("url"), str):
            raise UndecodableError("the header says external, and the body names no url")
        return ExternalMessage(content["url"])
    return Blob(value)


def read_json(value: bytes) -> Any:
    """Return JSON in UTF-8."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise UndecodableError(f"not JSON: {error}") from error


def read_avro(value: bytes) -> list[Any]:
    """Return the records of an Avro container, of any schema, its logical types as Python has them.

    Blocks may be packed by deflate, bzip2 or xz.

    Raises
    ------
    UndecodableError
        If it is none, holds more than `MAX_RECORDS`, unpacks into more than `MAX_BYTES` and twice its own
        size, or takes more memory than `swelling.MAX_MEMORY_BYTES`.
    """
    stream = io.BytesIO(value)
    found: list[Any] = []
    size = 0
    most_bytes = max(MAX_BYTES, 2 * len(value))
    try:
        head = container.read_head(stream)
        schema = fastavro.reader(io.BytesIO(value[: stream.tell()])).writer_schema
        swelling = swelling_of(fastavro.parse_schema(schema, named_schemas={}))
        counted = CountedItems(schema, swelling)
        for count, content in container.read_blocks(stream, head, most_bytes):
            size += len(content)
            if len(found) + count > MAX_RECORDS:
                raise UndecodableError(f"an Avro container of more than {MAX_RECORDS:,} records is not read")
            is_tame = not (swelling.is_endless or swelling.is_recursive)
            is_light = swelling.memory_bytes(size, len(found) + count) <= MAX_MEMORY_BYTES
            compiled = partial(fastavro.schemaless_reader, writer_schema=schema)
            read = compiled if is_tame and is_light else counted.read
            found += _records_of(content, count, read)
    except UndecodableError:
        raise
    except SwellingError as error:
        raise UndecodableError(f"an Avro container that is not read: {error}") from error
    except _AVRO_ERRORS as error:
        raise UndecodableError(f"not an Avro container: {error}") from error
    return found


def _records_of(content: bytes, count: int, read: Callable[[io.BytesIO], Any]) -> list[Any]:
    block = io.BytesIO(content)
    found = [read(block) for _ in range(count)]
    if block.tell() != len(content):
        raise ValueError(f"{len(content) - block.tell()} bytes are left over in a block of {count}")
    return found


def _circular_of(content: dict[str, Any]) -> GCNCircular:
    header = content.get("header")
    header = header if isinstance(header, dict) else {}
    return GCNCircular(
        {str(name).lower(): str(text) for name, text in header.items()}, str(content.get("body"))
    )


def read_circular(value: bytes) -> GCNCircular:
    """Return a circular in its text form, header lines above an empty line, or in JSON."""
    text = value.decode("utf-8", "replace").replace("\r\n", "\n")
    if text.lstrip().startswith("{"):
        return _circular_of(read_json(value))
    head, _, body = text.partition("\n\n")
    found = re.findall(r"^([A-Za-z_-]+):[ \t]*(.*?)[ \t\r]*$", head, re.M)
    if not found:
        raise UndecodableError("not a circular: it has no header lines")
    return GCNCircular({name.lower(): content for name, content in found}, body)


def read_voevent(value: bytes) -> VOEvent:
    """Return a VOEvent packet; one with a document type is refused, since it may grow without bounds."""
    if len(value) > MAX_BYTES or declares_document_type(value):
        raise UndecodableError("not a VOEvent that is read: it is too large or declares a document type")
    try:
        root = ElementTree.fromstring(value)  # noqa: S314  no document type, see above
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # the last two: of its encoding
        raise UndecodableError(f"not XML: {error}") from error
    return VOEvent(root.get("ivorn", ""), root.get("role", ""), _as_dict(root), value)


def _as_dict(element: ElementTree.Element) -> dict[str, Any]:
    found: dict[str, Any] = dict(element.attrib)
    for child in element:
        name = child.tag.rpartition("}")[2]
        content = _as_dict(child) if len(child) or child.attrib else (child.text or "").strip()
        if name in found:
            there = found[name]
            found[name] = [*(there if isinstance(there, list) else [there]), content]
        else:
            found[name] = content
    if text := (element.text or "").strip():
        found["text"] = text
    return found


def read_binary_notice(value: bytes) -> list[int]:
    """Return the 40 numbers of a binary notice of GCN, big endian, 32 bits each.

    References
    ----------
    https://gcn.nasa.gov/docs/notices, socket packets of 160 bytes.
    """
    if len(value) != 160:
        raise UndecodableError(f"a binary notice has 160 bytes; this one has {len(value)}")
    return list(struct.unpack(">40i", value))


def read_text_notice(value: bytes) -> dict[str, str]:
    """Return the lines ``NAME: text`` of a notice; lines of one name and those without are joined."""
    found: dict[str, str] = {}
    name = ""
    for line in value.decode("utf-8", "replace").splitlines():
        head, colon, text = line.partition(":")
        if colon and re.fullmatch(r"[A-Z][A-Z0-9_/ -]*", head.strip()):
            name = head.strip()
        else:
            text = line
        if name and text.strip():
            found[name] = f"{found[name]}\n{text.strip()}" if name in found else text.strip()
    if not found:
        raise UndecodableError("not a notice: no line reads NAME: text")
    return found


def gcn_body(topic: str, value: bytes) -> Any:
    """Decode a message of GCN by its topic: JSON, lines of text, VOEvent or binary.

    Raises
    ------
    UndecodableError
        If it is not what its topic promises.
    """
    if topic.startswith("gcn.classic.text."):
        return read_text_notice(value)
    if topic.startswith("gcn.classic.voevent."):
        return read_voevent(value)
    if topic.startswith("gcn.classic.binary."):
        return read_binary_notice(value)
    return read_json(value)
