"""A stream of Kafka topics with alert packets: ZTF, Rubin, ELAsTiCC, Fink, whatever the framing."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured

from tom_alertstreams.alertstreams.alertstream import AlertStream
from tom_alertstreams.consumer import KafkaReader
from tom_alertstreams.handling import MessageStore
from tom_alertstreams.storing import PacketStore
from tom_dataservices import conf as ingest_conf
from tom_dataservices.ingest import IngestOptions
from tom_dataservices.packets import SchemaStore

_SASL = {"USERNAME": "sasl.username", "PASSWORD": "sasl.password", "SASL_MECHANISM": "sasl.mechanism"}


class KafkaAlertStream(AlertStream):
    """Kafka topics whose alerts become targets and data.

    Options: ``URL`` (host:port, several separated by commas), ``GROUP_ID``, ``TOPICS`` (list, or text with
    commas; a topic that begins with ``^`` is a regular expression), ``BATCH_SIZE`` (500), ``USERNAME``,
    ``PASSWORD``, ``SECURITY_PROTOCOL``, ``SASL_MECHANISM``, ``SSL_CA_LOCATION``, ``START_POSITION``
    (``EARLIEST`` or ``LATEST``, for partitions never read), ``PERMISSIONS``, ``LIST_NAME``, ``CUTOUTS``,
    ``SCHEMAS_DIR``, ``SCHEMA_FILE``, ``KAFKA`` (further settings of librdkafka).
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
        "KAFKA",
        "TOPIC_HANDLERS",
    ]

    def __init__(self, **kwargs: Any) -> None:
        self.options = dict(kwargs)
        super().__init__(**kwargs)
        self.stop = threading.Event()
        if not self.topic_names():
            raise ImproperlyConfigured(f"The alert stream {type(self).__name__} has no topic to read.")

    def topic_names(self) -> list[str]:
        """Return the topics that are read."""
        topics = self.options["TOPICS"]
        names = topics.split(",") if isinstance(topics, str) else list(topics)
        return [str(name).strip() for name in names if str(name).strip()]

    def kafka_settings(self) -> dict[str, Any]:
        """Return what librdkafka is told; offsets are ours, so that nothing is committed by itself."""
        given = self.options
        found = {
            "bootstrap.servers": str(given["URL"]),
            "group.id": str(given["GROUP_ID"]),
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "latest" if given.get("START_POSITION") == "LATEST" else "earliest",
            "fetch.message.max.bytes": 16_000_000,
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
        """Return what takes the messages: what turns alert packets into rows."""
        return self.packet_store()

    @property
    def consumer_group(self) -> str:
        """The group under which offsets and dead letters are kept."""
        return str(self.options["GROUP_ID"])

    def reader(self) -> KafkaReader:
        """Return what reads the topics."""
        return KafkaReader(
            name=self.label or type(self).__name__,
            settings=self.kafka_settings(),
            topics=self.topic_names(),
            store=self.message_store(),
            batch_size=int(self.options.get("BATCH_SIZE", 500)),
        )

    def listen(self) -> None:
        """Read the topics until `stop` is set; the batch in hand is finished first."""
        self.reader().run(self.stop)
