"""What is done with dead letters: use them once more, or discard them."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from tom_alertstreams import conf
from tom_alertstreams.diagnosis import usable_alert_streams
from tom_alertstreams.handling import MessageStore
from tom_alertstreams.models import DeadLetter
from tom_alertstreams.storing import reason_of
from tom_alertstreams.topics import is_read
from tom_dataservices.plugin_errors import JOB_ENDS

logger = logging.getLogger(__name__)

IN_HAND = dt.timedelta(hours=1)
"""For how long a replay that was killed keeps others from the one letter that it had in hand."""


class StoresByGroup:
    """Finds what takes the messages of a dead letter, each stream of the settings made once."""

    def __init__(self) -> None:
        self._stores: dict[int, MessageStore] = {}
        self._streams: list[Any]
        self._streams, self.broken = usable_alert_streams([_switched_on(one) for one in conf.alert_streams()])

    def of(self, letter: DeadLetter) -> MessageStore | None:
        """Return the store; None if no stream of the settings reads the group and topic of the letter."""
        fitting: list[Any] = [
            stream
            for stream in self._streams
            if getattr(stream, "consumer_group", None) == letter.group
            and is_read(stream.topic_names(), letter.topic)
        ]
        if not fitting:
            return None
        stream = fitting[0]
        if id(stream) not in self._stores:
            self._stores[id(stream)] = stream.message_store()
        return self._stores[id(stream)]


def _switched_on(entry: Any) -> Any:
    """Return an entry as if it were active: letters of a stream that is off can be used, too."""
    return {**entry, "ACTIVE": True} if isinstance(entry, Mapping) else entry


def replay(letter: DeadLetter, stores: StoresByGroup) -> str:
    """Use a dead letter once more and note what became of it; return why it cannot be used, or nothing.

    Of two replays of one letter at a time the second leaves it alone: a handler is called once.
    """
    try:
        store = stores.of(letter)
    except JOB_ENDS:
        raise
    except Exception as error:  # the edge of the loop: other letters are of other streams
        logger.exception("the stream of dead letter %s cannot be used", letter.pk)
        return f"its stream cannot be used, {reason_of(error)}"
    if store is None:
        broken = f" ({' '.join(stores.broken)})" if stores.broken else ""
        return f"no stream in settings.ALERT_STREAMS reads {letter.topic} as group {letter.group}{broken}"
    row = DeadLetter.objects.filter(pk=letter.pk)
    now = timezone.now()
    is_free = Q(in_hand_since=None) | Q(in_hand_since__lt=now - IN_HAND)
    if not row.filter(is_free, replayed=None).update(in_hand_since=now):
        return "it was used or discarded meanwhile, or another replay has it in hand"
    try:
        reason = store.replay(letter)
    except BaseException:  # a job that is ended, too, leaves the letter to the next
        row.update(in_hand_since=None)
        raise
    if reason:
        row.update(reason=reason, in_hand_since=None)
    else:
        row.update(replayed=timezone.now(), in_hand_since=None)
    return reason


def replay_all(
    letters: QuerySet, *, on_progress: Callable[[int, DeadLetter, str], None] | None = None
) -> tuple[int, int]:
    """Use dead letters once more, oldest first.

    Parameters
    ----------
    letters : QuerySet of DeadLetter
        Those used already are left out.
    on_progress : callable, optional
        Called after each with how many were tried, the letter, and why it cannot be used; may raise to stop.

    Returns
    -------
    used, left : int
    """
    stores = StoresByGroup()
    used = tried = last = 0
    while True:
        # One at a time: a message may have megabytes, and a job may run for long.
        letter = letters.filter(replayed=None, pk__gt=last).order_by("pk").first()
        if letter is None:
            return used, tried - used
        last = letter.pk
        reason = replay(letter, stores)
        tried += 1
        used += not reason
        if on_progress is not None:
            on_progress(tried, letter, reason)


def forget_count(counts: QuerySet) -> None:
    """Forget how many messages of some topics were counted only."""
    counts.delete()


def discard(letters: QuerySet) -> int:
    """Delete dead letters and return how many they were."""
    return letters.order_by().delete()[0]
