"""What the stand-ins of data services share: a server on a free port that can be told to misbehave."""

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

HTML = b"<html><head><title>Maintenance</title></head><body>Back soon.</body></html>"


def free_port():
    """Give a port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class StandIn:
    """State of a stand-in, and what it is told to do wrong.

    `faults` maps a method and the start of a path to a fault, or to a list of them, one for each request;
    None is no fault. A fault is a status, ``"hang"``, ``"half"`` (promises more than it sends), ``"html"``
    (a page instead of data, status 200), ``"drop"`` (obeys, then breaks off without an answer), or a triple
    of status, text and headers.
    """

    url = ""
    server = None

    def __init__(self):
        self.faults = {}
        self.requests = []
        self.retry_after = None
        self.released = threading.Event()
        self.lock = threading.Lock()

    def calls(self, method, start=""):
        return [path for found, path in self.requests if found == method and path.startswith(start)]

    def fault(self, method, path):
        for (wanted, start), fault in self.faults.items():
            if wanted in (method, "*") and path.startswith(start):
                if isinstance(fault, list):
                    return fault.pop(0) if fault else None
                return fault
        return None

    def answer(self, method, path, query, body, headers):
        """Return status, content (bytes, or what becomes JSON), its type, and perhaps headers."""
        raise NotImplementedError


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        stand_in = self.server.stand_in
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with stand_in.lock:
            stand_in.requests.append((self.command, self.path))
            fault = stand_in.fault(self.command, parts.path)
        if fault not in (None, "drop"):
            return self.misbehave(fault)
        query = parse_qs(parts.query, keep_blank_values=True)
        status, content, kind, *more = stand_in.answer(self.command, parts.path, query, body, self.headers)
        if fault == "drop":
            self.close_connection = True
            return None
        return self.send(status, content, kind, headers=more[0].items() if more else ())

    do_POST = do_DELETE = do_GET

    def send(self, status, content, kind="application/json", headers=()):
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):  # whoever asked was killed
            self.close_connection = True

    def misbehave(self, fault):
        stand_in = self.server.stand_in
        if fault == "hang":
            stand_in.released.wait(10)
            self.close_connection = True
        elif fault == "half":
            self.send_response(200)
            self.send_header("Content-Length", "5000")
            self.end_headers()
            self.wfile.write(b"###MJD m dm uJy\n60316.14")
            self.wfile.flush()
            self.close_connection = True
        elif fault == "html":
            self.send(200, HTML, "text/html")
        elif isinstance(fault, tuple):
            status, text, headers = fault
            self.send(status, text, "application/json", headers.items())
        else:
            headers = [("Retry-After", stand_in.retry_after)] if stand_in.retry_after else []
            self.send(fault, {"detail": f"fault {fault}"}, "application/json", headers)


@contextmanager
def running(stand_in, port=0):
    """Run a stand-in on a port of this machine, a free one by default; give it."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.stand_in = stand_in
    stand_in.server = server
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        stand_in.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
