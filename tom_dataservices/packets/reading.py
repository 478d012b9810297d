"""From paths to batches of alerts: packets gathered by schema, decoded together, brought to one form."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from tom_common.job_endings import JobCancelled, JobTimedOut

from .batch import AlertBatch, Rejection
from .framing import PacketSchema, RawPacket, SchemaStore, list_files, read_packets
from .framing.files import Progress
from .lockstep import PacketDecoder, Records
from .surveys import Normalised, SurveyFormat, format_of
from .table import Table

logger = logging.getLogger(__name__)

MAX_BATCH_BYTES = 32 * 1024 * 1024
"""Packets of one batch take no more than this, whatever `batch_size` says: Rubin's have up to 2 MB."""


def read_alert_batches(
    paths: Iterable[str | Path],
    *,
    schemas_dir: str | Path | None = None,
    schema_file: str | Path | None = None,
    default_schemas_dir: str | Path | None = None,
    batch_size: int = 1000,
    with_cutouts: bool = True,
    progress: Progress | None = None,
    file_names_only: bool = False,
) -> Iterator[AlertBatch]:
    """Read alert packets of any known survey.

    Parameters
    ----------
    paths : iterable of path
        Files (Avro containers, single packets, gzip, bzip2 and tar of them) and folders.
    schemas_dir : path, optional
        Folder with the schemas of framed packets; by default the folder ``schema`` beside each packet.
    schema_file : path, optional
        Schema of packets that do not say theirs.
    default_schemas_dir : path, optional
        Folder of schemas for framed packets that have none beside them.
    batch_size : int
        Packets in one batch at most.
    with_cutouts : bool
        Read the images too.
    progress : callable, optional
        Is told the number of bytes of each piece read from disk (of `total_bytes` in all).
    file_names_only : bool
        Tell of files without their folders.

    Yields
    ------
    AlertBatch
        Alerts of one survey, in about the order of the files, with the packets rejected on the way. A batch
        with an empty `survey` holds rejections only.

    Raises
    ------
    FileNotFoundError
        If a path does not exist.
    NotADirectoryError
        If `schemas_dir` is no folder.
    BadSchemaError
        If `schema_file` is not an Avro schema.
    ValueError
        If `batch_size` is not positive.
    """
    if batch_size < 1:
        raise ValueError(f"a batch holds at least one packet, not {batch_size}")
    if schemas_dir is not None and not Path(schemas_dir).is_dir():
        raise NotADirectoryError(f"there is no folder {schemas_dir}")
    store = SchemaStore(
        Path(schemas_dir) if schemas_dir is not None else None,
        Path(schema_file) if schema_file is not None else None,
        Path(default_schemas_dir) if default_schemas_dir is not None else None,
    )
    files = list_files(paths)
    found = read_packets(files, store, progress, file_names_only=file_names_only)
    return gathered(found, batch_size=batch_size, with_cutouts=with_cutouts)


def gathered(
    found: Iterable[RawPacket | Rejection], *, batch_size: int, with_cutouts: bool = True
) -> Iterator[AlertBatch]:
    """Decode packets of whatever schemas in batches of one each."""
    return _Gathering(batch_size, with_cutouts).batches(found)


def total_bytes(paths: Iterable[str | Path]) -> int:
    """Give the size of all files that the paths stand for, the whole of what `progress` is told of."""
    return sum(path.stat().st_size for path in list_files(paths))


