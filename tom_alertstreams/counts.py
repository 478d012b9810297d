"""What a reader tells of itself: counts of messages by ten minutes; the rows of processes that are gone."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from tom_alertstreams.models import StreamCount, StreamState

STEP = dt.timedelta(minutes=10)
KEPT = dt.timedelta(days=30)
GONE = dt.timedelta(hours=1)
REMEMBERED = dt.timedelta(days=7)


def step_of(moment: dt.datetime) -> dt.datetime:
    """Return the begin of the ten minutes in which a moment lies."""
    return moment.replace(minute=moment.minute // 10 * 10, second=0, microsecond=0)


def add_counts(stream: str, messages: int, dead: int) -> None:
    """Add messages that a stream took now: all of them, or none if an error is raised."""
    if messages <= 0:
        return
    begin = step_of(timezone.now())
    row = StreamCount.objects.filter(stream=stream, begin=begin)
    with transaction.atomic():
        if row.update(messages=F("messages") + messages, dead=F("dead") + dead):
            return
        StreamCount.objects.bulk_create([StreamCount(stream=stream, begin=begin)], ignore_conflicts=True)
        row.update(messages=F("messages") + messages, dead=F("dead") + dead)
        StreamCount.objects.filter(stream=stream, begin__lt=begin - KEPT).delete()


def forget_gone_processes(stream: str) -> None:
    """Delete the rows of processes that are gone: each start of a container makes one.

    Of those that read this stream the one with the newest message stays, so that the page still tells when it
    came; of other streams those go that nobody was told of for a week.
    """
    now = timezone.now()
    gone = StreamState.objects.filter(stream=stream, heartbeat_at__lt=now - GONE)
    newest = gone.order_by(F("last_message_at").desc(nulls_last=True), "-heartbeat_at").first()
    old = Q(heartbeat_at__lt=now - REMEMBERED)
    if newest is not None:
        old |= Q(stream=stream, heartbeat_at__lt=now - GONE) & ~Q(pk=newest.pk)
    StreamState.objects.filter(old).delete()
