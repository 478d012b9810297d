"""Where the reading of partitions begins: asked of our own table, and compared with what the broker has."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, KafkaException, TopicPartition

from tom_alertstreams.identities import TopicIdentities, begin_new_topics
from tom_alertstreams.offsets import Partition

logger = logging.getLogger(__name__)

BROKER_TIMEOUT_S = 10.0

Tell = Callable[[str], None]


class Positions:
    """Finds the offsets at which partitions begin.

    Parameters
    ----------
    store : MessageStore
        Knows how far each partition was read.
    begin_at_end : bool
        A partition that was never read begins at its end, not at its beginning.
    tell : callable
        Is told, as a sentence, of messages that are lost or come again.

    Attributes
    ----------
    identities : TopicIdentities or None
        Asked whether topics are those that were read before; None: only their offsets can tell.
    """

    def __init__(self, store: Any, *, begin_at_end: bool, tell: Tell) -> None:
        self.store = store
        self.first = OFFSET_END if begin_at_end else OFFSET_BEGINNING
        self.tell = tell
        self.identities: TopicIdentities | None = None

    def begin(self, partitions: Sequence[TopicPartition], consumer: Any = None) -> None:
        """Set the offsets of partitions that are assigned now.

        Those never read begin where the settings of the stream say, whatever was committed at the broker for
        a group of this name: the table is the truth, also when it is empty. Where that is the end, it is
        noted: what comes before the first message is read, while nobody reads, is read later.
        """
        if self.identities is not None:
            found = self.identities.of(one.topic for one in partitions)
            anew = begin_new_topics(self.store.group, found)
            self.store.identities.update(found)
            for topic in anew:
                self.tell(f"{topic} was made anew since it was read last; it is read from its begin")
        known = self.store.next_offsets((one.topic, one.partition) for one in partitions)
        for one in partitions:
            one.offset = known.get((one.topic, one.partition), self.first)
            if one.offset == OFFSET_END and consumer is not None:
                self._note_end(consumer, one)

    def _note_end(self, consumer: Any, one: TopicPartition) -> None:
        try:
            _, high = consumer.get_watermark_offsets(one, timeout=BROKER_TIMEOUT_S)
        except KafkaException as error:
            logger.info("%s[%s]: the broker does not say where it ends: %s", one.topic, one.partition, error)
            return
        one.offset = self.store.begin_at(one.topic, one.partition, high)

    def begin_again(self, consumer: Any, lost: Sequence[Partition]) -> None:
        """Go on where the broker had no message at the offset that it was asked for.

        The other partitions stay where they are; what was fetched of them ahead is fetched again.
        """
        places = consumer.position(consumer.assignment())
        stored = self.store.next_offsets((one.topic, one.partition) for one in places)
        for one in places:
            key = (one.topic, one.partition)
            if key in lost:
                known = stored.get(key)
                one.offset = self.first if known is None else self._checked(consumer, one, known)
            elif one.offset < 0:
                # Left to the broker it would be told as lost again, with small batches for ever.
                one.offset = stored.get(key, self.first)
        consumer.assign(places)

    def _checked(self, consumer: Any, one: TopicPartition, stored: int) -> int:
        """Return where to go on, given how far was read and what the broker still, or again, has."""
        try:
            low, high = consumer.get_watermark_offsets(one, timeout=BROKER_TIMEOUT_S)
        except KafkaException as error:
            logger.info("%s[%s]: the broker does not say what it has: %s", one.topic, one.partition, error)
            return stored
        place = f"{one.topic}[{one.partition}]"
        if stored > high:
            self.tell(
                f"{place} was made anew: it ends at {high}, and we had read up to {stored}; read from {low}"
            )
            self.store.rewind(one.topic, one.partition, low)
            return low
        if stored < low:
            self.tell(
                f"{place}: {low - stored} messages were deleted by the broker before they were read"
                f" (offsets {stored} to {low - 1})"
            )
            return low
        return stored
