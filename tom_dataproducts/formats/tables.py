"""The table of a file, whatever its format: text, ECSV, SNANA, VOTable, FITS; with wide tables made long."""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from tom_dataproducts.formats.binary_tables import is_ecsv, read_ecsv, read_fits_table, read_votable
from tom_dataproducts.formats.lazy_astropy import fits
from tom_dataproducts.formats.opening import content_of, decoded, head_of, is_fits, is_votable
from tom_dataproducts.formats.raw_tables import RawTable, numbers_of, unique_names
from tom_dataproducts.formats.recognition import FormatError
from tom_dataproducts.formats.text_tables import read_text_table
from tom_dataproducts.formats.wide_tables import long_by_band

_WIDE = re.compile(r"([grizy])(?:mean|f|)psfmag")
_VARIABLES = re.compile(r"^(?:VARLIST|VARNAMES):(.*)$", re.MULTILINE)
_SAMPLE_BYTES = 512 * 1024


def read_table(file: BinaryIO, *, sample_only: bool = False) -> RawTable:
    """Return the table that a file holds.

    Parameters
    ----------
    file : binary file
        Rewound and read.
    sample_only : bool
        Whether the first half megabyte of a text is enough.

    Raises
    ------
    FormatError
        If it holds no table.
    """
    head = head_of(file)
    if is_fits(head):
        with fits_file(file) as hdus:
            found = made_long(read_fits_table(first_table(hdus)))
            # SNANA says so; what is made up may lie in the future.
            found.meta["is_simulated"] = str(hdus[0].header.get("DATATYPE", "")).startswith("SIM")
            return found
    raw = content_of(file)
    if is_votable(head):
        return made_long(read_votable(raw))
    cut = sample_only and len(raw) > _SAMPLE_BYTES
    if cut:
        newline = raw.rfind(b"\n", 0, _SAMPLE_BYTES)
        raw = raw[: newline + 1] if newline > 0 else raw
    text, problems = decoded(raw)
    table = made_long(read_text(text))
    table.problems[:0] = problems
    if cut:
        table.meta["is_sample"] = True
    return table


def read_text(text: str) -> RawTable:
    """Return the table of a text."""
    if is_ecsv(text):
        return read_ecsv(text)
    if text.lstrip().startswith(("{", "[")):
        return _read_json(text)
    if _VARIABLES.search(text):
        return _read_snana(text)
    if text.startswith("\\") or re.match(r"\|[^|\n]+\|", text):
        return _read_ipac(text)
    return read_text_table(text)


@contextmanager
def fits_file(file: BinaryIO) -> Iterator[fits.HDUList]:
    """Open a FITS file, compressed or not, without reading the data of its extensions.

    Raises
    ------
    FormatError
        If it is broken.
    """
    from tom_dataproducts.formats.opening import compression

    file.seek(0)
    is_compressed = compression(file.read(8)) is not None
    file.seek(0)
    source: Any = io.BytesIO(content_of(file)) if is_compressed else file
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            hdus = fits.open(source, memmap=False, lazy_load_hdus=True)
            len(hdus)  # reads the headers of all extensions
        except (OSError, ValueError, TypeError, KeyError, IndexError, fits.VerifyError) as error:
            raise FormatError(f"The FITS file cannot be read: {error}") from error
        yield hdus


def first_table(hdus: fits.HDUList) -> Any:
    """Return the first extension with a table.

    Raises
    ------
    FormatError
        If there is none.
    """
    for hdu in hdus:
        if isinstance(hdu, fits.BinTableHDU | fits.TableHDU) and not isinstance(hdu, fits.CompImageHDU):
            return hdu
    raise FormatError("The FITS file holds no table.")


def _read_snana(text: str) -> RawTable:
    """Return the observations of a SNANA text file."""
    lines = text.split("\n")
    names: list[str] = []
    rows: list[list[str]] = []
    numbers: list[int] = []
    meta: dict[str, Any] = {}
    wrong = []
    for number, line in enumerate(lines, 1):
        key, colon, rest = line.partition(":")
        key = key.strip()
        if not colon:
            continue
        if key in ("VARLIST", "VARNAMES"):
            names = rest.split()
        elif key == "OBS":
            values = rest.split()
            if len(values) == len(names):
                rows.append(values)
                numbers.append(number)
            else:
                wrong.append(
                    (number, line.strip(), f"has {len(values)} values where {len(names)} are expected")
                )
        elif key.isupper() and len(meta) < 100:
            meta[key.lower()] = rest.strip()
    if not rows:
        raise FormatError("The SNANA file holds no observations (lines that begin with OBS:).")
    unique, problems = unique_names(names)
    table = RawTable(
        names=unique,
        columns=list(zip(*rows, strict=True)),
        lines=np.array(numbers, np.int64),
        meta=meta,
        problems=problems,
        layout="snana",
    )
    for number, line, reason in wrong:
        table.note_error(number, "", line, reason)
    return table


