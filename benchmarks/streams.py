"""Streams: messages of a live Kafka broker (tansu) read by ``manage.py readstreams``.

``python -m benchmarks.streams [--databases sqlite,postgresql] [--quick] [--alerts N] [--kills N]``. Measured
are alerts a second of ZTF and of Rubin packets that wait at the broker, from the first batch that is stored
to the last, by the clock and by processor time, and the greatest memory of the reader. Rubin is measured with
five alerts an object, as where a TOM begins in the middle of the survey and a fifth of all points is new, and
with twenty, as where it follows the survey. At 300 alerts a second the time from the sending of an alert to
its rows is measured, which are there with its offset. With ``--kills`` the reader is killed (SIGKILL) as
often while it reads, poison messages among them, and what is stored then is compared with a run without
kills, row by row.

The broker runs on the same machine, and so does PostgreSQL: the note tells what the reader's processor time
alone would allow.
"""

import argparse
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.databases import engine_versions
from benchmarks.ingest import check
from benchmarks.report import Figure, print_heading, print_machine
from benchmarks.stream_packets import RUBIN_ALERTS, rubin_messages, with_poison, ztf_messages
from benchmarks.stream_reading import Reader, Sender, broker, send_all, wait_until, watched

PER_SECOND, LATENCY_S = 300, 30
FOLLOWED_ALERTS = 20
WANTED = {"ztf": 2000, "two": 3000, "rubin": 280, "followed": 280}
WANTED_LATENCY_S = 2.0


@dataclass(frozen=True)
class Run:
    """What it took to read a topic, from the first batch to the last: alerts, s, s, s, MB."""

    alerts: int
    seconds: float
    cpu_s: float
    server_cpu_s: float
    memory_mb: float


def read_all(kind: str, address: str, topic: str, count: int, *, processes: int = 1, is_ztf: bool) -> Run:
    """Read a topic from its begin into an empty database."""
    with watched(kind) as (environment, rows):

        def spent() -> tuple[float, float, float]:
            return time.perf_counter(), sum(one.cpu_s() for one in readers), rows.server_cpu_s()

        begun = (time.perf_counter(), 0.0, 0.0)
        readers = [Reader(environment, address, topic) for _ in range(processes)]
        try:
            wait_until(lambda: rows.reached() > 0, *readers)
            if (before := rows.reached()) < count:
                begun = spent()
            else:  # one batch took them all: the start is counted, too
                before = 0
            wait_until(lambda: rows.reached() >= count, *readers)
            ended = spent()
        finally:
            for one in readers:
                one.end()
        if dead := rows.all("SELECT reason FROM tom_alertstreams_deadletter"):
            raise RuntimeError(f"{len(dead)} messages could not be used: {dead[0][0]}")
        if is_ztf:
            check(environment, count)
    costs = [end - begin for begin, end in zip(begun, ended, strict=True)]
    return Run(count - before, *costs, max(one.memory_mb for one in readers))


def measure_rate(
    kind: str,
    address: str,
    topic: str,
    count: int,
    rounds: int,
    *,
    processes: int = 1,
    wanted: float,
    more: str = "",
) -> None:
    """Print the rates and the memory of some rounds."""
    is_ztf = topic.startswith("ZTF")
    runs = [read_all(kind, address, topic, count, processes=processes, is_ztf=is_ztf) for _ in range(rounds)]
    what = (
        f"{count:,} {topic.split('-')[0]} alerts{f', {processes} processes' if processes > 1 else ''}{more}"
    )
    own = statistics.median(run.alerts / run.cpu_s for run in runs)
    note = f"{own:,.0f}/s of the reader's processor time"
    if any(run.server_cpu_s for run in runs):
        all_in_all = statistics.median(run.alerts / (run.cpu_s + run.server_cpu_s) for run in runs)
        note += f", {all_in_all:,.0f}/s with the server's"
    note += f", load {os.getloadavg()[0]:.1f}"
    rates = [run.alerts / run.seconds for run in runs]
    Figure(f"read {what}", rates, "/s", wanted, more_is_better=True, database=kind, note=note).show()
    Figure(f"memory, {what}", [run.memory_mb for run in runs], "MB", database=kind).show()


