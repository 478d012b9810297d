"""How far each partition was read, kept by us; and messages kept as dead letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.db import InterfaceError, OperationalError
from django.db.models import Q

from tom_alertstreams.models import DeadLetter, StreamOffset, StreamTopic
from tom_dataservices.packets import StreamMessage

Partition = tuple[str, int]

DATABASE_AWAY = (OperationalError, InterfaceError)
"""What the database raises while it cannot be reached or is locked: no fault of a message."""


TRIES = 5
"""How often the database may fail at a message before the message is blamed."""


@dataclass
class Stored:
    """What became of a batch: messages used, those stored before and left out, dead letters."""

    used: int = 0
    known: int = 0
    dead: int = 0
    new_targets: int = 0
    new_data: int = 0
    changed: set[int] = field(default_factory=set)

    def add(self, other: Stored) -> None:
        """Count another batch, too."""
        for name in ("used", "known", "dead", "new_targets", "new_data"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.changed |= other.changed


def _unheard(done: Stored) -> None:
    """Stand for whoever is told how a batch goes."""


class OffsetKeeper:
    """Knows how far a consumer group has read; what stores messages is made of it.

    Parameters
    ----------
    group : str
        Consumer group, under which offsets are kept.

    Attributes
    ----------
    on_done : callable
        Told what became of a message or more, between the transactions of a batch: who reads is alive.
    """

    def __init__(self, group: str) -> None:
        self.group = group
        self.identities: dict[str, str] = {}  # of topics, under which this process reads them
        self.gone: set[str] = set()  # topics that another process has begun anew since
        self.on_done: Callable[[Stored], None] = _unheard
        self.done = Stored()
        self._failed: tuple[str, int, int] = ("", 0, 0)

    def begin(self, messages: Sequence[StreamMessage]) -> bool:
        """Begin what can be done beside the storing of the messages before; tell whether something was."""
        return False

    def store(self, messages: Sequence[StreamMessage]) -> Stored:
        """Use messages, each once, and return what became of them.

        What was committed before the database went away is counted by the next call that ends well.
        """
        self.use_all(messages)
        done, self.done = self.done, Stored()
        done.known = max(0, len(messages) - done.used - done.dead)  # those of a try before are no news
        return done

    def use_all(self, messages: Sequence[StreamMessage]) -> None:
        """Use messages, and add to `done` what is committed."""
        raise NotImplementedError

    def is_to_blame(self, message: StreamMessage) -> bool:
        """Note that the database failed at a message, or at a batch that begins with it.

        Returns
        -------
        bool
            It did `TRIES` times in a row.
        """
        place, offset, count = self._failed
        count = count + 1 if (place, offset) == (message.place, message.offset) else 1
        self._failed = (message.place, message.offset, count)
        return count >= TRIES

    def next_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return where reading goes on, for those of the partitions that were read before."""
        wanted = set(partitions)
        rows = StreamOffset.objects.filter(group=self.group, topic__in={topic for topic, _ in wanted})
        found = {(row.topic, row.partition): row.next_offset for row in rows}
        return {key: offset for key, offset in found.items() if key in wanted}

    def begin_at(self, topic: str, partition: int, offset: int) -> int:
        """Note where a partition begins that was never read; return where it does."""
        row, _ = StreamOffset.objects.get_or_create(
            group=self.group, topic=topic, partition=partition, defaults={"next_offset": offset}
        )
        return row.next_offset

    def rewind(self, topic: str, partition: int, offset: int) -> None:
        """Note that a partition is read again from an offset: the broker has made it anew."""
        StreamOffset.objects.filter(group=self.group, topic=topic, partition=partition).update(
            next_offset=offset
        )

    def is_fresh(self, message: StreamMessage) -> bool:
        """Tell whether a message was not stored yet."""
        row = StreamOffset.objects.filter(
            group=self.group, topic=message.topic, partition=message.partition
        ).first()
        return row is None or message.offset >= row.next_offset

    def advance(self, messages: Sequence[StreamMessage]) -> list[StreamMessage]:
        """Move the offsets behind the messages and return those that were not stored yet.

        The rows of the offsets are locked: two processes that were given the same partition, one before and
        one after a rebalance, take turns.
        """
        keys = {(message.topic, message.partition) for message in messages}
        StreamOffset.objects.bulk_create(
            [StreamOffset(group=self.group, topic=key[0], partition=key[1], next_offset=0) for key in keys],
            ignore_conflicts=True,
        )
        partitions: dict[str, list[int]] = {}
        for topic, partition in sorted(keys):
            partitions.setdefault(topic, []).append(partition)
        # No other partition of these topics: whoever reads it needs not wait.
        ours = Q()
        for topic, some in partitions.items():
            ours |= Q(topic=topic, partition__in=some)
        rows = StreamOffset.objects.select_for_update().filter(ours, group=self.group)
        offsets = {(row.topic, row.partition): row for row in rows.order_by("pk")}
        gone = self._made_anew(partitions)
        self.gone |= gone
        fresh = []
        for message in messages:
            if message.topic in gone:  # kept, but it says nothing of how far the new topic was read
                fresh.append(message)
                continue
            row = offsets[message.topic, message.partition]
            if message.offset >= row.next_offset:
                fresh.append(message)
                row.next_offset = message.offset + 1
        StreamOffset.objects.bulk_update([offsets[key] for key in keys], ["next_offset"])
        return fresh

    def _made_anew(self, topics: Iterable[str]) -> set[str]:
        """Return topics that another process has begun anew, while this one held messages of the old ones."""
        asked = [topic for topic in topics if topic in self.identities]
        if not asked:
            return set()
        rows = StreamTopic.objects.filter(group=self.group, topic__in=asked)
        return {row.topic for row in rows if row.identity != self.identities[row.topic]}


def letter_of(group: str, message: StreamMessage, reason: str) -> DeadLetter:
    """Return the row that keeps a message which cannot be used."""
    return DeadLetter(
        group=group,
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp_ms=message.timestamp_ms,
        key=message.key,
        value=message.value,
        headers=[[name, value.hex()] for name, value in message.headers],
        reason=reason,
    )


def message_of(letter: DeadLetter) -> StreamMessage:
    """Return the message that a dead letter keeps."""
    return StreamMessage(
        letter.topic,
        letter.partition,
        letter.offset,
        bytes(letter.value),
        bytes(letter.key) if letter.key is not None else None,
        timestamp_ms=letter.timestamp_ms,
        headers=tuple((name, bytes.fromhex(value)) for name, value in letter.headers),
    )
