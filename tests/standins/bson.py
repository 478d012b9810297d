"""Writes BSON documents, for what stands for ANTARES and for the store of large messages of Hopskotch."""

import struct


def bson(document):
    """Return a document of texts, bytes, numbers, None, lists and documents as BSON."""
    body = b""
    for name, value in document.items():
        kind, content = _value(value)
        body += kind + name.encode() + b"\0" + content
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def _value(value):
    if value is None:
        return b"\x0a", b""
    if isinstance(value, float):
        return b"\x01", struct.pack("<d", value)
    if isinstance(value, str):
        text = value.encode() + b"\0"
        return b"\x02", struct.pack("<i", len(text)) + text
    if isinstance(value, bytes):
        return b"\x05", struct.pack("<i", len(value)) + b"\0" + value
    if isinstance(value, int):
        return b"\x12", struct.pack("<q", value)
    if isinstance(value, list | tuple):
        return b"\x04", bson({str(place): one for place, one in enumerate(value)})
    return b"\x03", bson(value)
