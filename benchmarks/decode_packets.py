"""Packets a second of fastavro, of the lockstep decoder, and of a whole archive; peak memory.

    .venv/bin/python benchmarks/decode_packets.py [--packets N] [--memory-packets N]

ZTF packets are made from the real sample in the shared data (TOM_SHARED): schema 4.02, 20 previous and 10
forced points, 20 alerts an object. Rubin packets are the real ones that Fink republished.
"""

import argparse
import copy
import io
import os
import resource
import statistics
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import fastavro

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tom_dataservices.packets import read_alert_batches  # noqa: E402
from tom_dataservices.packets.framing import RawPacket, SchemaStore, read_packets  # noqa: E402
from tom_dataservices.packets.reading import decode_packets  # noqa: E402
from tom_dataservices.packets.surveys import format_of  # noqa: E402

PREVIOUS, FORCED, ALERTS_AN_OBJECT = 20, 10, 20
REPEATS = 5
BATCH = 1000
ZTF_SAMPLE = "data/alerts/ztf/ztf_v4.02_ZTF17aaarzyp_2982177112815010003.avro"
RUBIN_SAMPLE = "data/alerts/fink/fink_lsst_7alerts.avro"
RUBIN_COPIES = 10


def shared() -> Path:
    return Path(os.environ.get("TOM_SHARED") or ROOT.parent / "shared")


class ZTFMaker:
    """Makes ZTF packets that differ in object, number and time from one real one."""

    def __init__(self, *, with_cutouts: bool) -> None:
        with (shared() / ZTF_SAMPLE).open("rb") as file:
            reader = fastavro.reader(file)
            self.schema = reader.writer_schema
            self.sample = next(iter(reader))
        if not with_cutouts:
            for name in ("cutoutScience", "cutoutTemplate", "cutoutDifference"):
                self.sample[name] = None
        self.sample["prv_candidates"] = self._filled(self.sample["prv_candidates"], PREVIOUS)
        self.sample["fp_hists"] = self._filled(self.sample["fp_hists"], FORCED)

    @staticmethod
    def _filled(items: list, count: int) -> list:
        return [copy.copy(items[place % len(items)]) for place in range(count)]

    def record(self, number: int) -> dict:
        made = {**self.sample, "candidate": {**self.sample["candidate"]}}
        night = number % ALERTS_AN_OBJECT
        letters = "".join(chr(97 + number // ALERTS_AN_OBJECT // 26**power % 26) for power in range(7))
        made["objectId"] = f"ZTF26{letters}"
        made["candid"] = made["candidate"]["candid"] = 3_000_000_000_000_000_000 + number
        made["candidate"]["jd"] += 3 * night
        made["prv_candidates"] = [
            {**item, "jd": item["jd"] + 3 * night + place / 97}
            for place, item in enumerate(made["prv_candidates"])
        ]
        return made

    def packet(self, number: int) -> bytes:
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, self.schema, self.record(number))
        return stream.getvalue()

    def container(self, number: int) -> bytes:
        stream = io.BytesIO()
        fastavro.writer(stream, self.schema, [self.record(number)])
        return stream.getvalue()


def rate(packets: int, work) -> float:
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return packets / statistics.median(times)


def by_fastavro(schema, bodies: list[bytes]) -> None:
    for body in bodies:
        fastavro.schemaless_reader(io.BytesIO(body), schema)


def by_lockstep(packets: list[RawPacket], with_cutouts: bool) -> int:
    schema = packets[0].schema
    survey = format_of(schema.node)
    points = 0
    for first in range(0, len(packets), BATCH):
        for batch in decode_packets(
            packets[first : first + BATCH], survey, schema, with_cutouts=with_cutouts
        ):
            points += len(batch.points)
    return points


def compare(title: str, schema, bodies: list[bytes], packets: list[RawPacket], with_cutouts: bool) -> None:
    fastavro_rate = rate(len(bodies), lambda: by_fastavro(schema, bodies))
    lockstep_rate = rate(len(bodies), lambda: by_lockstep(packets, with_cutouts))
    print(f"{title:42s} fastavro {fastavro_rate:8.0f}/s   lockstep to alerts {lockstep_rate:8.0f}/s")


def measure_ztf(count: int, *, with_cutouts: bool) -> None:
    maker = ZTFMaker(with_cutouts=with_cutouts)
    store = SchemaStore()
    bodies = [maker.packet(number) for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.avro"
        path.write_bytes(maker.container(0))
        schema = next(iter(read_packets([path], store))).schema
    packets = [RawPacket(schema, body, "made.avro", number) for number, body in enumerate(bodies, 1)]
    title = f"ZTF 4.02, {'with' if with_cutouts else 'without'} cutouts, {len(bodies[0])} B"
    compare(title, maker.schema, bodies, packets, with_cutouts)


def measure_rubin() -> None:
    paths = [shared() / RUBIN_SAMPLE]
    packets = [one for one in read_packets(paths, SchemaStore()) if isinstance(one, RawPacket)] * RUBIN_COPIES
    bodies = [packet.body for packet in packets]
    size = sum(map(len, bodies)) // len(bodies)
    compare(f"Rubin 10 (Fink), 5 of 7 deep fields, {size} B", packets[0].schema.parsed, bodies, packets, True)


def measure_archive(count: int, *, with_cutouts: bool) -> None:
    maker = ZTFMaker(with_cutouts=with_cutouts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "night.tar.gz"
        with tarfile.open(path, "w:gz", compresslevel=1) as archive:
            for number in range(count):
                content = maker.container(number)
                member = tarfile.TarInfo(f"{number}.avro")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        begin = time.perf_counter()
        received = sum(batch.received for batch in read_alert_batches([path], with_cutouts=with_cutouts))
        seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    what = "with" if with_cutouts else "without"
    speed = f"{received / seconds:.0f}/s, peak memory {peak:.0f} MB"
    print(f"night.tar.gz, {what} cutouts: {received} packets, {speed}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packets", type=int, default=2000)
    parser.add_argument("--memory-packets", type=int, default=20_000)
    options = parser.parse_args()
    measure_archive(options.memory_packets, with_cutouts=False)
    measure_archive(options.memory_packets // 10, with_cutouts=True)
    measure_ztf(options.packets, with_cutouts=False)
    measure_ztf(options.packets, with_cutouts=True)
    measure_rubin()


if __name__ == "__main__":
    main()
