"""How the Transient Name Server is asked: the marker of the bot, both envelopes, and its rate limit.

The limit counts for all processes that use the same bot: what an answer says of it is kept in the cache.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.core.cache import cache

from tom_common.remote import RemoteBadReply, RemoteRejected, RemoteService, RemoteUnavailable
from tom_dataservices.exceptions import NotConfiguredError, QueryServiceError

logger = logging.getLogger(__name__)

LONGEST_WAIT_S = 90.0
"""A window of the limit is a minute long."""


def bot_of(read: Callable[[str], Any], what_for: str = "its user") -> dict[str, Any]:
    """Return ``api_key``, ``bot_id`` and ``bot_name`` of the settings.

    Raises
    ------
    NotConfiguredError
        If one is missing.
    """
    found = {one: read(one) for one in ("api_key", "bot_id", "bot_name")}
    if not all(found.values()):
        raise NotConfiguredError(
            f"TNS wants to know {what_for}: set api_key, bot_id and bot_name in DATA_SERVICES['TNS']."
        )
    return found


def marker_of(bot: Mapping[str, Any]) -> str:
    """Return the User-Agent by which TNS knows a bot of the settings."""
    return f"tns_marker{json.dumps({'tns_id': bot['bot_id'], 'type': 'bot', 'name': bot['bot_name']})}"


class TnsConnection:
    """Questions to the server by one bot.

    Parameters
    ----------
    connect : callable
        Returns a `RemoteService` for ``headers`` and ``secrets``.
    bot : mapping
        As `bot_of` gives it.
    """

    def __init__(self, connect: Callable[..., RemoteService], bot: Mapping[str, Any]) -> None:
        self._key = str(bot["api_key"])
        self._service = connect(headers={"User-Agent": marker_of(bot)}, secrets=[self._key])
        self._limit = f"tns-limit:{self._service.base_url}:{bot['bot_id']}"

    def ask(self, what: str, data: Mapping[str, Any]) -> Any:
        """Ask ``get/<what>`` and return what lies under ``data``, or ``data.reply`` as older servers have it.

        Waits where the limit is spent, and asks once again after an answer 429: a question changes nothing.

        Raises
        ------
        NotConfiguredError
            If the server does not accept the bot.
        QueryServiceError
            If it refuses the question.
        RemoteError
            If it does not answer, or the limit stays spent.
        """
        kind = "cone" if "ra" in data else "any"
        try:
            said = self._asked(what, data, kind)
        except RemoteUnavailable as error:
            if error.status != 429:
                raise
            self._spent(kind, (error.retry_after_s if error.retry_after_s is not None else 60.0) + 1.0)
            said = self._asked(what, data, kind)
        if not isinstance(said, dict) or "data" not in said:
            raise RemoteBadReply("TNS answered without data.")
        if said.get("id_code") not in (200, "200", None):
            raise QueryServiceError(f"TNS refuses the question: {said.get('id_message') or said['id_code']}.")
        found = said["data"]
        return found["reply"] if isinstance(found, dict) and "reply" in found else found

    def text_of(self, address: str) -> str:
        """Return a file of the server, such as a spectrum; it wants the key for that, too."""
        return self._service.post_form_for_text(address, {"api_key": self._key})

    def _asked(self, what: str, data: Mapping[str, Any], kind: str) -> Any:
        self._wait(kind)
        form = {"api_key": self._key, "data": json.dumps(data)}
        try:
            said = self._service.post_form(f"api/get/{what}", form)
        except RemoteRejected as error:
            if error.status in (401, 403):
                raise NotConfiguredError(
                    f"TNS does not accept the bot of DATA_SERVICES['TNS'] (status {error.status})."
                ) from error
            raise
        self._note(self._service.answer_headers)
        return said

    def _note(self, headers: Mapping[str, str]) -> None:
        for kind, start in (("any", "x-rate-limit"), ("cone", "x-cone-rate-limit")):
            left = str(headers.get(f"{start}-remaining", "")).strip().lower()
            reset = str(headers.get(f"{start}-reset", "")).strip()
            if left in ("0", "exceeded") and reset.isdecimal():
                self._spent(kind, float(reset) + 1.0)

    def _spent(self, kind: str, wait_s: float) -> None:
        cache.set(f"{self._limit}:{kind}", time.time() + wait_s, max(1, int(wait_s)))

    def _wait(self, kind: str) -> None:
        """Wait until the limit allows another question.

        Raises
        ------
        RemoteUnavailable
            If that takes longer than a window of the limit should.
        """
        until = max(cache.get(f"{self._limit}:{one}") or 0.0 for one in {"any", kind})
        wait_s = until - time.time()
        if wait_s <= 0:
            return
        if wait_s > LONGEST_WAIT_S:
            raise RemoteUnavailable(
                f"TNS allows this bot no more questions for {wait_s:.0f} s. Run the query again later.",
                status=429,
                retry_after_s=wait_s,
            )
        logger.info("the limit of TNS is spent; asked again in %.0f s", wait_s)
        time.sleep(wait_s)
