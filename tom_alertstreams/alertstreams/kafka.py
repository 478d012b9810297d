"""A stream of Kafka topics with alert packets: ZTF, Rubin, ELAsTiCC, Fink, whatever the framing."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured

from tom_alertstreams.alertstreams.alertstream import AlertStream
from tom_alertstreams.alertstreams.connections import names_of, of_connection, own_offsets
from tom_alertstreams.consumer import BATCH_SIZE, NIGHTS, KafkaReader
from tom_alertstreams.handling import HandlerStore, MessageStore, StoreByTopic, UndecodableError
from tom_alertstreams.identities import TopicIdentities
from tom_alertstreams.registry import SchemaRegistry
from tom_alertstreams.storing import PacketStore
from tom_dataservices import conf as ingest_conf
from tom_dataservices.ingest import IngestOptions
from tom_dataservices.packets import SchemaStore, StreamMessage

_SASL = {"USERNAME": "sasl.username", "PASSWORD": "sasl.password", "SASL_MECHANISM": "sasl.mechanism"}


class KafkaAlertStream(AlertStream):
    """Kafka topics whose alerts become targets and data.

    Options: ``URL`` (host:port, several separated by commas), ``GROUP_ID``, ``TOPICS`` (list, or text with
    commas; ``YYYYMMDD`` in a topic stands for the last UT dates, one that begins with ``^`` is a regular
    expression), ``NIGHTS`` (3: how many dates, tomorrow's included), ``BATCH_SIZE`` (2000), ``USERNAME``,
    ``PASSWORD``, ``SECURITY_PROTOCOL``, ``SASL_MECHANISM``, ``SSL_CA_LOCATION``, ``START_POSITION``
    (``EARLIEST`` or ``LATEST``, for partitions never read), ``PERMISSIONS``, ``LIST_NAME``, ``NEW_TARGETS``,
    ``CUTOUTS``,
    ``SCHEMAS_DIR``, ``SCHEMA_FILE``, ``SCHEMA_REGISTRY`` (address of a registry of schemas),
    ``TOPIC_HANDLERS`` (by topic: what is called with the parsed JSON of each message, and the topic),
    ``KAFKA`` (further settings of librdkafka).
    """

    required_keys: ClassVar[list[str]] = ["URL", "GROUP_ID", "TOPICS"]
    allowed_keys: ClassVar[list[str]] = [
        *required_keys,
        *_SASL,
        "SECURITY_PROTOCOL",
        "SSL_CA_LOCATION",
        "START_POSITION",
        "BATCH_SIZE",
        "PERMISSIONS",
        "LIST_NAME",
        "NEW_TARGETS",
        "CUTOUTS",
        "SCHEMAS_DIR",
        "SCHEMA_FILE",
        "SCHEMA_REGISTRY",
        "NIGHTS",
        "KAFKA",
        "TOPIC_HANDLERS",
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.options = dict(kwargs)
        super().__init__(**kwargs)
        self.stop = threading.Event()
        if not self.topic_names():
            raise ImproperlyConfigured(f"The alert stream {type(self).__name__} has no topic to read.")

    def topic_names(self) -> list[str]:
        """Return the topics that are read."""
        return names_of(self.options["TOPICS"])

    def kafka_settings(self) -> dict[str, Any]:
        """Return what librdkafka is told; offsets are ours, so that nothing is committed by itself."""
        given = self.options
        start = "latest" if given.get("START_POSITION") == "LATEST" else "earliest"
        found = own_offsets(self.consumer_group, start=start) | {
            "bootstrap.servers": str(given["URL"]),
            # librdkafka pauses for 1 s where 64 MB wait to be taken: with images these are not 1,000 alerts.
            "fetch.queue.backoff.ms": 20,
            # A topic that is made later is found within this time; librdkafka's own is five minutes.
            "topic.metadata.refresh.interval.ms": 20_000,
            "allow.auto.create.topics": False,
        }
        if given.get("USERNAME") and given.get("PASSWORD"):
            found |= {name: given[key] for key, name in _SASL.items() if given.get(key)}
            found.setdefault("sasl.mechanism", "SCRAM-SHA-512")
            found["security.protocol"] = given.get("SECURITY_PROTOCOL") or "SASL_SSL"
        elif given.get("SECURITY_PROTOCOL"):
            found["security.protocol"] = given["SECURITY_PROTOCOL"]
        if given.get("SSL_CA_LOCATION"):
            found["ssl.ca.location"] = given["SSL_CA_LOCATION"]
        return {**found, **(given.get("KAFKA") or {})}

    def packet_store(self) -> PacketStore:
        """Return what turns messages into rows."""
        given = self.options
        schemas = SchemaStore(
            Path(given["SCHEMAS_DIR"]) if given.get("SCHEMAS_DIR") else None,
            Path(given["SCHEMA_FILE"]) if given.get("SCHEMA_FILE") else None,
            ingest_conf.alert_schemas_dir(),
            registry=SchemaRegistry(given["SCHEMA_REGISTRY"]).schema
            if given.get("SCHEMA_REGISTRY")
            else None,
        )
        options = IngestOptions(
            permissions=given.get("PERMISSIONS", "PUBLIC"),
            list_name=given.get("LIST_NAME", ""),
            only_known=not given.get("NEW_TARGETS", True),
        )
        return PacketStore(
            str(given["GROUP_ID"]), options, schemas, with_cutouts=bool(given.get("CUTOUTS", True))
        )

    def message_store(self) -> MessageStore:
        """Return what uses the messages: a handler where the topic has one, else what makes targets."""
        packets = self.packet_store()
        if not self.alert_handler:
            return packets

        def store_of(topic: str) -> MessageStore:
            handler = self.alert_handler.get(topic)
            return packets if handler is None else HandlerStore(packets.group, handler, json_and_topic)

        return StoreByTopic(packets.group, store_of)

    @property
    def consumer_group(self) -> str:
        """The group under which offsets and dead letters are kept."""
        return str(self.options["GROUP_ID"])

    def reader(self) -> KafkaReader:
        """Return what reads the topics."""
        reader = KafkaReader(
            name=self.label or type(self).__name__,
            settings=self.kafka_settings(),
            topics=self.topic_names(),
            store=self.message_store(),
            batch_size=int(self.options.get("BATCH_SIZE", BATCH_SIZE)),
            nights=int(self.options.get("NIGHTS", NIGHTS)),
        )
        reader.positions.identities = TopicIdentities(of_connection(self.kafka_settings()))
        return reader

    def listen(self) -> None:
        """Read the topics until `stop` is set; the batch in hand is finished first."""
        self.reader().run(self.stop)


def json_and_topic(message: StreamMessage) -> tuple[Any, str]:
    """Return the parsed JSON of a message and its topic; bare NaN and Infinity become None.

    Raises
    ------
    UndecodableError
        If the message is not JSON.
    """
    try:
        return json.loads(message.value, parse_constant=lambda _: None), message.topic
    except ValueError as error:
        raise UndecodableError(f"not JSON: {error}") from error
