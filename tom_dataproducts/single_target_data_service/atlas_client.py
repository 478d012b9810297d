"""The client of the ATLAS forced-photometry server.

References
----------
https://fallingstar-data.com/forcedphot/apiguide/ and contracts/services.md 1.1 (read 2026-11-21).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from tom_common.remote import RemoteBadReply, RemoteRejected, RemoteService, RemoteUnavailable, plain_words
from tom_dataproducts.single_target_data_service.outcomes import NotWhole, TakeLater

PAGE_SIZE, MAX_PAGES = 100, 30
TOO_MANY_PAUSE_S = 600.0
_TABLE_BEGIN = b"###MJD"
_COLUMNS = 19


class AtlasClient:
    """The queue of the ATLAS forced-photometry server.

    Parameters
    ----------
    token : str
    url : str
        Address under which ``queue/`` lies.
    """

    def __init__(self, token: str, url: str) -> None:
        headers = {"Authorization": f"Token {token}"}
        self._service = RemoteService("ATLAS", url, headers=headers, tries=1)

    def submit(self, task: dict[str, Any]) -> dict[str, Any]:
        """Put a task into the queue and return it as the server describes it.

        Raises
        ------
        TakeLater
            If the server says that it has not taken it: asked too often, or too many tasks wait.
        RemoteError
        """
        try:
            return _task(self._service.post_json("queue/", task))
        except RemoteUnavailable as error:
            if error.status == 429:
                raise TakeLater(str(error), _asked_pause_s(error)) from error
            raise
        except RemoteRejected as error:
            if error.status == 400 and "too many queued tasks" in plain_words(error.said).lower():
                raise TakeLater(str(error), TOO_MANY_PAUSE_S) from error
            raise

    def task(self, task_id: str) -> dict[str, Any]:
        """Return how a task is doing.

        Raises
        ------
        RemoteError
        """
        return _task(self._service.get_json(f"queue/{task_id}/"))

    def task_with_comment(self, comment: str, *, since: datetime) -> str:
        """Return the number of the task with a comment, empty if the user has none.

        The server lists the newest tasks first; those from well before `since` are not looked through.
        """
        params: dict[str, Any] = {"pagesize": PAGE_SIZE}
        for _ in range(MAX_PAGES):
            page = self._service.get_json("queue/", params)
            if not isinstance(page, dict) or not isinstance(page.get("results"), list):
                raise RemoteBadReply("ATLAS did not answer with a list of tasks.")
            for task in page["results"]:
                if task.get("comment") == comment:
                    return str(task["id"])
            following = page.get("next")
            if not following or _all_older(page["results"], since):
                return ""
            params = dict(parse_qsl(urlsplit(following).query))
        return ""

    def result(self, address: str) -> bytes:
        """Return the table of a finished task; the address is taken on the machine of the queue."""
        return self._service.get_bytes(urljoin(self._service.base_url, urlsplit(address).path))

    def delete(self, task_id: str) -> None:
        """Take a task out of the queue, or its result away; one that is gone already is no error."""
        try:
            self._service.delete(f"queue/{task_id}/")
        except RemoteRejected as error:
            if error.status != 404:
                raise


def _task(found: Any) -> dict[str, Any]:
    if isinstance(found, list) and len(found) == 1:  # how a list of positions is answered
        found = found[0]
    if not isinstance(found, dict) or not found.get("id"):
        raise RemoteBadReply("ATLAS did not answer with a task.")
    return found


def _asked_pause_s(error: RemoteUnavailable) -> float:
    """Return for how long a throttled client is to wait: the header says so, or only the words do."""
    if error.retry_after_s is not None:
        return error.retry_after_s + 1.0
    found = re.search(r"available in (\d+) (second|minute|hour)", str(error))
    if found is None:
        return 60.0
    return int(found[1]) * {"second": 1.0, "minute": 60.0, "hour": 3600.0}[found[2]] + 1.0


def _all_older(tasks: list[dict[str, Any]], since: datetime) -> bool:
    """Tell whether a page goes back in time, and all its tasks were made more than an hour before a time."""
    try:
        times = [datetime.fromisoformat(task["timestamp"]) for task in tasks]
        newest_first = bool(times) and times[0] >= times[-1]
        return newest_first and all((since - found).total_seconds() > 3600 for found in times)
    except (KeyError, TypeError, ValueError):
        return False


def whole_table(content: bytes) -> bool:
    """Tell whether a result has rows.

    Raises
    ------
    NotWhole
        If it is no table of ATLAS, or breaks off in a row.
    """
    if not content.lstrip().startswith(_TABLE_BEGIN):
        raise NotWhole("ATLAS gave something that is not its table.")
    lines = content.strip().splitlines()
    if len(lines) < 2:
        return False
    if not content.endswith(b"\n") or len(lines[-1].split()) < _COLUMNS:
        raise NotWhole("The table that ATLAS gave breaks off in a row.")
    return True
