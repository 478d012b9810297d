"""What a reader has done, and how it tells so: its row of `StreamState`, and counts by ten minutes."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaException
from django.db import close_old_connections
from django.utils import timezone

from tom_alertstreams.counts import add_counts, forget_gone_processes
from tom_alertstreams.models import StreamState
from tom_alertstreams.offsets import DATABASE_AWAY, Stored
from tom_dataservices.packets import StreamMessage

logger = logging.getLogger(__name__)

TELL_EVERY_S = 5.0


class Progress:
    """Counts what a reader does, and writes it where the page of streams looks.

    Parameters
    ----------
    name : str
        What pages call the stream.
    group : str
        Consumer group.

    Attributes
    ----------
    total : Stored
        What became of the batches that are done.
    within : Stored
        What became of messages of the batch in hand.
    last_message_at : datetime, optional
        When messages came last.
    """

    def __init__(self, name: str, group: str) -> None:
        self.name = name
        self.group = group
        self.total = Stored()
        self.within = Stored()
        self.last_message_at: Any = None
        self._by_topic: dict[str, dict[str, Any]] = {}
        self._told_at = 0.0
        self._told_messages = 0
        self._counted_messages = self._counted_dead = 0
        self._forgot = False

    def add(self, stored: Stored) -> None:
        """Count a batch that is done; what was told of it meanwhile is among it."""
        self.total.add(stored)
        self.within = Stored()

    def count_topics(self, messages: Sequence[StreamMessage]) -> None:
        """Count messages by their topics."""
        now = timezone.now().isoformat(timespec="seconds")
        for message in messages:
            of_topic = self._by_topic.setdefault(message.topic, {"messages": 0})
            of_topic["messages"] += 1
            of_topic["last_message_at"] = now

    def lag(self, consumer: Any) -> int | None:
        """Return how many messages wait at the broker, as far as the last fetch knew; noted by topic, too.

        A topic of which this process has no partition any more has no lag here.
        """
        lag = 0
        for of_topic in self._by_topic.values():
            of_topic.pop("lag", None)
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

    def is_due(self) -> bool:
        """Tell whether the page was told nothing for `TELL_EVERY_S`."""
        return time.monotonic() - self._told_at >= TELL_EVERY_S

    def rate(self) -> float:
        """Return how many messages a second were used since this was asked last."""
        now, messages = time.monotonic(), self._messages()[0]
        seconds = now - self._told_at if self._told_at else 0.0
        rate = (messages - self._told_messages) / seconds if seconds else 0.0
        self._told_at, self._told_messages = now, messages
        return rate

    def _messages(self) -> tuple[int, int]:
        """Return how many messages were used or became dead letters, and how many the latter are."""
        dead = self.total.dead + self.within.dead
        return self.total.used + self.within.used + dead, dead

    def write(self, *, word: str, error: str, topics: list[str], per_second: float, lag: int | None) -> None:
        """Write how the reader is; while the database cannot be reached, nothing."""
        messages, dead = self._messages()
        try:
            self._count(messages, dead)
            StreamState.objects.update_or_create(
                stream=self.name,
                process=f"{socket.gethostname()}:{os.getpid()}",
                defaults={
                    "group": self.group,
                    "topics": topics,
                    "word": word,
                    "messages": messages,
                    "dead": dead,
                    "per_second": per_second,
                    "lag": lag,
                    "by_topic": self._by_topic,
                    "last_message_at": self.last_message_at,
                    "error": error,
                },
            )
            if not self._forgot:
                forget_gone_processes(self.name)
                self._forgot = True
        except DATABASE_AWAY:
            logger.warning("%s: its state cannot be told now", self.name, exc_info=True)
            close_old_connections()

    def _count(self, messages: int, dead: int) -> None:
        """Add what came since the last time that counting went well."""
        add_counts(self.name, messages - self._counted_messages, dead - self._counted_dead)
        self._counted_messages, self._counted_dead = messages, dead
