"""Streams of the ANTARES broker."""

from __future__ import annotations

import logging
import socket
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tom_alertstreams.alertstreams.connections import own_offsets
from tom_alertstreams.alertstreams.handled import HandledStream
from tom_alertstreams.bson import BSONError, read_bson
from tom_alertstreams.handling import UndecodableError
from tom_dataservices.packets import StreamMessage

logger = logging.getLogger(__name__)

DEFAULT_URL = "kafka.antares.noirlab.edu:9092"
TOPIC_PREFIX = "client."
MAX_BYTES = 64_000_000


@dataclass(frozen=True)
class Locus:
    """What ANTARES knows of a place in the sky; `ra` and `dec` are ICRS, deg."""

    locus_id: str
    ra: float
    dec: float
    properties: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    catalogs: list[str] = field(default_factory=list)


class AntaresAlertStream(HandledStream):
    """Topics of ANTARES; handlers are called with a `Locus`.

    Options: ``API_KEY``, ``API_SECRET``, ``TOPIC_HANDLERS`` (topics without ``client.``), ``GROUP`` (the name
    of the host), ``SSL_CA_LOCATION`` (the file of certificates that ANTARES hands out with its client),
    ``URL``, ``KAFKA`` (further settings of librdkafka). ``ENABLE_AUTO_COMMIT`` is taken and
    not needed: how far was read is kept here.
    """

    required_keys: ClassVar[list[str]] = ["API_KEY", "API_SECRET", "TOPIC_HANDLERS"]
    allowed_keys: ClassVar[list[str]] = [
        *required_keys,
        "GROUP",
        "SSL_CA_LOCATION",
        "ENABLE_AUTO_COMMIT",
        "URL",
        "KAFKA",
    ]

    @property
    def consumer_group(self) -> str:
        """The group under which offsets and dead letters are kept."""
        return str(self.options.get("GROUP") or socket.gethostname())

    def topic_names(self) -> list[str]:
        """Return the topics that are read, under their names at the broker."""
        prefix = TOPIC_PREFIX
        return [
            f"^{prefix}{name.removeprefix('^')}" if name.startswith("^") else f"{prefix}{name}"
            for name in super().topic_names()
        ]

    def handler_for(self, topic: str) -> Callable[..., Any] | None:
        """Return what is called for the messages of a topic."""
        return super().handler_for(topic.removeprefix(TOPIC_PREFIX))

    def kafka_settings(self) -> dict[str, Any]:
        """Return what librdkafka is told."""
        given = self.options
        found = own_offsets(self.consumer_group, start="earliest") | {
            "bootstrap.servers": str(given.get("URL") or DEFAULT_URL),
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.username": str(given["API_KEY"]),
            "sasl.password": str(given["API_SECRET"]),
            "ssl.endpoint.identification.algorithm": "none",
        }
        if given.get("SSL_CA_LOCATION"):
            found["ssl.ca.location"] = str(given["SSL_CA_LOCATION"])
        return {**found, **(given.get("KAFKA") or {})}

    def arguments(self, message: StreamMessage) -> tuple[Any, ...] | None:
        """Return the locus of a message."""
        return (read_locus(message.value),)


def read_locus(value: bytes) -> Locus:
    """Decode a message of ANTARES: zlib around BSON, in the shape of either version of its interface.

    Raises
    ------
    UndecodableError
        If it is something else.
    """
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(value, MAX_BYTES)
        if not inflate.eof:
            raise UndecodableError("the zlib stream is cut off or holds more than 64 MB")
        document = read_bson(plain)
    except (zlib.error, BSONError) as error:
        raise UndecodableError(f"not a message of ANTARES: {error}") from error
    data = document.get("data", document)
    found = {**data, **data["attributes"]} if isinstance(data.get("attributes"), dict) else data
    try:
        return Locus(
            str(found.get("id") or found["locus_id"]),
            float(found["ra"]),
            float(found["dec"]),
            dict(found.get("properties") or {}),
            list(found.get("tags") or ()),
            list(found.get("catalogs") or ()),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UndecodableError(f"the locus lacks what each has: {error!r}") from error


def alert_logger(locus: Locus) -> None:
    """Log a locus."""
    logger.info("antares.alert_logger received %s at %.6f %+.6f deg", locus.locus_id, locus.ra, locus.dec)
