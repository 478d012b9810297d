"""The errors of requests to other machines, and how what a library raises becomes one of them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from tom_common.remote import record

logger = logging.getLogger(__name__)

WORDS = {
    400: "it refuses what was sent",
    401: "it does not accept the credentials",
    403: "this account is not permitted to do that there",
    404: "not found there, or hidden from this account",
    405: "it does not offer that",
    409: "something there is in the way",
    413: "what was sent is too large for it",
    429: "too many requests",
}


class RemoteError(Exception):
    """A remote service did not do what was asked; the text may be shown to a user."""


class RemoteUnavailable(RemoteError):
    """No answer, or one that says to come back later (429, 5xx).

    Parameters
    ----------
    text : str
    status : int, optional
        HTTP status; None where there was no answer.
    retry_after_s : float, optional
        Seconds after which the service wants to be asked again.

    Attributes
    ----------
    never_arrived : bool
        Whether it is certain that the service did not see the request, so that sending it again repeats
        nothing. False where nobody knows.
    may_have_obeyed : bool
        Whether it was asked to change something, and may have done so: it must not be sent again by itself.
    """

    never_arrived = False
    may_have_obeyed = False

    def __init__(self, text: str, *, status: int | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.retry_after_s = retry_after_s


class RemotePaused(RemoteUnavailable):
    """The service did not answer several times in a row: it is not asked for a while (``retry_after_s``)."""

    never_arrived = True


class RemoteRejected(RemoteError):
    """The service refuses the request (4xx but 429).

    Parameters
    ----------
    text : str
    status : int
        HTTP status.
    detail : str
        What the service said, in one line.
    said : object
        The JSON of the answer; None where it held none.
    """

    def __init__(self, text: str, *, status: int, detail: str = "", said: Any = None) -> None:
        super().__init__(text)
        self.status = status
        self.detail = detail
        self.said = said


class RemoteBadReply(RemoteError):
    """The answer has not the promised shape."""


def retry_after_s(text: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header, given as seconds or as a date."""
    if not text:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def plain_words(said: Any) -> str:
    """Return in one line what the JSON of a refusal says, with the names of the fields it is about."""
    if isinstance(said, Mapping):
        parts = []
        for name, value in said.items():
            words = plain_words(value)
            if words:
                is_name = name not in ("detail", "non_field_errors", "message", "error")
                parts.append(f"{name}: {words}" if is_name else words)
        return "; ".join(parts)
    if isinstance(said, Sequence) and not isinstance(said, str | bytes):
        return "; ".join(words for words in map(plain_words, said) if words)
    return "" if said is None else str(said)


def title_of_page(text: str) -> str | None:
    """Return the title of a web page, empty if it has none; None for what is no page."""
    if text.lstrip()[:1] != "<":
        return None
    found = re.search(r"<title>\s*(.*?)\s*</title>", text, re.S | re.I)
    return " ".join(found.group(1).split())[:200] if found else ""


def json_or_none(content: bytes) -> Any:
    """Return the JSON of an answer; None where it holds none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def translated(name: str, error: Exception, *, read_timeout_s: float | None = None) -> RemoteError:
    """Return the `RemoteError` that says what an exception of ``requests`` means, without its address."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        status = error.response.status_code
        if status == 429 or status >= 500:
            retry = retry_after_s(error.response.headers.get("Retry-After"))
            return RemoteUnavailable(f"{name} answered {status}.", status=status, retry_after_s=retry)
        words = WORDS.get(status, "it refuses the request")
        return RemoteRejected(f"{name} answered {status}: {words}.", status=status)
    if isinstance(error, requests.Timeout) and not isinstance(error, requests.ConnectTimeout):
        within = f" within {read_timeout_s:.0f} s" if read_timeout_s else " in time"
        return RemoteUnavailable(f"{name} did not answer{within}.")
    if isinstance(error, requests.exceptions.ContentDecodingError | requests.exceptions.JSONDecodeError):
        return RemoteBadReply(f"{name} answered with something that cannot be read.")
    if isinstance(error, requests.ConnectionError) and "Read timed out" in str(error):
        return RemoteUnavailable(f"{name} did not end its answer in time.")  # while the answer came in
    for kind, words in _CAUSES:
        if isinstance(error, kind):
            return RemoteUnavailable(f"{name} {words}.")
    return RemoteUnavailable(f"{name} cannot be reached: {type(error).__name__}.")


_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (requests.ConnectTimeout, "cannot be reached: no connection in time"),
    (requests.exceptions.SSLError, "cannot be reached: its certificate is not accepted"),
    (requests.exceptions.ChunkedEncodingError, "broke off in the middle of its answer"),
    (requests.ConnectionError, "cannot be reached: the connection was refused or broke off"),
    (requests.exceptions.MissingSchema, "cannot be reached: its address is not a web address"),
    (requests.exceptions.InvalidSchema, "cannot be reached: its address is not a web address"),
    (requests.exceptions.InvalidURL, "cannot be reached: its address is not a web address"),
)


@contextmanager
def reported(service_name: str) -> Iterator[None]:
    """Turn whatever a plugin's own use of ``requests`` raises into a `RemoteError`.

    Parameters
    ----------
    service_name : str
        What the error text calls the service.

    Raises
    ------
    RemoteError
    """
    try:
        yield
    except requests.RequestException as error:
        logger.warning("%s: %s", service_name, type(error).__name__)
        found = translated(service_name, error)
        record.note(service_name, "", str(found), is_silent=False)
        raise found from None  # the cause holds the address
    except (TimeoutError, ConnectionError) as error:
        text = f"{service_name} cannot be reached: {type(error).__name__}."
        record.note(service_name, "", text, is_silent=False)
        raise RemoteUnavailable(text) from error
    else:
        record.note(service_name, "", is_certain=False)
