"""How the streams do, in a line for the health page and in figures for programs that watch the TOM."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone

from tom_alertstreams.selectors import BAD, GOOD, letter_counts, streams
from tom_common.metrics import Metric


def health_items() -> list[dict[str, Any]]:
    """Return one line for each stream."""
    url = reverse("alertstreams:streams")
    lines = []
    for one in streams():
        text = one.word.lower()
        if one.lag is not None and one.processes:
            text += f", {one.lag:,} messages behind"
        lines.append({"label": f"Stream {one.label}", "text": text, "state": one.state, "url": url})
    return lines


def metrics() -> list[Metric]:
    """Return lag, messages, dead letters, rate and age of the last message, by stream and topic."""
    now = timezone.now()
    letters = letter_counts()
    found = streams(now, letters=letters)
    up = Metric("tom_stream_up", "1 while a process reads the stream and its broker answers.")
    processes = Metric("tom_stream_processes", "Processes that read the stream.")
    errors = Metric("tom_stream_error", "1 while the stream tells an error.")
    rate = Metric("tom_stream_messages_per_second", "Messages a second over the last seconds.")
    lag = Metric("tom_stream_lag_messages", "Messages at the broker that are not read yet.")
    taken = Metric("tom_stream_messages_total", "Messages taken since the processes began.", kind="counter")
    age = Metric("tom_stream_last_message_age_seconds", "Time since the last message came, s.")
    beat = Metric("tom_stream_heartbeat_age_seconds", "Time since a process told how the stream does, s.")
    for one in found:
        labels = {"stream": one.label}
        up.add(one.state == GOOD, labels)
        processes.add(one.processes, labels)
        errors.add(bool(one.error) or one.state == BAD, labels)
        rate.add(one.per_second, labels)
        if one.heartbeat_at is not None:
            beat.add((now - one.heartbeat_at).total_seconds(), labels)
        for topic in one.topics:
            by_topic = {**labels, "topic": topic.name}
            taken.add(topic.messages, by_topic)
            if topic.lag is not None and one.processes:
                lag.add(topic.lag, by_topic)
            if topic.last_message_at is not None:
                age.add((now - topic.last_message_at).total_seconds(), by_topic)
    dead = Metric("tom_stream_dead_letters", "Messages that could not be used and wait, by topic.")
    for (group, name), count in sorted(letters.waiting.items()):
        dead.add(count, {"group": group, "topic": name})
    lost = Metric("tom_stream_dead_letters_not_kept", "Messages that could not be used and were not kept.")
    for (group, name), count in sorted(letters.not_kept.items()):
        lost.add(count, {"group": group, "topic": name})
    return [up, processes, errors, rate, lag, taken, age, beat, dead, lost]
