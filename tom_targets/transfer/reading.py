"""Opens a file for import, whatever its format. Called by ``importing`` and the pages."""

from __future__ import annotations

from pathlib import Path

from tom_targets.transfer.input_files import (
    CSV,
    ECSV,
    FITS,
    FORMATS,
    JSON,
    VOTABLE,
    FileError,
    check_text,
    format_of,
    unpack,
)
from tom_targets.transfer.input_table import Reader
from tom_targets.transfer.table_readers import FitsReader, VOTableReader
from tom_targets.transfer.text_readers import DelimitedReader, JsonReader


def open_table(path: Path, name: str, *, scratch: Path, format: str = "") -> Reader:
    """Open a file for reading.

    Parameters
    ----------
    path : Path
    name : str
        Name under which it was uploaded.
    scratch : Path
        Folder for what is unpacked.
    format : str
        A key of ``FORMATS``; empty to find out.

    Returns
    -------
    Reader

    Raises
    ------
    FileError
        If the file cannot be read; the text says why.
    """
    path = unpack(path, scratch)
    found = format_of(path, name)
    if format and format not in FORMATS:
        raise FileError(f"There is no format {format!r}; expected one of {', '.join(FORMATS)}.")
    if format and format != found and not {format, found} <= {CSV, JSON}:
        raise FileError(f"{name} is said to be {FORMATS[format]}, but looks like {FORMATS[found]}.")
    chosen = format or found
    if chosen == VOTABLE:
        return VOTableReader(path)
    if chosen == FITS:
        return FitsReader(path)
    check_text(path)
    if chosen == JSON:
        return JsonReader(path)
    return DelimitedReader(path, ECSV if chosen == ECSV else CSV)
