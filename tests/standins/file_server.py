"""Serves a folder over HTTP on this machine, and faults in place of its files when told to."""

import mimetypes
from contextlib import contextmanager
from pathlib import Path

from tests.standins.serving import StandIn, running


class Folder(StandIn):
    """Answers with the files of a folder."""

    def __init__(self, folder):
        super().__init__()
        self.folder = Path(folder).resolve()

    def answer(self, method, path, query, body, headers):
        found = (self.folder / path.lstrip("/")).resolve()
        if not found.is_relative_to(self.folder) or not found.is_file():
            return 404, {"detail": f"{path} is not here"}, "application/json"
        return 200, found.read_bytes(), mimetypes.guess_type(found.name)[0] or "application/octet-stream"


@contextmanager
def served(folder):
    """Give the stand-in of a folder."""
    with running(Folder(folder)) as found:
        yield found
