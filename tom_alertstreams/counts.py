"""Counts of messages by ten minutes, from which the streams page draws its history."""

from __future__ import annotations

import datetime as dt

from django.db.models import F
from django.utils import timezone

from tom_alertstreams.models import StreamCount

STEP = dt.timedelta(minutes=10)
KEPT = dt.timedelta(days=30)


def step_of(moment: dt.datetime) -> dt.datetime:
    """Return the begin of the ten minutes in which a moment lies."""
    return moment.replace(minute=moment.minute // 10 * 10, second=0, microsecond=0)


def add_counts(stream: str, messages: int, dead: int) -> None:
    """Add messages that a stream took now."""
    if messages <= 0:
        return
    begin = step_of(timezone.now())
    row = StreamCount.objects.filter(stream=stream, begin=begin)
    if row.update(messages=F("messages") + messages, dead=F("dead") + dead):
        return
    StreamCount.objects.bulk_create([StreamCount(stream=stream, begin=begin)], ignore_conflicts=True)
    row.update(messages=F("messages") + messages, dead=F("dead") + dead)
    StreamCount.objects.filter(stream=stream, begin__lt=begin - KEPT).delete()
