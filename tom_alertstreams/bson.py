"""Reads BSON documents, in which ANTARES wraps its alerts."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 64


class BSONError(ValueError):
    """The bytes are not a BSON document."""


def read_bson(content: bytes) -> dict[str, Any]:
    """Return the document in some bytes.

    Raises
    ------
    BSONError
        If they are not one document, whole, of the usual types.

    References
    ----------
    https://bsonspec.org/spec.html, version 1.1.
    """
    try:
        found, end = _document(content, 0, 0)
    except (struct.error, IndexError, UnicodeDecodeError, OverflowError) as error:
        raise BSONError(f"not a whole BSON document: {error}") from error
    if end != len(content):
        raise BSONError(f"{len(content) - end} bytes are left over behind the BSON document")
    return found


def _document(content: bytes, start: int, depth: int) -> tuple[dict[str, Any], int]:
    if depth > MAX_DEPTH:
        raise BSONError(f"documents lie more than {MAX_DEPTH} deep in one another")
    (length,) = struct.unpack_from("<i", content, start)
    end = start + length
    if length < 5 or end > len(content) or content[end - 1] != 0:
        raise BSONError(f"a document of {length} bytes is not there as a whole")
    found: dict[str, Any] = {}
    place = start + 4
    while place < end - 1:
        kind = content[place]
        name, place = _name(content, place + 1)
        found[name], place = _value(kind, content, place, depth)
    if place != end - 1:
        raise BSONError("a value is longer than its document")
    return found, end


def _name(content: bytes, start: int) -> tuple[str, int]:
    end = content.find(b"\0", start)
    if end < 0:
        raise BSONError("a name does not end")
    return content[start:end].decode(), end + 1


def _text(content: bytes, start: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<i", content, start)
    end = start + 4 + length
    if length < 1 or end > len(content):
        raise BSONError(f"a text of {length} bytes is not there as a whole")
    return content[start + 4 : end - 1].decode(), end


def _binary(content: bytes, start: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from("<i", content, start)
    end = start + 5 + length
    if length < 0 or end > len(content):
        raise BSONError(f"{length} bytes are not there as a whole")
    return content[start + 5 : end], end


def _number(form: str) -> Callable[[bytes, int], tuple[Any, int]]:
    size = struct.calcsize(form)
    return lambda content, start: (struct.unpack_from(form, content, start)[0], start + size)


def _time(content: bytes, start: int) -> tuple[dt.datetime, int]:
    (milliseconds,) = struct.unpack_from("<q", content, start)
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=milliseconds), start + 8


_SCALARS: dict[int, Callable[[bytes, int], tuple[Any, int]]] = {
    0x01: _number("<d"),
    0x02: _text,
    0x05: _binary,
    0x07: lambda content, start: (content[start : start + 12].hex(), start + 12),
    0x08: lambda content, start: (content[start] != 0, start + 1),
    0x09: _time,
    0x0A: lambda content, start: (None, start),
    0x10: _number("<i"),
    0x11: _number("<Q"),
    0x12: _number("<q"),
}


def _value(kind: int, content: bytes, start: int, depth: int) -> tuple[Any, int]:
    if kind in (0x03, 0x04):
        found, end = _document(content, start, depth + 1)
        return (list(found.values()) if kind == 0x04 else found), end
    if kind not in _SCALARS:
        raise BSONError(f"the type {kind:#04x} is not known")
    return _SCALARS[kind](content, start)
