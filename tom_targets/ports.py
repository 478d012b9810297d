"""What tom_targets asks of apps above it, filled in by their ``ready()``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from tom_common.astro.observer import Site
from tom_targets.sharing_port import SharingGateway, set_sharing_gateway, sharing_gateway  # noqa: F401


class ObservingDesk(Protocol):
    """Who knows from where one observes: tom_observations."""

    def sites(self, user: Any = None) -> Sequence[Site]:
        """Return all known sites, the user's own first."""
        ...

    def usual_sites(self, user: Any = None) -> Sequence[Site]:
        """Return the sites that are shown until somebody chooses, the user's own first."""
        ...


class _NoDesk:
    def sites(self, user: Any = None) -> Sequence[Site]:
        return ()

    def usual_sites(self, user: Any = None) -> Sequence[Site]:
        return ()


_desk: ObservingDesk = _NoDesk()


def register_observing_desk(desk: ObservingDesk) -> None:
    """Fill the port in; called in ``AppConfig.ready``."""
    global _desk
    _desk = desk


def observing_desk() -> ObservingDesk:
    """Return the desk; one that knows no site where tom_observations is not installed."""
    return _desk


class CurrentSummaries(Protocol):
    """Who computes summaries of light curves as they are at this moment: tom_dataproducts."""

    def __call__(self, target_ids: Iterable[int], *, quick: bool = False) -> Mapping[int, Any]:
        """Return them by key of the target; `quick` leaves out those that cost queries of their own."""
        ...


_current_summaries: CurrentSummaries | None = None


def register_current_summaries(function: CurrentSummaries) -> None:
    """Fill the port in; called in ``AppConfig.ready``."""
    global _current_summaries
    _current_summaries = function


def current_summaries(target_ids: Iterable[int], *, quick: bool = False) -> Mapping[int, Any]:
    """Return the summaries of light curves computed now; none where tom_dataproducts is not installed."""
    return {} if _current_summaries is None else _current_summaries(target_ids, quick=quick)
