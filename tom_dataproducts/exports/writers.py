"""Writes an export as bytes, batch by batch, so that its memory does not grow with its length."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import orjson

from tom_dataproducts.exports.columns import FLOAT, FLOATS, INTEGER, TEXT, Column, meta_of
from tom_dataproducts.exports.rows import Batch, Export
from tom_dataproducts.light_curve_formats import csv_cell, numbers_text
from tom_targets.transfer.writers import xml_text

_BATCHES_OF_A_GROUP = 5

Chunks = Callable[[Export], Iterator[bytes]]


@dataclass(frozen=True)
class Writer:
    """A format of exports: words, suffix, content type, whether a cell can hold a list of numbers."""

    words: str
    suffix: str
    content_type: str
    holds_arrays: bool
    write: Chunks
    needs: str = ""
    """Package without which it cannot be written."""

    @property
    def is_there(self) -> bool:
        """Whether what it needs is installed."""
        return not self.needs or importlib.util.find_spec(self.needs) is not None


def _texts(column: Column, values: Any, cell: Callable[[str], str]) -> list[str]:
    """Return a column as text; the same text is treated once."""
    if column.holds == FLOAT:
        return numbers_text(values)
    if column.holds == INTEGER:
        return [str(value) for value in values]
    if column.holds == FLOATS:
        return [cell(orjson.dumps(value).decode()) for value in values]
    made = {value: cell(value) for value in set(values)}
    return [made[value] for value in values]


def _lines(export: Export, batch: Batch, cell: Callable[[str], str]) -> bytes:
    columns = [_texts(column, batch[column.name], cell) for column in export.columns]
    return "".join([f"{','.join(row)}\r\n" for row in zip(*columns, strict=True)]).encode()


def csv_chunks(export: Export) -> Iterator[bytes]:
    """Yield CSV, in UTF-8, with a header; no cell is a formula."""
    yield f"{','.join(column.name for column in export.columns)}\r\n".encode()
    for batch in export.batches():
        yield _lines(export, batch, csv_cell)


def ecsv_chunks(export: Export) -> Iterator[bytes]:
    """Yield ECSV 1.0: CSV below a description of the columns with their units, and of the whole."""
    yield _ecsv_header(export).encode()
    yield f"{','.join(column.name for column in export.columns)}\r\n".encode()
    for batch in export.batches():
        yield _lines(export, batch, _quoted)


def _quoted(text: str) -> str:
    """Return a cell of ECSV; empty text is quoted, since nothing stands for a missing value."""
    if text and not any(sign in text for sign in ',"\r\n# ') and text.isprintable():
        return text
    return f'"{text.replace(chr(34), chr(34) * 2)}"'


def _ecsv_header(export: Export) -> str:
    lines = ["%ECSV 1.0", "---", "delimiter: ','", "datatype:"]
    for column in export.columns:
        kind = {FLOAT: "float64", INTEGER: "int64", TEXT: "string", FLOATS: "string"}[column.holds]
        parts = [f"name: {column.name}"]
        if column.unit:
            parts.append(f"unit: {column.unit}")
        parts.append(f"datatype: {kind}")
        if column.holds == FLOATS:
            parts.append("subtype: 'float64[null]'")
        parts.append(f"description: {orjson.dumps(column.words).decode()}")
        lines.append(f"- {{{', '.join(parts)}}}")
    # JSON strings are YAML strings.
    told = ", ".join(f"{key}: {orjson.dumps(value).decode()}" for key, value in meta_of(export.kind).items())
    lines += [f"meta: {{{told}}}", "schema: astropy-2.0"]
    return "".join(f"# {line}\n" for line in lines)


def json_chunks(export: Export) -> Iterator[bytes]:
    """Yield one JSON object: ``meta`` with ``columns`` and their units, and ``rows``, an array of objects."""
    columns = [{"name": one.name, "unit": one.unit, "description": one.words} for one in export.columns]
    meta = orjson.dumps({**meta_of(export.kind), "columns": columns})
    yield b'{"meta":' + meta + b',\n"rows":['
    lead = b"\n"
    names = [column.name for column in export.columns]
    for batch in export.batches():
        columns_of_values = [_plain(batch[name]) for name in names]
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns_of_values, strict=True)]
        if rows:
            yield lead + b",\n".join([orjson.dumps(row) for row in rows])
            lead = b",\n"
    yield b"\n]}\n"


def _plain(values: Any) -> list[Any]:
    """Return a column as plain values; orjson writes NaN as null."""
    return values.tolist() if isinstance(values, np.ndarray) else values


def votable_chunks(export: Export) -> Iterator[bytes]:
    """Yield a VOTable 1.4 with its data as text, and its time system."""
    kinds = {
        FLOAT: 'datatype="double"',
        INTEGER: 'datatype="int"',
        TEXT: 'datatype="unicodeChar" arraysize="*"',
        FLOATS: 'datatype="double" arraysize="*"',
    }
    fields = []
    for column in export.columns:
        unit = f" unit={quoteattr(column.unit)}" if column.unit else ""
        ucd = f" ucd={quoteattr(column.ucd)}" if column.ucd else ""
        frame = {"mjd_utc": ' ref="utc"', "ra": ' ref="icrs"', "dec": ' ref="icrs"'}.get(column.name, "")
        fields.append(
            f'<FIELD name="{column.name}" {kinds[column.holds]}{unit}{ucd}{frame}>'
            f"<DESCRIPTION>{escape(column.words)}</DESCRIPTION></FIELD>\n"
        )
    told = "".join(
        f'<PARAM name="{key}" datatype="unicodeChar" arraysize="*" value={quoteattr(value)}/>\n'
        for key, value in meta_of(export.kind).items()
    )
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n<RESOURCE type="results">\n'
        '<COOSYS ID="icrs" system="ICRS"/>\n'
        '<TIMESYS ID="utc" timeorigin="MJD-origin" timescale="UTC" refposition="UNKNOWN"/>\n'
        f'<TABLE name="{export.kind}">\n{told}{"".join(fields)}<DATA>\n<TABLEDATA>\n'
    ).encode()
    for batch in export.batches():
        columns = [_votable_texts(column, batch[column.name]) for column in export.columns]
        rows = zip(*columns, strict=True)
        yield "".join([f"<TR><TD>{'</TD><TD>'.join(row)}</TD></TR>\n" for row in rows]).encode()
    yield b"</TABLEDATA>\n</DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n"


def _votable_texts(column: Column, values: Any) -> list[str]:
    if column.holds == FLOATS:
        return [
            " ".join("NaN" if value is None or value != value else repr(value) for value in row)
            for row in values
        ]
    return _texts(column, values, lambda text: escape(xml_text(text)))


class _Sink:
    """What a Parquet writer writes to: bytes that are handed on, and counted."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self.closed = False

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._size += len(part)
        return len(part)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Have nothing to do: `taken` hands out what is there."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> bytes:
        found, self._parts = b"".join(self._parts), []
        return found


