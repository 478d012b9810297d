"""The bytes of a file within limits: expanded, decoded, and their kind told by the first of them."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

from tom_dataproducts.formats.recognition import FormatError

MAX_TABLE_BYTES = 256 * 1024 * 1024
"""A table or spectrum above this size, once expanded, is not read."""
MAX_EXPANSION = 200
"""A compressed file that grows by more than this is taken for a bomb (above `_HARMLESS` bytes)."""
MAX_LINE = 1_000_000
"""Characters of a line beyond which a text is taken for no table."""
_HARMLESS = 16 * 1024 * 1024
_STEP = 1024 * 1024

_COMPRESSED: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
)
_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"BM", "bmp"),
)
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"PAR1", "parquet"),
    (b"Obj\x01", "avro"),
    (b"SQLite format 3\x00", "sqlite"),
)


def head_of(file: BinaryIO, size: int = 65536) -> bytes:
    """Return the first bytes of a file, expanded where it is compressed; the file is rewound.

    Raises
    ------
    FormatError
        If the file is empty, or said to be compressed and is not.
    """
    file.seek(0)
    raw = file.read(size)
    file.seek(0)
    if not raw:
        raise FormatError("The file is empty (0 bytes).")
    method = compression(raw)
    if method is None:
        return raw
    try:
        return _expander(method).decompress(raw, size)
    except (OSError, zlib.error, lzma.LZMAError, EOFError) as error:
        raise FormatError(f"The file is compressed ({method}), but damaged: {error}") from error


def content_of(file: BinaryIO, *, limit: int = MAX_TABLE_BYTES) -> bytes:
    """Return all bytes of a file, expanded where it is compressed.

    Raises
    ------
    FormatError
        If it is empty, damaged, too large, or grows beyond measure.
    """
    file.seek(0)
    raw = file.read(limit + 1)
    if not raw:
        raise FormatError("The file is empty (0 bytes).")
    if len(raw) > limit:
        raise FormatError(f"The file is too large to be read: more than {limit // 1024**2} MB.")
    method = compression(raw)
    return raw if method is None else _expanded(raw, method, limit)


def compression(raw: bytes) -> str | None:
    """Return how bytes are compressed, None where they are not."""
    return next((method for magic, method in _COMPRESSED if raw.startswith(magic)), None)


def _expander(method: str) -> Any:
    makers: dict[str, Callable[[], Any]] = {
        "gzip": lambda: zlib.decompressobj(wbits=31),
        "bzip2": bz2.BZ2Decompressor,
        "xz": lzma.LZMADecompressor,
    }
    return makers[method]()


def _expanded(raw: bytes, method: str, limit: int) -> bytes:
    allowed = min(limit, max(_HARMLESS, MAX_EXPANSION * len(raw)))
    parts: list[bytes] = []
    size, rest = 0, raw
    try:
        while rest:  # files may hold several streams, one after the other
            expander = _expander(method)
            while not expander.eof:
                part = expander.decompress(rest, _STEP)
                rest = expander.unconsumed_tail if method == "gzip" else b""
                size += len(part)
                if size > allowed:
                    raise FormatError(
                        f"The compressed file grows beyond {allowed // 1024**2} MB; it is not expanded."
                    )
                parts.append(part)
                if not part and not rest and not expander.eof:
                    raise FormatError(f"The file is compressed ({method}), but ends too early.")
            rest = expander.unused_data.lstrip(b"\x00")
            if compression(rest) != method:
                break
    except (OSError, zlib.error, lzma.LZMAError, EOFError) as error:
        raise FormatError(f"The file is compressed ({method}), but damaged: {error}") from error
    return b"".join(parts)


def picture_kind(head: bytes) -> str | None:
    """Return the format of a picture by its first bytes, None for other files."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return next((kind for magic, kind in _PICTURES if head.startswith(magic)), None)


def other_kind(head: bytes) -> str | None:
    """Return the name of a known format that we do not read, None for other files."""
    return next((kind for magic, kind in _OTHERS if head.startswith(magic)), None)


def is_fits(head: bytes) -> bool:
    """Tell whether a file begins as FITS does."""
    return head.startswith((b"SIMPLE  =", b"SIMPLE ="))


def is_votable(head: bytes) -> bool:
    """Tell whether a file is a VOTable."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<VOTABLE" in head.upper()


def decoded(raw: bytes) -> tuple[str, list[str]]:
    """Return the text of bytes, with line feeds only, and what was odd about it.

    Raises
    ------
    FormatError
        If it is no text.
    """
    problems = []
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = raw.decode("utf-16")
        except UnicodeDecodeError as error:
            raise FormatError(f"The text says that it is UTF-16, but is not: {error}") from error
        problems.append("The text is UTF-16.")
    else:
        if b"\x00" in raw:
            raise FormatError("This is no text: it holds null characters.")
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            problems.append(
                f"The text is not UTF-8 (line {line}, byte {raw[error.start]:#04x}); it is read as Latin-1."
            )
            text = raw.decode("latin-1")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x00" in text:
        raise FormatError("This is no text: it holds null characters.")
    return text, problems


def lines_of(text: str) -> list[str]:
    """Return the lines of a text.

    Raises
    ------
    FormatError
        If one is too long for a table.
    """
    lines = text.split("\n")
    longest = max(map(len, lines))
    if longest > MAX_LINE:
        number = next(place for place, line in enumerate(lines, 1) if len(line) == longest)
        raise FormatError(
            f"Line {number} is {longest:,} characters long; a table has at most {MAX_LINE:,} in a line."
        )
    return lines
