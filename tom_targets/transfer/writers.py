"""Writes an export as bytes, batch by batch, so that its memory does not grow with its length."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import orjson

from tom_common.spreadsheets import no_formula
from tom_targets.transfer.exporting import Export, ExportColumn
from tom_targets.transfer.input_files import CSV, ECSV, FITS, JSON, VOTABLE
from tom_targets.transfer.mapping import ALIAS, EXTRA, GROUPS, LISTS, MANY
from tom_targets.transfer.star_lists import STAR_LISTS
from tom_targets.transfer.table_readers import FITS_ESCAPED, FITS_LONG_NAME
from tom_targets.transfer.text_readers import split_names

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
MAX_FITS_COLUMNS = 999
_FITS_BLOCK = 2880


def csv_chunks(export: Export) -> Iterator[bytes]:
    """Yield CSV, in UTF-8, with a header; no cell is a formula; the import takes the apostrophe off."""
    yield _delimited([[column.name for column in export.columns]], guard=True)
    for rows in export.batches():
        yield _delimited(rows, guard=True)


def ecsv_chunks(export: Export) -> Iterator[bytes]:
    """Yield ECSV 1.0: CSV below a description of the columns with their units."""
    yield _ecsv_header(export.columns).encode()
    yield _delimited([[column.name for column in export.columns]])
    for rows in export.batches():
        yield _delimited(rows)


def _delimited(rows: Iterable[list[Any]], *, guard: bool = False) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")  # so that both characters are quoted in cells
    if guard:
        rows = [
            [
                no_formula(value) if type(value) is str and value and value[0] in "=+-@\t\r'" else value
                for value in row
            ]
            for row in rows
        ]
    writer.writerows(rows)
    return buffer.getvalue().encode()


def _ecsv_header(columns: list[ExportColumn]) -> str:
    lines = ["%ECSV 1.0", "---", "delimiter: ','", "datatype:"]
    for column in columns:
        unit = f", unit: {orjson.dumps(column.unit).decode()}" if column.unit else ""
        kind = "float64" if column.is_number else "string"
        # JSON strings are YAML strings.
        lines.append(f"- {{name: {orjson.dumps(column.name).decode()}{unit}, datatype: {kind}}}")
    return "".join(f"# {line}\n" for line in lines)


def json_chunks(export: Export) -> Iterator[bytes]:
    """Yield a JSON array of targets as the REST API takes them."""
    lead = b"["
    for rows in export.batches():
        entries = [orjson.dumps(_as_object(export.columns, row)) for row in rows]
        if entries:
            yield lead + b"\n" + b",\n".join(entries)
            lead = b","
    yield b"[]\n" if lead == b"[" else b"\n]\n"


def _as_object(columns: list[ExportColumn], row: list[Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column, value in zip(columns, row, strict=True):
        if value is None or value == "":
            continue
        if column.place == ALIAS:
            values.setdefault("aliases", []).append({"name": value})
        elif column.place.startswith(EXTRA):
            entry = {"key": column.place.removeprefix(EXTRA), "value": value}
            values.setdefault("targetextra_set", []).append(entry)
        elif column.place in (LISTS, GROUPS):
            values[column.place] = [{"name": name} for name in split_names(value)]
        else:
            values[column.name] = value
    return values


def votable_chunks(export: Export) -> Iterator[bytes]:
    """Yield a VOTable 1.4 with its data as text."""
    fields = []
    for column in export.columns:
        kind = 'datatype="double"' if column.is_number else 'datatype="unicodeChar" arraysize="*"'
        unit = f" unit={quoteattr(column.unit.replace(' ', ''))}" if column.unit else ""
        ucd = {"ra": "pos.eq.ra;meta.main", "dec": "pos.eq.dec;meta.main", "name": "meta.id;meta.main"}
        told = f' ucd="{ucd[column.name]}"' if column.name in ucd else ""
        fields.append(f"<FIELD name={quoteattr(xml_text(column.name))} {kind}{unit}{told}/>\n")
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
        '<RESOURCE type="results">\n<COOSYS ID="icrs" system="ICRS"/>\n<TABLE name="targets">\n'
        f"{''.join(fields)}<DATA>\n<TABLEDATA>\n"
    ).encode()
    for rows in export.batches():
        yield "".join(
            f"<TR>{''.join(f'<TD>{_cell(value)}</TD>' for value in row)}</TR>\n" for row in rows
        ).encode()
    yield b"</TABLEDATA>\n</DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return escape(xml_text(value)) if type(value) is str else repr(value)


def xml_text(text: str) -> str:
    """Return a text with what XML cannot hold replaced."""
    return _NOT_XML.sub("\ufffd", text)


class TooWideError(ValueError):
    """An export has more columns than its format can hold."""


def fits_chunks(export: Export) -> Iterator[bytes]:
    """Yield a FITS file with one binary table.

    FITS knows ASCII only: other characters stand as in Python's string literals, which ``TOMESC = T`` tells.
    """
    from astropy.io import fits

    # A column of nothing but empty texts has no width, and FITS no such column.
    columns = [one for one in export.columns if one.is_number or one.width or one.place in (*MANY, "name")]
    places = [export.columns.index(column) for column in columns]
    if len(columns) > MAX_FITS_COLUMNS:
        raise TooWideError(f"A FITS table holds {MAX_FITS_COLUMNS} columns, this export has {len(columns)}.")
    widths = _fits_widths(export, columns, places)
    kinds = ["D" if column.is_number else f"{widths[place]}A" for place, column in enumerate(columns)]
    table = _fits_header(columns, kinds, len(export))
    yield fits.PrimaryHDU().header.tostring().encode("ascii")
    yield table.tostring().encode("ascii")
    row = np.dtype(
        [
            (f"c{place}", ">f8" if column.is_number else f"S{widths[place]}")
            for place, column in enumerate(columns)
        ]
    )
    size = count = 0
    for rows in export.batches():
        block = np.zeros(len(rows), dtype=row)
        for place, at in enumerate(places):
            values = [one[at] for one in rows]
            if columns[place].is_number:
                block[f"c{place}"] = [np.nan if value is None else value for value in values]
            else:
                block[f"c{place}"] = [escaped(value) for value in values]
        data = block.tobytes()
        size, count = size + len(data), count + len(rows)
        yield data
    # A row that was deleted meanwhile is blank: the header has told their number.
    gone = bytes(row.itemsize * (len(export) - count))
    yield gone + bytes(-(size + len(gone)) % _FITS_BLOCK)


def _fits_header(columns: list[ExportColumn], kinds: list[str], count: int) -> Any:
    """Return the header of the table; names with other signs than letters and digits are not warned of."""
    from astropy.io import fits

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fits.verify.VerifyWarning)
        names = [escaped(one.name).decode() for one in columns]
        short = [name if len(name) <= 60 else f"c{place}" for place, name in enumerate(names, 1)]
        described = [
            fits.Column(name, kind, one.unit.replace(" ", "") or None)
            for name, one, kind in zip(short, columns, kinds, strict=True)
        ]
        header = fits.BinTableHDU.from_columns(described, nrows=0).header
    header["NAXIS2"] = count
    header["EXTNAME"] = "TARGETS"
    header[FITS_ESCAPED] = (True, "texts are escaped as Python literals")
    for place, name in enumerate(names, 1):
        if short[place - 1] != name:
            header[f"{FITS_LONG_NAME}{place}"] = name
    return header


def _fits_widths(export: Export, columns: list[ExportColumn], places: list[int]) -> dict[int, int]:
    """Return the widths of texts once they are escaped; plain ones are as long as they are."""
    widths = {place: max(1, column.width) for place, column in enumerate(columns) if not column.is_number}
    for rows in export.batches():
        for place in widths:
            longest = max((len(escaped(row[places[place]])) for row in rows), default=0)
            widths[place] = max(widths[place], longest)
    return widths


def escaped(value: Any) -> bytes:
    """Return a text in ASCII, other characters and backslashes as in a Python literal."""
    text = "" if value is None else str(value)
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text.encode("ascii")
    return text.encode("unicode_escape")


Chunks = Callable[[Export], Iterator[bytes]]
WRITERS: dict[str, tuple[str, str, str, Chunks]] = {
    # key: (words, suffix, content type, writer)
    CSV: ("CSV", "csv", "text/csv; charset=utf-8", csv_chunks),
    ECSV: ("ECSV, for astropy", "ecsv", "text/plain; charset=utf-8", ecsv_chunks),
    VOTABLE: ("VOTable, for TOPCAT", "vot", "application/x-votable+xml", votable_chunks),
    FITS: ("FITS table", "fits", "application/fits", fits_chunks),
    JSON: ("JSON, as in the API", "json", "application/json", json_chunks),
    **STAR_LISTS,
}
