"""Alert packets to alerts: pure decoding, no Django and no network. Called by the ingest and by streams."""

from .batch import AlertBatch, AlertObject, Cutout, PointColumns, PointKind, Rejection
from .framing import SchemaStore
from .identity import point_keys
from .lockstep import BadSchemaError
from .messages import StreamMessage, learn_schemas, read_message_batches, read_records
from .reading import read_alert_batches, total_bytes

__all__ = [
    "AlertBatch",
    "AlertObject",
    "BadSchemaError",
    "Cutout",
    "PointColumns",
    "PointKind",
    "Rejection",
    "SchemaStore",
    "StreamMessage",
    "learn_schemas",
    "point_keys",
    "read_alert_batches",
    "read_message_batches",
    "read_records",
    "total_bytes",
]
