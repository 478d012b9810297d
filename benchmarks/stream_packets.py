"""Messages for ``benchmarks.streams``: simulated ZTF packets, and Rubin packets made of the real sample.

A Rubin object gives five alerts, or as many as are asked for; each repeats the points of the one before it,
and adds one detection and one forced point, as the survey's own do.
"""

import io
import os
import struct
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro

from benchmarks.databases import ROOT
from benchmarks.ingest import packets

RUBIN_SAMPLE = "data/alerts/fink/fink_lsst_7alerts.avro"
RUBIN_ALERTS = 5
POISON_EVERY = 97
POISON = (b"", b"{no alert", b"\xff\xd8 a picture", b"Obj\x01 cut off")


def ztf_messages(count: int) -> Iterator[bytes]:
    """Give simulated packets, each a container as ZTF sends them."""
    with tarfile.open(packets(count, cutouts=False)) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None:
                yield file.read()


def with_poison(messages: Iterator[bytes]) -> Iterator[bytes]:
    """Put a message that is no alert before every 97th."""
    for number, message in enumerate(messages):
        if number % POISON_EVERY == POISON_EVERY - 1:
            yield POISON[number // POISON_EVERY % len(POISON)]
        yield message


def rubin_messages(count: int, *, an_object: int = RUBIN_ALERTS) -> Iterator[bytes]:
    """Give Rubin packets, each a container with its schema; they are made once and kept."""
    path = Path(tempfile.gettempdir()) / "tom-bench-packets" / f"rubin-{count}-{an_object}.bin"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_name(f"unfinished-{os.getpid()}-{path.name}")
        with unfinished.open("wb") as file:
            for message in _made_rubin(count, an_object):
                file.write(struct.pack("<I", len(message)) + message)
        unfinished.replace(path)
    with path.open("rb") as file:
        while head := file.read(4):
            yield file.read(struct.unpack("<I", head)[0])


def _made_rubin(count: int, an_object: int) -> Iterator[bytes]:
    sample = Path(os.environ.get("TOM_SHARED") or ROOT.parent / "shared") / RUBIN_SAMPLE
    with sample.open("rb") as file:
        reader = fastavro.reader(file)
        schema = reader.writer_schema
        records = [record for record in reader if isinstance(record, dict) and record["prvDiaSources"]]
    for number in range(count):
        serial, step = divmod(number, an_object)
        record = _alert(records[serial % len(records)], serial, later=an_object - 1 - step)
        content = io.BytesIO()
        fastavro.writer(content, schema, [record], sync_marker=bytes(range(16)))
        yield content.getvalue()


def _alert(record: dict[str, Any], serial: int, *, later: int) -> dict[str, Any]:
    """Give the alert of another object, as it was some detections earlier; without images."""
    shift = serial * 1_000_003
    owner = record["diaObject"]["diaObjectId"] + shift
    points = [*record["prvDiaSources"], record["diaSource"]]
    points = [
        {**one, "diaObjectId": owner, "diaSourceId": one["diaSourceId"] + shift}
        for one in points[: len(points) - later]
    ]
    forced = record["prvDiaForcedSources"]
    declination = record["diaObject"]["dec"] * 0.9 + 0.001 * serial % 5
    return {
        **record,
        "diaSourceId": points[-1]["diaSourceId"],
        "diaSource": points[-1],
        "prvDiaSources": points[:-1],
        "prvDiaForcedSources": [
            {**one, "diaObjectId": owner, "diaForcedSourceId": one["diaForcedSourceId"] + shift}
            for one in forced[: len(forced) - later]
        ],
        "diaObject": {**record["diaObject"], "diaObjectId": owner, "dec": declination},
        "cutoutDifference": None,
        "cutoutScience": None,
        "cutoutTemplate": None,
    }
