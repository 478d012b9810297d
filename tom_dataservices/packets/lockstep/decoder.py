"""Batches of packets of one schema decoded together; what cannot be done together is left to fastavro."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import fastavro
import numpy as np

from ..swelling import Swelling, SwellingError, swelling_of
from .columns import Records
from .nodes import Node, UnsupportedSchemaError, compile_schema
from .primitives import Buffer
from .rows import columns_from_values
from .walk import Walker, Wanted


@dataclass
class Decoded:
    """The outcome of one batch.

    Attributes
    ----------
    groups : list of (list of int, Records)
        Numbers of the packets that were read, and their columns in the same order. The packets read in
        lockstep are one group; those that only fastavro could read are another.
    errors : dict of int to str
        Reason for each packet that could not be read.
    """

    groups: list[tuple[list[int], Records]] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)


class PacketDecoder:
    """Decodes packets of one schema.

    Parameters
    ----------
    schema : dict
        Parsed Avro schema of a record (see `nodes.parse_schema`).
    wanted : iterable of str, optional
        Dotted paths of the fields to read (``candidate.jd``, ``prv_candidates.jd``); a path to a record or
        list takes all of it. What the schema does not have is absent from the columns. By default everything.
    """

    def __init__(self, schema: Any, wanted: Iterable[str] | None = None) -> None:
        self.schema = schema
        self.wanted = None if wanted is None else wanted_tree(wanted)
        try:
            self.node: Node | None = compile_schema(schema)
        except UnsupportedSchemaError:
            self.node = None

    @cached_property
    def swelling(self) -> Swelling:
        """How much memory packets may take that only fastavro can read."""
        return swelling_of(self.schema)

    def decode(self, packets: Sequence[bytes]) -> Decoded:
        """Decode schemaless Avro packets; a broken one is reported and harms no other."""
        decoded = Decoded()
        doubtful = list(range(len(packets)))
        if self.node is not None and packets:
            columns, good = self._in_lockstep(self.node, packets)
            if not good.all():
                kept = np.flatnonzero(good).tolist()
                columns, _ = self._in_lockstep(self.node, [packets[number] for number in kept])
                doubtful = np.flatnonzero(~good).tolist()
                decoded.groups = [(kept, columns)] if kept else []
            else:
                return Decoded([(doubtful, columns)])
        self._one_by_one(packets, doubtful, decoded)
        return decoded

    def _in_lockstep(self, node: Node, packets: Sequence[bytes]) -> tuple[Records, np.ndarray]:
        buffer = Buffer(packets)
        columns, behind = Walker(buffer).read(node, self.wanted, buffer.start, buffer.end)
        return columns, behind == buffer.end  # type: ignore[return-value]

    def _one_by_one(self, packets: Sequence[bytes], numbers: list[int], decoded: Decoded) -> None:
        values, read = [], []
        for number in numbers:
            try:
                self.swelling.check(len(packets[number]))
                values.append(read_alone(self.schema, packets[number]))
                read.append(number)
            except (UnreadablePacketError, SwellingError) as error:
                decoded.errors[number] = str(error)
        if read:
            decoded.groups.append((read, columns_from_values(values, self.wanted)))


class UnreadablePacketError(ValueError):
    """One packet is not a value of the schema."""


def read_alone(schema: Any, packet: bytes) -> dict[str, Any]:
    """Read one schemaless packet with fastavro.

    Raises
    ------
    UnreadablePacketError
        If the packet is broken, cut off, or longer than one record.
    """
    stream = io.BytesIO(packet)
    try:
        value: Any = fastavro.schemaless_reader(stream, schema)
    except (EOFError, IndexError, KeyError, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise UnreadablePacketError(f"not a record of its schema: {type(error).__name__}: {error}") from error
    left = len(packet) - stream.tell()
    if left:
        raise UnreadablePacketError(f"{left} bytes are left over behind the record")
    return value


def wanted_tree(paths: Iterable[str]) -> Wanted:
    """Turn dotted paths into nested dicts, the form that the walk takes."""
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        branch = tree
        *above, last = path.split(".")
        for part in above:
            below = branch.setdefault(part, {})
            if below is None:
                break
            branch = below
        else:
            branch.setdefault(last, None)
    return tree
