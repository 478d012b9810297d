"""Stand-ins for those who get reports: the sandbox of TNS, and Hermes."""

import json
import re
from contextlib import contextmanager
from email import message_from_bytes
from urllib.parse import parse_qs

from tests.standins.serving import StandIn, running

VALUES = {
    "groups": {"48": "ZTF", "165": "LSST", "77": "Our survey"},
    "filters": {"110": "g-ZTF", "111": "r-ZTF", "21": "g-Sloan", "22": "r-Sloan"},
    "instruments": [{"id": 196, "name": "ZTF-Cam"}, {"id": 9, "name": "EFOSC2"}],
    "object_types": {"3": "SN Ia", "10": "SN II"},
}
REFUSED = {"ra": {"value": {"5": {"message": "Wrong format or value out of range.", "message_id": 5}}}}


class Tns(StandIn):
    """The sandbox: takes reports and files, and answers after `busy` questions.

    What it says of the next report is in `feedback`: ``"new"``, ``"known"`` or the reasons of a refusal.
    """

    key = "the bot's key"

    def __init__(self):
        super().__init__()
        self.reports = []
        self.files = []
        self.busy = 1
        self.feedback = "new"
        self.older_shape = False

    def settings(self):
        return {"api_key": self.key, "bot_id": 42, "bot_name": "our bot", "report_url": self.url}

    def answer(self, method, path, query, body, headers):
        if not headers["User-Agent"].startswith('tns_marker{"tns_id": 42, "type": "bot"'):
            return 403, b"<html><title>Forbidden</title></html>", "text/html"
        fields, files = _fields(body, headers["Content-Type"])
        if fields.get("api_key") != self.key:
            return 401, {"id_code": 401, "id_message": "Unauthorized"}, "application/json"
        what = path.removeprefix("/api/")
        if what == "get/values":
            return self._said(VALUES)
        if what == "set/file-upload":
            self.files += files
            return self._said([f"tns_{len(self.files)}_{name}" for name, _ in files])
        if what == "set/bulk-report":
            self.reports.append(json.loads(fields["data"]))
            return self._said({"report_id": 7000 + len(self.reports)})
        if what == "get/bulk-report-reply":
            return self._reply(int(fields["report_id"]))
        return 404, b"<html>not here</html>", "text/html"

    def _reply(self, number):
        if self.busy > 0:
            self.busy -= 1
            return 404, {"id_code": 404, "id_message": "Not found"}, "application/json"
        (kind,) = self.reports[number - 7001]
        if self.feedback == "new" and kind == "classification_report":
            said = {"121": {"message": "Classification added", "objname": "2026abc", "prefix": "SN"}}
        elif self.feedback == "new":
            said = {"100": {"message": "Inserted", "objname": "2026abc"}}
        elif self.feedback == "known":
            said = {"101": {"message": "Already exists", "objname": "2025xyz"}}
        else:
            envelope = {"id_code": 400, "id_message": "Bad request"}
            return 400, {**envelope, "data": {"feedback": {kind: [self.feedback]}}}, "application/json"
        return self._said({"feedback": {kind: [said]}})

    def _said(self, data):
        data = {"received_data": {}, "reply": data} if self.older_shape else data
        return 200, {"id_code": 200, "id_message": "OK", "data": data}, "application/json"


class Hermes(StandIn):
    """Takes messages; refuses those without a title, and while looking them over those of `faults_found`."""

    token = "hermes-token"

    def __init__(self):
        super().__init__()
        self.messages = []
        self.found = {}
        self.refusal = ""

    def settings(self):
        return {"base_url": f"{self.url}/api/v0/", "api_key": self.token}

    def answer(self, method, path, query, body, headers):
        if headers["Authorization"] != f"Token {self.token}":
            return 401, {"detail": "Invalid token."}, "application/json"
        message = json.loads(body)
        if path == "/api/v0/submit_message/validate/":
            return 200, self.found, "application/json"
        if path == "/api/v0/submit_message/plaintext/":
            return (
                200,
                json.dumps(f"Title: {message['title']}\nTopic: {message['topic']}").encode(),
                "application/json",
            )
        if path == "/api/v0/submit_message/preload/":
            return 201, {"key": "7a1c-preloaded"}, "application/json"
        if path == "/api/v0/submit_message/" and self.refusal:
            return 200, {"error": self.refusal}, "application/json"
        if path == "/api/v0/submit_message/":
            self.messages.append(message)
            return 200, {"message": "Message sent", "uuid": "0d7f5a6e-1"}, "application/json"
        return 404, {"detail": "Not found."}, "application/json"


def _fields(body, kind):
    """Give the fields of a form, and its files as (name, content)."""
    if not kind.startswith("multipart/"):
        return {name: values[0] for name, values in parse_qs(body.decode()).items()}, []
    parts = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body).get_payload()
    fields, files = {}, []
    for part in parts:
        words = part["Content-Disposition"]
        if part.get_filename():
            files.append((part.get_filename(), part.get_payload(decode=True)))
        else:
            fields[re.search(r'name="([^"]*)"', words).group(1)] = part.get_payload(decode=True).decode()
    return fields, files


@contextmanager
def tns():
    """Give the state of a running sandbox."""
    with running(Tns()) as state:
        yield state


@contextmanager
def hermes():
    """Give the state of a running Hermes."""
    with running(Hermes()) as state:
        yield state
