"""The live streams of Fink: ``FinkAlertStream`` in ``ALERT_STREAMS``, and what its alerts are given to.

``tom_fink.alertstream.FinkAlertStream`` and ``tom_fink.alertstream.alert_logger`` are public paths.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from tom_alertstreams.alertstreams.connections import names_of, of_connection
from tom_alertstreams.alertstreams.kafka import KafkaAlertStream
from tom_alertstreams.consumer import KafkaReader
from tom_alertstreams.handling import HandlerStore, MessageStore, StoreByTopic, UndecodableError
from tom_alertstreams.identities import TopicIdentities
from tom_common.grants import grant_access
from tom_dataservices.packets import StreamMessage, read_records
from tom_fink.polling import PollingReader
from tom_fink.storing import FinkPacketStore, StreamAlert, save_single_alert, told
from tom_targets.models import TargetList
from tom_targets.public_group import public_group
from tom_targets.services import list_or_new

logger = logging.getLogger(__name__)

EVERY_TOPIC = "fink.stream"
_NOT_SET = "set FINK_"
_REQUIRED = ("URL", "GROUP_ID", "USERNAME", "TOPIC", "TOPIC_HANDLERS", "MAX_POLL_NUMBER", "TIMEOUT")


class FinkAlertStream(KafkaAlertStream):
    """Topics of Fink's live streams, of ZTF and of Rubin.

    Options: ``URL``, ``USERNAME``, ``GROUP_ID`` as Fink gave them at the registration; ``TOPIC``, one or
    several with commas between, or a list; ``TOPIC_HANDLERS``, by topic, ``fink.stream`` for all others;
    ``MAX_POLL_NUMBER`` (ends after so many alerts) and ``TIMEOUT`` (s; a wait that long counts as one of
    them); and those of `KafkaAlertStream` besides ``TOPICS``.
    """

    required_keys: ClassVar[list[str]] = list(_REQUIRED)
    allowed_keys: ClassVar[list[str]] = [
        *_REQUIRED,
        *(key for key in KafkaAlertStream.allowed_keys if key not in (*_REQUIRED, "TOPICS")),
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in ("URL", "USERNAME", "GROUP_ID", "TOPIC"):
            if str(self.options[name]).startswith(_NOT_SET):
                raise ImproperlyConfigured(
                    f"The Fink stream lacks its {name}: {self.options[name]} (what you were given when you"
                    " registered with Fink), or set ACTIVE to False in settings.ALERT_STREAMS."
                )
        self.polls = self._whole_number("MAX_POLL_NUMBER")
        self.timeout_s = self._whole_number("TIMEOUT")

    def _whole_number(self, name: str) -> int:
        """Return an option that the environment gives as text such as ``1e10``."""
        try:
            number = int(float(self.options[name]))
        except (TypeError, ValueError, OverflowError) as error:
            raise ImproperlyConfigured(
                f"The Fink stream has {name} = {self.options[name]!r}; expected a number."
            ) from error
        if number < 1:
            raise ImproperlyConfigured(f"The Fink stream has {name} = {number}; expected 1 or more.")
        return number

    def topic_names(self) -> list[str]:
        """Return the topics that are read."""
        return names_of(self.options["TOPIC"])

    def kafka_settings(self) -> dict[str, Any]:
        """Return what librdkafka is told; without a password Fink wants no log-in, with one no TLS."""
        found = super().kafka_settings()
        given = self.options
        has_login = given.get("USERNAME") and given.get("PASSWORD")
        if has_login and not given.get("SECURITY_PROTOCOL") and "security.protocol" not in _more(given):
            found["security.protocol"] = "SASL_PLAINTEXT"
        return found

    def message_store(self) -> MessageStore:
        """Return what takes the messages, topic by topic."""
        return StoreByTopic(self.consumer_group, self.topic_store)

    def topic_store(self, topic: str) -> MessageStore:
        """Return what takes the messages of a topic: its handler, or what stores alerts where that does."""
        handler = self.alert_handler.get(topic) or self.alert_handler.get(EVERY_TOPIC)
        store = FinkPacketStore.of(self.packet_store(), topic, verbose=handler is alert_logger)
        open_list(topic)
        if handler is None or handler in (alert_logger, store_alert):
            return store

        def decode(message: StreamMessage) -> tuple[Any, ...]:
            return StreamAlert(_record(message, store), message=message, store=store), topic

        return HandlerStore(self.consumer_group, handler, decode)

    def reader(self) -> KafkaReader:
        """Return what reads the topics, and ends after ``MAX_POLL_NUMBER`` alerts."""
        reader = PollingReader(
            name=self.label or type(self).__name__,
            settings=self.kafka_settings(),
            topics=self.topic_names(),
            store=self.message_store(),
            batch_size=int(self.options.get("BATCH_SIZE", 500)),
            polls=self.polls,
            timeout_s=self.timeout_s,
            stop=self.stop,
        )
        reader.positions.identities = TopicIdentities(of_connection(self.kafka_settings()))
        return reader

    def listen(self) -> None:
        """Read the topics until `stop` is set or ``MAX_POLL_NUMBER`` is reached."""
        for topic in self.topic_names():
            if not topic.startswith("^"):
                open_list(topic)
        super().listen()


def _more(options: Mapping[str, Any]) -> Mapping[str, Any]:
    return options.get("KAFKA") or {}


def _record(message: StreamMessage, store: FinkPacketStore) -> dict[str, Any]:
    try:
        records = read_records(message, store.schemas)
    except ValueError as error:
        raise UndecodableError(str(error)) from error
    if len(records) != 1:
        raise UndecodableError(f"the message holds {len(records)} records; expected 1")
    return records[0]


def open_list(topic: str) -> TargetList:
    """Return the target list of a topic; members of the group Public may see it."""
    target_list, is_new = list_or_new(topic)
    if is_new and "guardian" in settings.INSTALLED_APPS:
        grant_access(public_group(), target_list, ["view_targetlist"])
    return target_list


def alert_logger(alert: Mapping[str, Any], topic: str) -> None:
    """Make a target of an alert, put it on the list of the topic, and log it.

    Named in ``TOPIC_HANDLERS``, alerts come here in batches and bring their light curves; a known object gets
    its new points. Called by another handler with the alert it was given, it does the same for that alert.
    Called with any other mapping it stores the target alone, since points need the packet they came in.

    Parameters
    ----------
    alert : mapping
        An alert of ZTF (``objectId``, ``candidate``) or Rubin (``diaObject``, ``diaSource``).
    topic : str

    Raises
    ------
    ValueError
        If it cannot be stored; the text says why.
    """
    store_alert(alert, topic, verbose=True)


def store_alert(alert: Mapping[str, Any], topic: str, *, verbose: bool = False) -> None:
    """Do what `alert_logger` does, without a word for each alert."""
    if isinstance(alert, StreamAlert):
        alert.keep(verbose=verbose)
        return
    name, emitted, is_new = save_single_alert(alert, open_list(topic))
    if verbose:
        told(topic, name, emitted, is_known=not is_new, received=dt.datetime.now(dt.UTC))
