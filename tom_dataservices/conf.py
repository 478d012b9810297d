"""Settings that tom_dataservices reads, each with its default; read at use."""

from pathlib import Path

from django.conf import settings


def alert_schemas_dir() -> Path | None:
    """Folder of Avro schemas for framed packets without a folder ``schema`` beside them, or None."""
    value = getattr(settings, "ALERT_SCHEMAS_DIR", None)
    return Path(value) if value else None


def upload_max_bytes() -> int:
    """Largest alert file that the upload page takes, in bytes."""
    return int(getattr(settings, "ALERT_UPLOAD_MAX_BYTES", 2_000_000_000))
