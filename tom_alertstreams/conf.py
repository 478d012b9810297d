"""Settings that tom_alertstreams reads, each with its default; read at use."""

from __future__ import annotations

from typing import Any

from django.conf import settings


def alert_streams() -> list[dict[str, Any]]:
    """Streams of the setting ``ALERT_STREAMS``: dicts with ``NAME``, ``OPTIONS`` and perhaps ``ACTIVE``."""
    return list(getattr(settings, "ALERT_STREAMS", None) or ())
