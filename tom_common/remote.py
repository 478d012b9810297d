"""HTTP requests to other machines: the one way in which our code makes them.

A request never waits for ever, a GET that found nobody is tried again, a POST never is (it may have been
obeyed), and what goes wrong is one of three errors whose text may be shown to a user. Credentials reach
neither a log nor an error text.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import HTTPBasicAuth

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
WHOLE_TIMEOUT_S = 120.0
"""Longest that one answer may take from its first to its last byte."""
TRIES = 3
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
MAX_REPLY_BYTES = 100_000_000
MAX_REDIRECTS = 5
_DETAIL_LENGTH = 500
_MOVED = frozenset({301, 302, 303, 307, 308})
_WORDS = {
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
    """

    def __init__(self, text: str, *, status: int | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.retry_after_s = retry_after_s


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


class RemoteService:
    """A service that speaks HTTP and JSON.

    Parameters
    ----------
    name : str
        What error texts call it.
    base_url : str
        Address under which its paths lie.
    headers : mapping, optional
        Sent with each request, to this service only.
    auth : (str, str), optional
        User name and password of HTTP basic authentication.
    connect_timeout_s, read_timeout_s : float
        Seconds to wait for a connection, and for each piece of an answer.
    tries : int
        Times that a GET is tried while nobody answers, or the service says to come back later.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
        tries: int = TRIES,
    ) -> None:
        self.name = name
        self.base_url = base_url.rstrip("/") + "/"
        self.tries = max(1, tries)
        self._timeout = (connect_timeout_s, read_timeout_s)
        self._headers = {"Accept": "application/json", **(headers or {})}
        # Encoded by hand: requests would take Latin-1, and fail on other letters.
        self._auth = HTTPBasicAuth(*(part.encode() for part in auth)) if auth else None
        self._secrets = _secrets_of(headers or {}, auth)

    def get_json(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Ask for a path and return its JSON; tried again while nobody answers.

        Raises
        ------
        RemoteError
        """
        for attempt in range(1, self.tries + 1):
            try:
                return self._request("GET", path, params=params)
            except RemoteUnavailable as error:
                if attempt == self.tries:
                    raise
                pause_s = error.retry_after_s
                if pause_s is None:
                    pause_s = FIRST_PAUSE_S * 2 ** (attempt - 1)
                if pause_s > LONGEST_PAUSE_S:
                    raise
                logger.info("%s; asked again in %.1f s", error, pause_s)
                time.sleep(pause_s)
        raise AssertionError("unreachable")

    def post_json(self, path: str, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Send JSON once and return the JSON of the answer.

        Raises
        ------
        RemoteError
        """
        return self._request("POST", path, json=data, params=params)

    def patch_json(self, path: str, data: Any) -> Any:
        """Send changes as JSON once and return the JSON of the answer.

        Raises
        ------
        RemoteError
        """
        return self._request("PATCH", path, json=data)

    def post_form(
        self, path: str, data: Mapping[str, Any], files: Mapping[str, tuple[str, Any, str]] | None = None
    ) -> Any:
        """Send a form, with files as (name, open file, content type), once; return the JSON of the answer.

        Raises
        ------
        RemoteError
        """
        return self._request("POST", path, data=data, files=files)

    # --- one request

    def _request(self, method: str, path: str, **options: Any) -> Any:
        url = urljoin(self.base_url, path.lstrip("/"))
        try:
            for _ in range(MAX_REDIRECTS):
                with requests.request(
                    method,
                    url,
                    headers=self._headers,
                    auth=self._auth,
                    timeout=self._timeout,
                    allow_redirects=False,
                    stream=True,
                    **options,
                ) as response:
                    if response.status_code not in _MOVED:
                        return self._judged(response)
                    url = self._moved(method, url, response)
                    options.pop("params", None)  # they are part of the new address
        except requests.RequestException as error:
            raise self._no_answer(method, error) from None
        raise RemoteBadReply(f"{self.name} leads from one address to the next without end.")

    def _moved(self, method: str, url: str, response: requests.Response) -> str:
        """Return where a GET goes on; credentials stay with the machine that they are meant for."""
        new = urljoin(url, response.headers.get("Location", ""))
        if method == "GET" and _origin(new) == _origin(url):
            return new
        where = self._without_secrets(f"{'://'.join(_origin(new)[:2])}{urlsplit(new).path}")
        raise RemoteBadReply(
            f"{self.name} has moved: {_origin(url)[1]} sends requests on to {where}. Correct its address."
        )

    def _judged(self, response: requests.Response) -> Any:
        status = response.status_code
        content = self._content(response)
        if status == 429 or status >= 500:
            retry_after_s = _retry_after_s(response.headers.get("Retry-After"))
            text = f"{self.name} answered {status}" + (
                ": too many requests" if status == 429 else ": it has a problem of its own"
            )
            detail = self._detail(response, content)
            if retry_after_s is not None:
                text += f" (asks to wait {retry_after_s:.0f} s)"
            raise RemoteUnavailable(
                f"{text}{': ' + detail if detail else ''}.", status=status, retry_after_s=retry_after_s
            )
        if status >= 400:
            detail = self._detail(response, content)
            words = _WORDS.get(status, "it refuses the request")
            text = f"{self.name} answered {status}: {words}{': ' + detail if detail else ''}"
            raise RemoteRejected(
                f"{text.rstrip('.')}.", status=status, detail=detail, said=_json_or_none(content)
            )
        if not content.strip():
            return None
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            start = self._without_secrets(content[:60].decode(errors="replace"))
            raise RemoteBadReply(f"{self.name} did not answer with JSON, but with {start!r}.") from None

    def _content(self, response: requests.Response) -> bytes:
        """Read an answer that may be neither too long nor too slow."""
        deadline = time.monotonic() + WHOLE_TIMEOUT_S
        pieces, size = [], 0
        for piece in response.iter_content(65536):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_REPLY_BYTES:
                raise RemoteBadReply(f"{self.name} answers with more than {MAX_REPLY_BYTES:,} bytes.")
            if time.monotonic() > deadline:
                raise RemoteUnavailable(f"{self.name} did not end its answer in {WHOLE_TIMEOUT_S:.0f} s.")
        content = b"".join(pieces)
        promised = response.headers.get("Content-Length", "")
        if promised.isdecimal() and "Content-Encoding" not in response.headers and size < int(promised):
            raise RemoteUnavailable(f"{self.name} broke off after {size:,} of {int(promised):,} bytes.")
        return content

    def _no_answer(self, method: str, error: requests.RequestException) -> RemoteError:
        """Turn an error of the library into ours, without the address, which may hold a credential."""
        found = translated(self.name, error, read_timeout_s=self._timeout[1])
        if method != "GET" and isinstance(error, requests.ConnectionError | requests.Timeout):
            if not isinstance(error, requests.ConnectTimeout):
                text = f"{str(found).rstrip('.')}; it may have obeyed nevertheless."
                return RemoteUnavailable(text)
        return found

    def _detail(self, response: requests.Response, content: bytes) -> str:
        """Return in one line what the service says about a refusal."""
        said = _json_or_none(content)
        if said is None:
            text = content[:20_000].decode(errors="replace")
            is_page = "html" in response.headers.get("Content-Type", "") or text.lstrip()[:1] == "<"
            title = re.search(r"<title>\s*(.*?)\s*</title>", text, re.S | re.I) if is_page else None
            said = title.group(1) if title else "" if is_page else text
        said = plain_words(said)
        said = " ".join(self._without_secrets(said).split())
        return said if len(said) <= _DETAIL_LENGTH else f"{said[:_DETAIL_LENGTH]}..."

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def _json_or_none(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _secrets_of(headers: Mapping[str, str], auth: tuple[str, str] | None) -> list[str]:
    """Return what must not reach a log: the password, and values of headers that look like credentials."""
    found = [auth[1]] if auth else []
    for name, value in headers.items():
        if re.search(r"auth|key|token|secret|cookie", name, re.I):
            found += [value, value.rpartition(" ")[2]]
    return sorted({secret for secret in found if len(secret) >= 4}, key=len, reverse=True)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2]


def _retry_after_s(text: str | None) -> float | None:
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


def translated(name: str, error: Exception, *, read_timeout_s: float | None = None) -> RemoteError:
    """Return the `RemoteError` that says what an exception of ``requests`` means, without its address."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        status = error.response.status_code
        if status == 429 or status >= 500:
            retry = _retry_after_s(error.response.headers.get("Retry-After"))
            return RemoteUnavailable(f"{name} answered {status}.", status=status, retry_after_s=retry)
        words = _WORDS.get(status, "it refuses the request")
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
        raise translated(service_name, error) from None  # the cause holds the address
    except (TimeoutError, ConnectionError) as error:
        raise RemoteUnavailable(f"{service_name} cannot be reached: {type(error).__name__}.") from error
