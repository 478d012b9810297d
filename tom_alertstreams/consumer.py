"""Reads Kafka topics in batches, stores each exactly once, and tells how it goes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections
from django.utils import timezone

from tom_alertstreams.complaints import Grumbles, Remembered, sentence_of, sentence_of_settings
from tom_alertstreams.handling import MessageStore
from tom_alertstreams.models import StreamState
from tom_alertstreams.offsets import DATABASE_AWAY, Partition, Stored
from tom_alertstreams.positions import Positions
from tom_alertstreams.progress import Progress
from tom_alertstreams.topics import topics_of
from tom_common.remote import RemoteUnavailable
from tom_dataproducts.summaries import refresh_summaries
from tom_dataservices.packets import StreamMessage

logger = logging.getLogger(__name__)

POLL_S = 0.25
LONGEST_PAUSE_S = 30.0
BATCH_SIZE = 2000
BATCH_BYTES = 32_000_000
FIRST_BATCH = 100
NIGHTS = 3
SUMMARIES_AFTER_S, SUMMARIES_BEHIND_AFTER_S = 3.0, 20.0
TELL_LOSS_S, TELL_MISSING_S = 3600.0, 60.0
HEARD_LATELY_S = 10.0
_OF_ONE = (KafkaError._TRANSPORT, KafkaError._RESOLVE, KafkaError._TIMED_OUT)
_AWAY = (KafkaError._ALL_BROKERS_DOWN, *_OF_ONE, KafkaError._AUTHENTICATION, KafkaError._SSL)


class KafkaReader:
    """Reads topics as a member of a consumer group.

    Where reading goes on is asked of our own table, not of the broker; the broker is told afterwards, for
    those who watch the lag there.

    Parameters
    ----------
    name : str
        What pages call the stream.
    settings : dict
        Settings of librdkafka.
    topics : sequence of str
        Names, or patterns as `topics_of` takes them.
    store : MessageStore
    batch_size : int
        Most messages of one transaction; fewer where they are large (`BATCH_BYTES`).
    nights : int
        How many dates a name with a date stands for.
    """

    def __init__(
        self,
        *,
        name: str,
        settings: dict[str, Any],
        topics: Sequence[str],
        store: MessageStore,
        batch_size: int = BATCH_SIZE,
        nights: int = NIGHTS,
    ) -> None:
        self.name = name
        # Where the broker has no message at an offset is ours to decide, too: see `Positions`.
        self.settings = {**settings, "auto.offset.reset": "error"}
        at_end = str(settings.get("auto.offset.reset", "earliest")) in ("latest", "end", "largest")
        self.positions = Positions(store, begin_at_end=at_end, tell=self._tell_loss)
        self.nights = nights
        self.topics = list(topics)
        self.store = store
        self.batch_size = batch_size
        self.progress = Progress(name, settings.get("group.id", ""))
        self.error = ""
        self.word = StreamState.Word.CONNECTING
        self._mean_bytes = 0
        self._subscribed: list[str] = []
        self._changed: set[int] = set()
        self._changed_since = 0.0
        self._has_partitions = False
        self._begun: list[StreamMessage] = []
        self._told_to_stop = threading.Event()
        self._away_since: float | None = None
        self._said = Grumbles(logger)
        self._lost, self._missing = Remembered(TELL_LOSS_S), Remembered(TELL_MISSING_S)
        self._heard_at: float | None = None

    @property
    def total(self) -> Stored:
        """What became of the batches that are done."""
        return self.progress.total

    def run(self, stop: threading.Event) -> None:
        """Read until told to stop, then finish the batch in hand, store it, and leave the group.

        Raises
        ------
        ImproperlyConfigured
            If the settings cannot be used.
        """
        consumer = self._consumer()
        try:
            self._subscribe(consumer)
            self._tell(consumer, at_once=True)
            while not stop.is_set():
                self.step(consumer, stop)
            self._finish(consumer)
            self._refresh()
            self.word = StreamState.Word.STOPPED
            self._tell(consumer, at_once=True)
        finally:
            consumer.close()

    def _consumer(self) -> Any:
        try:
            return Consumer({**self.settings, "error_cb": self._note_error, "logger": Grumbles(logger)})
        except KafkaException as error:
            self.word = StreamState.Word.UNUSABLE
            self.error = sentence_of_settings(error.args[0], self.settings)
            self._write_state(per_second=0.0, lag=None)
            raise ImproperlyConfigured(self.error) from error

    def step(self, consumer: Any, stop: threading.Event) -> None:
        """Take what has come, at most one batch, and store it.

        While many wait, a batch is decoded beside the storing of the one before, and stored by the next step.
        """
        self._told_to_stop = stop
        most = self._most()
        messages = self._messages(consumer, consumer.consume(most, 0.0 if self._begun else POLL_S))
        is_begun = 2 * len(messages) >= most and self.store.begin(messages)
        if messages:
            self._mean_bytes = sum(len(message.value) for message in messages) // len(messages) + 1
        self._finish(consumer)
        self._begun = messages
        if not is_begun:
            self._finish(consumer)
        if self.store.gone:
            self._begin_again(consumer, [])
        if self._changed:
            soon_s = SUMMARIES_AFTER_S if messages else 0.0
            self._refresh(SUMMARIES_BEHIND_AFTER_S if self._is_behind(consumer) else soon_s)
        self._subscribe(consumer)  # to the topics of a new day
        self._tell(consumer)

    def _finish(self, consumer: Any) -> None:
        """Store the messages that were taken."""
        messages, self._begun = self._begun, []
        if messages:
            self._store(consumer, messages)
            self._commit(consumer, messages)
            self.progress.count_topics(messages)

    def _begin_again(self, consumer: Any, lost: Sequence[Partition]) -> None:
        """Find out where the partitions go on, once the table says all that was taken."""
        self._finish(consumer)
        self.positions.begin_again(consumer, lost)

    def _subscribe(self, consumer: Any) -> None:
        """Subscribe to the topics of today, if they are others than before."""
        wanted = topics_of(self.topics, timezone.now().date(), nights=self.nights)
        if wanted != self._subscribed:
            consumer.subscribe(wanted, on_assign=self._assign)
            self._subscribed = wanted
            logger.info("%s: subscribed to %s", self.name, ", ".join(wanted))

    def _refresh(self, after_s: float = 0.0) -> None:
        """Compute summaries of light curves, if the first of them is stale for some time.

        At once when nothing comes, soon while messages trickle, seldom while they wait: the alerts go before.
        Whoever asks for one meanwhile has it computed; those of a process that was killed are computed by
        the periodic task.
        """
        if not self._changed or time.monotonic() - self._changed_since < after_s:
            return
        changed, self._changed = sorted(self._changed), set()
        try:
            refresh_summaries(changed)
        except DATABASE_AWAY:
            logger.warning("%s: summaries of light curves stay stale", self.name, exc_info=True)
            close_old_connections()

    def _most(self) -> int:
        """Return how many messages are taken at once: `BATCH_BYTES` by the size of those before."""
        if not self._mean_bytes:
            return min(self.batch_size, FIRST_BATCH)
        return min(self.batch_size, max(1, BATCH_BYTES // self._mean_bytes))

    def _is_behind(self, consumer: Any) -> bool:
        """Tell whether another whole batch waits at the broker, though it hands out less at a time."""
        return (self.progress.lag(consumer) or 0) >= self.batch_size

    def _messages(self, consumer: Any, found: Sequence[Any]) -> list[StreamMessage]:
        messages = []
        lost = []
        for one in found:
            if one.error() is not None:
                if one.error().code() == KafkaError._AUTO_OFFSET_RESET:
                    lost.append((one.topic(), one.partition()))
                else:
                    self._note_error(one.error())
                continue
            kind, timestamp_ms = one.timestamp()
            messages.append(
                StreamMessage(
                    one.topic(),
                    one.partition(),
                    one.offset(),
                    one.value() or b"",
                    one.key(),
                    timestamp_ms if kind else None,
                    tuple((name, value or b"") for name, value in one.headers() or ()),
                )
            )
        if messages:
            self._is_reading()
            self.progress.last_message_at, self._heard_at = timezone.now(), time.monotonic()
        if lost:  # stored later, these would say of a topic that was made anew how far the old one was read
            self._finish(consumer)
            self._begun, messages = messages, []
            self._begin_again(consumer, lost)
        return messages

    def _store(self, consumer: Any, messages: Sequence[StreamMessage]) -> None:
        """Store messages; while the database or a schema registry cannot be reached, wait and try again."""
        pause_s = 1.0
        failed = ""
        self.store.on_done = lambda done: self._tell_within(consumer, done)
        while True:
            try:
                self.progress.add(self.store.store(messages))
            except (*DATABASE_AWAY, RemoteUnavailable) as error:
                self.error = failed = f"A batch cannot be stored now: {error}"
                logger.warning("%s: %s; tried again in %.0f s", self.name, self.error, pause_s)
                close_old_connections()
                self._write_state(per_second=0.0, lag=None)
                asked_s = min(getattr(error, "retry_after_s", None) or 0.0, LONGEST_PAUSE_S)
                if self._told_to_stop.wait(max(pause_s, asked_s)):
                    raise
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                if failed and self.error == failed:
                    self.error = self._lost.text or self._missing.text
                if not self._changed:
                    self._changed_since = time.monotonic()
                self._changed |= self.total.changed
                self.total.changed.clear()
                return

    def _assign(self, consumer: Any, partitions: Sequence[TopicPartition]) -> None:
        """Begin each partition where our table says, once it says all that was taken."""
        self._is_reading()
        self._finish(consumer)
        self._has_partitions = bool(partitions)
        self.positions.begin(partitions, consumer)
        consumer.assign(list(partitions))

    def _is_reading(self) -> None:
        if self._away_since is not None:
            away_s = time.monotonic() - self._away_since
            logger.warning("%s: the broker is back after %.0f s", self.name, away_s)
            self._said.forget()
            self._missing.forget()
        self.word, self._away_since = StreamState.Word.READING, None
        self.error = self._lost.text or self._missing.text

    def _tell_loss(self, text: str) -> None:
        self.error = text
        self._lost.note(text)
        logger.error("%s: %s", self.name, text)

    def _commit(self, consumer: Any, messages: Sequence[StreamMessage]) -> None:
        reached = {(message.topic, message.partition): message.offset + 1 for message in messages}
        offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in reached.items()]
        try:
            consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:  # the table is what counts
            logger.info("%s: the broker did not note how far was read: %s", self.name, error)

    def _note_error(self, error: Any) -> None:
        """Note what librdkafka complains of; the same complaint is logged once a minute."""
        if error.code() == KafkaError._PARTITION_EOF or self._is_of_another_night(error):
            return
        is_vague = error.code() == KafkaError._ALL_BROKERS_DOWN
        if is_vague and self._away_since is not None and self.error:
            return  # why it cannot be reached was told already
        self.error = (is_vague and self._missing.text) or sentence_of(error)
        if error.code() in _OF_ONE and self._hears():
            self._missing.note(self.error)
        elif error.code() in _AWAY:
            self.word = StreamState.Word.WAITING
            if self._away_since is None:
                self._away_since = time.monotonic()
        if self._said.is_new(self.error):
            logger.warning("%s: %s", self.name, self.error)

    def _is_of_another_night(self, error: Any) -> bool:
        """Tell whether a topic is missed that bears a date, while others are read: it may come yet."""
        dated = [name for name in self._subscribed if name not in self.topics]
        is_missed = error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART
        return is_missed and self._has_partitions and any(name in error.str() for name in dated)

    def _hears(self) -> bool:
        """Tell whether messages came just now: a broker that goes away is perhaps one of several."""
        return self._heard_at is not None and time.monotonic() - self._heard_at < HEARD_LATELY_S

    def _look_whether_back(self, consumer: Any) -> None:
        """Notice that a broker is back though it has no message for us."""
        if self._away_since is None or not consumer.assignment():
            return
        try:
            consumer.list_topics(consumer.assignment()[0].topic, timeout=1.0)
        except KafkaException:
            return
        self._is_reading()

    def _tell(self, consumer: Any, *, at_once: bool = False) -> None:
        if at_once or self.progress.is_due():
            self._look_whether_back(consumer)
            self._write_state(per_second=self.progress.rate(), lag=self.progress.lag(consumer))

    def _tell_within(self, consumer: Any, done: Stored) -> None:
        """Tell how it goes while a batch is in hand: a handler may take minutes for one."""
        self.progress.within.add(done)
        if self.progress.is_due():
            self._write_state(per_second=self.progress.rate(), lag=self.progress.lag(consumer))

    def _write_state(self, *, per_second: float, lag: int | None) -> None:
        topics = self._subscribed or self.topics
        self.progress.write(word=self.word, error=self.error, topics=topics, per_second=per_second, lag=lag)
