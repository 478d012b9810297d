"""How often a question is asked that changes nothing: ``tried(...)``."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from tom_common.remote.errors import RemotePaused, RemoteUnavailable

logger = logging.getLogger(__name__)

LONGEST_PAUSE_S = 60.0


def tried(ask: Callable[[], Any], tries: int, *, first_pause_s: float, minds_429: bool = True) -> Any:
    """Return what `ask` returns; it is called again while nobody answers, or the service says to come back.

    Parameters
    ----------
    ask : callable
        Without arguments.
    tries : int
        Calls at most.
    first_pause_s : float
        Seconds before the second call, twice as many before the third, unless the service says how many.
    minds_429 : bool
        Whether to wait where the service says that it was asked too often; the caller does so otherwise.

    Raises
    ------
    RemoteError
    """
    for attempt in range(1, tries + 1):
        try:
            return ask()
        except RemotePaused:
            raise
        except RemoteUnavailable as error:
            if attempt == tries or (error.status == 429 and not minds_429):
                raise
            pause_s = error.retry_after_s
            if pause_s is None:
                pause_s = first_pause_s * 2 ** (attempt - 1)
            if pause_s > LONGEST_PAUSE_S:
                raise
            logger.info("%s; asked again in %.1f s", error, pause_s)
            time.sleep(pause_s)
    raise AssertionError("unreachable")
