"""Settings that tom_alertstreams reads, each with its default; read at use."""

from __future__ import annotations

from typing import Any

from django.conf import settings


def alert_streams() -> list[dict[str, Any]]:
    """Streams of the setting ``ALERT_STREAMS``: dicts with ``NAME``, ``OPTIONS`` and perhaps ``ACTIVE``."""
    return list(getattr(settings, "ALERT_STREAMS", None) or ())


def letters_kept() -> int:
    """How many messages that cannot be used are kept of each group and topic: ``TOM_DEAD_LETTERS_KEPT``."""
    return max(0, int(getattr(settings, "TOM_DEAD_LETTERS_KEPT", 10_000)))
