"""Which names are taken: many asked for at once, by one query per thousand.

Does for many targets what the built-in match manager does for one. Called by the REST API and by
``known_targets``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from tom_targets.derived import simplify_name, simplify_names
from tom_targets.designations import hold_transients, same_object_key, same_object_keys
from tom_targets.match_manager import TargetMatchManager
from tom_targets.models import Target
from tom_targets.queries import bearers_of_keys

_CHUNK = 1000


class Owner(NamedTuple):
    """Who bears a name: the key of the target, the name as it is written, and whether it is an alias."""

    pk: int
    name: str
    is_alias: bool


def names_are_compared_as_usual() -> bool:
    """Tell whether names are compared by the built-in match manager, whose rule this module knows."""
    return type(Target.matches) is TargetMatchManager


def owner_key(name: str) -> str:
    """Return what names of the same object have in common, empty without a letter or digit."""
    return same_object_key(simplify_name(name))


def owner_keys(names: Sequence[str]) -> list[str]:
    """Return the `owner_key` of many names."""
    keys = simplify_names(names)
    return list(map(same_object_key, keys)) if hold_transients(keys) else keys


def owners_of(names: Iterable[str]) -> dict[str, list[Owner]]:
    """Return who bears names, by their `owner_key`; names that nobody bears are left out."""
    simplified = set(simplify_names(list(names))) - {""}
    if hold_transients(list(simplified)):
        simplified = {same for key in simplified for same in same_object_keys(key)}
    keys = iter(simplified)
    found: dict[str, list[Owner]] = {}
    for chunk in _chunks(keys):
        for key, pk, name, is_alias in bearers_of_keys(chunk):
            found.setdefault(same_object_key(key), []).append(Owner(pk, name, bool(is_alias)))
    return found


def _chunks(keys: Iterator[str]) -> Iterator[list[str]]:
    while chunk := list(islice(keys, _CHUNK)):
        yield chunk
