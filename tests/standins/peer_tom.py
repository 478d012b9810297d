"""A stand-in for another TOM: what sharing uses of the REST API of TOM Toolkit 3.1.0, with faults on demand.

Its answers were compared with those of a real one on 2026-11-21: 403 for a wrong password, no lists of a
target, no numbers of limits, 400 with the words of its serializers, one measurement a request.
"""

import base64
import json
import re
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "sharer", "secret of the peer"
FACTS = ("ra", "dec", "epoch", "distance", "parallax", "pm_ra", "pm_dec")


class PeerTom:
    """State of the stand-in, and what it is told to do wrong.

    `faults` maps a method and the start of a path to a fault: a status, ``"hang"``, ``"half"``,
    ``"garbage"``, ``"html"`` or ``"redirect"``, or a list of them, one for each request; None is no fault.
    Targets whose names are in `hidden` are not listed, those in `read_only` may not be changed.
    """

    def __init__(self, url):
        self.url = url
        self.targets, self.data, self.files = {}, [], {}
        self.lists, self.hidden, self.read_only = [], set(), set()
        self.requests = []
        self.faults = {}
        self.retry_after = None
        self.released = threading.Event()

    def calls(self, method):
        return [path for found, path in self.requests if found == method]

    def fault(self, method, path):
        for (wanted, start), fault in self.faults.items():
            if wanted in (method, "*") and path.startswith(start):
                if isinstance(fault, list):
                    return fault.pop(0) if fault else None
                return fault
        return None


def name_taken(peer, name, but=None):
    return any(name in names(row) for row in peer.targets.values() if row is not but)


def names(row):
    return [row["name"], *(alias["name"] for alias in row["aliases"])]


def matches(row, query):
    for parameter, value in query.items():
        if parameter == "name":
            if not any(term.lower() in name.lower() for term in value.split(",") for name in names(row)):
                return False
        elif parameter == "name_fuzzy":
            if simple(value) not in map(simple, names(row)):
                return False
        elif parameter == "cone_search":
            ra, dec, radius = map(float, value.split(","))
            if row["ra"] is None or abs(row["ra"] - ra) > radius or abs(row["dec"] - dec) > radius:
                return False
    return True


