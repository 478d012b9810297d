"""Streams of NASA's General Coordinates Network."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from tom_alertstreams.alertstreams.connections import own_offsets
from tom_alertstreams.alertstreams.handled import HandledStream
from tom_alertstreams.bodies import Metadata, ReceivedMessage, gcn_body
from tom_dataservices.packets import StreamMessage

logger = logging.getLogger(__name__)

DEFAULT_DOMAIN = "gcn.nasa.gov"


class GCNClassicAlertStream(HandledStream):
    """Topics of GCN; handlers are called with the message, which they ask for ``topic()`` and ``value()``.

    Options: ``GCN_CLASSIC_CLIENT_ID`` and ``GCN_CLASSIC_CLIENT_SECRET`` (made at https://gcn.nasa.gov),
    ``TOPIC_HANDLERS``, ``DOMAIN`` (``gcn.nasa.gov``, or that of its test server), ``CONFIG`` (settings of
    librdkafka, such as ``group.id`` and ``auto.offset.reset``).
    """

    required_keys: ClassVar[list[str]] = [
        "GCN_CLASSIC_CLIENT_ID",
        "GCN_CLASSIC_CLIENT_SECRET",
        "TOPIC_HANDLERS",
    ]
    allowed_keys: ClassVar[list[str]] = [*required_keys, "DOMAIN", "CONFIG"]
    _login = ("GCN_CLASSIC_CLIENT_ID", "GCN_CLASSIC_CLIENT_SECRET")

    @property
    def consumer_group(self) -> str:
        """The group of ``CONFIG``; without, one made of the client's number, so that reading goes on."""
        config = self.options.get("CONFIG") or {}
        return str(config.get("group.id") or f"tom-{self.options[self._login[0]]}")

    def kafka_settings(self) -> dict[str, Any]:
        """Return what librdkafka is told: it fetches the token by itself."""
        domain = self.options.get("DOMAIN") or DEFAULT_DOMAIN
        config = self.options.get("CONFIG") or {}
        found = own_offsets(self.consumer_group, start="latest") | {
            "bootstrap.servers": f"kafka.{domain}",
            "security.protocol": "sasl_ssl",
        }
        found |= config
        if str(found["security.protocol"]).lower().startswith("sasl"):
            client, secret = (str(self.options[name]) for name in self._login)
            found |= {
                "sasl.mechanisms": "OAUTHBEARER",
                "sasl.oauthbearer.method": "oidc",
                "sasl.oauthbearer.client.id": client,
                "sasl.oauthbearer.client.secret": secret,
                "sasl.oauthbearer.token.endpoint.url": f"https://auth.{domain}/oauth2/token",
            } | config
        return found | {"enable.auto.commit": False, "enable.auto.offset.store": False}

    def arguments(self, message: StreamMessage) -> tuple[Any, ...] | None:
        """Return the message."""
        return (ReceivedMessage(message),)


class GCNAlertStream(GCNClassicAlertStream):
    """Topics of GCN, decoded; handlers are called with ``(alert, metadata)``.

    Options: ``GCN_CLIENT_ID``, ``GCN_CLIENT_SECRET``, and the others of `GCNClassicAlertStream`. An alert is
    a dictionary (``gcn.notices.*``, ``gcn.circulars``, ``igwn.gwalert``, lines of ``gcn.classic.text.*``), a
    `VOEvent` or the list of 40 numbers of a binary notice.
    """

    required_keys: ClassVar[list[str]] = ["GCN_CLIENT_ID", "GCN_CLIENT_SECRET", "TOPIC_HANDLERS"]
    allowed_keys: ClassVar[list[str]] = [*required_keys, "DOMAIN", "CONFIG"]
    _login = ("GCN_CLIENT_ID", "GCN_CLIENT_SECRET")

    def arguments(self, message: StreamMessage) -> tuple[Any, ...] | None:
        """Return the decoded body and where it came from."""
        return gcn_body(message.topic, message.value), Metadata.of(message)


def alert_logger(alert: Any, metadata: Metadata | None = None) -> None:
    """Log a message of either kind of stream."""
    if metadata is None:
        logger.info("gcn.alert_logger alert.topic(): %s", alert.topic())
        logger.info("gcn.alert_logger alert.value(): %s", alert.value())
    else:
        logger.info("gcn.alert_logger topic: %s", metadata.topic)
        logger.info("gcn.alert_logger alert: %s", alert)
