"""Readers of CSV, ECSV and JSON, row by row, so that the size of a file does not matter."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from tom_targets.transfer.input_files import CSV, ECSV, JSON, FileError
from tom_targets.transfer.input_table import Chunk, InputColumn, Problem

MAX_COLUMNS = 1000
MAX_OBJECT = 1_000_000
_BLOCK = 262_144
_SNIFFED_ROWS = 1000
_DECODER = json.JSONDecoder()
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_UNIT_BEHIND = re.compile(r"^(?P<name>.+?)\s*[\[(](?P<unit>[^\])]+)[\])]$")


def check_columns(names: Sequence[str]) -> None:
    """Refuse column names that are too many or occur twice.

    Raises
    ------
    FileError
    """
    if len(names) > MAX_COLUMNS:
        raise FileError(f"The file has {len(names):,} columns; at most {MAX_COLUMNS:,} are taken.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FileError(f"The column {twice[0]!r} stands in the header twice; rename one of them.")


def split_unit(header: str) -> InputColumn:
    """Return a column for a header such as ``pmra [mas/yr]``; what is no unit stays part of the name."""
    found = _UNIT_BEHIND.match(header)
    if found:
        from astropy import units

        try:
            units.Unit(found["unit"])
        except (ValueError, TypeError):
            return InputColumn(header)
        return InputColumn(found["name"], found["unit"])
    return InputColumn(header)


csv.field_size_limit(10_000_000)
"""Characters that a cell may have. A longer one tells of a quotation mark that is not closed."""


class DelimitedReader:
    """A text table: CSV with any usual delimiter, or ECSV.

    Parameters
    ----------
    path : Path
        UTF-8 text.
    """

    row_count: int | None = None

    def __init__(self, path: Path, format: str) -> None:
        self.format = format
        self._path = path
        self._skip = 0
        self._floats: set[str] = set()
        with path.open(encoding="utf-8-sig", newline="") as file:
            if format == ECSV:
                self._read_ecsv_header(file)
            else:
                self._read_csv_header(file)
        check_columns([column.name for column in self.columns])

    def _read_csv_header(self, file: TextIO) -> None:
        """Find delimiter and names; comment lines above the header are passed over."""
        comments: list[str] = []
        first = ""
        for line in iter(lambda: file.readline(_BLOCK), ""):
            if line.startswith("#"):
                comments.append(line)
            elif line.strip():
                first = line
                break
            self._skip += 1
        if not first and not comments:
            raise FileError("The file holds no line of text.")
        self._delimiter = _delimiter_of(first or comments[-1])
        names = next(csv.reader([first], delimiter=self._delimiter), [])
        if comments:
            # The header itself may be commented out, as in the lists of Gaia alerts.
            last = next(csv.reader([comments[-1].lstrip("# ")], delimiter=self._delimiter), [])
            if len(last) > 1 and (not first or len(last) == len(names)) and not _looks_like_header(names):
                names = last
                self._skip -= 1
        self._skip += 1
        found = [
            split_unit(name.strip()) if name.strip() else InputColumn(f"column {number}")
            for number, name in enumerate(_unguarded(names), 1)
        ]
        if len({column.name for column in found}) < len(found):  # flux [mJy], flux [mag]
            found = [
                column if column.unit == "" else InputColumn(name.strip())
                for column, name in zip(found, names, strict=True)
            ]
        self.columns = found

    def _read_ecsv_header(self, file: TextIO) -> None:
        from astropy.table import meta

        lines: list[str] = []
        header = ""
        for line in file:
            self._skip += 1
            if not line.startswith("#"):
                header = line
                break
            lines.append(line[1:].removeprefix(" ").rstrip("\r\n"))
        try:
            told = meta.get_header_from_yaml(lines[1:] if lines and "%ECSV" in lines[0] else lines)
            described = [(str(entry["name"]), str(entry.get("unit") or "")) for entry in told["datatype"]]
            self._floats = {str(entry["name"]) for entry in told["datatype"] if "float" in entry["datatype"]}
        except Exception as error:  # noqa: BLE001  PyYAML and astropy raise what they like
            raise FileError(f"The header of the ECSV file is not understood: {error}.") from error
        self._delimiter = str(told.get("delimiter", " "))
        if self._delimiter not in (" ", ","):
            raise FileError(f"An ECSV file is delimited by blanks or commas, not by {self._delimiter!r}.")
        names = next(csv.reader([header], delimiter=self._delimiter), [])
        if names != [name for name, _ in described]:
            raise FileError("The column names in the ECSV file differ from those that its header describes.")
        self.columns = [InputColumn(name, unit) for name, unit in described]

    def chunks(self, size: int) -> Iterator[Chunk]:
        """Yield the rows, those of a wrong length as problems."""
        with self._path.open(encoding="utf-8-sig", newline="") as file:
            for _ in range(self._skip):
                file.readline()
            reader = csv.reader(file, delimiter=self._delimiter)
            row = 0
            while True:
                try:
                    numbered = [(reader.line_num, cells) for cells in islice(reader, size)]
                except csv.Error as error:
                    line = self._skip + reader.line_num
                    raise FileError(
                        f"Line {line} cannot be read: {error}. A quotation mark may not be closed."
                    ) from error
                if not numbered:
                    return
                chunk, row = self._chunk(numbered, row)
                yield chunk

    def _chunk(self, numbered: list[tuple[int, list[str]]], row: int) -> tuple[Chunk, int]:
        width = len(self.columns)
        rows, lines, kept, problems = [], [], [], []
        for line, cells in numbered:
            if not cells or (len(cells) != width and not any(map(str.strip, cells))):
                continue  # an empty line
            row += 1
            if len(cells) > width and not any(map(str.strip, cells[width:])):
                cells = cells[:width]  # delimiters at the end, as spreadsheets leave them
            if len(cells) != width:
                problems.append(_wrong_length(row, line + self._skip, cells, width))
                continue
            rows.append(row)
            lines.append(line + self._skip)
            kept.append(cells)
        columns: dict[str, Sequence[Any]] = {}
        transposed = list(zip(*kept, strict=True)) or [()] * width
        for column, values in zip(self.columns, transposed, strict=True):
            if column.name in self._floats:  # NaN is a gap
                values = tuple("" if value == "nan" else value for value in values)
            columns[column.name] = _unguarded(values) if self.format == CSV else values
        return Chunk(rows, columns, lines, problems), row


def _delimiter_of(line: str) -> str:
    counts = {mark: line.count(mark) for mark in (",", ";", "\t", "|")}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def _looks_like_header(cells: Sequence[str]) -> bool:
    """Tell whether no cell is a number: a row of targets has at least a position."""
    return not any(re.fullmatch(r"[+-]?[\d.:]+(e[+-]?\d+)?", cell.strip(), re.IGNORECASE) for cell in cells)


def _wrong_length(row: int, line: int, cells: Sequence[str], width: int) -> Problem:
    text = ",".join(cells)
    hint = ""
    if "\n" in text:
        hint = f" It runs over {text.count(chr(10)) + 1} lines: a quotation mark may not be closed."
    shown = text[:80].replace("\n", " ")
    return Problem(row, "", shown, f"The row has {len(cells)} values, the header {width}.{hint}", line=line)


def _unguarded(values: Sequence[str]) -> Sequence[str]:
    """Take off the quotation mark by which exports keep spreadsheets from computing a cell."""
    if not any(value.startswith("'") for value in values):
        return values
    return [value[1:] if _GUARDED.match(value) else value for value in values]


class JsonReader:
    """Objects of a JSON array, of the array in a page of the REST API, or one a line.

    What is nested becomes columns: aliases, lists and groups one cell each, every extra field a column of its
    own, ``extra:KEY``.
    """

    format = JSON
    row_count: int | None = None

    def __init__(self, path: Path) -> None:
        self._path = path
        names: dict[str, None] = {}
        for values in islice(self._objects(), _SNIFFED_ROWS):
            if isinstance(values, dict):
                names.update(dict.fromkeys(flattened(values)))
        if not names:
            raise FileError("The JSON file holds no list of objects: expected one object a target.")
        check_columns(list(names))
        self.columns = [InputColumn(name) for name in names]

    def chunks(self, size: int) -> Iterator[Chunk]:
        """Yield the rows; an entry that is no object is a problem."""
        objects = enumerate(self._objects(), 1)
        while numbered := list(islice(objects, size)):
            problems, rows, flat = [], [], []
            for row, values in numbered:
                if isinstance(values, dict):
                    rows.append(row)
                    flat.append(flattened(values))
                else:
                    problems.append(
                        Problem(row, "", str(values)[:80], "Expected an object with named values.")
                    )
            names = dict.fromkeys(column.name for column in self.columns)
            for values in flat:
                names.update(dict.fromkeys(values))
            columns: dict[str, Sequence[Any]] = {
                name: [values.get(name, "") for values in flat] for name in names
            }
            yield Chunk(rows, columns, None, problems)

    def _objects(self) -> Iterator[Any]:
        """Yield the entries of the list one by one, never more of the file than one of them."""
        with self._path.open(encoding="utf-8-sig") as file:
            text, place = _start_of_list(file)
            while True:
                while place < len(text) and text[place] in " \t\r\n,":
                    place += 1
                if place >= len(text):
                    text, place = file.read(_BLOCK), 0
                    if not text:
                        return
                elif text[place] == "]":
                    return
                else:
                    found, text, place = _next_entry(file, text, place)
                    yield found


def _next_entry(file: TextIO, text: str, place: int) -> tuple[Any, str, int]:
    """Return the entry that begins at a place, then the text at hand and the place behind the entry."""
    problem: json.JSONDecodeError | None = None
    while True:
        try:
            found, after = _DECODER.raw_decode(text, place)
        except RecursionError as error:
            raise FileError("The JSON file is nested too deeply.") from error
        except json.JSONDecodeError as error:
            problem = error
        else:
            if after < len(text):  # else a number may go on in the next block
                return found, text, after
            problem = None
        more = file.read(_BLOCK) if len(text) - place <= MAX_OBJECT else ""
        if not more and problem is not None:
            raise FileError(_json_error(text, place, problem)) from problem
        if not more:
            return found, text, after
        text, place = text[place:] + more, 0


def _start_of_list(file: TextIO) -> tuple[str, int]:
    """Return the beginning of the file and the place of the first entry of its list."""
    text = file.read(_BLOCK)
    place = len(text) - len(text.lstrip())
    if text[place : place + 1] == "[":
        return text, place + 1
    # A page of the REST API, or our own wrapping; else one object a line.
    found = re.match(r'\s*\{(?:[^{}\[\]]*,)?\s*"(?:results|targets|data)"\s*:\s*\[', text)
    return (text, found.end()) if found else (text, place)


def _json_error(text: str, place: int, error: json.JSONDecodeError) -> str:
    near = text[max(place, error.pos - 20) : error.pos + 20].replace("\n", " ")
    return f"The JSON file is broken ({error.msg}) near {near!r}."


def flattened(values: dict[str, Any]) -> dict[str, str]:
    """Return the values of one target as the cells of a table."""
    cells: dict[str, str] = {}
    for key, value in values.items():
        if key in ("targetextra_set", "extras", "tags", "extra_fields"):
            cells.update(_extra_cells(value))
        elif isinstance(value, list):
            cells[key] = joined([_name_of(entry) for entry in value])
        elif isinstance(value, dict):
            cells[key] = _name_of(value)
        else:
            cells[key] = as_cell(value)
    return cells


def _extra_cells(value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        return {f"extra:{key}": as_cell(entry) for key, entry in value.items()}
    entries = value if isinstance(value, list) else []
    return {
        f"extra:{entry['key']}": as_cell(entry.get("value"))
        for entry in entries
        if isinstance(entry, dict) and entry.get("key")
    }


def _name_of(entry: Any) -> str:
    if isinstance(entry, dict):
        return as_cell(entry["name"]) if "name" in entry else json.dumps(entry)
    return as_cell(entry)


def as_cell(value: Any) -> str:
    """Return a plain value as the text of a cell; None as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (list, dict)):
        return json.dumps(value)
    return str(value)


def joined(names: Sequence[str]) -> str:
    """Write names into one cell, with commas between them; a name with a comma or semicolon is quoted."""
    return ",".join(
        '"' + name.replace('"', '""') + '"' if any(mark in name for mark in ',;"\n\r') else name
        for name in names
        if name
    )


def split_names(cell: str) -> list[str]:
    """Return the names in a cell, commas or else semicolons between them; reads what `joined` wrote."""
    if not cell:
        return []
    if '"' not in cell and "," not in cell and ";" not in cell:
        return [cell.strip()] if cell.strip() else []
    mark = "," if "," in cell or '"' in cell else ";"
    entries = next(csv.reader([cell], skipinitialspace=True, delimiter=mark), [])
    return list(dict.fromkeys(entry.strip() for entry in entries if entry.strip()))
