"""Which process runs a job, and whether it still lives."""

from __future__ import annotations

import datetime as dt
import os
import socket
import uuid
from functools import cache
from pathlib import Path

from django.utils import timezone

from tom_common.job_context import is_running_here
from tom_common.models import Job

STALE_AFTER_S = 60


def worker_name() -> str:
    """Return who runs jobs in this process, as ``host:pid:token``."""
    return f"{socket.gethostname()}:{os.getpid()}:{_token_of(os.getpid())}"


@cache
def _token_of(pid: int) -> str:
    """Return a word made anew in each process, also in one forked from another."""
    return uuid.uuid4().hex[:12]


def is_abandoned(job: Job) -> bool:
    """Tell whether nobody runs a running job any more.

    A process knows of its own jobs without a heartbeat: while the database is away none is written, and the
    job goes on.
    """
    if job.worker == worker_name() and is_running_here(job.pk):
        return False
    if job.heartbeat_at is None or timezone.now() - job.heartbeat_at > dt.timedelta(seconds=STALE_AFTER_S):
        return True
    host, _, rest = job.worker.partition(":")
    pid, _, token = rest.partition(":")
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    if int(pid) == os.getpid():
        # An earlier process may have had our number, as after the restart of a container.
        return token != _token_of(os.getpid())
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _is_dead_but_counted(int(pid))


def _is_dead_but_counted(pid: int) -> bool:
    """Tell whether a process has ended and only its number is left, since nobody asked how it ended.

    So it stays in a container whose first process collects no children of others.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] in "ZX"
