"""Looks whether XML of others declares a document type, which may unfold to any size or name other files."""

from __future__ import annotations

import io
from typing import BinaryIO
from xml.parsers import expat

_BLOCK = 1 << 16


def declares_document_type(source: bytes | BinaryIO) -> bool:
    """Return whether XML declares a document type before its first element, in whatever encoding.

    What is no XML declares none; whoever reads it will find that out.

    Parameters
    ----------
    source : bytes or binary file
        A file is read from where it stands, as far as its first element.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _declared
    parser.StartElementHandler = _begun
    try:
        while block := file.read(_BLOCK):
            parser.Parse(block)
    except _DeclaredError:
        return True
    except (_BegunError, expat.ExpatError, ValueError, LookupError):  # the last two: of its encoding
        return False
    return False


class _DeclaredError(Exception):
    """Ends the look at a document type."""


class _BegunError(Exception):
    """Ends the look at the first element."""


def _declared(*arguments: object) -> None:
    raise _DeclaredError


def _begun(*arguments: object) -> None:
    raise _BegunError
