"""Designations of transients that differ by their prefix only: ``2024abc``, ``SN 2024abc``, ``AT2024abc``.

The Transient Name Server gives one such designation to an object; AT turns into SN or TDE when it is
classified. Called by the match manager and by the search for names that are taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

PREFIXES = ("", "at", "sn", "tde")
_TRANSIENT = re.compile(r"(?:at|sn|tde)?((?:1[89]|20)\d\d[a-z]{1,7})")
_MAY_BE_TRANSIENT = re.compile(rf"^{_TRANSIENT.pattern}$", re.MULTILINE)


def same_object_key(key: str) -> str:
    """Return a simplified name without a prefix that may change: the same for all names of a transient.

    Parameters
    ----------
    key : str
        Simplified name, as ``simplify_name`` gives it.

    References
    ----------
    https://www.wis-tns.org/content/tns-getting-started (read 2026-11-21).
    """
    found = _TRANSIENT.fullmatch(key)
    return found[1] if found else key


def same_object_keys(key: str) -> tuple[str, ...]:
    """Return the simplified names that mean the same object as one, itself among them."""
    found = _TRANSIENT.fullmatch(key)
    return tuple(prefix + found[1] for prefix in PREFIXES) if found else (key,)


def hold_transients(keys: Sequence[str]) -> bool:
    """Tell whether any of many simplified names may be a designation with a prefix that may change."""
    return _MAY_BE_TRANSIENT.search("\n".join(keys)) is not None
