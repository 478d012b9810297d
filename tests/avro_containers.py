"""Avro containers of few bytes, also of schemas that fastavro would not write."""

import bz2
import json
import lzma
import zlib

SYNC = b"0123456789abcdef"


def varint(number):
    """Write a number as Avro does."""
    number, found = number << 1, bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def text(content):
    """Write bytes or a text, its length before it."""
    return varint(len(content)) + content


def deflated(content):
    """Pack as Avro's deflate does."""
    packing = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packing.compress(content) + packing.flush()


PACKED = {"deflate": deflated, "bzip2": bz2.compress, "xz": lzma.compress}


def head_of(definition, codec=""):
    """Write the head of a container with the text of a schema."""
    metadata = [(b"avro.schema", definition), *([(b"avro.codec", codec.encode())] if codec else [])]
    return (
        b"Obj\x01"
        + varint(len(metadata))
        + b"".join(text(name) + text(value) for name, value in metadata)
        + b"\0"
        + SYNC
    )


def contained(schema, body, count=1, *, blocks=1, codec="deflate"):
    """Write a container of equal blocks that each say to hold `count` records."""
    block = varint(count) + text(PACKED[codec](body)) + SYNC
    return head_of(json.dumps(schema).encode(), codec) + block * blocks


def listed(kind):
    """Return the schema of a list."""
    return {"type": "array", "items": kind}
