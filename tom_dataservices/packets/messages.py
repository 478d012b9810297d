"""From messages of a stream to batches of alerts: each message tells by its bytes how it is wrapped."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import fastavro

from .batch import AlertBatch, Rejection
from .framing import FramingError, PacketSchema, RawPacket, SchemaStore, UnknownSchemaError, read_container
from .framing.container import note_head, single_record
from .lockstep import BadSchemaError
from .reading import gathered

MAGIC = b"Obj\x01"
MAX_MESSAGE_BYTES = 16_000_000
MAX_UNPACKED_BYTES = 64_000_000
"""Of the packets of one message together."""
_NOWHERE = Path("/nonexistent")
# Until 2025 the keys of Fink named a schema, as fink_ztf_2.7_3.10.1, instead of holding it.
_SCHEMA_NAME = re.compile(rb"fink_[A-Za-z0-9_.-]{1,80}")


@dataclass(frozen=True)
class StreamMessage:
    """One message as a broker hands it out.

    `timestamp_ms` is Unix time, None where the broker sets none; `headers` are pairs of name and bytes.
    """

    topic: str
    partition: int
    offset: int
    value: bytes
    key: bytes | None = None
    timestamp_ms: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def place(self) -> str:
        """Where it lies, without its offset."""
        return f"{self.topic}[{self.partition}]"


def read_message_batches(
    messages: Iterable[StreamMessage],
    store: SchemaStore,
    *,
    batch_size: int = 1000,
    with_cutouts: bool = True,
) -> Iterator[AlertBatch]:
    """Decode messages of any framing: Avro containers, registry numbers, a schema in the key, bare packets.

    Parameters
    ----------
    messages : iterable of StreamMessage
    store : SchemaStore
        Keeps the schemas from one call to the next.
    batch_size : int
        Packets in one batch at most.
    with_cutouts : bool
        Read the images too.

    Yields
    ------
    AlertBatch
        A message that cannot be read is a rejection in one of them: its file is `StreamMessage.place`, its
        number the offset.
    """
    found = (packet for message in messages for packet in _packets(message, store))
    return gathered(found, batch_size=batch_size, with_cutouts=with_cutouts)


def read_records(message: StreamMessage, store: SchemaStore) -> list[dict[str, Any]]:
    """Decode a message into its records as they are, for code that asks for one of them.

    Raises
    ------
    ValueError
        If the message cannot be read; the text says why.
    """
    records = []
    for packet in _packets(message, store):
        if isinstance(packet, Rejection):
            raise ValueError(packet.reason)
        stream = io.BytesIO(packet.body)
        try:
            packet.schema.swelling.check(len(packet.body))
            record = fastavro.schemaless_reader(stream, packet.schema.parsed)
        except (EOFError, IndexError, KeyError, ValueError, TypeError, OverflowError, MemoryError) as error:
            raise ValueError(f"not a record of its schema {packet.schema.name}: {error}") from error
        if stream.tell() != len(packet.body):
            raise ValueError(f"{len(packet.body) - stream.tell()} bytes are left over behind the record")
        records.append(cast("dict[str, Any]", record))
    return records


def _packets(message: StreamMessage, store: SchemaStore) -> Iterator[RawPacket | Rejection]:
    content = message.value
    try:
        _check_size(content)
        if content.startswith(MAGIC):
            for schema, body in _contained(content, store):
                yield RawPacket(schema, body, message.place, message.offset)
        elif message.key and message.key.lstrip()[:1] == b"{":
            schema = store.from_text(message.key)
            yield RawPacket(schema, content, message.place, message.offset)
        elif message.key and _SCHEMA_NAME.fullmatch(message.key):
            yield RawPacket(store.from_name(message.key.decode()), content, message.place, message.offset)
        elif store.bare is not None:
            yield RawPacket(store.bare, content, message.place, message.offset)
        elif (number := _registry_number(message, store)) is not None:
            yield RawPacket(store.from_number(number, _NOWHERE), content[5:], message.place, message.offset)
        else:
            raise FramingError(
                "not an alert packet: no Avro container, no registry number, no schema in its key"
            )
    except (FramingError, UnknownSchemaError, BadSchemaError) as error:
        yield Rejection(message.place, message.offset, str(error), content)


def _registry_number(message: StreamMessage, store: SchemaStore) -> int | None:
    """Return the number of its schema in a registry, where a message names none otherwise."""
    key = message.key or b""
    is_told = key.lstrip()[:1] == b"{" or _SCHEMA_NAME.fullmatch(key) or store.bare is not None
    if is_told or len(message.value) <= 5 or message.value[0] != 0:
        return None
    return int.from_bytes(message.value[1:5], "big")


def learn_schemas(messages: Iterable[StreamMessage], store: SchemaStore) -> None:
    """Have the schemas of messages asked for now, so that nobody is asked while they are stored.

    A number that the registry does not know is found out again when its message is read.

    Raises
    ------
    RemoteUnavailable
        If the registry does not answer.
    """
    for number in {_registry_number(message, store) for message in messages}:
        if number is not None:
            with contextlib.suppress(UnknownSchemaError, BadSchemaError):
                store.from_number(number, _NOWHERE)


def _contained(content: bytes, store: SchemaStore) -> Iterator[tuple[PacketSchema, bytes]]:
    known = single_record(content, store)
    if known is not None:
        yield known
        return
    found = []
    for one in read_container(io.BytesIO(content), store, MAX_UNPACKED_BYTES):
        if isinstance(one, FramingError):
            raise one
        found.append(one)
    if len(found) == 1:
        note_head(content, *found[0], store)
    yield from found


def _check_size(content: bytes) -> None:
    if not content:
        raise FramingError("the message is empty")
    if len(content) > MAX_MESSAGE_BYTES:
        raise FramingError(f"the message has more than {MAX_MESSAGE_BYTES // 1_000_000} MB")
