"""Which rows of a file are targets that are stored already, or rows further up. Called by ``planning``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from tom_common.astro.sky_index import sky_index
from tom_common.astro.sky_match import Neighbourhoods
from tom_targets.derived import simplify_name
from tom_targets.known_targets import BY_NAME, KnownTarget, known_targets
from tom_targets.models import Target
from tom_targets.name_clashes import owner_key, owner_keys
from tom_targets.permissions import targets_for_user
from tom_targets.transfer.parsing import Rows

_CHUNK = 1000


@dataclass
class Hits:
    """What is known of one row: the targets that bear its names, and the nearest other one."""

    by_name: list[KnownTarget]
    near: KnownTarget | None = None


def stored_hits(rows: Rows, places: Sequence[int], radius_arcsec: float, *, user: Any) -> dict[int, Hits]:
    """Return for places of rows the stored targets that they may be."""
    ra, dec = positions(rows, places)
    if radius_arcsec <= 0:
        ra = dec = None
    found: dict[int, Hits] = {}
    names = [rows.names_of(place) if place in rows.aliases else rows.names[place] for place in places]
    for hit in known_targets(names, ra, dec, radius_arcsec=radius_arcsec, user=user):
        hits = found.setdefault(places[hit.row], Hits([]))
        if hit.by == BY_NAME:
            hits.by_name.append(hit)
        elif hits.near is None:
            hits.near = hit
    return found


def positions(rows: Rows, places: Sequence[int]) -> tuple[Any, Any]:
    """Return right ascensions and declinations of rows in degrees, NaN where there is none."""
    at = np.array(places, dtype=np.int64)
    gaps = np.full(len(at), np.nan)
    return tuple(rows.floats[name][at] if name in rows.floats else gaps for name in ("ra", "dec"))  # type: ignore[return-value]


def names_within(rows: Rows, places: Sequence[int]) -> Iterator[tuple[int, str, int]]:
    """Yield (place, name, earlier place) for each row that names what an earlier row names."""
    seen: dict[str, int] = {}
    first_keys = owner_keys([rows.names[place] for place in places])
    for place, first_key in zip(places, first_keys, strict=True):
        if first_key and place not in rows.aliases:
            if first_key in seen:
                yield place, rows.names[place], seen[first_key]
            else:
                seen[first_key] = place
            continue
        keys = {owner_key(name) or f"\0{name}": name for name in rows.names_of(place)}
        clash = next(((name, seen[key]) for key, name in keys.items() if key in seen), None)
        if clash:
            yield place, *clash
        else:
            seen.update(dict.fromkeys(keys, place))


def neighbours_within(
    rows: Rows, places: Sequence[int], radius_arcsec: float
) -> dict[int, tuple[int, float]]:
    """Return for rows near an earlier one its place and the distance in arcsec: the nearest earlier one."""
    ra, dec = positions(rows, places)
    found: dict[int, tuple[int, float]] = {}
    for one, other, distance in Neighbourhoods(ra, dec, radius_arcsec).pairs(
        np.asarray(sky_index(ra, dec)), ra, dec
    ):
        later = one > other
        for at, earlier, arcsec in zip(
            one[later].tolist(), other[later].tolist(), distance[later].tolist(), strict=True
        ):
            if places[at] not in found or arcsec < found[places[at]][1]:
                found[places[at]] = (places[earlier], arcsec)
    return found


def drop_own_aliases(rows: Rows) -> None:
    """Leave out aliases that mean the name of their own row, or an alias before them."""
    for place, aliases in rows.aliases.items():
        seen = {simplify_name(rows.names[place])}
        kept = []
        for alias in aliases:
            key = simplify_name(alias)
            if key not in seen:
                kept.append(alias)
            seen.add(key)
        rows.aliases[place] = kept


def changeable(pks: Iterable[int], user: Any) -> dict[int, str]:
    """Return the types of those of some targets that a user may see and change, by key."""
    found: dict[int, str] = {}
    keys = iter(sorted(set(pks)))
    while chunk := list(islice(keys, _CHUNK)):
        seen = targets_for_user(user, Target._default_manager.filter(pk__in=chunk), "view_target")
        found.update(targets_for_user(user, seen, "change_target").values_list("pk", "type"))
    return found
