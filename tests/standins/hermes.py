"""A stand-in for Hermes: the recorded message of the shared data, about one target, and two more targets."""

import json
from contextlib import contextmanager

from tests.standins.serving import StandIn, running

NAME = "GRB 230409B"


class Hermes(StandIn):
    """State of the stand-in; `asked` holds the filters of targets."""

    def __init__(self, recorded):
        super().__init__()
        self.message = json.loads((recorded / "hermes" / "hermes_message_GRB230409B.json").read_text())
        self.token = "hermes secret"
        self.asked = []
        self.messages = {NAME: [self.message]}

    def settings(self):
        return {"Hermes": {"base_url": f"{self.url}/api/v0/", "api_key": self.token, "page_size": 2}}

    def targets(self):
        first = {"id": 1, "name": NAME, "right_ascension": 329.5158, "declination": 52.8321}
        first["messages"] = [{"id": 7, "uuid": "1f2e"}]
        others = [
            {
                "id": 2,
                "name": "AT 2026xyz",
                "right_ascension": "12.5",
                "declination": "-45.25",
                "messages": [],
            },
            {"id": 3, "name": "2026 QX", "right_ascension": None, "declination": None, "messages": []},
        ]
        return [first, *others]

    def answer(self, method, path, query, body, headers):
        if headers["Authorization"] != f"Token {self.token}":
            return 401, {"detail": "Invalid token."}, "application/json"
        asked = {key: value[0] for key, value in query.items()}
        if path == "/api/v0/targets/":
            self.asked.append(asked)
            rows = [row for row in self.targets() if asked.get("name_exact", row["name"]) == row["name"]]
            rows = [row for row in rows if asked.get("name", "").lower() in row["name"].lower()]
        elif path == "/api/v0/messages/":
            rows = self.messages.get(asked.get("target_name_exact"), [])
        else:
            return 404, {"detail": "Not found."}, "application/json"
        start, size = int(asked.get("offset", 0)), int(asked.get("limit", 100))
        following = f"{self.url}{path}?offset={start + size}" if start + size < len(rows) else None
        page = {
            "count": len(rows),
            "next": following,
            "previous": None,
            "results": rows[start : start + size],
        }
        return 200, page, "application/json"


@contextmanager
def hermes(recorded):
    """Give the state of a running stand-in."""
    with running(Hermes(recorded)) as state:
        yield state
