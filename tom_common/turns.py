"""How many interactive jobs of one process ask outside services at the same time: ``turn``.

A service that hangs holds the thread of whoever asks it. So that it holds neither all threads of interactive
work nor all that ask services, a process gives a number of turns, fewer than it has threads, and only some of
them to one service. A job that gets none goes back to its queue for a moment (``docs/decisions/0322``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tom_common.job_context import JobContext, WaitsForTurn, current_job

WAIT_S = 2.0
"""Seconds after which a job without a turn looks again."""


class Turns:
    """The turns of one process; any number until `share_out` is called.

    Attributes
    ----------
    most, most_of_one : int or None
        Jobs that may ask at once, of all services and of one; None for any number.
    """

    def __init__(self) -> None:
        self.most: int | None = None
        self.most_of_one: int | None = None
        self._held: dict[int, str] = {}  # service by the thread that asks it
        self._lock = threading.Lock()

    def share_out(self, most: int) -> None:
        """Give `most` turns from now on, of which one service has at most half."""
        self.most, self.most_of_one = max(1, most), max(1, most // 2)

    def take(self, service: str) -> bool:
        """Take a turn for this thread, if there is one; return whether there was."""
        with self._lock:
            self._held.pop(threading.get_ident(), None)  # of a job that was interrupted while it gave it back
            asked = list(self._held.values())
            if self.most is not None and len(asked) >= self.most:
                return False
            if self.most_of_one is not None and asked.count(service) >= self.most_of_one:
                return False
            self._held[threading.get_ident()] = service
            return True

    def holds(self) -> bool:
        """Tell whether this thread has a turn."""
        with self._lock:
            return threading.get_ident() in self._held

    def give_back(self) -> None:
        """Give the turn of this thread back."""
        with self._lock:
            self._held.pop(threading.get_ident(), None)


turns = Turns()


@contextmanager
def turn(service: str) -> Iterator[None]:
    """Hold a turn for the length of the block, in which the current job asks an outside service.

    Jobs that run inline, and code outside of jobs, need none: nobody else waits for their thread.

    Parameters
    ----------
    service : str
        Its name.

    Raises
    ------
    WaitsForTurn
        If there is none: the job waits in its queue, and its thread does something else.
    """
    job = current_job()
    if not (isinstance(job, JobContext) and job.monitored):
        yield
        return
    if not turns.take(service):
        raise WaitsForTurn(WAIT_S, f"Waits until {service} can be asked: other questions are under way.")
    try:
        yield
    finally:
        turns.give_back()


def holds_turn() -> bool:
    """Tell whether the current job holds a turn: it must not sleep, but go back to its queue (`RunAgain`)."""
    return turns.holds()


def shares(threads: int) -> tuple[int, int]:
    """Return how many of a worker's threads bulk work may hold, and how many may ask services.

    Of three threads or more one is left for other interactive work.
    """
    asking = max(1, (threads - 1) // 2)
    return max(1, threads - 1 - asking), asking
