"""A stand-in for IRSA's dust service: recorded answers of the real one, and faults on demand."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Dust:
    """What the stand-in answers: `body` with `status`, or what stands first in `faults` instead."""

    def __init__(self, url, body):
        self.url, self.body = url, body
        self.faults = []
        self.asked = []


@contextmanager
def dust_service(body):
    """Serve one recorded answer on this machine for the time of the block; gives the `Dust`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            kept.asked.append((parts.path, {key: value[0] for key, value in parse_qs(parts.query).items()}))
            status, content = kept.faults.pop(0) if kept.faults else (200, kept.body)
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format, *args):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept = Dust(f"http://127.0.0.1:{server.server_port}/cgi-bin/DUST/", body)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
