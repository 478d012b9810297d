"""Settings that tom_dataservices reads, each with its default; read at use."""

from pathlib import Path
from typing import Any

from django.conf import settings


def alert_schemas_dir() -> Path | None:
    """Folder of Avro schemas for framed packets without a folder ``schema`` beside them, or None."""
    value = getattr(settings, "ALERT_SCHEMAS_DIR", None)
    return Path(value) if value else None


def upload_max_bytes() -> int:
    """Largest alert file that the upload page takes, in bytes."""
    return int(getattr(settings, "ALERT_UPLOAD_MAX_BYTES", 2_000_000_000))


def data_service_settings(name: str) -> dict[str, Any] | None:
    """Entry of a service in ``DATA_SERVICES``; None if there is none.

    ``BROKERS`` and ``HARVESTERS`` are where older settings have it: what ``DATA_SERVICES`` lacks, or leaves
    empty, is read there.
    """
    found: dict[str, Any] | None = None
    for setting_name in ("HARVESTERS", "BROKERS", "DATA_SERVICES"):
        for key, entry in (getattr(settings, setting_name, None) or {}).items():
            if key == name or (setting_name != "DATA_SERVICES" and key.lower() == name.lower()):
                given = {one: value for one, value in entry.items() if value not in (None, "")}
                found = {**dict.fromkeys(entry), **(found or {}), **given}
    return found


def results_shown() -> int:
    """How many results of a query are fetched at once (``TOM_QUERY_RESULTS``)."""
    return int(getattr(settings, "TOM_QUERY_RESULTS", 100))


def on_near_target() -> str:
    """What becomes of a result near a stored target where nobody chose (``TOM_QUERY_ON_NEAR``)."""
    return str(getattr(settings, "TOM_QUERY_ON_NEAR", "create"))


def results_kept_days() -> float:
    """Days for which the results of a query are kept (``TOM_QUERY_RESULTS_KEEP_DAYS``)."""
    return float(getattr(settings, "TOM_QUERY_RESULTS_KEEP_DAYS", 7))


def hermes_of_plugins() -> dict[str, Any]:
    """Address and token of Hermes as plugins set them (``HERMES_CONFIGURATION``, ``DATA_SHARING``)."""
    plugin = getattr(settings, "HERMES_CONFIGURATION", None) or {}
    sharing = (getattr(settings, "DATA_SHARING", None) or {}).get("hermes") or {}
    return {
        "base_url": plugin.get("HERMES_BASE_URL") or sharing.get("BASE_URL"),
        "api_key": plugin.get("HERMES_API_TOKEN") or sharing.get("HERMES_API_KEY"),
    }
