"""A reader that ends after a number of alerts, as Fink's users try out their credentials."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from tom_alertstreams.consumer import KafkaReader

logger = logging.getLogger("tom_fink.alertstream")

JOIN_S = 60.0  # a broker lets a group wait for its members; librdkafka gives a member 45 s


class PollingReader(KafkaReader):
    """Reads topics until so many alerts have come; a wait of `timeout_s` for none counts as one.

    While the broker has not yet given it partitions to read, at most `JOIN_S`, it waits without counting: two
    alerts of a busy topic are two alerts, however long the joining of the group takes.

    Parameters
    ----------
    polls : int
        Alerts, and waits for none.
    timeout_s : float
    stop : Event
        Is set when `polls` is reached.
    **kwargs
        Those of `KafkaReader`.
    """

    def __init__(self, *, polls: int, timeout_s: float, stop: threading.Event, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.polls = polls
        self.timeout_s = timeout_s
        self._stop = stop
        self._full_batch = self.batch_size
        self._polled = 0
        self._waiting_since = time.monotonic()
        self._joining_since: float | None = None

    def run(self, stop: threading.Event) -> None:
        """Read until told to stop or `polls` is reached."""
        logger.info(
            "FinkAlertStream.listen opening stream: %s with group_id: %s (topics: %s)",
            self.settings.get("bootstrap.servers"),
            self.settings.get("group.id"),
            ", ".join(self.topics),
        )
        self._waiting_since = time.monotonic()
        super().run(stop)

    def step(self, consumer: Any, stop: threading.Event) -> None:
        """Take what has come, no more than is left to poll."""
        self.batch_size = min(self._full_batch, self.polls - self._polled)
        before = self._taken()
        super().step(consumer, stop)
        now = time.monotonic()
        if came := self._taken() - before:
            self._polled += came
            self._waiting_since = now
        elif self._is_joining(consumer, now):
            self._waiting_since = now
        elif now - self._waiting_since >= self.timeout_s:
            self._polled += 1
            self._waiting_since = now
            logger.info("No alerts received")
        if self._polled >= self.polls:
            self._stop.set()

    def _is_joining(self, consumer: Any, now: float) -> bool:
        """Tell whether partitions to read may still be given."""
        if consumer.assignment():
            self._joining_since = None
            return False
        if self._joining_since is None:
            self._joining_since = now
        return now - self._joining_since < JOIN_S

    def _taken(self) -> int:
        return self.total.used + self.total.dead + self.total.known + len(self._begun)
