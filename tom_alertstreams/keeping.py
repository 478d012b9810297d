"""Keeps messages that cannot be used: whole up to a limit for each topic, beyond it by their number.

Called by what stores messages, in the transaction that moves the offsets behind them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from django.db.models import F, QuerySet
from django.utils import timezone

from tom_alertstreams import conf
from tom_alertstreams.models import DeadLetter, UnkeptLetters
from tom_alertstreams.offsets import letter_of
from tom_dataservices.packets import StreamMessage

logger = logging.getLogger(__name__)

Unusable = tuple[StreamMessage, str]


def keep_letters(group: str, unusable: Iterable[Unusable]) -> None:
    """Keep messages as dead letters; those for which there is no room are counted.

    Parameters
    ----------
    group : str
        Consumer group.
    unusable : iterable of (StreamMessage, str)
        Messages, each with the reason why it cannot be used.
    """
    by_topic: dict[str, list[Unusable]] = {}
    for message, reason in unusable:
        by_topic.setdefault(message.topic, []).append((message, reason))
    for topic, some in by_topic.items():
        letters = DeadLetter.objects.filter(group=group, topic=topic)
        new = _not_there(letters, some)
        room = _room(letters, len(new)) if new else 0
        DeadLetter.objects.bulk_create([letter_of(group, message, reason) for message, reason in new[:room]])
        if new[room:]:
            _count(group, topic, new[room:])


def _not_there(letters: QuerySet, some: Sequence[Unusable]) -> list[Unusable]:
    """Return those that are not there; of a message that came again the letter waits again.

    A topic that was made anew has other messages at the same offsets: those are kept, too.
    """
    offsets = {message.offset for message, _ in some}
    there = {
        (partition, offset, bytes(value)): pk
        for pk, partition, offset, value in letters.filter(offset__in=offsets).values_list(
            "pk", "partition", "offset", "value"
        )
    }
    new = []
    for message, reason in some:
        pk = there.get((message.partition, message.offset, message.value))
        if pk is None:
            new.append((message, reason))
        else:
            DeadLetter.objects.filter(pk=pk).update(reason=reason, replayed=None)
    return new


def _room(letters: QuerySet, wanted: int) -> int:
    """Return how many of the wanted can be kept; those that were used since make room, the oldest first."""
    most = conf.letters_kept()
    there = letters.count()
    too_many = there + wanted - most
    if too_many > 0:
        used = letters.filter(replayed__isnull=False).order_by("replayed", "pk")
        oldest = list(used.values_list("pk", flat=True)[:too_many])
        there -= DeadLetter.objects.filter(pk__in=oldest).delete()[0]
    return max(0, most - there)


def _count(group: str, topic: str, some: Sequence[Unusable]) -> None:
    row = UnkeptLetters.objects.filter(group=group, topic=topic)
    change = {"count": F("count") + len(some), "reason": some[-1][1], "last_at": timezone.now()}
    if row.update(**change):
        return
    logger.error(
        "%s, read as group %s: %s messages that cannot be used are kept; further ones are only counted",
        topic,
        group,
        conf.letters_kept(),
    )
    UnkeptLetters.objects.bulk_create(
        [UnkeptLetters(group=group, topic=topic, first_at=timezone.now(), last_at=timezone.now())],
        ignore_conflicts=True,
    )
    row.update(**change)
