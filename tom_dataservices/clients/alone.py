"""Asks a service one question at a time, as some want it, whatever process asks: ``with alone(name)``.

A job that holds a turn (``tom_common.turns``) does not wait here, but goes back to its queue.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache

from tom_common.job_endings import WaitsForTurn
from tom_common.remote import RemoteUnavailable
from tom_dataservices.job_log import asking_job, holds_turn

LONGEST_WAIT_S = 60.0
_HELD_S = 600
"""So long a process that was killed in the middle of a question keeps the others waiting.

That is longer than the longest question: three tries, each of which may take 5 s to connect, 30 s to the
first byte and 120 s to the last, and two pauses of at most 60 s between them.
"""
_LOOK_AGAIN_S, _LOOK_AGAIN_LATER_S = 0.2, 2.0


@contextmanager
def alone(service: str) -> Iterator[None]:
    """Hold a service for the length of the block; others wait.

    Parameters
    ----------
    service : str
        Its name or address.

    Raises
    ------
    WaitsForTurn
        In place of waiting, if the job holds a turn.
    JobCancelled
        If the job is cancelled while it waits.
    RemoteUnavailable
        If others ask for too long.
    """
    key, mine = f"alone:{service}", uuid.uuid4().hex
    until = time.monotonic() + LONGEST_WAIT_S
    job = asking_job()
    while not cache.add(key, mine, _HELD_S):
        job.check_cancelled()
        if holds_turn():
            raise WaitsForTurn(
                _LOOK_AGAIN_LATER_S, f"Waits until {service} can be asked: it takes one question at a time."
            )
        if time.monotonic() >= until:
            raise RemoteUnavailable(f"{service} takes one question at a time, and others ask it. Try again.")
        time.sleep(_LOOK_AGAIN_S)
    try:
        yield
    finally:
        if cache.get(key) == mine:
            cache.delete(key)
