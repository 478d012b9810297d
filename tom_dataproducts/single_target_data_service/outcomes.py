"""What is asked of a data service, and what comes of it, in the words of all services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

WAITING, WORKING, READY, FAILED, NOTHING = "waiting", "working", "ready", "failed", "nothing"


@dataclass(frozen=True)
class Ask:
    """What is asked of a service: plain values for the job, where, and in words for people."""

    parameters: dict[str, Any]
    position_key: str
    words: str


@dataclass(frozen=True)
class Look:
    """How a request is doing at its service: `state` is one of the five words of this module."""

    state: str
    queue_position: int | None = None
    text: str = ""
    address: str = ""


@dataclass(frozen=True)
class ResultFile:
    """What a service gave, as it came."""

    name: str
    content: bytes


class NotTaken(Exception):  # noqa: N818  names what happened
    """The service refuses a request for good; the text says why, to a person."""


class BadKey(NotTaken):
    """The service does not accept the key; with another one the query can go on."""


class TakeLater(Exception):  # noqa: N818
    """The service certainly did not take the request, and says when to come again.

    Parameters
    ----------
    text : str
    delay_s : float
    """

    def __init__(self, text: str, delay_s: float) -> None:
        super().__init__(text)
        self.delay_s = delay_s


class NotWhole(Exception):  # noqa: N818
    """What the service gave is not the whole result, or none at all; it may be at the next try."""
