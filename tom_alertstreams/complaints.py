"""What librdkafka complains of, in sentences for the streams page and the log. Called by readers."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError

SAY_AGAIN_S = 60.0
_PLACE = re.compile(r"^(?:GroupCoordinator: )?(?:[a-z_]+://)?(?P<host>[^\s/]+:\d+)(?:/\w+)?: ")
_DURATION = re.compile(r" ?\(after \d+ms in state \w+(?:, \d+ identical error\(s\) suppressed)?\)")


def without_durations(text: str) -> str:
    """Return a complaint without what differs each time that it is made."""
    return _DURATION.sub("", text)


def sentence_of(error: Any) -> str:
    """Return a complaint about a broker as a sentence that says what to look at.

    Parameters
    ----------
    error : confluent_kafka.KafkaError
    """
    text = without_durations(error.str())
    place = _PLACE.match(text)
    broker = f"The broker {place['host']}" if place else "The broker"
    rest = text[place.end() :] if place else text
    if "certificate verify failed" in rest:
        return (
            f"{broker} shows a certificate that is not trusted, has expired, or is another host's: check the"
            " address, and the file of certificates (ssl.ca.location) in the settings of this stream."
        )
    if error.code() == KafkaError._SSL:
        return f"{broker} does not speak TLS as it is asked to: check security.protocol ({rest})."
    if error.code() == KafkaError._AUTHENTICATION:
        return f"{broker} {_of_log_in(rest)}"
    if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        return _of_topic(text)
    if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        name = _named_topic(text)
        return (
            f"The broker does not let this user read the topic{name}: check its name, and the user's rights."
        )
    if error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
        return "The broker does not let this user read as this group: check the name of the group."
    if error.code() == KafkaError._RESOLVE:
        return f"No host has the name of the broker: check the address ({rest})."
    if error.code() == KafkaError._ALL_BROKERS_DOWN:
        return "No broker can be reached: check the address and security.protocol, or wait until it is back."
    if error.code() in (KafkaError._TRANSPORT, KafkaError._TIMED_OUT):
        return f"{broker} cannot be reached: {rest}"
    return text


def _of_topic(text: str) -> str:
    name = _named_topic(text)
    return (
        f"The broker has no topic{name} (yet): it is read once it is there. If it should be, check its name."
    )


def _named_topic(text: str) -> str:
    found = re.search(r"not available: (\S+): ", text)
    return f" {found[1]}" if found else ""


def _of_log_in(rest: str) -> str:
    offered = re.search(r"broker's supported mechanisms: (.*)$", rest)
    if offered:
        return f"does not take this kind of log-in: check sasl.mechanism (it offers {offered[1]})."
    if "token" in rest.lower() and "resolve host" in rest.lower():
        return f"cannot be logged in to: no host has the name of the server of tokens, check DOMAIN ({rest})."
    if "token" in rest.lower():
        return (
            f"cannot be logged in to, since no token is to be had: check the client and its secret ({rest})."
        )
    return f"refuses the log-in: check user name and password in the settings of this stream ({rest})."


def sentence_of_settings(error: Any, settings: Mapping[str, Any]) -> str:
    """Return why librdkafka does not take the settings of a stream; passwords are not in it.

    Parameters
    ----------
    error : confluent_kafka.KafkaError
    settings : mapping
        Of librdkafka.
    """
    text = error.str().removeprefix("Failed to create consumer: ")
    if text.startswith("ssl.ca.location failed"):
        path = settings.get("ssl.ca.location", "")
        return f"The file of certificates {path} (ssl.ca.location) is not there, or holds no certificate."
    return f"The settings of this stream cannot be used: {text}."


class Remembered:
    """A sentence that is told for some time.

    Parameters
    ----------
    for_s : float
        How long, s.
    """

    def __init__(self, for_s: float) -> None:
        self._for_s = for_s
        self._text, self._at = "", 0.0

    def note(self, text: str) -> None:
        """Tell this from now on."""
        self._text, self._at = text, time.monotonic()

    def forget(self) -> None:
        """Tell it no more."""
        self._text = ""

    @property
    def text(self) -> str:
        """The sentence, empty when its time is over."""
        return self._text if self._text and time.monotonic() - self._at < self._for_s else ""


class Grumbles:
    """The log of librdkafka, which says the same twenty times a second; here it is heard once a minute.

    Parameters
    ----------
    logger : Logger
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._said: dict[str, float] = {}

    def is_new(self, text: str) -> bool:
        """Tell whether a text was not said within the minute, and note that it is said now."""
        now = time.monotonic()
        self._said = {said: at for said, at in self._said.items() if now - at < SAY_AGAIN_S}
        if text in self._said:
            return False
        self._said[text] = now
        return True

    def forget(self) -> None:
        """Begin anew: what comes now is told, though it was before."""
        self._said.clear()

    def log(self, level: int, text: str, *args: Any) -> None:
        """Log a line of librdkafka; that a broker failed is told elsewhere, in a sentence."""
        line = text % args if args else text
        if self.is_new(without_durations(line)):
            level = logging.DEBUG if args and args[0] in ("FAIL", "ERROR") else level
            self._logger.log(level, "librdkafka: %s", line)
