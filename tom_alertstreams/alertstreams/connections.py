"""What our streams of Kafka tell librdkafka alike, and how they read lists of topics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_WORDS = tuple(
    "api.version bootstrap broker.address broker.version client.dns client.id enable.sasl enable.ssl https"
    " metadata.broker.list oauth_cb sasl security socket ssl".split()
)
"""How the names of settings of a connection begin."""


def own_offsets(group: str, *, start: str) -> dict[str, Any]:
    """Return the settings of librdkafka with which offsets are ours.

    Parameters
    ----------
    group : str
        Consumer group.
    start : str
        ``earliest`` or ``latest``: where partitions that were never read begin.
    """
    return {
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": start,
        "fetch.message.max.bytes": 16_000_000,
    }


def of_connection(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return those settings of librdkafka that say where the broker is, and how one gets in."""
    return {name: value for name, value in settings.items() if name.startswith(_WORDS)}


def names_of(topics: str | Iterable[Any]) -> list[str]:
    """Return names of topics that an option gives as a list, or as text with commas."""
    names = topics.split(",") if isinstance(topics, str) else topics
    return [str(name).strip() for name in names if str(name).strip()]
