"""What the page of results shows: one run, its rows, and which of them are targets already."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from tom_dataservices.models import QueryResult, QueryRun, ResultCutout
from tom_dataservices.result_cutouts import ROLE
from tom_targets import conf as targets_conf
from tom_targets.known_targets import KnownTarget, known_targets
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user


@dataclass
class ResultRow:
    """One result, the target that was made of it, and stored targets that may be the same."""

    result: QueryResult
    target: Any = None
    known: list[KnownTarget] = field(default_factory=list)
    has_cutout: bool = False
    cutout_note: str = ""

    @property
    def values(self) -> dict[str, Any]:
        """What the service said, with the ``id`` by which the row is chosen."""
        return {**self.result.values, "id": self.result.row_id}


def result_rows(
    run: QueryRun, user: Any, *, first: int = 0, limit: int | None = None, near_arcsec: float | None = None
) -> list[ResultRow]:
    """Return rows of a run: three queries, however many there are.

    Parameters
    ----------
    run : QueryRun
    user : User
        Told only of targets that this user may see.
    first : int
        Place in the answer of the first of them, from 0.
    limit : int, optional
        How many at most; all that follow without.
    near_arcsec : float, optional
        How near a stored target may be the same; as the settings say without.
    """
    return rows_of(run.results.filter(number__gte=first), user, limit=limit, near_arcsec=near_arcsec)


def rows_of(
    wanted: QuerySet[QueryResult], user: Any, *, limit: int | None = None, near_arcsec: float | None = None
) -> list[ResultRow]:
    """Return rows of results, be they of several runs; see `result_rows`."""
    note = ResultCutout.objects.filter(result=OuterRef("pk"), role=ROLE).values("note")[:1]
    results: Any = list(wanted.defer("raw").annotate(cutout_note=Subquery(note))[:limit])
    if not results:
        return []
    made_keys = {result.target_id for result in results if result.target_id}
    made = targets_for_user(user, Target.objects.filter(pk__in=made_keys), "view_target").in_bulk()
    rows = [
        ResultRow(
            result,
            made.get(result.target_id),
            has_cutout=result.cutout_note == "",
            cutout_note=result.cutout_note or "",
        )
        for result in results
    ]
    found = known_targets(
        [names_of(result) for result in results],
        [result.ra for result in results],
        [result.dec for result in results],
        radius_arcsec=targets_conf.duplicate_radius_arcsec() if near_arcsec is None else near_arcsec,
        user=user,
    )
    for known in found:
        rows[known.row].known.append(known)
    return rows


def names_of(result: QueryResult) -> list[str]:
    """Return the names that a result has: what the service knows it by, and further ones."""
    further = result.values.get("aliases")
    names = [result.name, *(further if isinstance(further, list) else ())]
    if not result.result_id.isdecimal() or len(result.result_id) > 9:  # short numbers are places in a list
        names.append(result.result_id)
    return list(dict.fromkeys(str(name) for name in names if isinstance(name, str) and name))


def columns_of(rows: list[ResultRow], *, most: int = 12) -> list[str]:
    """Return the keys that the table of a data service shows, in the order in which it gives them."""
    keys: dict[str, None] = {}
    for row in rows:
        for key, value in row.result.values.items():
            if key not in ("aliases", "reduced_datums", "id") and not isinstance(value, dict | list):
                keys.setdefault(key)
    return list(keys)[:most]
