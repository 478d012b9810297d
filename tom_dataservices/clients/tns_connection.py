"""How the Transient Name Server is asked: the marker of the bot, both envelopes, and its rate limit.

The limit counts for all processes that use the same bot: what an answer says of it is kept in the cache. A
job that holds a turn (``tom_common.turns``) does not wait for the limit, but goes back to its queue; the
answers that it has got by then, over whatever connection, are kept for it, so that it goes on where it was.
"""

from __future__ import annotations

import json
import logging
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import sleep
from typing import Any

from django.core.cache import cache

from tom_common.job_endings import RunAgain
from tom_common.remote import RemoteBadReply, RemoteRejected, RemoteService, RemoteUnavailable
from tom_dataservices.clients.broker import refuse_error
from tom_dataservices.exceptions import NotConfiguredError, QueryServiceError
from tom_dataservices.job_log import asking_job, holds_turn

logger = logging.getLogger(__name__)

LONGEST_WAIT_S = 90.0
"""A window of the limit is a minute long."""
MOST_WAITS = 60
"""So often a job waits for the limit without an answer between; then it ends."""
_KEPT_S = 3600


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


@dataclass
class _Kept:
    """How often a job has waited since the last answer, and its answers by the question, packed."""

    waits: int
    answers: dict[str, bytes]


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
        RunAgain
            In place of waiting, if the job holds a turn.
        NotConfiguredError
            If the server does not accept the bot.
        QueryServiceError
            If it refuses the question.
        RemoteError
            If it does not answer, or the limit stays spent.
        """
        question = json.dumps([what, data], sort_keys=True)
        kept = self._kept() if holds_turn() else None
        if kept is not None and question in kept.answers:
            return json.loads(zlib.decompress(kept.answers[question]))
        kind = "cone" if "ra" in data else "any"
        try:
            said = self._asked(what, data, kind)
        except RemoteUnavailable as error:
            if error.status != 429:
                raise
            self._spent(kind, (error.retry_after_s if error.retry_after_s is not None else 60.0) + 1.0)
            said = self._asked(what, data, kind)
        refuse_error("TNS", said)
        if not isinstance(said, dict) or "data" not in said:
            raise RemoteBadReply("TNS answered without data.")
        if said.get("id_code") not in (200, "200", None):
            raise QueryServiceError(f"TNS refuses the question: {said.get('id_message') or said['id_code']}.")
        found = said["data"]
        found = found["reply"] if isinstance(found, dict) and "reply" in found else found
        if kept is not None:
            kept.answers[question] = zlib.compress(json.dumps(found).encode())
            kept.waits = 0
        return found

    def text_of(self, address: str) -> str:
        """Return a file of the server, such as a spectrum; it wants the key for that, too."""
        return self._service.post_form_for_text(address, {"api_key": self._key})

    def _asked(self, what: str, data: Mapping[str, Any], kind: str) -> Any:
        self._wait(kind)
        form = {"api_key": self._key, "data": json.dumps(data)}
        try:
            said = self._service.ask_form(f"api/get/{what}", form, minds_429=False)
        except RemoteRejected as error:
            if error.status in (401, 403):
                wrong = "api_key" if error.status == 401 else "bot_id and bot_name"
                raise NotConfiguredError(
                    f"TNS does not accept the bot of DATA_SERVICES['TNS'] (status {error.status}):"
                    f" correct its {wrong}."
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
        """Wait until the limit allows another question, or put the job off that holds a turn.

        Raises
        ------
        RunAgain
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
        if holds_turn():
            self._put_off(wait_s)
        pause(wait_s)

    # --- jobs that hold a turn

    @property
    def _place(self) -> str:
        return f"tns-answers:{self._limit}:{asking_job().pk}"

    def _kept(self) -> _Kept:
        """Return what this job has got, on all its connections, and in the runs that were put off."""
        memory = asking_job().memory
        if self._place not in memory:
            waits, answers = cache.get(self._place) or (0, {})
            cache.delete(self._place)
            memory[self._place] = _Kept(waits, answers)
        return memory[self._place]

    def _put_off(self, wait_s: float) -> None:
        """End this run of the job, which goes on by itself once the limit allows it.

        Raises
        ------
        RunAgain
        RemoteUnavailable
            If it has waited too often.
        """
        kept = self._kept()
        waits = kept.waits + 1
        if waits > MOST_WAITS:
            raise RemoteUnavailable(
                f"TNS allowed this bot no question though it waited {MOST_WAITS} times. Run the query again"
                " later, and see who else uses the bot.",
                status=429,
            )
        cache.set(self._place, (waits, kept.answers), _KEPT_S)
        raise RunAgain(
            wait_s, f"TNS allows this bot no more questions for {wait_s:.0f} s; this goes on by itself then."
        )


def pause(wait_s: float) -> None:
    """Sleep, a second at a time; a job that is cancelled meanwhile ends.

    Raises
    ------
    JobCancelled
    """
    job = asking_job()
    until = time.monotonic() + wait_s
    while (left_s := until - time.monotonic()) > 0:
        job.check_cancelled()
        sleep(min(1.0, left_s))
