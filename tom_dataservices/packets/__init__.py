"""Alert packets to alerts: pure decoding, no Django and no network. Called by the ingest and by streams."""

from .batch import AlertBatch, AlertObject, Cutout, PointColumns, PointKind, Rejection
from .identity import point_keys
from .lockstep import BadSchemaError
from .reading import read_alert_batches, total_bytes

__all__ = [
    "AlertBatch",
    "AlertObject",
    "BadSchemaError",
    "Cutout",
    "PointColumns",
    "PointKind",
    "Rejection",
    "point_keys",
    "read_alert_batches",
    "total_bytes",
]
