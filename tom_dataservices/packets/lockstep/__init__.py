"""Avro packets decoded in batches: all packets of one schema advance field by field together, in numpy.

Called by `tom_dataservices.packets`. Why it exists and how it works: ``docs/decisions/0020``.
"""

from .columns import Choices, Column, Lists, Nothing, Numbers, Records, Strings, Symbols
from .decoder import Decoded, PacketDecoder, UnreadablePacketError, read_alone
from .nodes import BadSchemaError, Node, UnsupportedSchemaError, compile_schema, parse_schema

__all__ = [
    "BadSchemaError",
    "Choices",
    "Column",
    "Decoded",
    "Lists",
    "Node",
    "Nothing",
    "Numbers",
    "PacketDecoder",
    "Records",
    "Strings",
    "Symbols",
    "UnreadablePacketError",
    "UnsupportedSchemaError",
    "compile_schema",
    "parse_schema",
    "read_alone",
]
