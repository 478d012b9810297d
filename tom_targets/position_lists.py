"""Reads a list of positions, from a file or as it was pasted, with a name for each where it has one.

Called by ``cross_match_runs``. Files are read by the readers of the import.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tom_common.astro.typed_position import read_position
from tom_targets import conf
from tom_targets.transfer import cells
from tom_targets.transfer.input_files import FileError
from tom_targets.transfer.input_table import Chunk, Reader
from tom_targets.transfer.mapping import Mapped, propose
from tom_targets.transfer.reading import open_table

_CHUNK = 10_000
_SHOWN = 20
_HEADER = re.compile(r"\b(ra|dec|raj2000|dej2000|ra_deg|dec_deg|decl|declination)\b", re.IGNORECASE)


@dataclass
class PositionList:
    """Positions, ICRS degrees, NaN where a row has none; names; what was not understood, the first of it."""

    names: list[str] = field(default_factory=list)
    ra_deg: list[float] = field(default_factory=list)
    dec_deg: list[float] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)
    wrong_count: int = 0

    def __len__(self) -> int:
        return len(self.names)

    def wrong(self, row: int, value: str, reason: str) -> None:
        """Note a row that has no position."""
        self.wrong_count += 1
        if len(self.problems) < _SHOWN:
            self.problems.append({"row": row, "value": value[:100], "reason": reason})


def read_list(path: Path, name: str, *, ra_column: str = "", dec_column: str = "") -> PositionList:
    """Read a file of positions.

    Parameters
    ----------
    path : Path
        CSV, ECSV, VOTable, FITS table or JSON, or text with one position a line.
    name : str
        Name under which it was uploaded.
    ra_column, dec_column : str
        Names of the columns; found by their headers where empty.

    Raises
    ------
    FileError
        If the file cannot be read, has no columns with positions, or too many rows.
    """
    if text := _plain_lines(path):
        return read_lines(text)
    with tempfile.TemporaryDirectory(prefix="positions-") as scratch:
        reader = open_table(path, name, scratch=Path(scratch))
        first = next(reader.chunks(1), None)
        mapping = _mapping(reader, dict(first.columns) if first else {}, ra_column, dec_column)
        reader = open_table(path, name, scratch=Path(scratch))
        found = PositionList()
        for chunk in reader.chunks(_CHUNK):
            _add_chunk(found, chunk, mapping)
            _check_count(len(found))
    return found


def read_lines(text: str) -> PositionList:
    """Read text with one position a line, a name before it perhaps; empty lines and ``#`` lines are nothing.

    Raises
    ------
    FileError
        If there are too many lines.
    """
    found = PositionList()
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, position = _named_position(line.strip())
        found.names.append(name)
        found.ra_deg.append(position[0] if position else np.nan)
        found.dec_deg.append(position[1] if position else np.nan)
        if position is None:
            found.wrong(len(found), line.strip(), "No position was understood.")
    _check_count(len(found))
    return found


def looks_like_table(text: str) -> bool:
    """Tell whether pasted text begins with the header of a table."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return bool(_HEADER.search(first)) and read_position(first) is None and _named_position(first)[1] is None


def _plain_lines(path: Path) -> str:
    """Return the text of a file without a header, empty for a table."""
    with path.open("rb") as file:
        head = file.read(4096)
    try:
        line = next((one for one in head.decode("utf-8").splitlines() if one.strip()), "")
    except UnicodeDecodeError:
        return ""
    if line.lstrip().startswith(("#", "{", "[", "<")) or _named_position(line.strip())[1] is None:
        return ""
    return path.read_text(encoding="utf-8", errors="replace")


def _named_position(line: str) -> tuple[str, tuple[float, float] | None]:
    if found := read_position(line):
        return (line if found.is_iau_name else ""), (found.ra_deg, found.dec_deg)
    for separator in (r"\s*[,;|\t]\s*", r"\s+"):
        parts = re.split(separator, line, maxsplit=1)
        if len(parts) == 2 and (found := read_position(parts[1].strip(" ,;|"))):
            return parts[0].strip("\"'"), (found.ra_deg, found.dec_deg)
    return line[:100], None


def _mapping(reader: Reader, sample: dict[str, Any], ra_column: str, dec_column: str) -> dict[str, Mapped]:
    """Return which columns hold name, right ascension and declination."""
    names = [column.name for column in reader.columns]
    units = {column.name: column.unit for column in reader.columns}
    found = {one.place: one for one in propose(reader.columns, sample) if one.place in ("name", "ra", "dec")}
    for place, asked in (("ra", ra_column), ("dec", dec_column)):
        if asked:
            if asked not in names:
                raise FileError(f"The file has no column {asked!r}; it has: {', '.join(names[:30])}.")
            found[place] = Mapped(asked, place, units[asked])
        elif place not in found:
            words = "right ascension" if place == "ra" else "declination"
            raise FileError(
                f"No column was understood as {words}; name it below. The file has: {', '.join(names[:30])}."
            )
    return found


def _add_chunk(found: PositionList, chunk: Chunk, mapping: dict[str, Mapped]) -> None:
    before, count = len(found), len(chunk.rows)
    bad: dict[int, tuple[str, str]] = {}
    columns = {}

    def complain(at: int, value: str, reason: str) -> None:
        bad.setdefault(at, (value, reason))

    for place in ("ra", "dec"):
        values = chunk.columns.get(mapping[place].column, [""] * count)
        columns[place] = cells.angles(place, values, mapping[place].unit, complain)
    ra, dec = (np.asarray(columns[place], np.float64) for place in ("ra", "dec"))
    for at in np.flatnonzero(~(np.isfinite(ra) & np.isfinite(dec))).tolist():
        value, reason = bad.get(at, ("", "has no position"))
        found.wrong(before + at + 1, value, f"{value} {reason}".strip())
    names = chunk.columns.get(mapping["name"].column) if "name" in mapping else None
    found.names += cells.texts(names) if names is not None else [""] * count
    found.ra_deg += ra.tolist()
    found.dec_deg += dec.tolist()
    for problem in chunk.problems:
        found.wrong(problem.row, problem.value, problem.reason)


def _check_count(count: int) -> None:
    most = conf.import_max_rows()
    if count > most:
        raise FileError(f"The list has more than {most:,} rows, the most that is compared at once. Split it.")
