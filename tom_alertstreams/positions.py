"""Where the reading of partitions begins: asked of our own table, and compared with what the broker has."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, KafkaException, TopicPartition

from tom_alertstreams.identities import TopicIdentities, begin_new_topics, begin_unnamed_topic
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
        self._unnamed: set[str] = set()  # made anew, and the broker does not tell their identity

    def begin(self, partitions: Sequence[TopicPartition], consumer: Any = None) -> None:
        """Set the offsets of partitions that are assigned now.

        Those never read begin where the settings of the stream say, whatever was committed at the broker for
        a group of this name: the table is the truth, also when it is empty. Where that is the end, it is
        noted: what comes before the first message is read, while nobody reads, is read later.
        """
        self._learn(one.topic for one in partitions)
        known = self.store.next_offsets((one.topic, one.partition) for one in partitions)
        for one in partitions:
            one.offset = known.get((one.topic, one.partition), self.first)
            if one.offset == OFFSET_END and consumer is not None:
                self._note_end(consumer, one)

    def _learn(self, topics: Iterable[str]) -> set[str]:
        """Ask which topics these are now; return those that are others than were read before.

        Of those that the broker does not tell, nothing is known from then on: what was known before may be
        of another one, and offsets would wait for it.
        """
        if self.identities is None:
            return set()
        names = set(topics)
        before = {name: self.store.identities.pop(name, None) for name in names}
        self.store.gone -= names
        found = self.identities.of(names)
        if unsure := {name for name in names - set(found) if before[name]}:
            found |= self.identities.of(unsure)  # told before: perhaps a broker of several just went away
        anew = set(begin_new_topics(self.store.group, found))
        self.store.identities.update(found)
        for name in sorted(anew):
            self.tell(f"{name} was made anew since it was read last; it is read from its begin")
        return anew | {name for name, identity in found.items() if before[name] not in (None, identity)}

    def _note_end(self, consumer: Any, one: TopicPartition) -> None:
        try:
            _, high = consumer.get_watermark_offsets(one, timeout=BROKER_TIMEOUT_S)
        except KafkaException as error:
            logger.info("%s[%s]: the broker does not say where it ends: %s", one.topic, one.partition, error)
            return
        one.offset = self.store.begin_at(one.topic, one.partition, high)

    def begin_again(self, consumer: Any, lost: Sequence[Partition]) -> None:
        """Go on where the broker had no message at the offset that it was asked for.

        A topic that is another one by now, by what the broker tells or another process has noted, begins
        anew with all its partitions. The others stay where they are; what was fetched of them ahead is
        fetched again. What is in hand has to be stored before.
        """
        gone = set(self.store.gone)
        anew = gone | self._learn(gone | {topic for topic, _ in lost})
        places = consumer.position(consumer.assignment())
        stored = self.store.next_offsets((one.topic, one.partition) for one in places)
        for one in places:
            key = (one.topic, one.partition)
            if key in lost or one.topic in anew:
                known = stored.get(key)
                one.offset = self.first if known is None else self._checked(consumer, one, known)
            elif one.offset < 0:
                # Left to the broker it would be told as lost again, with small batches for ever.
                one.offset = stored.get(key, self.first)
        unnamed, self._unnamed = self._unnamed, set()
        for one in places:
            if one.topic in unnamed:
                one.offset = 0
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
            is_told = one.topic in self.store.identities
            if not is_told and begin_unnamed_topic(self.store.group, one.topic):
                self._unnamed.add(one.topic)
            self.store.rewind(one.topic, one.partition, low)
            return low
        if stored < low:
            self.tell(
                f"{place}: {low - stored} messages were deleted by the broker before they were read"
                f" (offsets {stored} to {low - 1})"
            )
            return low
        return stored
