"""What tom_targets asks of whoever shares targets with other TOMs; part of ``tom_targets.ports``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string


class SharingGateway(Protocol):
    """Shares targets and their data with other TOMs; tom_dataproducts fills it in."""

    def destinations(self) -> list[tuple[str, str]]:
        """Return (key, name) pairs of the places with which can be shared."""
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


_gateway: SharingGateway | str | None = None


def set_sharing_gateway(gateway: SharingGateway | str | None) -> None:
    """Fill the port; a dotted path of a class is imported at first use."""
    global _gateway
    _gateway = gateway


def has_sharing_gateway() -> bool:
    """Tell whether there is anybody who could share."""
    return _gateway is not None


def sharing_gateway() -> SharingGateway:
    """Return who shares.

    Raises
    ------
    ImproperlyConfigured
        If no app that shares is installed.
    """
    global _gateway
    if _gateway is None:
        raise ImproperlyConfigured("sharing needs tom_dataproducts in INSTALLED_APPS")
    if isinstance(_gateway, str):
        gateway: SharingGateway = import_string(_gateway)()
        _gateway = gateway
        return gateway
    return _gateway
