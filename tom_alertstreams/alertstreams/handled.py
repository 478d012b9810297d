"""The base of streams whose messages are given to handlers, one by one."""

from __future__ import annotations

import fnmatch
import re
import threading
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from tom_alertstreams.alertstreams.alertstream import AlertStream
from tom_alertstreams.alertstreams.connections import of_connection
from tom_alertstreams.consumer import KafkaReader
from tom_alertstreams.handling import HandlerStore, MessageStore, StoreByTopic, UndecodableError
from tom_alertstreams.identities import TopicIdentities
from tom_dataservices.packets import StreamMessage

_BATCH = 100


class HandledStream(AlertStream):
    """Kafka topics whose messages go to the handlers of the option ``TOPIC_HANDLERS``.

    A topic there may hold ``*``: alone it stands for every topic that is not a private one of Kafka. Else one
    that holds it, or begins with ``^``, is a regular expression. A topic named as it is goes before one that
    matches.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.options = dict(kwargs)
        super().__init__(**kwargs)
        self.stop = threading.Event()
        if not self.alert_handler:
            raise ImproperlyConfigured(
                f"The alert stream {type(self).__name__} has no topic to read: name one in TOPIC_HANDLERS of"
                " settings.ALERT_STREAMS."
            )

    @property
    @abstractmethod
    def consumer_group(self) -> str:
        """The group under which offsets and dead letters are kept."""

    @abstractmethod
    def kafka_settings(self) -> dict[str, Any]:
        """Return what librdkafka is told."""

    @abstractmethod
    def arguments(self, message: StreamMessage) -> tuple[Any, ...] | None:
        """Return what a handler is called with; None if the message is not for handlers.

        Raises
        ------
        UndecodableError
            If the message is not what its topic promises.
        """

    def topic_names(self) -> list[str]:
        """Return the topics that are read; one that begins with ``^`` is a regular expression."""
        return [_subscription(topic) for topic in self.alert_handler]

    def handler_for(self, topic: str) -> Callable[..., Any] | None:
        """Return what is called for the messages of a topic."""
        if topic in self.alert_handler:
            return self.alert_handler[topic]
        for pattern, handler in self.alert_handler.items():
            if pattern != "*" and _is_pattern(pattern) and _expression(pattern).match(topic):
                return handler
        return self.alert_handler.get("*")

    def message_store(self) -> MessageStore:
        """Return what takes the messages, topic by topic."""
        return StoreByTopic(self.consumer_group, self.topic_store)

    def topic_store(self, topic: str) -> MessageStore:
        """Return what takes the messages of a topic."""
        handler = self.handler_for(topic)
        if handler is None:
            return HandlerStore(self.consumer_group, _nobody, self._refused)
        return HandlerStore(self.consumer_group, handler, self.arguments)

    def _refused(self, message: StreamMessage) -> tuple[Any, ...] | None:
        """Refuse a message of a topic that Kafka takes to match a pattern, and we do not."""
        name = self.label or type(self).__name__
        raise UndecodableError(f"the stream {name} has no handler of {message.topic}")

    def reader(self) -> KafkaReader:
        """Return what reads the topics."""
        reader = KafkaReader(
            name=self.label or type(self).__name__,
            settings=self.kafka_settings(),
            topics=self.topic_names(),
            store=self.message_store(),
            batch_size=_BATCH,
        )
        reader.positions.identities = TopicIdentities(of_connection(self.kafka_settings()))
        return reader

    def listen(self) -> None:
        """Read the topics until `stop` is set; the batch in hand is finished first."""
        self.reader().run(self.stop)


def _nobody(*arguments: Any) -> None:
    """Stand for a handler where there is none; not called."""


def _is_pattern(topic: str) -> bool:
    return "*" in topic or topic.startswith("^")


def _expression(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error:  # *.heartbeat is a wild card of file names, and no regular expression
        return re.compile(fnmatch.translate(pattern))


def _subscription(topic: str) -> str:
    if topic == "*":
        return "^[^_].*"
    if not _is_pattern(topic):
        return topic
    try:
        re.compile(topic)
    except re.error:
        return "^" + topic.replace(".", "\\.").replace("*", ".*") + "$"
    return f"^{topic.removeprefix('^')}"
