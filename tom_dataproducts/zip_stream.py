"""A zip archive as a stream: one file after the other, nothing held but a piece of one. Pure.

Names are made safe and distinct; a list of what is in the archive and what is missing comes last.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from tom_common.spreadsheets import no_formula

MANIFEST = "MANIFEST.csv"
_PIECE = 1 << 18
_MOST_NAME = 120
_STORED = (".gz", ".fz", ".bz2", ".xz", ".zip", ".png", ".jpg", ".jpeg", ".pdf")
_RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
}


@dataclass(frozen=True)
class Entry:
    """A file for the archive: folder and name as wished, when it was stored, how to open it, what to note."""

    folder: str
    name: str
    stored: datetime
    open: Callable[[], BinaryIO]
    note: tuple[str, ...] = ()


class _Pipe(io.RawIOBase):
    """Takes what zipfile writes until somebody fetches it."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def fetched(self) -> bytes:
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found


def zip_stream(entries: Iterable[Entry], *, note_columns: tuple[str, ...] = ()) -> Iterator[bytes]:
    """Yield a zip archive piece by piece.

    Parameters
    ----------
    entries : iterable of Entry
        A file that cannot be opened is missing in the archive, one that breaks off is cut there; `MANIFEST`,
        the last file of the archive, tells both.
    note_columns : tuple of str
        Headings of the notes of the entries.
    """
    pipe, names, lines = _Pipe(), Names(), []
    with zipfile.ZipFile(pipe, "w", allowZip64=True) as archive:
        for entry in entries:
            name = names.fit(entry.folder, entry.name)
            state, size = "complete", 0
            try:
                file = entry.open()
            except OSError as error:
                lines.append((name, "missing", 0, _reason(error), *entry.note))
                continue
            with file, archive.open(_info(name, entry.stored), "w", force_zip64=True) as place:
                reason = ""
                while True:
                    try:
                        piece = file.read(_PIECE)
                    except OSError as error:
                        state, reason = "broken off", _reason(error)
                        break
                    if not piece:
                        break
                    place.write(piece)
                    size += len(piece)
                    yield pipe.fetched()
            lines.append((name, state, size, reason, *entry.note))
            yield pipe.fetched()
        archive.writestr(MANIFEST, _manifest(lines, note_columns), zipfile.ZIP_DEFLATED)
        yield pipe.fetched()
    yield pipe.fetched()


def _info(name: str, stored: datetime) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, max((1980, 1, 1, 0, 0, 0), stored.timetuple()[:6]))
    info.compress_type = zipfile.ZIP_STORED if name.lower().endswith(_STORED) else zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _manifest(lines: list[tuple], note_columns: tuple[str, ...]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(("file", "state", "bytes", "reason", *note_columns))
    for line in lines:
        writer.writerow([no_formula(str(cell)) for cell in line])
    return buffer.getvalue().encode()


class Names:
    """Names in an archive: below a folder of it, known to every file system, no two alike but for case."""

    def __init__(self) -> None:
        self._taken = {MANIFEST.lower()}

    def fit(self, folder: str, name: str) -> str:
        """Return ``folder/name`` as it can stand in the archive."""
        folder, name = safe_part(folder, "files"), safe_part(name, "file")
        stem, dot, suffix = name.partition(".")
        number, wanted = 1, f"{folder}/{name}"
        while wanted.lower() in self._taken:
            number += 1
            wanted = f"{folder}/{stem} ({number}){dot}{suffix}"
        self._taken.add(wanted.lower())
        return wanted


def safe_part(text: str, otherwise: str) -> str:
    """Return a text as one part of a path: no separators, control characters, leading or trailing dots."""
    part = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*]+', "_", text).strip(". ")
    if len(part) > _MOST_NAME:
        stem, dot, suffix = part.rpartition(".")
        part = f"{stem[: _MOST_NAME - 20]}{dot}{suffix[-19:]}" if dot else part[:_MOST_NAME]
    if not part:
        return otherwise
    return f"_{part}" if part.partition(".")[0].lower() in _RESERVED else part
