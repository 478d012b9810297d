"""The processes of a week: readers, jobs and replays, and what befalls them; for ``benchmarks.week``."""

import contextlib
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.databases import ROOT, run_python
from benchmarks.stream_reading import KAFKA, Rows
from benchmarks.week_packets import ELASTICC, NEWS, NIGHTS, NOTICES, RUBIN, Night

PARTITIONS = 4
FORGETS_BEFORE = (2, 5)  # nights
WAIT_S = 900
SETTLED_S = 2.0
STALLED_S = 30.0
ASK_S = 10.0
AWAY_S = 3.0
EXIT_S = 60
_KAFKA_STREAM = "tom_alertstreams.alertstreams.kafka.KafkaAlertStream"
_HOPSKOTCH = "tom_alertstreams.alertstreams.hopskotch.HopskotchAlertStream"


def streams(address: str, group: str) -> list[dict[str, Any]]:
    """Return the setting ``ALERT_STREAMS`` of the week."""
    common = {"URL": address, "KAFKA": {**KAFKA, "topic.metadata.refresh.interval.ms": 1000}}
    # A broker that comes back empty is seen at once, not after librdkafka's long pauses.
    common["KAFKA"] |= {"reconnect.backoff.max.ms": 500}
    surveys = {
        **common,
        "GROUP_ID": f"{group}-surveys",
        "TOPICS": ["ztf_YYYYMMDD_programid1", RUBIN, NOTICES],
        "NIGHTS": NIGHTS + 2,
        "BATCH_SIZE": 150,
        "TOPIC_HANDLERS": {NOTICES: "benchmarks.week_rows.count_notice"},
    }
    elasticc = {**common, "GROUP_ID": f"{group}-elasticc", "TOPICS": [ELASTICC], "NEW_TARGETS": False}
    news = {
        **common,
        "GROUP_ID": f"{group}-news",
        "USERNAME": "",
        "PASSWORD": "",
        "SECURITY_PROTOCOL": "PLAINTEXT",
        "START_POSITION": "EARLIEST",
        "TOPIC_HANDLERS": {NEWS: "benchmarks.week_rows.count_news"},
    }
    return [
        {"NAME": _KAFKA_STREAM, "LABEL": "Surveys", "OPTIONS": surveys},
        {"NAME": _KAFKA_STREAM, "LABEL": "ELAsTiCC", "OPTIONS": elasticc},
        {"NAME": _HOPSKOTCH, "LABEL": "News", "OPTIONS": news},
    ]