def parquet_chunks(export: Export) -> Iterator[bytes]:
    """Yield Parquet, a group of rows for a few batches; units and what holds for all in its metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {FLOAT: pa.float64(), INTEGER: pa.int64(), TEXT: pa.string(), FLOATS: pa.list_(pa.float64())}
    schema = pa.schema(
        [
            pa.field(
                column.name,
                types[column.holds],
                metadata={"unit": column.unit, "description": column.words},
            )
            for column in export.columns
        ],
        metadata=meta_of(export.kind),
    )
    sink = _Sink()
    batches = export.batches()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema) as writer:
        while group := list(islice(batches, _BATCHES_OF_A_GROUP)):
            tables = [
                # NaN is a missing value
                pa.Table.from_arrays(
                    [pa.array(batch[field.name], type=field.type, from_pandas=True) for field in schema],
                    schema=schema,
                )
                for batch in group
            ]
            writer.write_table(pa.concat_tables(tables))
            yield sink.taken()
    yield sink.taken()


WRITERS: dict[str, Writer] = {
    "csv": Writer("CSV", "csv", "text/csv; charset=utf-8", False, csv_chunks),
    "ecsv": Writer("ECSV, for astropy", "ecsv", "text/plain; charset=utf-8", True, ecsv_chunks),
    "votable": Writer("VOTable, for TOPCAT", "vot", "application/x-votable+xml", True, votable_chunks),
    "json": Writer("JSON", "json", "application/json", True, json_chunks),
    "parquet": Writer(
        "Parquet, for pandas", "parquet", "application/vnd.apache.parquet", True, parquet_chunks, "pyarrow"
    ),
}


def available_writers() -> dict[str, Writer]:
    """Return the formats that can be written here."""
    return {key: writer for key, writer in WRITERS.items() if writer.is_there}
