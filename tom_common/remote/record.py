"""How outside services answer: last success, last failure, and the breaker that leaves a silent one alone.

A service at a host that does not answer ``TOM_BREAKER_FAILURES`` times in a row is not asked for
``TOM_BREAKER_WAIT_S`` seconds. Then one request tries it: an answer closes the breaker, silence opens it
again for twice as long, up to a quarter of an hour.

What happened is remembered in the process at once, and written to a row without the transaction of whoever
asks: by the caretaker where the process has one, else between two transactions. Processes learn of each other
by the row, some seconds late.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import Error, IntegrityError, connections, router, transaction
from django.utils import timezone

from tom_common import conf

if TYPE_CHECKING:
    from tom_common.models import RemoteServiceState

logger = logging.getLogger(__name__)

QUEUE = "Queue of jobs"
"""What the broker of dramatiq is called among the services."""
LONGEST_WAIT_S = 900.0
TRIAL_S = 40.0
"""Longest that others wait for the request that tries a paused service."""
READ_AGAIN_S = 2.0
WRITE_SUCCESS_S = 15.0


@dataclass
class _Known:
    """What this process knows of one service at one host."""

    failures: int = 0
    trips: int = 0
    open_until: dt.datetime | None = None
    trial_ends: float = 0.0
    read_at: float = float("-inf")
    written_at: float = float("-inf")
    urgent: bool = False
    is_asked: bool = False
    is_bad: bool = False
    unwritten: dict[str, Any] = field(default_factory=dict)


_known: dict[tuple[str, str], _Known] = {}
_lock = threading.RLock()
_writer: threading.Thread | None = None


def ask(service: str, host: str) -> float | None:
    """Return for how many seconds a service is not to be asked; None if it may be asked now."""
    if not _is_kept() or conf.breaker_failures() < 1:
        return None
    known = _read((service, host))
    with _lock:
        if known.open_until is None:
            return None
        left_s = (known.open_until - timezone.now()).total_seconds()
        if left_s > 0:
            return left_s
        now = time.monotonic()
        if now < known.trial_ends:
            return known.trial_ends - now
        known.trial_ends = now + TRIAL_S
        return None


def note(
    service: str, host: str, error: str = "", *, is_silent: bool = True, is_certain: bool = True
) -> None:
    """Remember how a service answered.

    Parameters
    ----------
    service, host : str
    error : str
        What went wrong; empty for a success.
    is_silent : bool
        Whether the failure counts for the breaker: nobody answered, rather than an unwelcome answer.
    is_certain : bool
        False for a success of which nobody knows whether the service was asked at all: it makes no row, it
        only tells that an earlier failure is over.
    """
    if not _is_kept():
        return
    now = timezone.now()
    with _lock:
        known = _known.setdefault((service, host), _Known())
        known.trial_ends = 0.0
        known.is_asked = known.is_asked or is_certain
        known.urgent |= bool(error or known.is_bad or known.failures or known.open_until)
        known.is_bad = bool(error)
        changed: dict[str, Any] = {}
        if not error:
            changed["last_success_at"] = now
        else:
            changed |= {"last_failure_at": now, "last_error": error[:500]}
        if error and is_silent:
            _count_failure(known, now)
        elif not error or known.open_until is None or known.open_until <= now:
            # Also an unwelcome answer to the request that tried a paused service: somebody answers again.
            known.failures, known.trips, known.open_until = 0, 0, None
        changed |= {
            "failures_in_a_row": known.failures,
            "trips": known.trips,
            "open_until": known.open_until,
        }
        known.unwritten |= changed
    if _writer is None or not _writer.is_alive():
        flush()


def _count_failure(known: _Known, now: dt.datetime) -> None:
    known.failures += 1
    limit = conf.breaker_failures()
    was_open = known.open_until is not None
    if limit < 1 or (known.failures < limit and not was_open):
        return
    if was_open and known.open_until > now:  # type: ignore[operator]
        return  # the answer to a request that began before it opened
    known.trips += 1
    wait_s = min(LONGEST_WAIT_S, conf.breaker_wait_s() * 2 ** (known.trips - 1))
    known.open_until = now + dt.timedelta(seconds=wait_s)


def flush() -> int:
    """Write what is not written yet, unless a transaction is open; return how many rows were written."""
    if not _is_kept() or _in_transaction():
        return 0
    now = time.monotonic()
    with _lock:
        due = {
            key: (known, known.unwritten)
            for key, known in _known.items()
            if known.unwritten and (known.urgent or now - known.written_at >= WRITE_SUCCESS_S)
        }
        for known, _values in due.values():
            known.unwritten, known.written_at, known.urgent = {}, now, False
    for key, (known, values) in due.items():
        try:
            _write(key, values, may_create=known.is_asked)
        except Error as error:
            logger.warning("the record of %s was not written, trying again: %s", key[0], error)
            with _lock:
                known.unwritten, known.urgent = {**values, **known.unwritten}, True
    return len(due)


def close_breaker(pk: int) -> bool:
    """Let a paused service be asked at once; return whether there is such a row."""
    from tom_common.models import RemoteServiceState

    row = RemoteServiceState.objects.filter(pk=pk).first()
    if row is None:
        return False
    RemoteServiceState.objects.filter(pk=pk).update(failures_in_a_row=0, trips=0, open_until=None)
    with _lock:
        _known.pop((row.service, row.host), None)
    return True


def forget() -> None:
    """Forget what this process knows: for tests, and for a process that was forked."""
    with _lock:
        _known.clear()


def leave_writing_to(thread: threading.Thread) -> None:
    """Write nothing in `note` while this thread lives: it calls `flush`."""
    global _writer
    _writer = thread


def _is_kept() -> bool:
    return conf.records_services() and apps.is_installed("tom_common")


def _in_transaction() -> bool:
    from tom_common.models import RemoteServiceState

    return connections[router.db_for_write(RemoteServiceState)].in_atomic_block


def _read(key: tuple[str, str]) -> _Known:
    """Return what is known of a service, with what other processes wrote, at most every other second."""
    with _lock:
        known = _known.setdefault(key, _Known())
        fresh = time.monotonic() - known.read_at < READ_AGAIN_S
        if fresh or known.unwritten or _in_transaction():
            return known
        known.read_at = time.monotonic()
    try:
        row = _row(key)
    except Error as error:
        logger.warning("the record of %s cannot be read: %s", key[0], error)
        return known
    with _lock:
        if not known.unwritten:
            known.failures = row.failures_in_a_row if row else 0
            known.trips = row.trips if row else 0
            known.open_until = row.open_until if row else None
    return known


def _row(key: tuple[str, str]) -> RemoteServiceState | None:
    from tom_common.models import RemoteServiceState

    return RemoteServiceState.objects.filter(service=key[0][:100], host=key[1][:200]).first()


def _write(key: tuple[str, str], values: dict[str, Any], *, may_create: bool) -> None:
    from tom_common.models import RemoteServiceState

    rows = RemoteServiceState.objects.filter(service=key[0][:100], host=key[1][:200])
    if rows.update(**values) or not may_create:
        return
    try:
        with transaction.atomic():
            RemoteServiceState.objects.create(service=key[0][:100], host=key[1][:200], **values)
    except IntegrityError:
        rows.update(**values)
