"""What tom_targets asks of apps above it, filled in by their ``ready()``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured

from tom_common.astro.observer import Site
from tom_targets.sharing_port import SharingGateway, set_sharing_gateway, sharing_gateway  # noqa: F401


class ObservingDesk(Protocol):
    """Who knows from where one observes: tom_observations."""

    def sites(self, user: Any = None) -> Sequence[Site]:
        """Return all known sites, the user's own first."""
        ...


class _NoDesk:
    def sites(self, user: Any = None) -> Sequence[Site]:
        return ()


_desk: ObservingDesk = _NoDesk()


def register_observing_desk(desk: ObservingDesk) -> None:
    """Fill the port in; called in ``AppConfig.ready``."""
    global _desk
    _desk = desk


def observing_desk() -> ObservingDesk:
    """Return the desk; one that knows no site where tom_observations is not installed."""
    return _desk


class SharingGateway(Protocol):
    """Who shares targets and their data with other TOMs: tom_dataproducts."""

    def destinations(self) -> list[tuple[str, str]]:
        """Return (key, name) pairs of the TOMs with which can be shared."""
        ...

    def label_of(self, destination: str) -> str:
        """Return the name of a destination as pages show it."""
        ...

    def parts(self) -> list[tuple[str, str]]:
        """Return (key, words) pairs of what of a target can be shared."""
        ...

    def start(
        self,
        *,
        user: Any,
        destination: str,
        targets: Sequence[Any] = (),
        target_list: Any = None,
        parts: Sequence[str],
        list_names: Sequence[str] = (),
        overwrite: bool = False,
        dry_run: bool,
    ) -> str:
        """Share in the background, or say what that would do; return the address of the report."""
        ...

    def share_target(
        self, destination: str, target: Any, *, user: Any, list_names: Sequence[str], parts: Sequence[str]
    ) -> dict[str, Any]:
        """Share a target now and return a dict with ``message``, which starts with ``ERROR`` if it failed."""
        ...

    def share_soon(self, target_ids: Iterable[int]) -> None:
        """Send new data of targets where they are shared persistently, once the transaction holds."""
        ...

    def share_persistently(self, share: Any, *, existing: bool) -> None:
        """Take note of a new persistent share; with `existing`, share what is there already."""
        ...

    def states(self, shares: Iterable[Any]) -> dict[int, Any]:
        """Return by key of the persistent share when it last ran and what went wrong."""
        ...

    def retry(self, share: Any) -> None:
        """Share the data of a persistent share again, now."""
        ...


_gateway: SharingGateway | None = None


def set_sharing_gateway(gateway: SharingGateway | None) -> None:
    """Fill the port in; called in ``AppConfig.ready``."""
    global _gateway
    _gateway = gateway


def sharing_gateway() -> SharingGateway:
    """Return the gateway.

    Raises
    ------
    ImproperlyConfigured
        Where no app fills it in.
    """
    if _gateway is None:
        raise ImproperlyConfigured("sharing with other TOMs needs tom_dataproducts in INSTALLED_APPS")
    return _gateway
