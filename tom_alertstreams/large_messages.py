"""Messages of Hopskotch that are too large for Kafka, and lie at a service beside the broker."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from confluent_kafka import Consumer, KafkaException, TopicPartition

from tom_alertstreams.bson import BSONError, read_bson
from tom_alertstreams.complaints import sentence_of
from tom_alertstreams.handling import UndecodableError
from tom_alertstreams.offsets import TRIES
from tom_alertstreams.scram import ScramAuth
from tom_common.remote import RemoteBadReply, RemotePaused, RemoteRejected, RemoteService, RemoteUnavailable
from tom_dataservices.packets import StreamMessage

logger = logging.getLogger(__name__)

TOPIC = "sys.metadata"
KEY = "LargeMessageUploadEndpoint"
ASK_AGAIN_S = 300.0
TIMEOUT_S = 10.0
NAME = "The store of large messages"
_PATIENCE: dict[str, Any] = {"read_timeout_s": 15.0, "whole_timeout_s": 45.0, "tries": 1}
"""The reader asks again by itself, and has to tell within a minute that it lives."""


class LargeMessages:
    """Fetches large messages from where the broker says that they lie, and from nowhere else.

    Parameters
    ----------
    settings : mapping
        Of librdkafka, with which the broker is asked; a ``group.id`` among them.
    user, password : str
        Of the broker; the service takes the same.

    References
    ----------
    https://hop-client.readthedocs.io/en/latest/user/large_messages.html
    """

    def __init__(self, settings: Mapping[str, Any], user: str, password: str) -> None:
        self._settings = dict(settings)
        self._auth = ScramAuth(NAME, user, password)
        self._endpoint, self._asked_at = "", float("-inf")
        self._failed = ("", 0)

    def fetch(self, placeholder: StreamMessage, url: str) -> StreamMessage | None:
        """Return the message for which another one stands; None if it lies where the broker says nothing of.

        Parameters
        ----------
        placeholder : StreamMessage
            Where the message was found; its offset and time are those of the message.
        url : str
            Where the message lies.

        Raises
        ------
        RemoteUnavailable
            If the service, or the broker that tells its address, does not answer now.
        UndecodableError
            If the service refuses it, it or the broker has not answered `TRIES` times in a row, or what lies
            there is no message.
        """
        try:
            if not _lies_below(url, self.endpoint()):
                logger.warning(
                    "%s: not fetched, since the broker names no store there: %s", placeholder.place, url
                )
                return None
            headers = {"Accept": "application/bson, application/octet-stream;q=0.9, */*;q=0.1"}
            service = RemoteService(NAME, self._endpoint, headers=headers, auth=self._auth, **_PATIENCE)
            content = service.get_bytes(url)
        except RemotePaused:
            raise  # it was not asked
        except RemoteUnavailable as error:
            self._failed = (url, self._failed[1] + 1 if self._failed[0] == url else 1)
            if self._failed[1] < TRIES:
                raise
            text = f"the large message at {url} could not be fetched {TRIES} times, replay it later: {error}"
            raise UndecodableError(text) from error
        except (RemoteBadReply, RemoteRejected) as error:
            raise UndecodableError(f"the large message at {url} cannot be fetched: {error}") from error
        return _message(placeholder, url, content)

    def endpoint(self) -> str:
        """Return under which address the broker says that large messages lie; empty if it names none.

        Raises
        ------
        RemoteUnavailable
            If the broker does not answer.
        """
        if time.monotonic() - self._asked_at > ASK_AGAIN_S:
            self._endpoint = _endpoint_of(self._newest())
            self._asked_at = time.monotonic()
            if self._endpoint.startswith("http:"):
                logger.warning("%s speaks no TLS: others may read along (%s)", NAME, self._endpoint)
        return self._endpoint

    def _newest(self) -> bytes:
        """Return the newest message of `TOPIC`, empty if there is none."""
        quiet = {"logger": logging.getLogger(f"{__name__}.librdkafka"), "error_cb": lambda error: None}
        consumer = Consumer({**self._settings, "enable.auto.commit": False, **quiet})
        try:
            found = consumer.list_topics(TOPIC, timeout=TIMEOUT_S).topics[TOPIC]
            if found.error is not None:
                return b""
            newest = (0, b"")
            for number in found.partitions:
                _, end = consumer.get_watermark_offsets(TopicPartition(TOPIC, number), timeout=TIMEOUT_S)
                if end:
                    newest = max(newest, self._last_of(consumer, number, end))
        except KafkaException as error:
            raise RemoteUnavailable(
                f"The broker does not tell where large messages lie: {sentence_of(error.args[0])}"
            ) from error
        finally:
            consumer.close()
        return newest[1]

    def _last_of(self, consumer: Any, number: int, end: int) -> tuple[int, bytes]:
        """Return the time and the body of the last message of a partition."""
        consumer.assign([TopicPartition(TOPIC, number, end - 1)])
        message = consumer.poll(TIMEOUT_S)
        if message is None or message.error() is not None:
            raise RemoteUnavailable(f"The broker does not hand out its topic {TOPIC}.")
        return message.timestamp()[1], message.value() or b""


def _endpoint_of(content: bytes) -> str:
    try:
        told = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return ""
    found = told.get(KEY) if isinstance(told, dict) else None
    return found.rstrip("/") + "/" if isinstance(found, str) and urlsplit(found).hostname else ""


def _lies_below(url: str, endpoint: str) -> bool:
    parts, wanted = urlsplit(url), urlsplit(endpoint)
    is_there = bool(endpoint) and (parts.scheme, parts.netloc) == (wanted.scheme, wanted.netloc)
    path = unquote(parts.path)
    return is_there and path.startswith(wanted.path) and ".." not in path.split("/")


def _message(placeholder: StreamMessage, url: str, content: bytes) -> StreamMessage:
    try:
        found = read_bson(content)
    except BSONError as error:
        raise UndecodableError(f"what lies at {url} is no message: {error}") from error
    value, key = found.get("message"), found.get("key")
    if not isinstance(value, bytes) or not isinstance(key, bytes | None):
        raise UndecodableError(f"what lies at {url} has no message of bytes")
    given = found.get("headers")
    if not isinstance(given, list | dict | None):
        raise UndecodableError(f"what lies at {url} has headers that are none: {given!r:.80}")
    headers = _headers(given)
    if ("_format", b"external") in headers:
        raise UndecodableError(f"what lies at {url} names another address again")
    return StreamMessage(
        placeholder.topic,
        placeholder.partition,
        placeholder.offset,
        value,
        key,
        placeholder.timestamp_ms,
        tuple(headers),
    )


def _headers(given: Any) -> list[tuple[str, bytes]]:
    """Return headers that are given as pairs or as a document."""
    found = []
    for pair in given.items() if isinstance(given, dict) else given or ():
        match pair:
            case [str() | bytes() as name, str() | bytes() as value]:
                name = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
                found.append((name, value.encode() if isinstance(value, str) else value))
            case _:
                raise UndecodableError(f"a header of a large message is no name with a value: {pair!r:.80}")
    return found
