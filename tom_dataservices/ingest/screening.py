"""Where filters look at what comes in: an app above registers a screen, the ingest asks it once a batch.

Called by the ingest (``screened``) and by the runs of queries (``tell_result_screens``); filled in by
``tom_alerts`` (``docs/decisions/0285``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tom_dataservices.ingest.options import IngestOptions
    from tom_dataservices.packets.batch import AlertBatch


class Verdict(Protocol):
    """What a screen found in a batch."""

    def keep(self, found: Mapping[str, int]) -> int:
        """Store what passed, given the targets of the batch by name, and return how many are new."""
        ...


Screen = Callable[["AlertBatch", "IngestOptions"], Verdict | None]
_screens: list[Screen] = []
_result_screens: list[Callable[[Any], None]] = []


def register_screen(screen: Screen, on_results: Callable[[Any], None]) -> None:
    """Have a screen asked for every batch, and told of every finished run of a kept query."""
    if screen not in _screens:
        _screens.append(screen)
        _result_screens.append(on_results)


def screened(batch: AlertBatch, options: IngestOptions) -> list[Verdict]:
    """Return what the screens say of a batch; nothing where no filter is on."""
    return [verdict for screen in _screens if (verdict := screen(batch, options)) is not None]


def tell_result_screens(run: Any) -> None:
    """Tell the screens that a run of a kept query has ended."""
    for on_results in _result_screens:
        on_results(run)
