"""The file behind an import: what it is, and whether it may be read at all. Called by ``reading``."""

from __future__ import annotations

import codecs
import gzip
import shutil
import zlib
from pathlib import Path
from typing import Any

from tom_common.files import size_text
from tom_targets import conf

CSV, ECSV, VOTABLE, FITS, JSON = "csv", "ecsv", "votable", "fits", "json"
FORMATS = {
    CSV: "CSV",
    ECSV: "ECSV (astropy)",
    VOTABLE: "VOTable",
    FITS: "FITS table",
    JSON: "JSON",
}
_BY_SUFFIX = {
    ".csv": CSV,
    ".tsv": CSV,
    ".txt": CSV,
    ".dat": CSV,
    ".ecsv": ECSV,
    ".vot": VOTABLE,
    ".xml": VOTABLE,
    ".votable": VOTABLE,
    ".fits": FITS,
    ".fit": FITS,
    ".fts": FITS,
    ".json": JSON,
    ".jsonl": JSON,
    ".ndjson": JSON,
}
_PACKED = {
    b"PK\x03\x04": "a zip archive or a spreadsheet (xlsx, ods)",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"\x28\xb5\x2f\xfd": "packed with zstd",
    b"7z\xbc\xaf": "a 7z archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
}
_GZIP = b"\x1f\x8b"
_BLOCK = 1_000_000
_HEAD = 4096


class FileError(ValueError):
    """A file cannot be imported at all; the text says why and what to do, and may be shown."""


def check_size(size: int) -> None:
    """Refuse a file that is empty or larger than the settings allow.

    Raises
    ------
    FileError
    """
    limit = conf.import_max_bytes()
    if size == 0:
        raise FileError("The file is empty (0 bytes).")
    if size > limit:
        raise FileError(
            f"The file has {size_text(size)}; at most {size_text(limit)} are taken. Split it, or ask the"
            " administrator of this TOM to raise TOM_IMPORT_MAX_MB."
        )


def unpack(source: Path, scratch: Path) -> Path:
    """Return a file as it is, or unpacked into a folder if it is gzipped, within the limit of size.

    Raises
    ------
    FileError
        If it is too large, packed in another way or broken.
    """
    check_size(source.stat().st_size)
    if not _head(source).startswith(_GZIP):
        return source
    unpacked, limit = scratch / "unpacked", conf.import_max_bytes()
    try:
        with gzip.open(source, "rb") as packed, unpacked.open("wb") as out:
            while block := packed.read(_BLOCK):
                if out.tell() + len(block) > limit:
                    raise FileError(
                        f"Unpacked, the file has more than {size_text(limit)}, the most that is taken."
                    )
                out.write(block)
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(f"The file is gzipped, but cannot be unpacked: {error}.") from error
    check_size(unpacked.stat().st_size)
    return unpacked


def copy_in(source: Any, target: Path) -> None:
    """Copy an open binary file to a path, block by block."""
    with target.open("wb") as out:
        shutil.copyfileobj(source, out, _BLOCK)


def format_of(path: Path, name: str) -> str:
    """Return the format of a file by its first bytes, then by the suffix of its name.

    Parameters
    ----------
    path : Path
        Unpacked.
    name : str
        As it was uploaded.

    Raises
    ------
    FileError
        If it is something else altogether.
    """
    head = _head(path)
    for magic, what in _PACKED.items():
        if head.startswith(magic):
            raise FileError(f"{name} is {what}. Save it as CSV, ECSV, VOTable, FITS table or JSON.")
    if head.startswith(_GZIP):
        raise FileError(f"{name} is packed twice; unpack it first.")
    if head.startswith(b"SIMPLE  ="):
        return FITS
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if text.startswith(b"# %ECSV"):
        return ECSV
    if text.startswith(b"<"):
        if b"<votable" in head.lower():
            return VOTABLE
        raise FileError(f"{name} is XML or HTML, but no VOTable.")
    suffixes = [suffix.lower() for suffix in Path(name).suffixes if suffix.lower() != ".gz"]
    by_name = _BY_SUFFIX.get(suffixes[-1] if suffixes else "")
    if text.startswith((b"[", b"{")) and by_name in (None, JSON):
        return JSON
    return by_name if by_name in (CSV, JSON) else CSV


def check_text(path: Path) -> None:
    """Refuse a file that is not UTF-8 text, with the line and byte where it is not.

    Raises
    ------
    FileError
    """
    head = _head(path)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FileError("The file is UTF-16 text; save it as UTF-8.")
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, offset = 1, 0
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                held = error.object  # what was left over of the last block, and this one
                line += held.count(b"\n", 0, error.start)
                where = offset + len(block) - len(held) + error.start
                raise FileError(
                    f"The file is not UTF-8 text: byte 0x{held[error.start]:02X} in line {line}"
                    f" (at position {where:,}). Save it as UTF-8."
                ) from error
            if not block:
                return
            line += block.count(b"\n")
            offset += len(block)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)
