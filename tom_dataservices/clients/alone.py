"""Asks a service one question at a time, as some want it, whatever process asks: ``with alone(name)``."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache

from tom_common.job_context import current_job
from tom_common.remote import RemoteUnavailable

LONGEST_WAIT_S = 60.0
_HELD_S = 90
"""So long a process that ended in the middle of a question keeps the others waiting."""
_LOOK_AGAIN_S = 0.2


@contextmanager
def alone(service: str) -> Iterator[None]:
    """Hold a service for the length of the block; others wait.

    Parameters
    ----------
    service : str
        Its name or address.

    Raises
    ------
    JobCancelled
        If the job is cancelled while it waits.
    RemoteUnavailable
        If others ask for too long.
    """
    key, mine = f"alone:{service}", uuid.uuid4().hex
    until = time.monotonic() + LONGEST_WAIT_S
    job = current_job()
    while not cache.add(key, mine, _HELD_S):
        job.check_cancelled()
        if time.monotonic() >= until:
            raise RemoteUnavailable(f"{service} takes one question at a time, and others ask it. Try again.")
        time.sleep(_LOOK_AGAIN_S)
    try:
        yield
    finally:
        if cache.get(key) == mine:
            cache.delete(key)