class _Gathering:
    """Packets waiting for their batch to be full."""

    def __init__(self, batch_size: int, with_cutouts: bool) -> None:
        self.batch_size = batch_size
        self.with_cutouts = with_cutouts
        self.waiting: dict[PacketSchema, list[RawPacket]] = {}
        self.rejected: list[Rejection] = []
        self.bytes = 0

    def batches(self, found: Iterable[RawPacket | Rejection]) -> Iterator[AlertBatch]:
        for one in found:
            if isinstance(one, Rejection):
                self.rejected.append(one)
            else:
                queue = self.waiting.setdefault(one.schema, [])
                queue.append(one)
                self.bytes += len(one.body)
                if len(queue) >= self.batch_size:
                    yield from self.flush(one.schema)
            if self.bytes >= MAX_BATCH_BYTES or len(self.rejected) >= self.batch_size:
                yield from self.flush_all()
        yield from self.flush_all()

    def flush_all(self) -> Iterator[AlertBatch]:
        for schema in list(self.waiting):
            yield from self.flush(schema)
        if self.rejected:
            yield AlertBatch("", rejected=self.rejected, received=len(self.rejected))
            self.rejected = []

    def flush(self, schema: PacketSchema) -> Iterator[AlertBatch]:
        packets = self.waiting.pop(schema)
        self.bytes -= sum(len(packet.body) for packet in packets)
        survey = format_of(schema.node)
        if survey is None:
            reason = f"packets of the kind {schema.name!r} are of no survey that is known here"
            self.rejected.extend(_rejection(packet, reason) for packet in packets)
            return
        for batch in decode_packets(packets, survey, schema, with_cutouts=self.with_cutouts):
            batch.rejected = [*self.rejected, *batch.rejected]
            batch.received += len(self.rejected)
            self.rejected = []
            yield batch


def decode_packets(
    packets: list[RawPacket], survey: SurveyFormat, schema: PacketSchema, *, with_cutouts: bool = True
) -> Iterator[AlertBatch]:
    """Decode packets of one schema; the few that only the fallback can read come in a second batch."""
    decoded = _decoder(survey, schema, with_cutouts).decode([packet.body for packet in packets])
    rejected = [_rejection(packets[number], reason) for number, reason in sorted(decoded.errors.items())]
    for numbers, records in decoded.groups:
        among = [packets[number] for number in numbers]
        for batch in _batches(survey, schema, records, among, with_cutouts):
            batch.rejected = rejected + batch.rejected
            batch.received += len(rejected)
            rejected = []
            yield batch
    if rejected:
        yield AlertBatch("", rejected=rejected, received=len(rejected))


def _decoder(survey: SurveyFormat, schema: PacketSchema, with_cutouts: bool) -> PacketDecoder:
    key = f"{survey.survey} {with_cutouts}"
    if key not in schema.shared:
        wanted = (*survey.wanted, *(survey.cutouts if with_cutouts else ()))
        schema.shared[key] = PacketDecoder(schema.parsed, wanted)
    return schema.shared[key]


def _batches(
    survey: SurveyFormat, schema: PacketSchema, records: Records, packets: list[RawPacket], with_cutouts: bool
) -> Iterator[AlertBatch]:
    try:
        made: Normalised | None = survey.read(Table.of(records), packets)
    except (JobCancelled, JobTimedOut):  # no fault of a packet
        raise
    except Exception as error:  # noqa: BLE001  the edge of the loop: no packet may end the reading of a night
        logger.exception("%s packets of %s cannot be brought to the common form", len(packets), survey.survey)
        if len(packets) == 1:
            reason = f"cannot be understood: {type(error).__name__}: {error}"
            yield AlertBatch("", rejected=[_rejection(packets[0], reason)], received=1)
            return
        made = None
    if made is None:  # one of the packets is the cause: it shall harm no other
        for packet in packets:
            yield from decode_packets([packet], survey, schema, with_cutouts=with_cutouts)
        return
    yield AlertBatch(
        survey=survey.survey,
        telescope=survey.telescope,
        instrument=survey.instrument,
        magnitude_system=survey.magnitude_system,
        bands=made.bands,
        objects=made.objects,
        points=made.points,
        rejected=[_rejection(packets[row], reason) for row, reason in sorted(made.rejected.items())],
        received=len(packets),
        points_left_out=made.left_out,
        is_simulated=made.is_simulated,
    )


def _rejection(packet: RawPacket, reason: str) -> Rejection:
    return Rejection(packet.file, packet.number, reason, packet.body)
