"""A stand-in for IRSA's dust service: a recorded answer of the real one."""

from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from tests.standins.serving import StandIn, running

PATH = "/cgi-bin/DUST/"


class Dust(StandIn):
    """Answers with `body`."""

    def __init__(self, body):
        super().__init__()
        self.body = body

    @property
    def address(self):
        return f"{self.url}{PATH}"

    @property
    def asked(self):
        """The path and the questions, by name, of each request."""
        parts = [urlsplit(path) for _, path in self.requests]
        return [(one.path, {key: value[0] for key, value in parse_qs(one.query).items()}) for one in parts]

    def answer(self, method, path, query, body, headers):
        return 200, self.body, "text/xml"


@contextmanager
def dust_service(body):
    """Serve one recorded answer on this machine for the time of the block; gives the `Dust`."""
    with running(Dust(body)) as dust:
        yield dust
