"""Reads for the pages and figures of streams: how each does, and what could not be used."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import Length
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString

from tom_alertstreams import conf
from tom_alertstreams.alertstreams.alertstream import is_active, stream_labels
from tom_alertstreams.counts import REMEMBERED, STEP, step_of
from tom_alertstreams.diagnosis import remembered_problems_of
from tom_alertstreams.models import DeadLetter, StreamCount, StreamState, UnkeptLetters
from tom_alertstreams.permissions import dead_letters_for_user
from tom_alertstreams.plots import bars_svg
from tom_alertstreams.topics import is_read

HEARD_OF = dt.timedelta(seconds=60)
HISTORY = dt.timedelta(days=1)
CountsByTopic = dict[tuple[str, str], int]
GOOD, WARN, BAD, QUIET = "good", "warn", "bad", "quiet"
_WORDS = {
    StreamState.Word.UNUSABLE: ("Its settings cannot be used", BAD),
    StreamState.Word.WAITING: ("Waiting for its broker", BAD),
    StreamState.Word.READING: ("Reading", GOOD),
    StreamState.Word.CONNECTING: ("Connecting", WARN),
}
"""Of several processes that read a stream, the word that stands first here counts."""
_UNHEARD = (
    "Its process ended without a word, or one message takes it more than a minute: look whether it runs."
    " If not, start manage.py readstreams again."
)


@dataclass(frozen=True)
class LetterCounts:
    """How many messages could not be used, by group and topic: those that wait, and those counted only."""

    waiting: CountsByTopic
    not_kept: CountsByTopic


@dataclass
class TopicFacts:
    """How one topic of a stream does; `messages` since the processes began, `lag` None where not known."""

    name: str
    messages: int = 0
    lag: int | None = None
    last_message_at: dt.datetime | None = None
    dead: int = 0
    not_kept: int = 0
    group: str = ""


@dataclass
class StreamFacts:
    """How one stream does, over all the processes that read it."""

    label: str
    kind: str
    word: str
    state: str
    hint: str = ""
    error: str = ""
    processes: int = 0
    messages: int = 0
    dead: int = 0
    per_second: float = 0.0
    lag: int | None = None
    last_message_at: dt.datetime | None = None
    heartbeat_at: dt.datetime | None = None
    topics: list[TopicFacts] = field(default_factory=list)
    history: SafeString = field(default_factory=lambda: SafeString(""))
    last_day: int = 0


def streams(now: dt.datetime | None = None, *, letters: LetterCounts | None = None) -> list[StreamFacts]:
    """Return how the streams of the setting ``ALERT_STREAMS`` do, and others heard of; four queries.

    `letters` is what `letter_counts` gave, if that was asked already.
    """
    now = now or timezone.now()
    rows: dict[str, list[StreamState]] = {}
    for row in StreamState.objects.filter(heartbeat_at__gte=now - REMEMBERED).order_by("pk"):
        rows.setdefault(row.stream, []).append(row)
    letters = letters or letter_counts()
    entries = conf.alert_streams()
    found = []
    for entry, label in zip(entries, stream_labels(entries), strict=True):
        one = _facts(label, _path(entry), rows.pop(label, []), letters, now)
        if not is_active(entry) and not one.processes:
            one.word, one.state, one.hint = "Switched off", QUIET, "ACTIVE is False in the settings."
        elif not one.processes and (problems := remembered_problems_of(entry)):
            one.error = f"The settings of this stream have to be corrected: {'; '.join(problems)}."
        found.append(one)
    for label, some in sorted(rows.items()):
        one = _facts(label, "", some, letters, now)
        if one.processes:
            one.hint = "This stream is not in the settings of this process."
            found.append(one)
    _add_history(found, now)
    return found


def _path(entry: Any) -> str:
    return str(entry.get("NAME", "")) if isinstance(entry, Mapping) else ""


def dead_by_topic() -> CountsByTopic:
    """Return how many messages could not be used and wait, by group and topic.

    Streams with groups of their own may read topics of one name, at one broker or at two.
    """
    rows = DeadLetter.objects.filter(replayed=None).order_by().values_list("group", "topic")
    return {(group, topic): count for group, topic, count in rows.annotate(count=Count("pk"))}


def letter_counts() -> LetterCounts:
    """Return how many messages could not be used, and how many of them were not even kept."""
    rows = UnkeptLetters.objects.values_list("group", "topic", "count")
    return LetterCounts(dead_by_topic(), {(group, topic): count for group, topic, count in rows})


def _facts(
    label: str, path: str, rows: list[StreamState], letters: LetterCounts, now: dt.datetime
) -> StreamFacts:
    word, state, hint = _word(rows, now)
    living = [row for row in rows if _lives(row, now)]
    shown = living or rows[-1:]
    one = StreamFacts(label=label, kind=path, word=word, state=state, hint=hint, processes=len(living))
    one.messages = sum(row.messages for row in shown)
    one.per_second = sum(row.per_second for row in living)
    one.lag = _sum(row.lag for row in living)
    one.last_message_at = max((row.last_message_at for row in rows if row.last_message_at), default=None)
    one.heartbeat_at = max((row.heartbeat_at for row in rows), default=None)
    one.error = next((row.error for row in reversed(shown) if row.error), "")
    one.topics = _topics(shown, letters)
    one.dead = sum(topic.dead for topic in one.topics)
    return one


def _lives(row: StreamState, now: dt.datetime) -> bool:
    return row.word != StreamState.Word.STOPPED and now - row.heartbeat_at <= HEARD_OF


def _word(rows: list[StreamState], now: dt.datetime) -> tuple[str, str, str]:
    if not rows:
        return "Never read", QUIET, "Start manage.py readstreams to read it."
    words = {row.word for row in rows if _lives(row, now)}
    for word in _WORDS:
        if word in words:
            text, state = _WORDS[word]
            return text, state, ""
    newest = max(rows, key=lambda row: row.heartbeat_at)
    if newest.word == StreamState.Word.STOPPED:
        return "Stopped", QUIET, "Start manage.py readstreams to read on."
    return "Not heard of", BAD, _UNHEARD


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _topics(rows: list[StreamState], letters: LetterCounts) -> list[TopicFacts]:
    found: dict[str, TopicFacts] = {}
    for row in rows:
        for name in row.topics:
            if not str(name).startswith("^"):
                found.setdefault(name, TopicFacts(name))
        for name, known in row.by_topic.items():
            topic = found.setdefault(name, TopicFacts(name))
            topic.messages += known.get("messages", 0)
            topic.lag = _sum([topic.lag, known.get("lag")])
            moment = parse_datetime(known.get("last_message_at") or "")
            if moment and (topic.last_message_at is None or moment > topic.last_message_at):
                topic.last_message_at = moment
    for group, name in letters.waiting:  # those that came before the processes of now
        if any(row.group == group and is_read(row.topics, name) for row in rows):
            found.setdefault(name, TopicFacts(name))
    for topic in found.values():
        topic.group = rows[-1].group
        topic.dead = letters.waiting.get((topic.group, topic.name), 0)
        topic.not_kept = letters.not_kept.get((topic.group, topic.name), 0)
    return sorted(found.values(), key=lambda topic: topic.name)


def _add_history(found: list[StreamFacts], now: dt.datetime) -> None:
    last = step_of(now)
    steps = int(HISTORY / STEP)
    first = last - (steps - 1) * STEP
    counts: dict[str, dict[dt.datetime, int]] = {}
    for stream, begin, messages in StreamCount.objects.filter(begin__gte=first).values_list(
        "stream", "begin", "messages"
    ):
        counts.setdefault(stream, {})[begin] = messages
    for one in found:
        of_stream = counts.get(one.label)
        if of_stream:
            series = [of_stream.get(first + place * STEP, 0) for place in range(steps)]
            one.last_day = sum(series)
            label = f"Messages in each 10 minutes of the last 24 hours, at most {max(series):,}"
            one.history = bars_svg(series, label=label)


def not_kept(user: Any, *, topic: str = "", group: str = "") -> list[UnkeptLetters]:
    """Return how many messages of which topics were counted only, as far as a user may see it."""
    rows = dead_letters_for_user(user, UnkeptLetters.objects.order_by("topic", "group"))
    return list(of_place(rows, topic=topic, group=group))


def dead_letters(user: Any, *, topic: str = "", group: str = "", replayed: bool = False) -> QuerySet:
    """Return dead letters that a user may see, without their bytes: `size` says how many they are.

    Parameters
    ----------
    user : User
    topic, group : str
        Keep those of a topic, of a consumer group.
    replayed : bool
        Those that were used since, instead of those that wait.
    """
    rows = dead_letters_for_user(user, DeadLetter.objects.filter(replayed__isnull=not replayed))
    return (
        of_place(rows, topic=topic, group=group)
        .defer("value", "key", "headers")
        .annotate(size=Length("value"))
    )


def of_place(letters: QuerySet, *, topic: str = "", group: str = "") -> QuerySet:
    """Return those of a topic and of a consumer group; an empty name stands for all."""
    wanted = {"topic": topic, "group": group}
    return letters.filter(**{name: value for name, value in wanted.items() if value})
