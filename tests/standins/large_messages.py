"""Stands for the service at which Hopskotch keeps messages that are too large for Kafka.

It asks for SCRAM-SHA-512 in HTTP headers (RFC 7804) and hands out BSON documents.
"""

import base64
from uuid import uuid4

from requests.utils import parse_dict_header
from scramp import ScramException, ScramMechanism

from tests.standins.bson import bson
from tests.standins.serving import StandIn

SCRAM = "SCRAM-SHA-512"


class LargeMessageStore(StandIn):
    """Keeps documents by their path below ``/api/``, for the user ``me`` with the password ``secret``."""

    def __init__(self):
        super().__init__()
        self.documents = {}
        self.offers = f'Basic realm="hop", {SCRAM} realm="hop", {SCRAM}-PLUS'
        self.is_impostor = False
        self.logged_in = 0
        self.said = []
        self._mechanism = ScramMechanism(SCRAM)
        salt, stored, server, rounds = self._mechanism.make_auth_info("secret")
        self._known = {"me": (salt, stored, server, rounds)}
        self._sessions = {}

    @property
    def endpoint(self):
        return f"{self.url}/api"

    def keep(self, number, value, **others):
        """Keep a message and return its address."""
        self.documents[f"/api/msg/{number}"] = bson({"message": value, **others})
        return f"{self.endpoint}/msg/{number}"

    def answer(self, method, path, query, body, headers):
        said = headers.get("Authorization", "")
        self.said.append(str(headers))
        if not said.startswith(f"{SCRAM} "):
            return self._challenge(self.offers)
        told = parse_dict_header(said.removeprefix(f"{SCRAM} "))
        data = base64.b64decode(told["data"]).decode()
        self.said.append(data)
        if "sid" not in told:
            return self._first(data)
        server = self._sessions.pop(told["sid"])
        try:
            server.set_client_final(data)
        except ScramException:
            return self._challenge(self.offers)
        self.logged_in += 1
        proof = f"v={_packed('guessed')}" if self.is_impostor else server.get_server_final()
        more = {"Authentication-Info": f"sid={told['sid']},data={_packed(proof)}"}
        if path not in self.documents:
            return 404, {"detail": "no such message"}, "application/json", more
        return 200, self.documents[path], "application/bson", more

    def _first(self, data):
        server = self._mechanism.make_server(lambda user: self._known[user])
        try:
            server.set_client_first(data)
        except (KeyError, ScramException):
            return self._challenge(self.offers)
        session = uuid4().hex
        self._sessions[session] = server
        return self._challenge(f"{SCRAM} sid={session},data={_packed(server.get_server_first())}")

    def _challenge(self, text):
        return 401, {"detail": "log in"}, "application/json", {"WWW-Authenticate": text}


def _packed(text):
    return base64.b64encode(text.encode()).decode()
