"""From paths to raw packets, whatever they are wrapped in. Called by `tom_dataservices.packets`."""

from .container import FramingError, read_container
from .files import RawPacket, list_files, read_packets
from .schemas import PacketSchema, SchemaStore, UnknownSchemaError

__all__ = [
    "FramingError",
    "PacketSchema",
    "RawPacket",
    "SchemaStore",
    "UnknownSchemaError",
    "list_files",
    "read_container",
    "read_packets",
]