def simple(name):
    return re.sub(r"[\s\-_()]", "", name.lower())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    @property
    def peer(self):
        return self.server.peer

    def do_GET(self):
        self.handle_with(self.get)

    def do_POST(self):
        self.handle_with(self.post)

    def do_PATCH(self):
        self.handle_with(self.patch)

    def handle_with(self, answer):
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.peer.requests.append((self.command, self.path))
        fault = self.peer.fault(self.command, parts.path)
        if fault is not None:
            return self.misbehave(fault)
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") not in (wanted, "Token good-token"):
            return self.send(403, {"detail": "Invalid username/password."})
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return self.send(*answer(parts.path, query, body))

    def send(self, status, said, headers=()):
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def misbehave(self, fault):
        if fault == "hang":
            self.peer.released.wait(10)
            self.close_connection = True
        elif fault == "half":
            self.send_response(200)
            self.send_header("Content-Length", "5000")
            self.end_headers()
            self.wfile.write(b'{"count": 1, "results": [')
            self.wfile.flush()
            self.close_connection = True
        elif fault == "garbage":
            self.send(200, b"\x00\xff this is no JSON")
        elif fault == "html":
            self.send(500, b"<html><head><title>Server Error (500)</title></head></html>")
        elif fault == "redirect":
            self.send(302, b"", [("Location", "http://other.example.org/api/")])
        else:
            headers = [("Retry-After", self.peer.retry_after)] if self.peer.retry_after else []
            self.send(fault, {"detail": f"fault {fault}"}, headers)

    # --- the API

    def get(self, path, query, body):
        if path == "/api/targets/":
            rows = [row for row in self.peer.targets.values() if row["name"] not in self.peer.hidden]
            return 200, self.page([row for row in rows if matches(row, query)], query)
        if path == "/api/reduceddatums/":
            rows = [row for row in self.peer.data if str(row["target"]) == query.get("target__id")]
            return 200, self.page(rows, query)
        if path == "/api/dataproducts/":
            return 200, self.page(list(self.peer.files.values()), query)
        return 404, {"detail": "Not found."}

    def page(self, rows, query):
        offset, limit = int(query.get("offset", 0)), min(int(query.get("limit", 100)), 100)
        end = offset + limit
        asked = "&".join(f"{name}={value}" for name, value in query.items() if name != "offset")
        following = f"http://behind.a.proxy/api/?{asked}&offset={end}" if end < len(rows) else None
        return {"count": len(rows), "next": following, "previous": None, "results": rows[offset:end]}

    def post(self, path, query, body):
        if path == "/api/targets/":
            return self.make_target(json.loads(body))
        if path == "/api/reduceddatums/":
            return self.make_datum(json.loads(body))
        if path == "/api/dataproducts/":
            return self.make_file(body)
        return 404, {"detail": "Not found."}

    def make_target(self, sent):
        errors = {}
        if sent.get("type") not in ("SIDEREAL", "NON_SIDEREAL"):
            errors["type"] = [f'"{sent.get("type")}" is not a valid choice.']
        if name_taken(self.peer, sent["name"]):
            errors["name"] = ["target with this Name already exists."]
        if errors:
            return 400, errors
        pk = len(self.peer.targets) + 1
        row = {"id": pk, "name": sent["name"], "type": sent["type"], "permissions": sent["permissions"]}
        row |= {fact: sent.get(fact) for fact in FACTS}
        row |= {"aliases": [], "targetextra_set": [], "groups": [], "shared_from": sent["shared_from"]}
        self.peer.targets[pk] = row
        self.add_parts(row, sent)
        return 201, {**row, "message": "Target successfully uploaded."}

    def add_parts(self, row, sent):
        for entry in sent.get("aliases", ()):
            if not name_taken(self.peer, entry["name"]):
                row["aliases"].append({"id": time.monotonic_ns(), "name": entry["name"]})
        for entry in sent.get("targetextra_set", ()):
            found = next((extra for extra in row["targetextra_set"] if extra["id"] == entry.get("id")), None)
            if found:
                found["value"] = entry["value"]
            else:
                row["targetextra_set"].append({**entry, "id": time.monotonic_ns()})
        for entry in sent.get("target_lists", ()):
            self.peer.lists.append(entry["name"])

    def patch(self, path, query, body):
        row = self.peer.targets.get(int(path.rstrip("/").rpartition("/")[2]))
        if row is None or row["name"] in self.peer.read_only | self.peer.hidden:
            return 404, {"detail": "No Target matches the given query."}
        sent = json.loads(body)
        if "type" in sent and sent["type"] not in ("SIDEREAL", "NON_SIDEREAL"):
            return 400, {"type": [f'"{sent["type"]}" is not a valid choice.']}
        row.update({name: value for name, value in sent.items() if name in FACTS})
        self.add_parts(row, sent)
        return 200, {**row, "message": "Target successfully updated."}

    def make_datum(self, sent):
        if isinstance(sent, list):
            return 400, {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}
        if sent["target"] not in self.peer.targets:
            return 400, {"target": [f'Invalid pk "{sent["target"]}" - object does not exist.']}
        if sent["data_type"] == "photometry":
            kept = ("brightness", "brightness_error", "bandpass", "unit", "telescope", "instrument")
            sent["value"] = {name: sent["value"].get(name) for name in kept}
        if sent in self.peer.data:
            return 200, {**sent, "already_exists": True}
        self.peer.data.append(sent)
        return 201, {**sent, "message": "Data successfully uploaded."}

    def make_file(self, body):
        fields = dict(re.findall(rb'name="(\w+)"\r\n\r\n(.*?)\r\n--', body, re.S))
        fields = {name.decode(): value.decode() for name, value in fields.items()}
        errors = {}
        if not fields.get("target"):
            errors["target"] = ["This field may not be null."]
        if fields.get("data_product_type") != "photometry":
            errors["data_product_type"] = ["Not a valid data_product_type."]
        if errors:
            return 400, errors
        known = self.peer.files.get(fields["product_id"])
        if known:
            return 200, {**known, "already_exists": True}
        self.peer.files[fields["product_id"]] = {**fields, "id": len(self.peer.files) + 1, "size": len(body)}
        return 201, {**fields, "message": "Data product successfully uploaded."}


@contextmanager
def running_peer():
    """Run the stand-in on a free port of this machine; give its state."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.peer = PeerTom(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.peer
    finally:
        server.peer.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
