"""Reports to the Transient Name Server: files, bulk reports, their replies; for ``tom_alerts.reports``.

References
----------
The bulk-report manual of https://www.wis-tns.org/content/tns-getting-started, as the contract of the wire
formats tells it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tom_common.remote import RemoteBadReply, RemoteRejected, RemoteService
from tom_dataservices.clients.tns_connection import bot_of, marker_of

SANDBOX = "https://sandbox.wis-tns.org"
LIVE_HOSTS = ("www.wis-tns.org", "wis-tns.org")
INSERTED, EXISTS, CLASSIFIED = "100", "101", "121"


def is_live(url: str) -> bool:
    """Tell whether an address is that of the real TNS, where a report is seen by all the world."""
    return urlsplit(url).hostname in LIVE_HOSTS


@dataclass(frozen=True)
class Reason:
    """Why a report was refused; `field` is the place in it, empty for the whole."""

    field: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """What TNS made of a report: accepted, perhaps with a name; or the reasons why not."""

    is_accepted: bool
    name: str
    reasons: tuple[Reason, ...]
    said: Any
    was_known: bool = False


class TnsReports:
    """TNS as somebody who reports meets it.

    Parameters
    ----------
    settings : mapping
        ``api_key``, ``bot_id``, ``bot_name``; ``report_url``, the sandbox without it. With ``report_`` before
        them they are those of the bot that reports, since the sandbox has bots and keys of its own.

    Raises
    ------
    NotConfiguredError
        If the bot is not named.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.url = str(settings.get("report_url") or SANDBOX).rstrip("/")
        bot = bot_of(lambda key: settings.get(f"report_{key}") or settings.get(key), "who reports")
        self._key = str(bot["api_key"])
        self._service = RemoteService(
            "TNS" if is_live(self.url) else "TNS (sandbox)",
            f"{self.url}/api/",
            headers={"User-Agent": marker_of(bot)},
            secrets=[self._key],
        )

    def upload(self, files: Sequence[tuple[str, bytes]]) -> list[str]:
        """Send files, each as (name, content), once, and return the names by which reports call them.

        Raises
        ------
        RemoteError
        """
        parts = {
            f"files[{number}]": (name, content, "text/plain") for number, (name, content) in enumerate(files)
        }
        said = _data(self._service.post_form("set/file-upload", {"api_key": self._key}, parts))
        names = list(said.values()) if isinstance(said, dict) else said
        if not isinstance(names, list) or len(names) != len(files):
            raise RemoteBadReply(f"TNS was sent {len(files)} files and did not name as many.")
        return [str(name) for name in names]

    def send(self, body: str) -> str:
        """Send the JSON of a report once and return the number by which its reply is asked for.

        Raises
        ------
        RemoteError
        """
        said = _data(self._service.post_form("set/bulk-report", {"api_key": self._key, "data": body}))
        number = said.get("report_id") if isinstance(said, dict) else None
        if number in (None, ""):
            raise RemoteBadReply("TNS took the report and gave it no number.")
        return str(number)

    def verdict(self, report_id: str) -> Verdict | None:
        """Return what became of a report; None while TNS works on it.

        Raises
        ------
        RemoteError
        """
        form = {"api_key": self._key, "report_id": report_id}
        try:
            said = self._service.post_form("get/bulk-report-reply", form)
        except RemoteRejected as error:
            if error.status == 404:
                return None
            if error.status == 400 and isinstance(error.said, dict) and _feedback(error.said) is not None:
                return read_verdict(error.said)
            raise
        return read_verdict(said)

    def value_lists(self) -> dict[str, dict[str, str]]:
        """Return names by number of groups, filters, instruments, object types and what else TNS lists.

        Raises
        ------
        RemoteError
        """
        said = _data(self._service.post_form("get/values", {"api_key": self._key}))
        if not isinstance(said, dict):
            raise RemoteBadReply("TNS did not give its lists of values.")
        return {str(name): found for name, values in said.items() if (found := _named(values))}


def read_verdict(said: Any) -> Verdict:
    """Return what the answer of ``get/bulk-report-reply`` says of its one report.

    Raises
    ------
    RemoteBadReply
        If it says nothing of a report.
    """
    feedback = _feedback(said)
    if feedback is None:
        raise RemoteBadReply("TNS answered without feedback on the report.")
    leaves = list(_leaves(feedback, ()))
    name, codes = "", set()
    reasons = []
    for path, leaf in leaves:
        words = [one for one in path if not one.isdecimal() and not one.endswith("_report")]
        code = path[-1] if path and path[-1].isdecimal() else ""
        if leaf.get("objname"):
            name = f"{leaf.get('prefix') or leaf.get('name_prefix') or ''} {leaf['objname']}".strip()
        if not words and code in (INSERTED, EXISTS, CLASSIFIED):
            codes.add(code)
        elif not leaf.get("objname"):
            reasons.append(Reason(".".join(words), str(leaf.get("message") or leaf)))
    is_accepted = bool(name) or (bool(codes) and not reasons)
    if not is_accepted and not reasons:
        reasons = [Reason("", "TNS accepted nothing and gave no reason.")]
    return Verdict(is_accepted, name, tuple(reasons), said, was_known=EXISTS in codes)


def _leaves(said: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield what TNS says, with the place in the report."""
    if isinstance(said, dict):
        if "message" in said or "objname" in said:
            yield path, said
            return
        for key, value in said.items():
            yield from _leaves(value, (*path, str(key)))
    elif isinstance(said, list):
        for value in said:
            yield from _leaves(value, path)


def _feedback(said: Any) -> Any:
    found = _data_or_none(said)
    return found.get("feedback") if isinstance(found, dict) else None


def _data(said: Any) -> Any:
    found = _data_or_none(said)
    if found is None:
        raise RemoteBadReply("TNS answered without data.")
    return found


def _data_or_none(said: Any) -> Any:
    """Return the data of an answer, in the older shape too."""
    found = said.get("data") if isinstance(said, dict) else None
    return found["reply"] if isinstance(found, dict) and "reply" in found else found


def _named(values: Any) -> dict[str, str]:
    if isinstance(values, dict):
        return {str(key): str(value) for key, value in values.items() if not isinstance(value, dict | list)}
    if isinstance(values, list):
        rows = [value for value in values if isinstance(value, dict) and "id" in value]
        return {str(row["id"]): str(row.get("name", row["id"])) for row in rows}
    return {}
