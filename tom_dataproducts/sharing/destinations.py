"""The other TOMs with which this one shares, as ``settings.DATA_SHARING`` names them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from tom_dataproducts import conf

NOT_TOMS = ("hermes",)
"""Keys of ``DATA_SHARING`` that are no TOMs: whoever brings their protocol offers them."""


@dataclass(frozen=True)
class Destination:
    """Another TOM: its key in the settings, its name on pages, its address, and how we log in there."""

    key: str
    label: str
    base_url: str
    auth: tuple[str, str] | None = field(default=None, repr=False)
    token: str = field(default="", repr=False)


def destinations() -> dict[str, Destination]:
    """Return the TOMs of the setting that can be used, by key; the system check names the others."""
    found = {}
    for key in conf.data_sharing():
        try:
            if key not in NOT_TOMS:
                found[key] = destination(key)
        except ImproperlyConfigured:
            continue
    return found


def destination(key: str) -> Destination:
    """Return one TOM of the setting.

    Raises
    ------
    ImproperlyConfigured
        If there is none of that name, or it lacks an address or a login.
    """
    known = conf.data_sharing()
    if key not in known or key in NOT_TOMS:
        names = ", ".join(sorted(set(known) - set(NOT_TOMS))) or "none"
        raise ImproperlyConfigured(f"DATA_SHARING has no TOM {key!r}; it has: {names}")
    entry = known[key]
    if not isinstance(entry, dict):
        raise ImproperlyConfigured(f"DATA_SHARING[{key!r}] is no dict")
    base_url = str(entry.get("BASE_URL") or "")
    if not base_url.startswith(("http://", "https://")):
        raise ImproperlyConfigured(
            f"DATA_SHARING[{key!r}] needs a BASE_URL that starts with http:// or https://"
        )
    token = str(entry.get("API_TOKEN") or entry.get("API_KEY") or "")
    user_name, password = str(entry.get("USERNAME") or ""), str(entry.get("PASSWORD") or "")
    if not token and not (user_name and password):
        raise ImproperlyConfigured(f"DATA_SHARING[{key!r}] needs USERNAME and PASSWORD, or API_TOKEN")
    return Destination(
        key=key,
        label=str(entry.get("DISPLAY_NAME") or key),
        base_url=base_url,
        auth=None if token else (user_name, password),
        token=token,
    )


def problems() -> list[str]:
    """Return a sentence for each entry of the setting that cannot be used."""
    found = []
    for key in conf.data_sharing():
        try:
            if key not in NOT_TOMS:
                destination(key)
        except ImproperlyConfigured as error:
            found.append(str(error))
    return found


def choices() -> list[tuple[str, str]]:
    """Return (key, name) pairs of the TOMs that can be used, for a form field."""
    return [(found.key, found.label) for found in destinations().values()]


def label_of(key: str) -> str:
    """Return the name of a destination as pages show it; its key where the settings know it no more."""
    entry: Any = conf.data_sharing().get(key)
    return str(entry.get("DISPLAY_NAME") or key) if isinstance(entry, dict) else key
