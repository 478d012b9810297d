"""Log-in to a web service by SCRAM, as Hopskotch asks for it beside its Kafka broker."""

from __future__ import annotations

import base64
import re
from typing import Any

import requests
from requests.auth import AuthBase
from requests.utils import parse_dict_header
from scramp import ScramClient, ScramException

from tom_common.remote import RemoteBadReply

SHA_512 = "SCRAM-SHA-512"


class ScramAuth(AuthBase):
    """Answers a service that asks for SCRAM; the password is not sent, and the service must know it, too.

    Parameters
    ----------
    name : str
        What error texts call the service.
    user, password : str
    mechanism : str
        ``SCRAM-SHA-512`` or ``SCRAM-SHA-256``.

    References
    ----------
    RFC 7804 (SCRAM by HTTP), RFC 5802 (SCRAM).
    """

    def __init__(self, name: str, user: str, password: str, mechanism: str = SHA_512) -> None:
        self._name, self._user, self._password = name, user, password
        self._mechanism = mechanism.upper()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Log in once the request is answered by 401."""
        request.register_hook("response", self._log_in)
        return request

    def _log_in(self, response: requests.Response, **options: Any) -> requests.Response:
        """Return the answer to a request that a service has asked to log in for.

        Raises
        ------
        RemoteBadReply
            If what the service says of the log-in has no sense, or it does not know the password itself.
        """
        if response.status_code != 401 or self._challenge(response) is None:
            return response
        try:
            client = ScramClient([self._mechanism], self._user, self._password)
            response = self._again(response, f"data={_packed(client.get_client_first())}", options)
            told = self._challenge(response)
            if response.status_code != 401 or told is None or not told.get("data"):
                return response
            client.set_server_first(_unpacked(told["data"]))
            proof = _packed(client.get_client_final())
            response = self._again(response, f"sid={told.get('sid')},data={proof}", options)
            if response.ok:
                shown = parse_dict_header(response.headers.get("Authentication-Info", ""))
                client.set_server_final(_unpacked(shown.get("data")))
        except (ScramException, ValueError) as error:
            response.close()
            text = f"{self._name} cannot be logged in to by {self._mechanism}: {error}"
            raise RemoteBadReply(text) from error
        return response

    def _again(self, response: requests.Response, said: str, options: dict[str, Any]) -> requests.Response:
        """Send the request once more, on the same connection, with the next step of the log-in."""
        response.content  # noqa: B018  the connection is free once it is read
        response.close()
        request = response.request.copy()
        request.headers["Authorization"] = f"{self._mechanism} {said}"
        again = response.connection.send(request, **options)
        again.history.append(response)
        again.request = request
        return again

    def _challenge(self, response: requests.Response) -> dict[str, str | None] | None:
        """Return what a service says to our kind of log-in; None if it offers others only."""
        offered = response.headers.get("WWW-Authenticate", "")
        found = re.search(rf"(?:^|,)\s*{re.escape(self._mechanism)}(?:\s+([^,].*)|\s*(?:,|$))", offered, re.I)
        return parse_dict_header(found[1] or "") if found else None


def _packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _unpacked(text: str | None) -> str:
    return base64.b64decode(text or "", validate=True).decode()
