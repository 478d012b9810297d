"""Tables written as text: parted by commas, semicolons, tabs, bars or blanks; comments and headers."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from itertools import repeat

import numpy as np

from tom_dataproducts.formats.opening import lines_of
from tom_dataproducts.formats.raw_tables import MISSING, RawTable, unique_names
from tom_dataproducts.formats.recognition import FormatError

_COMMENT = ("#", "%", "//", "!", "\\")
_FIRST_OF_OTHERS = frozenset({"", " ", "\t", "\v", "\f", "\xa0", "#", "%", "/", "!", "\\"})
_SEPARATORS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r'"?sep=.?"?', re.IGNORECASE)
_SAMPLE = 200
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")
_UNITS = frozenset(
    {"d", "day", "days", "mjd", "jd", "mag", "s", "sec", "ujy", "mjy", "njy", "jy", "deg", "nm"}
)
_SIGN = re.compile(r"([<>])\s+(?=[\d.])")
_BEFORE_UNIT = re.compile(r"\s+(?=[\[(])")
_UNIT = re.compile(r"^(.*?)\s*[\[(]([^\])]*)[\])]$")


def read_text_table(text: str, *, max_rows: int | None = None) -> RawTable:
    """Return the table that a text holds.

    The separator is the one by which most lines have the same number of fields. Rows with another number are
    errors. The header is the first line that holds no number, or the last comment before the rows if it has
    as many words as they.

    Parameters
    ----------
    text : str
        With line feeds only.
    max_rows : int, optional
        Stop after so many rows: enough to see what the columns mean.

    Raises
    ------
    FormatError
        If it holds no table.
    """
    lines = lines_of(text)
    if _SEPARATOR_LINE.fullmatch(lines[0].strip()):  # spreadsheets say so what parts the cells
        lines[0] = ""
    comments, rows, numbers = _sorted_out(lines)
    if not rows:
        raise FormatError("The file holds no rows.")
    separator = _separator(rows[:_SAMPLE])
    if separator is None:  # a sign stands with its number: > 19.5
        rows = [_SIGN.sub(r"\1", row) if "<" in row or ">" in row else row for row in rows]
    header, names_line, first = _header(rows, comments, separator)
    body, body_numbers = rows[first:], numbers[first:]
    units = _units_row(body, header, separator)
    if units:
        body, body_numbers = body[1:], body_numbers[1:]
    if max_rows is not None:
        body, body_numbers = body[:max_rows], body_numbers[:max_rows]
    sample = _split(body[:_SAMPLE], separator)
    width = len(header) if header else Counter(map(len, sample)).most_common(1)[0][0]
    if width < 2:
        raise FormatError("The file is no table: its lines have one field only.")
    names, problems = unique_names(header or [f"column {place + 1}" for place in range(width)])
    table = RawTable(
        names=names,
        columns=[],
        lines=np.array(body_numbers, np.int64),
        comments=[line for line in comments.values() if line != names_line],
        problems=problems,
        layout="csv" if separator == "," else "text table",
    )
    columns = _columns(body, separator, width)
    if columns is None:
        _fill(table, _split(body, separator), body, width)
    else:
        table.columns = columns
    if units:
        table.units = units
    _take_units(table)
    return table


def _sorted_out(lines: Sequence[str]) -> tuple[dict[int, str], list[str], list[int]]:
    """Return comments by line, rows, and the lines of the rows."""
    comments: dict[int, str] = {}
    rows: list[str] = []
    numbers: list[int] = []
    for number, line in enumerate(lines, 1):
        if line[:1] in _FIRST_OF_OTHERS:  # no comment and not empty: nearly all lines
            stripped = line.strip()
            if not stripped:
                continue
            if stripped.startswith(_COMMENT):
                comments[number] = stripped
                continue
        rows.append(line)
        numbers.append(number)
    return comments, rows, numbers


def _split(rows: Sequence[str], separator: str | None) -> list[list[str]]:
    if separator is None:
        if any('"' in row for row in rows[:_SAMPLE]):
            return [next(csv.reader([" ".join(row.split())], delimiter=" ")) for row in rows]
        return [row.split() for row in rows]
    if separator == "|":
        return [[field.strip() for field in row.strip().strip("|").split("|")] for row in rows]
    if not any('"' in row for row in rows):
        return [row.split(separator) for row in rows]
    return [[field.strip() for field in next(csv.reader([row], delimiter=separator), [])] for row in rows]


def _separator(rows: Sequence[str]) -> str | None:
    """Return the separator by which most rows agree; None for blanks."""
    best: tuple[float, int, str | None] = (0.0, 0, None)
    body = rows[1:] if len(rows) > 1 else rows
    for separator in (*_SEPARATORS, None):
        counts = Counter(len(fields) for fields in _split(body, separator))
        width, agreeing = counts.most_common(1)[0]
        if width < 2:
            continue
        share = agreeing / len(body)
        if separator == "," and _are_decimals(body):
            continue
        if share > best[0] + 0.05:
            best = (share, width, separator)
    if not best[1]:
        raise FormatError("The file is no table: its lines have one field only.")
    return best[2]


def _are_decimals(rows: Sequence[str]) -> bool:
    """Tell whether the commas of rows stand in numbers that another separator keeps apart."""
    for separator in (";", "\t", "|", None):
        fields = [field.strip() for row in _split(rows, separator) for field in row]
        with_comma = [field for field in fields if "," in field]
        if len(fields) > len(rows) and with_comma and all(map(_DECIMAL_COMMA.fullmatch, with_comma)):
            return separator is not None or all(not field.endswith(",") for field in fields)
    return False


def _is_value(text: str) -> bool:
    text = text.strip().lstrip("<>")
    if text.lower() in MISSING:
        return False
    try:
        float(text.replace(",", "."))
    except ValueError:
        return bool(re.match(r"\d{4}-\d\d-\d\d", text))
    return True


def _header(
    rows: Sequence[str], comments: dict[int, str], separator: str | None
) -> tuple[list[str], str, int]:
    """Return the names of the columns, the comment that holds them, and the number of the first row."""
    first = _split(rows[:1], separator)[0]
    second = _split(rows[1:2], separator)[0] if len(rows) > 1 else first
    if len(first) == 1 < len(second):  # a title
        names, line, place = _header(rows[1:], comments, separator)
        return names, line, place + 1
    if not any(map(_is_value, first)):
        if len(first) != len(second):  # names are parted by other signs than values
            for other in (*_SEPARATORS, None):
                names = [name for name in _split(rows[:1], other)[0] if name]
                if len(names) == len(second):
                    return _clean_names(names), "", 1
            names = _split([_BEFORE_UNIT.sub("", rows[0])], separator)[0]
            if len(names) == len(second):
                return _clean_names(names), "", 1
        return _clean_names(first), "", 1
    for line in reversed(list(comments.values())):
        plain = line.lstrip("#%!/\\ ")
        for other, words in (
            (separator, plain),
            (None, plain),
            (",", plain),
            (None, _BEFORE_UNIT.sub("", plain)),
        ):
            names = _split([words], other)[0]
            is_fact = names[0].endswith((":", "=")) or "=" in names or ":" in names
            if len(names) == len(first) and not is_fact and not any(map(_is_value, names)):
                return _clean_names(names), line, 0
    return [], "", 0


def _units_row(rows: Sequence[str], header: Sequence[str], separator: str | None) -> list[str]:
    """Return the units that stand in a row of their own below the names; nothing where there is none."""
    if not header or len(rows) < 2:
        return []
    first, second = (_split([row], separator)[0] for row in rows[:2])
    if len(first) != len(header) or any(map(_is_value, first)) or not any(map(_is_value, second)):
        return []
    units = [field.strip().strip("[]()") for field in first]
    return units if any(unit.lower() in _UNITS for unit in units) else []


def _clean_names(names: Sequence[str]) -> list[str]:
    return [name.strip().strip('"').lstrip("#").strip().strip(",") for name in names]


def _columns(rows: Sequence[str], separator: str | None, width: int) -> list[list[str]] | None:
    """Return the columns of rows that all have as many fields, None where they have not or hold quotes.

    One split of all rows at once makes no list for each of them.
    """
    if separator == "|" or any('"' in row for row in rows):
        return None
    if separator is None:
        if not all(len(row.split()) == width for row in rows):
            return None
        fields = " ".join(rows).split()
    else:
        if set(map(str.count, rows, repeat(separator))) != {width - 1}:
            return None
        fields = separator.join(rows).split(separator)
    return [fields[place::width] for place in range(width)]


def _fill(table: RawTable, fields: list[list[str]], rows: Sequence[str], width: int) -> None:
    widths = list(map(len, fields))
    if widths.count(width) != len(widths):
        good = []
        for place, found in enumerate(widths):
            if found == width:
                good.append(place)
            elif found == width + 1 and not fields[place][-1].strip():  # a separator at the end of the line
                del fields[place][-1]
                good.append(place)
            else:
                values = "1 value" if found == 1 else f"{found} values"
                table.note_error(
                    int(table.lines[place]),
                    "",
                    rows[place].strip(),
                    f"has {values} where {width} are expected",
                )
        table.lines = table.lines[good]
        fields = [fields[place] for place in good]
    table.columns = list(map(list, zip(*fields, strict=True))) if fields else [[] for _ in range(width)]


def _take_units(table: RawTable) -> None:
    """Take units that stand behind a name in brackets."""
    for place, name in enumerate(table.names):
        found = _UNIT.match(name)
        if found and found[1] and not found[2].isdigit():
            table.units[place] = found[2].strip()
