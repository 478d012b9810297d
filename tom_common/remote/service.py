"""The class that makes the requests."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.exceptions import NewConnectionError

from tom_base import __version__
from tom_common.remote import record
from tom_common.remote.errors import (
    WORDS,
    RemoteBadReply,
    RemoteError,
    RemotePaused,
    RemoteRejected,
    RemoteUnavailable,
    json_or_none,
    plain_words,
    retry_after_s,
    title_of_page,
    translated,
)
from tom_common.remote.tries import tried

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
WHOLE_TIMEOUT_S = 120.0
"""Longest that one answer may take from its first to its last byte."""
TRIES = 3
FIRST_PAUSE_S = 1.0
MAX_REPLY_BYTES = 100_000_000
MAX_REDIRECTS = 5
USER_AGENT = f"BetterTOM/{__version__}"
_DETAIL_LENGTH = 500
_MOVED = frozenset({301, 302, 303, 307, 308})


class RemoteService:
    """A service that speaks HTTP, and mostly JSON.

    Parameters
    ----------
    name : str
        What error texts call it.
    base_url : str
        Address under which its paths lie.
    headers : mapping, optional
        Sent with each request, to this service only.
    auth : (str, str) or requests.auth.AuthBase, optional
        User name and password of HTTP basic authentication, or another way to log in; where that way asks
        several times, they count as one request.
    connect_timeout_s, read_timeout_s : float
        Seconds to wait for a connection, and for each piece of an answer.
    whole_timeout_s : float
        Longest that one answer may take from its first to its last byte, in seconds.
    tries : int
        Times that a GET is tried while nobody answers, or the service says to come back later.
    secrets : sequence of str
        Further texts that no error text may hold, for services that take credentials as parameters.

    Attributes
    ----------
    answer_headers : mapping
        Headers of the last answer, for services that tell there how many requests are left.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | AuthBase | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
        whole_timeout_s: float = WHOLE_TIMEOUT_S,
        tries: int = TRIES,
        secrets: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.base_url = base_url.rstrip("/") + "/"
        self.tries = max(1, tries)
        self._timeout = (connect_timeout_s, read_timeout_s)
        self._whole_timeout_s = whole_timeout_s
        self._headers = {"Accept": "application/json", "User-Agent": USER_AGENT, **(headers or {})}
        password = [auth[1]] if isinstance(auth, tuple) else []
        if isinstance(auth, tuple):  # encoded by hand: requests would take Latin-1, and fail on other letters
            auth = HTTPBasicAuth(*(part.encode() for part in auth))
        self._auth = auth
        self._secrets = _secrets_of(headers or {}, [*secrets, *password])
        self.answer_headers: Mapping[str, str] = {}

    def get_json(self, path: str, params: Mapping[str, Any] | None = None, *, body: Any = None) -> Any:
        """Ask for a path and return its JSON; tried again while nobody answers.

        Parameters
        ----------
        path : str
        params : mapping, optional
        body : object, optional
            Sent as JSON with the request, for the few services that read a GET's body.

        Raises
        ------
        RemoteError
        """
        return self._get(path, params, self._json, body)

    def get_bytes(self, path: str, params: Mapping[str, Any] | None = None) -> bytes:
        """Ask for a path and return what lies there, whatever it is; tried again while nobody answers.

        Raises
        ------
        RemoteError
        """
        return self._get(path, params, bytes)

    def get_text(self, path: str, params: Mapping[str, Any] | None = None) -> str:
        """Ask for a path and return its text, UTF-8; tried again while nobody answers.

        Raises
        ------
        RemoteError
        """
        return self.get_bytes(path, params).decode(errors="replace")

    def _get(
        self, path: str, params: Mapping[str, Any] | None, read: Callable[[bytes], Any], body: Any = None
    ) -> Any:
        options = {"params": params} if body is None else {"params": params, "json": body}
        ask = partial(self._request, "GET", path, read, **options)
        return tried(ask, self.tries, first_pause_s=FIRST_PAUSE_S)

    def ask_form(self, path: str, data: Mapping[str, Any], *, minds_429: bool = True) -> Any:
        """Ask a search that is asked by POST, and return the JSON of its answer; sent up to `tries` times.

        It is the one POST that is repeated, so it is only for addresses that change nothing, however often
        they are asked: decision 0387 names them. Whatever stores, orders, reports or deletes something, or
        begins a job there, goes by `post_form` or `post_json`, which send once.

        Parameters
        ----------
        path : str
        data : mapping
        minds_429 : bool
            Whether to wait where the service says that it was asked too often; the caller does so otherwise.

        Raises
        ------
        RemoteError
        """
        ask = partial(self._request, "POST", path, asks=True, data=data)
        return tried(ask, self.tries, first_pause_s=FIRST_PAUSE_S, minds_429=minds_429)

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

    def post_form_for_text(self, path: str, data: Mapping[str, Any]) -> str:
        """Send a form once and return the text of the answer, for services that answer with a page.

        Raises
        ------
        RemoteError
        """
        return self._request("POST", path, bytes, data=data).decode(errors="replace")

    def post_bytes(self, path: str, content: bytes) -> bytes:
        """Send bytes once, of the type that the service's headers say, and return what is answered.

        Raises
        ------
        RemoteError
        """
        return self._request("POST", path, bytes, data=content)

    def delete(self, path: str) -> None:
        """Ask once to delete what lies at a path.

        Raises
        ------
        RemoteError
        """
        self._request("DELETE", path, bytes)

    # --- one request

    def _request(
        self,
        method: str,
        path: str,
        read: Callable[[bytes], Any] | None = None,
        *,
        asks: bool = False,
        **options: Any,
    ) -> Any:
        url = urljoin(self.base_url, path.lstrip("/"))
        if _origin(url) != _origin(self.base_url):
            where = self._without_secrets("://".join(_origin(url)))
            raise RemoteBadReply(f"{self.name} leads to another machine, {where}: nothing is asked there.")
        host = _origin(url)[1]
        self._must_be_asked(host)
        asks = asks or method == "GET"
        try:
            answer = self._asked(method, url, read or self._json, asks=asks, **options)
        except RemoteUnavailable as error:
            error.may_have_obeyed = not (asks or error.never_arrived or error.status == 429)
            # A service that is busy (429) is well.
            record.note(self.name, host, str(error), is_silent=error.status != 429)
            raise
        except RemoteError as error:
            record.note(self.name, host, str(error), is_silent=False)
            raise
        record.note(self.name, host)
        return answer

    def _must_be_asked(self, host: str) -> None:
        """Refuse while the service is left alone, since it did not answer lately."""
        paused_s = record.ask(self.name, host)
        if paused_s is not None:
            again = datetime.now(UTC) + timedelta(seconds=paused_s)
            text = f"{self.name} did not answer lately, and is not asked again before {again:%H:%M:%S} UTC."
            raise RemotePaused(text, retry_after_s=paused_s)

    def _asked(
        self, method: str, url: str, read: Callable[[bytes], Any], *, asks: bool, **options: Any
    ) -> Any:
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
                        return read(self._judged(response))
                    url = self._moved(method, url, response)
                    options.pop("params", None)  # they are part of the new address
        except requests.RequestException as error:
            raise self._no_answer(error, asks=asks) from None
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

    def _judged(self, response: requests.Response) -> bytes:
        status = response.status_code
        self.answer_headers = response.headers
        content = self._content(response)
        if status == 429 or status >= 500:
            wait_s = retry_after_s(response.headers.get("Retry-After"))
            if wait_s is None and status == 429:  # seconds, as the Transient Name Server tells them
                wait_s = retry_after_s(response.headers.get("x-rate-limit-reset"))
            text = f"{self.name} answered {status}" + (
                ": too many requests" if status == 429 else ": it has a problem of its own"
            )
            detail = self._detail(response, content)
            if wait_s is not None:
                text += f" (asks to wait {wait_s:.0f} s)"
            text += f": {detail.rstrip('.')}" if detail else ""
            raise RemoteUnavailable(f"{text}.", status=status, retry_after_s=wait_s)
        if status >= 400:
            detail = self._detail(response, content)
            words = WORDS.get(status, "it refuses the request")
            text = f"{self.name} answered {status}: {words}{': ' + detail if detail else ''}"
            raise RemoteRejected(
                f"{text.rstrip('.')}.", status=status, detail=detail, said=json_or_none(content)
            )
        return content

    def _json(self, content: bytes) -> Any:
        if not content.strip():
            return None
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            title = title_of_page(content[:20_000].decode(errors="replace"))
            if title is not None:
                named = f" titled {self._without_secrets(title)!r}" if title else ""
                raise RemoteBadReply(
                    f"{self.name} did not answer with JSON, but with a web page{named}."
                ) from None
            start = self._without_secrets(content[:60].decode(errors="replace"))
            raise RemoteBadReply(f"{self.name} did not answer with JSON, but with {start!r}.") from None

    def _content(self, response: requests.Response) -> bytes:
        """Read an answer that may be neither too long nor too slow."""
        deadline = time.monotonic() + self._whole_timeout_s
        pieces, size = [], 0
        for piece in response.iter_content(65536):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_REPLY_BYTES:
                raise RemoteBadReply(f"{self.name} answers with more than {MAX_REPLY_BYTES:,} bytes.")
            if time.monotonic() > deadline:
                raise RemoteUnavailable(
                    f"{self.name} did not end its answer in {self._whole_timeout_s:.0f} s."
                )
        content = b"".join(pieces)
        promised = response.headers.get("Content-Length", "")
        if promised.isdecimal() and "Content-Encoding" not in response.headers and size < int(promised):
            raise RemoteUnavailable(f"{self.name} broke off after {size:,} of {int(promised):,} bytes.")
        return content

    def _no_answer(self, error: requests.RequestException, *, asks: bool) -> RemoteError:
        """Turn an error of the library into ours, without the address, which may hold a credential."""
        found = translated(self.name, error, read_timeout_s=self._timeout[1])
        if not asks and isinstance(error, requests.ConnectionError | requests.Timeout):
            if not _never_connected(error):
                text = f"{str(found).rstrip('.')}; it may have obeyed nevertheless."
                return RemoteUnavailable(text)
            if isinstance(found, RemoteUnavailable):
                found.never_arrived = True
        return found

    def _detail(self, response: requests.Response, content: bytes) -> str:
        """Return in one line what the service says about a refusal."""
        said = json_or_none(content)
        if said is None:
            text = content[:20_000].decode(errors="replace")
            is_page = "html" in response.headers.get("Content-Type", "") or text.lstrip()[:1] == "<"
            said = (title_of_page(text) or "") if is_page else text
        said = plain_words(said)
        said = " ".join(self._without_secrets(said).split())
        return said if len(said) <= _DETAIL_LENGTH else f"{said[:_DETAIL_LENGTH]}..."

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def _never_connected(error: requests.RequestException) -> bool:
    """Tell whether nothing was sent, since there was no connection to send it by."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(reason, NewConnectionError)


def _secrets_of(headers: Mapping[str, str], further: Sequence[str]) -> list[str]:
    """Return what must not reach a log: what is named, and values of headers that look like credentials."""
    found = list(further)
    for name, value in headers.items():
        if re.search(r"auth|key|token|secret|cookie", name, re.I):
            found += [value, value.rpartition(" ")[2]]
    return sorted({secret for secret in found if len(secret) >= 4}, key=len, reverse=True)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2]
