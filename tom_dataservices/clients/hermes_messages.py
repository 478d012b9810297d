"""Messages to Hermes: looked over by it first, then sent once. Used by ``tom_alerts.reports``."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tom_common.remote import RemoteBadReply, RemoteRejected, RemoteService
from tom_dataservices.clients.tns_reports import Reason

HERMES = "https://hermes.lco.global/api/v0/"
TEST_TOPIC = "hermes.test"


class HermesMessages:
    """Hermes as somebody who sends a message meets it.

    Parameters
    ----------
    base_url : str
        Address of the interface, with its version.
    token : str
        Of the account in whose name messages are sent.
    """

    def __init__(self, base_url: str, token: str) -> None:
        self.url = base_url.rstrip("/") + "/"
        headers = {"Authorization": f"Token {token}"}
        self._service = RemoteService("Hermes", self.url, headers=headers, secrets=[token])

    def faults(self, message: dict[str, Any]) -> list[Reason]:
        """Ask what is wrong with a message, without sending it; an empty list where nothing is.

        Raises
        ------
        RemoteError
        """
        try:
            said = self._service.post_json("submit_message/validate/", message)
        except RemoteRejected as error:
            return refusals(error)
        return list(_reasons(said, ()))

    def plain_text(self, message: dict[str, Any]) -> str:
        """Return a message as Hermes writes it for people, without sending it.

        Raises
        ------
        RemoteError
        """
        said = self._service.post_json("submit_message/plaintext/", message)
        if not isinstance(said, str):
            raise RemoteBadReply("Hermes answered with something other than the text of the message.")
        return said

    def open_in_form(self, message: dict[str, Any]) -> str:
        """Lay a message down at Hermes, and return where its own form opens it: for a quarter of an hour.

        Raises
        ------
        RemoteError
        """
        said = self._service.post_json("submit_message/preload/", message)
        key = said.get("key") if isinstance(said, dict) else None
        if not isinstance(key, str) or not key:
            raise RemoteBadReply("Hermes did not say where it laid the message down.")
        return f"{self.url.partition('/api/')[0]}/submit-message?id={quote(key)}"

    def send(self, message: dict[str, Any]) -> tuple[str, Any]:
        """Send a message once and return its number, empty where none was told, and the whole answer.

        Raises
        ------
        RemoteRejected
            If it is refused; Hermes says with status 200 that an account may not send.
        RemoteError
        """
        said = self._service.post_json("submit_message/", message)
        if said is not None and not isinstance(said, dict):
            raise RemoteBadReply("Hermes answered with something other than what became of the message.")
        if said and said.get("error") and not said.get("uuid"):
            words = str(said["error"])[:500]
            raise RemoteRejected(f"Hermes refuses the message: {words}", status=400, detail=words, said=said)
        return str((said or {}).get("uuid") or (said or {}).get("id") or ""), said


def refusals(error: RemoteRejected) -> list[Reason]:
    """Return why Hermes refuses a message, by field where it says so.

    Raises
    ------
    RemoteRejected
        The error itself, where it is not about the message.
    """
    if error.status != 400:
        raise error
    return list(_reasons(error.said, ())) or [Reason("", str(error))]


def _reasons(said: Any, path: tuple[str, ...]) -> Any:
    if isinstance(said, dict):
        for key, value in said.items():
            yield from _reasons(value, path if key in ("non_field_errors", "error") else (*path, str(key)))
    elif isinstance(said, list):
        for number, value in enumerate(said):
            yield from _reasons(value, path if isinstance(value, str) else (*path, str(number)))
    elif said not in (None, ""):
        yield Reason(".".join(path), str(said))
