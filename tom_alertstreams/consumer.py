"""Reads Kafka topics in batches, stores each exactly once, and tells how it goes."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, TopicPartition
from django.db import OperationalError, close_old_connections
from django.utils import timezone

from tom_alertstreams.counts import add_counts
from tom_alertstreams.handling import MessageStore
from tom_alertstreams.models import StreamState
from tom_alertstreams.storing import Stored
from tom_dataservices.packets import StreamMessage

logger = logging.getLogger(__name__)

POLL_S = 0.5
TELL_EVERY_S = 5.0
LONGEST_PAUSE_S = 30.0


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
    store : MessageStore
    batch_size : int
        Most messages of one transaction.
    """

    def __init__(
        self,
        *,
        name: str,
        settings: dict[str, Any],
        topics: Sequence[str],
        store: MessageStore,
        batch_size: int = 500,
    ) -> None:
        self.name = name
        self.settings = settings
        self.topics = list(topics)
        self.store = store
        self.batch_size = batch_size
        self.total = Stored()
        self.error = ""
        self.word = StreamState.Word.CONNECTING
        self._told_at = 0.0
        self._told_messages = self._told_dead = 0
        self._by_topic: dict[str, dict[str, Any]] = {}
        self._last_message: Any = None

    def run(self, stop: threading.Event) -> None:
        """Read until told to stop, then finish the batch in hand, store it, and leave the group."""
        consumer = Consumer({**self.settings, "error_cb": self._note_error, "logger": logger})
        try:
            consumer.subscribe(self.topics, on_assign=self._assign)
            self._tell(consumer, at_once=True)
            while not stop.is_set():
                self.step(consumer, stop)
            self.word = StreamState.Word.STOPPED
            self._tell(consumer, at_once=True)
        finally:
            consumer.close()

    def step(self, consumer: Any, stop: threading.Event) -> None:
        """Take what has come, at most one batch, and store it."""
        messages = self._messages(consumer.consume(self.batch_size, POLL_S))
        if messages:
            self._store(messages, stop)
            self._commit(consumer, messages)
            self._count_topics(messages)
        self._tell(consumer)

    def _messages(self, found: Sequence[Any]) -> list[StreamMessage]:
        messages = []
        for one in found:
            if one.error() is not None:
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
            self.word, self.error = StreamState.Word.READING, ""
            self._last_message = timezone.now()
        return messages

    def _store(self, messages: Sequence[StreamMessage], stop: threading.Event) -> None:
        """Store messages; while the database cannot be reached, wait and try again."""
        pause_s = 1.0
        while True:
            try:
                self.total.add(self.store.store(messages))
            except OperationalError as error:
                self.error = f"The database does not take a batch: {error}"
                logger.warning("%s: %s; tried again in %.0f s", self.name, self.error, pause_s)
                close_old_connections()
                if stop.wait(pause_s):
                    raise
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                self.total.changed.clear()
                return

    def _assign(self, consumer: Any, partitions: Sequence[TopicPartition]) -> None:
        """Begin each partition where our table says."""
        known = self.store.next_offsets((one.topic, one.partition) for one in partitions)
        for one in partitions:
            one.offset = known.get((one.topic, one.partition), OFFSET_INVALID)
        consumer.assign(list(partitions))
        self.word = StreamState.Word.READING

    def _commit(self, consumer: Any, messages: Sequence[StreamMessage]) -> None:
        reached = {(message.topic, message.partition): message.offset + 1 for message in messages}
        offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in reached.items()]
        try:
            consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:  # the table is what counts
            logger.info("%s: the broker did not note how far was read: %s", self.name, error)

    def _note_error(self, error: Any) -> None:
        if error.code() == KafkaError._PARTITION_EOF:
            return
        self.error = error.str()
        if error.code() in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE):
            self.word = StreamState.Word.WAITING
        logger.warning("%s: %s", self.name, self.error)

    def _count_topics(self, messages: Sequence[StreamMessage]) -> None:
        now = timezone.now().isoformat(timespec="seconds")
        for message in messages:
            of_topic = self._by_topic.setdefault(message.topic, {"messages": 0})
            of_topic["messages"] += 1
            of_topic["last_message_at"] = now

    def _lag(self, consumer: Any) -> int | None:
        """Return how many messages wait at the broker, as far as the last fetch knew; noted by topic, too."""
        lag = 0
        by_topic: dict[str, int] = {}
        try:
            positions = consumer.position(consumer.assignment())
            for one in positions:
                _, high = consumer.get_watermark_offsets(one, timeout=1.0, cached=True)
                if high > 0 and one.offset >= 0:
                    behind = max(0, high - one.offset)
                    lag += behind
                    by_topic[one.topic] = by_topic.get(one.topic, 0) + behind
        except KafkaException:
            return None
        for topic, behind in by_topic.items():
            self._by_topic.setdefault(topic, {"messages": 0})["lag"] = behind
        return lag

    def _tell(self, consumer: Any, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if not at_once and now - self._told_at < TELL_EVERY_S:
            return
        messages = self.total.used + self.total.dead
        seconds = now - self._told_at if self._told_at else 0.0
        rate = (messages - self._told_messages) / seconds if seconds else 0.0
        new, new_dead = messages - self._told_messages, self.total.dead - self._told_dead
        self._told_at, self._told_messages, self._told_dead = now, messages, self.total.dead
        lag = self._lag(consumer)
        try:
            add_counts(self.name, new, new_dead)
            StreamState.objects.update_or_create(
                stream=self.name,
                process=f"{socket.gethostname()}:{os.getpid()}",
                defaults={
                    "topics": self.topics,
                    "word": self.word,
                    "messages": messages,
                    "dead": self.total.dead,
                    "per_second": rate,
                    "lag": lag,
                    "by_topic": self._by_topic,
                    "last_message_at": self._last_message,
                    "error": self.error,
                },
            )
        except OperationalError:
            logger.warning("%s: its state cannot be told now", self.name, exc_info=True)
            close_old_connections()
