"""Streams of Hopskotch, the message service of SCiMMA."""

from __future__ import annotations

import datetime as dt
import logging
import re
import uuid
from functools import cached_property
from typing import Any, ClassVar

from tom_alertstreams.alertstreams.connections import of_connection, own_offsets
from tom_alertstreams.alertstreams.handled import HandledStream
from tom_alertstreams.bodies import ExternalMessage, JSONBlob, Metadata, hopskotch_body
from tom_alertstreams.consumer import KafkaReader
from tom_alertstreams.large_messages import LargeMessages
from tom_dataservices.packets import StreamMessage

logger = logging.getLogger(__name__)

DEFAULT_PORT = 9092


class HopskotchAlertStream(HandledStream):
    """Topics of Hopskotch; handlers are called with ``(alert, metadata)``.

    Options: ``URL`` (``kafka://kafka.scimma.org/``), ``GROUP_ID`` (begins with the user name and ``-``),
    ``USERNAME``, ``PASSWORD``, ``TOPIC_HANDLERS``, ``START_POSITION`` (``LATEST`` or ``EARLIEST``, for topics
    never read), ``TEST_MESSAGES`` (true: those marked as tests, too), ``FETCH_EXTERNAL`` (false: a message
    too large for Kafka is not fetched), ``SECURITY_PROTOCOL`` (``SASL_SSL``), ``KAFKA`` (further settings of
    librdkafka).
    """

    required_keys: ClassVar[list[str]] = ["URL", "GROUP_ID", "USERNAME", "PASSWORD", "TOPIC_HANDLERS"]
    allowed_keys: ClassVar[list[str]] = [
        *required_keys,
        "START_POSITION",
        "TEST_MESSAGES",
        "FETCH_EXTERNAL",
        "SECURITY_PROTOCOL",
        "KAFKA",
    ]
    PUBLIC_TOPIC_CHECK_INTERVAL = 300

    @property
    def consumer_group(self) -> str:
        """The group under which offsets and dead letters are kept."""
        return str(self.options["GROUP_ID"])

    def kafka_settings(self) -> dict[str, Any]:
        """Return what librdkafka is told; new topics are looked for every `PUBLIC_TOPIC_CHECK_INTERVAL` s."""
        given = self.options
        start = "earliest" if given.get("START_POSITION") == "EARLIEST" else "latest"
        found = own_offsets(self.consumer_group, start=start) | {
            "bootstrap.servers": bootstrap_servers(str(given["URL"])),
            "topic.metadata.refresh.interval.ms": 1000 * self.PUBLIC_TOPIC_CHECK_INTERVAL,
            "security.protocol": given.get("SECURITY_PROTOCOL") or "SASL_SSL",
        }
        if found["security.protocol"].upper().startswith("SASL"):
            found |= {
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": str(given["USERNAME"]),
                "sasl.password": str(given["PASSWORD"]),
            }
        return {**found, **(given.get("KAFKA") or {})}

    def arguments(self, message: StreamMessage) -> tuple[Any, ...] | None:
        """Return the decoded body and where it came from; None for a test nobody asked for.

        Raises
        ------
        RemoteUnavailable
            If a message too large for Kafka cannot be fetched now.
        UndecodableError
            If it cannot be fetched at all, or a body is not what it should be.
        """
        if self._is_left_out(message):
            return None
        body = hopskotch_body(message)
        if isinstance(body, ExternalMessage) and self.options.get("FETCH_EXTERNAL", True):
            whole = self.large_messages.fetch(message, body.url)
            if whole is not None:
                return None if self._is_left_out(whole) else (hopskotch_body(whole), Metadata.of(whole))
        return body, Metadata.of(message)

    def _is_left_out(self, message: StreamMessage) -> bool:
        return ("_test", b"true") in message.headers and not self.options.get("TEST_MESSAGES")

    @cached_property
    def large_messages(self) -> LargeMessages:
        """What fetches messages that are too large for Kafka."""
        settings = {**of_connection(self.kafka_settings()), "group.id": self.consumer_group}
        return LargeMessages(settings, str(self.options["USERNAME"]), str(self.options["PASSWORD"]))

    def get_all_public_topics(self) -> list[str]:
        """Ask the broker for the topics that these credentials may read."""
        from confluent_kafka.admin import AdminClient

        topics = AdminClient(of_connection(self.kafka_settings())).list_topics(timeout=30).topics
        return sorted(topic for topic in topics if not topic.startswith("__"))

    def get_stream_url(self) -> str:
        """Return the address of the stream with its topics, as hop-client writes it."""
        return f"{str(self.options['URL']).rstrip('/')}/{','.join(self.alert_handler)}"

    @property
    def stream_url(self) -> str:
        """What `get_stream_url` returns."""
        return self.get_stream_url()

    @cached_property
    def public_topics(self) -> list[str]:
        """What `get_all_public_topics` returned when it was first asked for."""
        return self.get_all_public_topics()

    @cached_property
    def stream(self) -> KafkaReader:
        """What `get_stream` returns."""
        return self.get_stream()

    def get_stream(self, start_position: str = "") -> KafkaReader:
        """Return what reads the topics; `start_position` is ``EARLIEST`` or ``LATEST``."""
        if start_position:
            self.options["START_POSITION"] = str(getattr(start_position, "name", start_position))
        return self.reader()


def bootstrap_servers(url: str) -> str:
    """Return ``host:port`` of an address such as ``kafka://user@kafka.scimma.org/topic``."""
    hosts = re.sub(r"^[a-z+]+://", "", url).partition("/")[0].rpartition("@")[2]
    each = [host if ":" in host else f"{host}:{DEFAULT_PORT}" for host in hosts.split(",") if host]
    return ",".join(each)


def heartbeat_handler(heartbeat: JSONBlob, metadata: Metadata) -> None:
    """Log every 300th message of the topic ``sys.heartbeat``."""
    if heartbeat.content["count"] % 300 == 0:
        moment = dt.datetime.fromtimestamp(heartbeat.content["timestamp"] / 1e6, tz=dt.UTC)
        logger.info("%s heartbeat of Hopskotch: %s", moment.isoformat(), heartbeat.content)


def alert_logger(alert: Any, metadata: Metadata) -> None:
    """Log a message, whatever its form."""
    mark = next((value for name, value in metadata.headers if name == "_id"), b"")
    number = uuid.UUID(bytes=mark) if len(mark) == 16 else None
    logger.info(
        "Alert (uuid=%s) received on topic %s: %s; metadata: %s", number, metadata.topic, alert, metadata
    )