def measure_latency(kind: str, address: str, seconds: float) -> None:
    """Print the time from the sending of alerts to their rows, at a fixed rate."""
    topic, count = f"latency-{kind}", int(PER_SECOND * seconds)
    messages = list(ztf_messages(max(2000, -(-count // 1000) * 1000)))
    warm = 100
    sender = Sender(address, topic)
    with watched(kind) as (environment, rows):
        reader = Reader(environment, address, topic)
        try:
            for value in messages[:warm]:
                sender.send(value)
            sender.finish()
            wait_until(lambda: rows.reached() >= warm, reader)
            sent_at: list[float] = []
            seen_at: list[float] = []
            start, looked = time.perf_counter(), 0.0
            while len(seen_at) < count:
                now = time.perf_counter()
                while len(sent_at) < min(count, (now - start) * PER_SECOND):
                    sender.send(messages[(warm + len(sent_at)) % len(messages)])
                    sent_at.append(time.perf_counter())
                if now - looked >= 0.02:
                    looked = now
                    seen = rows.reached() - warm
                    seen_at += [time.perf_counter()] * (seen - len(seen_at))
                    reader.must_live()
                time.sleep(0.002)
        finally:
            reader.end()
            sender.close()
    waits = sorted(seen - sent for sent, seen in zip(sent_at, seen_at, strict=True))
    note = f"load {os.getloadavg()[0]:.1f}"
    for name, place in (("median", 0.5), ("99 %", 0.99), ("greatest", 1.0)):
        value = waits[min(count - 1, int(place * count))]
        Figure(
            f"sent to visible at {PER_SECOND}/s, {name}",
            [value],
            "s",
            WANTED_LATENCY_S,
            database=kind,
            note=note,
        ).show()


def read_with_kills(
    kind: str, address: str, topic: str, count: int, kills: int, **options: Any
) -> tuple[dict[str, tuple[int, str]], int]:
    """Read a topic, the reader killed now and then; give what is stored in the end, and the kills done."""
    luck = random.Random(5)  # noqa: S311  no secret hangs on it
    marks = [int((number + luck.random()) * count / kills) for number in range(kills)] if kills else []
    done = 0
    with watched(kind) as (environment, rows):
        reader = Reader(environment, address, topic, **options)
        try:
            for mark in marks:
                wait_until(lambda mark=mark: rows.reached() >= min(mark, count - 1), reader, every_s=0.003)  # type: ignore[misc]
                time.sleep(luck.random() * 0.2)
                done += rows.reached() < count
                reader.end(signal.SIGKILL)
                reader = Reader(environment, address, topic, **options)
            wait_until(lambda: rows.reached() >= count, reader)
        finally:
            reader.end()
        return rows.digests(), done


@dataclass(frozen=True)
class Comparison:
    """Tables whose rows differ, kills before the last message was stored, and the rows of each table."""

    differing: list[str]
    kills: int
    counts: dict[str, int]


def compare_with_kills(kind: str, address: str, alerts: int, kills: int, **options: Any) -> Comparison:
    """Read the same topic without and with kills; `options` are those of the stream."""
    topic = f"kills-{kind}"
    count = send_all(address, topic, with_poison(ztf_messages(alerts)))
    expected, _ = read_with_kills(kind, address, topic, count, 0, **options)
    found, done = read_with_kills(kind, address, topic, count, kills, **options)
    differing = [name for name in expected if expected[name] != found[name]]
    return Comparison(differing, done, {name: number for name, (number, _) in found.items()})


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--databases", default="sqlite,postgresql", help="which, separated by commas")
    parser.add_argument("--quick", action="store_true", help="few alerts and one round: does it run at all?")
    parser.add_argument("--full", action="store_true", help="200,000 ZTF alerts in one round (memory)")
    parser.add_argument("--alerts", type=int, default=0, help="ZTF alerts of a round, or with --kills")
    parser.add_argument("--rounds", type=int, default=0, help="rounds (3)")
    parser.add_argument("--kills", type=int, default=0, help="kill the reader as often, and compare")
    parser.add_argument("--port", type=int, default=0, help="port of the broker (a free one)")
    parser.add_argument(
        "--only", choices=("ztf", "two", "rubin", "followed", "latency"), help="measure only this"
    )
    return parser.parse_args(arguments)


def kill_and_tell(options: argparse.Namespace, kind: str, address: str) -> bool:
    """Print how a run with kills compares; tell whether it is the same."""
    alerts = options.alerts or (2000 if options.quick else 20_000)
    found = compare_with_kills(kind, address, alerts, options.kills)
    verdict = f"differ in {', '.join(found.differing)}" if found.differing else "the same rows"
    rows = ", ".join(f"{count:,} {name}" for name, count in found.counts.items())
    print(f"{kind}: {alerts:,} alerts, {found.kills} kills while reading: {verdict} ({rows})", flush=True)
    return not found.differing


def measure(options: argparse.Namespace, kind: str) -> None:
    """Print all figures of a database; a broker for each, since it holds all messages in memory."""
    ztf = options.alerts or (5000 if options.quick else 200_000 if options.full else 20_000)
    rubin = 400 if options.quick else 2000
    rounds = options.rounds or (1 if options.quick or options.full else 3)
    for name, processes, partitions in (("ztf", 1, 1), ("two", 2, 4)):
        if options.only in (None, name):
            with broker(options.port) as address:
                topic = f"ZTF-{partitions}-{kind}"
                count = send_all(address, topic, ztf_messages(ztf), partitions)
                measure_rate(kind, address, topic, count, rounds, processes=processes, wanted=WANTED[name])
    for name, an_object in (("rubin", RUBIN_ALERTS), ("followed", FOLLOWED_ALERTS)):
        if options.only in (None, name):
            with broker(options.port) as address:
                topic, more = f"Rubin-{kind}", f", {an_object} an object"
                count = send_all(address, topic, rubin_messages(rubin, an_object=an_object))
                measure_rate(kind, address, topic, count, rounds, wanted=WANTED[name], more=more)
    if options.only in (None, "latency"):
        with broker(options.port) as address:
            measure_latency(kind, address, 5 if options.quick else LATENCY_S)


def main() -> int:
    """Measure and print."""
    options = options_of()
    kinds = [name for name in options.databases.split(",") if name]
    print_machine(engine_versions(kinds))
    if options.kills:
        with broker(options.port) as address:
            return 0 if all([kill_and_tell(options, kind, address) for kind in kinds]) else 1
    print_heading()
    for kind in kinds:
        measure(options, kind)
    return 0


if __name__ == "__main__":
    sys.exit(main())
