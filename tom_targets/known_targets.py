"""Finds which of many new targets are known already, by name or by position: ``known_targets``.

For n names and positions it takes one query per thousand names, and one pass over the positions near them,
however many targets are stored. Called by imports and ingest; a single target is looked up by
``Target.matches`` and ``sky_search.cone``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from django.db.models import QuerySet

from tom_common.astro.sky_match import separation_arcsec
from tom_targets.cross_match import pairs_within
from tom_targets.models import Target
from tom_targets.name_clashes import names_are_compared_as_usual, owner_key, owners_of
from tom_targets.permissions import targets_for_user

BY_NAME, BY_POSITION = "name", "position"
_CHUNK = 1000


class KnownTarget(NamedTuple):
    """A stored target that one of the new ones may be.

    ``row`` is the place in the list, ``pk`` and ``name`` belong to the stored target; ``pk`` is None and the
    name ``"another target"`` where a name belongs to a target that the user may not see. ``by`` is
    `BY_NAME` or `BY_POSITION`, ``separation_arcsec`` the distance, None where one has no position.
    """

    row: int
    pk: int | None
    name: str
    by: str
    separation_arcsec: float | None


def known_targets(
    names: Sequence[str | Sequence[str]],
    ra_deg: Any = None,
    dec_deg: Any = None,
    *,
    radius_arcsec: float = 1.0,
    user: Any = None,
) -> list[KnownTarget]:
    """Return the stored targets with one of the names, or within a radius of one of the positions.

    Parameters
    ----------
    names : sequence of str, or of sequences of str
        Name, or name and aliases, of each row; an empty one matches nothing.
    ra_deg, dec_deg : array_like, shape (n,), optional
        ICRS positions, deg; None or NaN where a row has none.
    radius_arcsec : float
        A stored target within this distance may be the same.
    user : User, optional
        Who asks: near targets that this user may not see are left out, names of such are told as taken.

    Returns
    -------
    list of KnownTarget
        By row; those by name first, then those by position, the nearest first. A stored target occurs once a
        row. Where ``MATCH_MANAGERS`` names a manager of the project's own, its ``match_target`` decides about
        names, with one query per row.
    """
    of_row = [(one,) if isinstance(one, str) else tuple(one) for one in names]
    ra, dec = _positions(ra_deg, len(of_row)), _positions(dec_deg, len(of_row))
    if names_are_compared_as_usual():
        by_name = _owners(of_row)
    else:
        by_name = _matches(of_row, ra, dec)
    near = pairs_within(Target._base_manager.all(), ra_deg=ra, dec_deg=dec, radius_arcsec=radius_arcsec)
    by_position = zip(near.row.tolist(), near.pk.tolist(), near.separation_arcsec.tolist(), strict=True)
    stored = _stored({pk for _, pk in by_name} | set(near.pk.tolist()), user)
    found = [_by_name(row, pk, stored.get(pk), ra[row], dec[row]) for row, pk in by_name]
    seen = set(by_name)
    found += [
        KnownTarget(row, pk, stored[pk][0], BY_POSITION, distance)
        for row, pk, distance in by_position
        if pk in stored and (row, pk) not in seen
    ]
    return sorted(found, key=lambda known: known.row)


def _positions(values: Any, count: int) -> np.ndarray:
    if values is None:
        return np.full(count, np.nan)
    return np.array(values, dtype=np.float64)


def _owners(of_row: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    owners = owners_of(name for row in of_row for name in row)
    if not owners:
        return []
    pairs: dict[tuple[int, int], None] = {}
    for row, own in enumerate(of_row):
        for name in own:
            for owner in owners.get(owner_key(name), ()):
                pairs[row, owner.pk] = None
    return list(pairs)


def _matches(of_row: Sequence[Sequence[str]], ra: np.ndarray, dec: np.ndarray) -> list[tuple[int, int]]:
    pairs: dict[tuple[int, int], None] = {}
    for row, own in enumerate(of_row):
        known = np.isfinite(ra[row]) and np.isfinite(dec[row])
        position = {"ra": float(ra[row]), "dec": float(dec[row])} if known else {}
        for name in own:
            target = Target(name=name, type=Target.SIDEREAL, **position)
            for pk in Target.matches.match_target(target).values_list("pk", flat=True):
                pairs[row, pk] = None
    return list(pairs)


def _stored(pks: Iterable[int], user: Any) -> dict[int, tuple[str, Any, Any]]:
    """Return name and position of targets by key, of those that a user may see."""
    keys = sorted(pks)
    rows: QuerySet = Target._base_manager.all()
    if user is not None:
        rows = targets_for_user(user, rows, "view_target")
    found: dict[int, tuple[str, Any, Any]] = {}
    for start in range(0, len(keys), _CHUNK):
        some = rows.filter(pk__in=keys[start : start + _CHUNK])
        found.update((pk, rest) for pk, *rest in some.values_list("pk", "name", "ra", "dec"))
    return found


def _by_name(row: int, pk: int, stored: Any, ra_deg: float, dec_deg: float) -> KnownTarget:
    if stored is None:
        return KnownTarget(row, None, "another target", BY_NAME, None)
    name, stored_ra, stored_dec = stored
    distance = None
    if stored_ra is not None and stored_dec is not None:
        distance = float(separation_arcsec(ra_deg, dec_deg, stored_ra, stored_dec))
        distance = distance if np.isfinite(distance) else None
    return KnownTarget(row, pk, name, BY_NAME, distance)