def _read_ipac(text: str) -> RawTable:
    """Return an IPAC table: the header stands between bars, which are where the columns end."""
    lines = text.split("\n")
    heads = [(number, line) for number, line in enumerate(lines, 1) if line.startswith("|")]
    if not heads:
        raise FormatError("The file begins as an IPAC table, but has no header between bars.")
    bars = [place for place, sign in enumerate(heads[0][1].rstrip()) if sign == "|"]

    def cut(line: str) -> list[str]:
        ends = [*bars[1:-1], max(len(line), bars[-1])]
        starts = [0, *bars[1:-1]]
        return [line[start:end].strip(" |") for start, end in zip(starts, ends, strict=True)]

    names, problems = unique_names(cut(heads[0][1]))
    body = [
        (number, line)
        for number, line in enumerate(lines, 1)
        if number > heads[0][0] and line.strip() and not line.startswith(("|", "\\"))
    ]
    if not body:
        raise FormatError("The file holds no rows.")
    columns = list(zip(*(cut(line) for _, line in body), strict=True))
    return RawTable(
        names=names,
        columns=columns,
        lines=np.array([number for number, _ in body], np.int64),
        units=cut(heads[2][1]) if len(heads) > 2 else [],
        comments=[line for line in lines if line.startswith("\\")],
        problems=problems,
        layout="ipac",
    )


def _read_json(text: str) -> RawTable:
    """Return a table of JSON: a list of objects, or ``info`` and ``data`` as MAST writes them."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"The file begins as JSON, but is none: {error}") from error
    if isinstance(told, dict) and isinstance(told.get("detections"), list):
        told = told["detections"]  # ALeRCE's light curve
    if isinstance(told, dict) and isinstance(told.get("info"), list) and isinstance(told.get("data"), list):
        names = [str(entry.get("name")) for entry in told["info"] if isinstance(entry, dict)]
        rows = [row for row in told["data"] if isinstance(row, list) and len(row) == len(names)]
    elif isinstance(told, list) and told and all(isinstance(row, dict) for row in told):
        names = list(dict.fromkeys(str(name) for row in told for name in row))
        rows = [[row.get(name) for name in names] for row in told]
    else:
        raise FormatError("The JSON is no table: a list of objects is expected.")
    if not rows or not names:
        raise FormatError("The file holds no rows.")
    unique, problems = unique_names(names)
    columns = [
        ["" if value is None else str(value) for value in column] for column in zip(*rows, strict=True)
    ]
    return RawTable(unique, columns, np.arange(1, len(rows) + 1), problems=problems, layout="json")


def made_long(table: RawTable) -> RawTable:
    """Return a table of mean, stack or forced magnitudes of Pan-STARRS as one row for each band."""
    lowered = {name.lower(): name for name in table.names}
    bands = {found[1]: name for lower, name in lowered.items() if (found := _WIDE.fullmatch(lower))}
    if len(bands) < 2:
        return long_by_band(table)
    count = len(table)
    time_names = [name for name in ("epochmean", "objinfoepoch") if name in lowered]
    times = list(table.texts(lowered[time_names[0]])) if time_names else [""] * count
    parts: dict[str, list[Any]] = {"ps1_time": [], "ps1_band": [], "ps1_mag": [], "ps1_mag_error": []}
    lines = []
    for band, name in bands.items():
        magnitudes = numbers_of(table.texts(name)).values
        error_name = lowered.get(f"{name.lower()}err")
        errors = table.texts(error_name) if error_name else [""] * count
        known = np.flatnonzero(magnitudes > 0)
        parts["ps1_time"] += [times[row] for row in known]
        parts["ps1_band"] += [band] * len(known)
        parts["ps1_mag"] += [repr(float(magnitudes[row])) for row in known]
        parts["ps1_mag_error"] += [errors[row] for row in known]
        lines += table.lines[known].tolist()
    return RawTable(
        names=list(parts),
        columns=list(parts.values()),
        lines=np.array(lines, np.int64),
        units=["d", "", "mag", "mag"],
        problems=[*table.problems, "One point for each band, at the mean epoch: a summary, no light curve."],
        errors=table.errors,
        bad_rows=table.bad_rows,
        layout="panstarrs mean",
    )
