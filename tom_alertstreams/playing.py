"""Plays recorded alerts again, spaced as they were taken: into a Kafka topic, or straight into the TOM."""

from __future__ import annotations

import io
import itertools
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import fastavro
from confluent_kafka import KafkaException, Producer

from tom_dataservices.ingest import IngestOptions, IngestReport
from tom_dataservices.ingest.run import ingest_batch
from tom_dataservices.packets import Rejection, SchemaStore
from tom_dataservices.packets.framing import RawPacket, read_packets
from tom_dataservices.packets.reading import gathered

WINDOW = 2000
LONGEST_SLEEP_S = 0.5
LONGEST_PAUSE_S = 60.0
ANSWER_S = 15.0


@dataclass(frozen=True)
class TimedPacket:
    """A packet with the time of its alert, MJD UTC."""

    mjd_utc: float
    packet: RawPacket


def timed_packets(paths: Sequence[Path | str], schemas: SchemaStore) -> Iterator[TimedPacket | Rejection]:
    """Give the packets of files with their times, sorted within windows of 2,000.

    An archive is in the order of its names, those of a night; sorting it all would take it into memory.
    """
    for some in _windows(read_packets(paths, schemas)):
        packets = [one for one in some if isinstance(one, RawPacket)]
        yield from (one for one in some if isinstance(one, Rejection))
        times: dict[tuple[str, int], float] = {}
        for batch in gathered(packets, batch_size=WINDOW, with_cutouts=False):
            yield from batch.rejected
            times.update({(one.file, one.number): one.mjd_utc for one in batch.objects})
        known = [one for one in packets if (one.file, one.number) in times]
        known.sort(key=lambda one: times[one.file, one.number])
        for one in known:
            yield TimedPacket(times[one.file, one.number], one)


def _windows(found: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(found)
    while some := list(itertools.islice(iterator, WINDOW)):
        yield some


class Pacer:
    """Waits until an alert is due.

    Parameters
    ----------
    speed : float
        How many times faster than the sky; 0 for without waiting.
    stop : threading.Event
        Ends a wait.
    """

    def __init__(self, speed: float, stop: threading.Event) -> None:
        self.speed = speed
        self.stop = stop
        self._due_s: float | None = None
        self._last_mjd = 0.0

    def has_to_wait(self, mjd_utc: float) -> bool:
        """Note the time of the next alert, and tell whether it is still to be waited for.

        A gap of the sky is a minute at most.
        """
        if not self.speed:
            return False
        if self._due_s is None:
            self._due_s, self._last_mjd = time.monotonic(), mjd_utc
        step_s = max(0.0, mjd_utc - self._last_mjd) * 86_400 / self.speed
        self._last_mjd = max(self._last_mjd, mjd_utc)
        self._due_s += min(step_s, LONGEST_PAUSE_S)
        return self._due_s > time.monotonic()

    def wait(self) -> None:
        """Wait for the alert that was noted last."""
        while self._due_s is not None and not self.stop.is_set():
            left_s = self._due_s - time.monotonic()
            if left_s <= 0:
                return
            self.stop.wait(min(left_s, LONGEST_SLEEP_S))


class Sink(Protocol):
    """Where packets are played to."""

    def take(self, packet: RawPacket) -> None:
        """Take one packet."""

    def idle(self) -> None:
        """Be called before a wait: what was taken shall be visible."""

    def close(self) -> None:
        """Finish what was taken."""


class TopicSink:
    """Sends packets to a Kafka topic, each as a container with its schema, the form of ZTF.

    Parameters
    ----------
    settings : dict
        Settings of librdkafka.
    topic : str
    """

    def __init__(self, settings: dict[str, Any], topic: str) -> None:
        self.topic = topic
        self.sent = 0
        self.failed: list[str] = []
        common = {"message.max.bytes": 16_000_000, "linger.ms": 20, "compression.type": "lz4"}
        # What librdkafka grumbles of is told in one sentence where it ends.
        quiet = {"logger": logging.getLogger(f"{__name__}.librdkafka"), "error_cb": lambda error: None}
        self._producer = Producer({**common, **settings, **quiet})
        self._address = settings.get("bootstrap.servers", "")
        self._heads: dict[int, bytes] = {}

    def must_be_there(self) -> None:
        """Raise if the broker does not answer: nobody shall play a night to nobody.

        Raises
        ------
        OSError
        """
        try:
            self._producer.list_topics(timeout=ANSWER_S)
        except KafkaException as error:
            raise OSError(f"the broker {self._address} cannot be reached ({error.args[0].str()})") from error

    def take(self, packet: RawPacket) -> None:
        """Send one packet; waits while the queue is full."""
        content = self._contained(packet)
        while True:
            try:
                self._producer.produce(self.topic, value=content, on_delivery=self._delivered)
            except BufferError:
                self._producer.poll(0.5)
            else:
                self._producer.poll(0)
                return

    def _contained(self, packet: RawPacket) -> bytes:
        key = id(packet.schema)
        if key not in self._heads:
            empty = io.BytesIO()
            fastavro.writer(empty, packet.schema.parsed, [], sync_marker=_SYNC)
            self._heads[key] = empty.getvalue()
        size = len(packet.body)
        return b"".join((self._heads[key], b"\x02", _varint(size), packet.body, _SYNC))

    def _delivered(self, error: Any, message: Any) -> None:
        if error is None:
            self.sent += 1
        else:
            self.failed.append(error.str())

    def idle(self) -> None:
        """Let the queue go out."""
        self._producer.poll(0)

    def close(self) -> None:
        """Wait until all is delivered, a minute at most.

        Raises
        ------
        OSError
            If the broker did not take all of it.
        """
        left = self._producer.flush(60)
        if left or self.failed:
            why = f": {self.failed[0]}" if self.failed else ""
            raise OSError(f"{left + len(self.failed)} alerts were not taken by the broker{why}")


_SYNC = bytes(range(16))


def _varint(number: int) -> bytes:
    number <<= 1
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


class DirectSink:
    """Gives packets to the ingest, or to a handler: no Kafka is needed.

    Parameters
    ----------
    options : IngestOptions
    run : ChangeRun
        Change set of what is stored.
    """

    def __init__(self, options: IngestOptions, run: Any) -> None:
        self.options = options
        self.run = run
        self.report = IngestReport()
        self.changed: set[int] = set()
        self._waiting: list[RawPacket] = []

    def take(self, packet: RawPacket) -> None:
        """Take one packet; stored with others."""
        self._waiting.append(packet)
        if len(self._waiting) >= self.options.batch_size:
            self.idle()

    def idle(self) -> None:
        """Store what waits."""
        waiting, self._waiting = self._waiting, []
        for batch in gathered(waiting, batch_size=self.options.batch_size):
            report, changed = ingest_batch(batch, self.options, self.run)
            self.report.add(report)
            self.changed |= changed

    def close(self) -> None:
        """Store what waits, and compute the summaries of the light curves that changed."""
        from tom_dataproducts.summaries import refresh_summaries

        self.idle()
        if self.changed:
            refresh_summaries(sorted(self.changed))
            self.changed.clear()