class Process:
    """A command of the TOM that is started again whenever it was killed."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.environment, self.arguments = environment, arguments
        self.log = Path(environment["TOM_DATA_DIR"]) / f"{arguments[0]}-{time.monotonic_ns()}.log"
        self.process: Any = None
        self.begun_at = 0

    def wait_until_it_works(self) -> None:
        """Wait for its first words: it has its handlers of signals by then."""
        while self.log.stat().st_size <= self.begun_at:
            self.must_live()
            time.sleep(0.05)

    def start(self) -> None:
        """Start it."""
        self.begun_at = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), *self.arguments],
                env=self.environment,
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def must_live(self) -> None:
        """Raise what it logged last if it has ended."""
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.arguments[0]} ended:\n{self.log.read_text()[-3000:]}")

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; return its exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = int(self.process.wait(EXIT_S))
        self.process = None
        return status


class Week:
    """One run of the week: a database, a broker, two readers and a process of jobs.

    Parameters
    ----------
    kind : str
        Of the database.
    environment : dict
        Of its processes.
    broker, gate : KafkaBroker, Gate
    rows : Rows
        A look into the database.
    """

    def __init__(self, kind: str, environment: dict[str, str], broker: Any, gate: Any, rows: Rows) -> None:
        self.kind, self.broker, self.gate, self.table = kind, broker, gate, rows
        group = Path(environment["TOM_DATA_DIR"]).name
        self.environment = {
            **environment,
            "DJANGO_SETTINGS_MODULE": "benchmarks.week_settings",
            "WEEK_STREAMS": json.dumps(streams(broker.address, group)),
        }
        self.readers = [Process(self.environment, "readstreams") for _ in range(2)]
        self.jobs = Process(self.environment, "run_jobs")
        self.sent: dict[str, int] = {}
        self.stale: dict[str, int] = {}
        self.did: dict[str, int] = {}

    def inside(self, word: str) -> Any:
        """Do a word of `week_rows` in the TOM."""
        return json.loads(run_python(self.environment, "-m", "benchmarks.week_rows", word))

    @contextlib.contextmanager
    def running(self, readers: int) -> Iterator[None]:
        """Run readers and jobs; they are killed if the week breaks off."""
        self.readers = self.readers[:readers]
        for one in (*self.readers, self.jobs):
            one.start()
        try:
            yield
        finally:
            for one in (*self.readers, self.jobs):
                one.end(signal.SIGKILL)

    def make_topics(self, night: Night) -> None:
        """Make the topics that are not there."""
        for topic in (night.ztf, RUBIN, ELASTICC, NOTICES, NEWS):
            if topic not in self.broker.topics:
                self.broker.make_topic(topic, PARTITIONS if topic == night.ztf else 1)

    def send(self, night: Night) -> None:
        """Send what no archive holds."""
        for topic, values in night.messages.items():
            self.broker.produce(topic, values)
            self.sent[topic] = self.sent.get(topic, 0) + len(values)

    def replays(self, night: Night, speed: float) -> list[subprocess.Popen]:
        """Begin to replay the archives of a night."""
        begun = []
        for topic, path in night.archives.items():
            # The samples of the other surveys are not of these nights: there is no spacing to keep.
            pace = speed if topic == night.ztf else 0
            arguments = [
                str(path),
                "--topic",
                topic,
                "--bootstrap",
                self.broker.address,
                "--speed",
                str(pace),
            ]
            command = [sys.executable, str(ROOT / "manage.py"), "replay", *arguments, "--verbosity", "0"]
            begun.append(subprocess.Popen(command, env=self.environment, cwd=ROOT, stdout=subprocess.DEVNULL))
            self.sent[topic] = self.sent.get(topic, 0) + night.counts[topic]
        return begun

    def hand_in(self, night: Night) -> None:
        """Send the archives of a night as they are, at once."""
        for topic, path in night.archives.items():
            self.broker.produce(topic, _members(path))
            self.sent[topic] = self.sent.get(topic, 0) + night.counts[topic]

    def reached(self) -> dict[str, int]:
        """Return how many messages of each topic are stored."""
        found = self.table.all(
            "SELECT topic, SUM(next_offset) FROM tom_alertstreams_streamoffset GROUP BY topic"
        )
        return {topic: int(number) for topic, number in found}

    def missing(self) -> dict[str, int]:
        """Return how many messages of each topic are not stored yet."""
        reached = self.reached()
        # Of a topic that was made anew the old offset stands until somebody has noticed.
        self.stale = {topic: count for topic, count in self.stale.items() if reached.get(topic) == count}
        return {
            topic: count - reached.get(topic, 0)
            for topic, count in self.sent.items()
            if reached.get(topic, 0) < count or topic in self.stale
        }

    def wait_until_read(self) -> None:
        """Wait until all is stored that was sent, and nothing more comes."""
        end = time.monotonic() + WAIT_S
        settled_at, before = time.monotonic(), self.reached()
        freed_at = settled_at
        while self.missing() or time.monotonic() - settled_at < SETTLED_S:
            time.sleep(0.1)
            for one in self.readers:
                one.must_live()
            if (now := self.reached()) != before:
                settled_at, before = time.monotonic(), now
            if time.monotonic() - max(settled_at, freed_at) > STALLED_S:
                self.free_groups()
                freed_at = time.monotonic()
            if time.monotonic() > end:
                raise RuntimeError(f"not read in time: {self.missing()}")

    def free_groups(self) -> None:
        """Forget the groups that the broker cannot form.

        tansu 0.6.0 waits for ever for the leader of a group that was killed while the group was formed; once
        the group is deleted its members join anew. A broker of Kafka's own does that after a session.
        """
        from confluent_kafka.admin import AdminClient

        admin = AdminClient({"bootstrap.servers": self.broker.address})
        names = [one.group_id for one in admin.list_consumer_groups(request_timeout=ASK_S).result().valid]
        for name, answer in admin.describe_consumer_groups(names, request_timeout=ASK_S).items():
            if answer.result().state.name != "STABLE":
                admin.delete_consumer_groups([name], request_timeout=ASK_S)[name].result()
                self._count("groups that the broker could not form")

    def kill(self, one: Process, number: int = signal.SIGKILL) -> None:
        """End a process in the middle, and start it again."""
        is_asked = number == signal.SIGTERM
        if is_asked:
            one.wait_until_it_works()
        status = one.end(number)
        if is_asked and status:
            raise RuntimeError(f"{one.arguments[0]} ended with {status}:\n{one.log.read_text()[-3000:]}")
        one.start()
        self._count("asked to end" if is_asked else f"kills of {one.arguments[0]}")

    def cut_database(self) -> None:
        """End the connections to the database; SQLite has none: it is locked for a while."""
        if self.kind == "postgresql":
            self.table.all(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        else:
            path = Path(self.environment["TOM_DATA_DIR"]) / "tom.sqlite3"
            with contextlib.closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                time.sleep(AWAY_S)
                connection.execute("ROLLBACK")
        self._count("databases cut")

    def cut_broker(self) -> None:
        """Let nobody reach the broker for some seconds."""
        self.gate.shut()
        time.sleep(AWAY_S)
        self.gate.open()
        self._count("broker away")

    def forget(self) -> None:
        """Start the broker again: it has no topic, no group and no offset any more."""
        self.stale = {topic: count for topic, count in self.reached().items() if topic in self.broker.topics}
        self.broker.stop()
        time.sleep(0.5)
        self.broker.start()
        self.sent = {}
        self._count("broker began anew")

    def _count(self, what: str) -> None:
        self.did[what] = self.did.get(what, 0) + 1

    def finish(self) -> None:
        """End the readers as an operator does, and have all done that waits."""
        for one in self.readers:
            if status := one.end():
                raise RuntimeError(f"readstreams ended with {status}:\n{one.log.read_text()[-3000:]}")
        end = time.monotonic() + WAIT_S
        while self.inside("left"):
            self.inside("waits")
            time.sleep(2)
            if time.monotonic() > end:
                raise RuntimeError("candidates and jobs are not done in time")
        if status := self.jobs.end():
            raise RuntimeError(f"run_jobs ended with {status}:\n{self.jobs.log.read_text()[-3000:]}")


def _members(path: Path) -> Iterator[bytes]:
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None:
                yield file.read()


def make_trouble(week: Week, kills: int, luck: random.Random) -> None:
    """Kill readers and cut connections while a night is read, at marks of what is stored."""
    count = sum(week.missing().values())
    things = [lambda: week.kill(luck.choice(week.readers))] * kills
    things += [week.cut_database, week.cut_broker, lambda: week.kill(week.jobs)]
    things.append(lambda: week.kill(luck.choice(week.readers), signal.SIGTERM))
    luck.shuffle(things)
    end = time.monotonic() + WAIT_S
    freed_at = time.monotonic()
    for number, thing in enumerate(things):
        mark = count * (number + luck.random()) / (len(things) + 1)
        while (left := sum(week.missing().values())) > count - mark:
            if time.monotonic() > end:
                raise RuntimeError(f"{left} messages are not read: {week.missing()}")
            if time.monotonic() - freed_at > STALLED_S:
                week.free_groups()
                freed_at = time.monotonic()
            time.sleep(0.005)
        time.sleep(luck.random() * 0.3)
        thing()
        freed_at = time.monotonic()


def play_calmly(week: Week, nights: Sequence[Night]) -> None:
    """Hand in the nights, all at once, and have them read."""
    for night in nights:
        week.make_topics(night)
        week.send(night)
        week.hand_in(night)
    with week.running(1):
        week.wait_until_read()
        week.finish()


def play_with_harm(week: Week, nights: Sequence[Night], *, speed: float, kills: int, seed: int) -> None:
    """Replay night after night, with that many kills of readers in all; twice the broker forgets all."""
    luck = random.Random(seed)  # noqa: S311  no secret hangs on it
    with week.running(2):
        for number, night in enumerate(nights):
            if number in FORGETS_BEFORE:
                week.forget()
            week.make_topics(night)
            week.send(night)
            begun = week.replays(night, speed)
            share = (number + 1) * kills // NIGHTS - number * kills // NIGHTS
            make_trouble(week, share, luck)
            if failed := [one.args for one in begun if one.wait(WAIT_S)]:
                raise RuntimeError(f"a replay failed: {failed}")
            week.wait_until_read()
        week.finish()
