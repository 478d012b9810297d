"""Gives targets the names and the class that the daily list of TNS has of them: ``complete_targets``.

Targets are told by name only: two transients may lie in the same nucleus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from tom_common.astro.sky_match import separation_arcsec
from tom_common.history import change_set
from tom_dataservices.classifications import keep_classifications
from tom_dataservices.models import ObjectClassification, TnsObject
from tom_dataservices.results import keep_aliases
from tom_dataservices.tns_list import plain_key
from tom_dataservices.tns_list_search import as_object, numbers_of
from tom_targets.derived import simplify_name
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user

SERVICE = "TNS"
_CHUNK = 500
_MOST_APART_ARCSEC = 60.0
_TOLD = 100


@dataclass
class Completed:
    """What became of targets: how many were looked at, known, given names or a class; and notes."""

    looked_at: int = 0
    known: int = 0
    names: int = 0
    classes: int = 0
    notes: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """Return the numbers as a sentence."""
        return (
            f"{self.looked_at:,} targets looked at, {self.known:,} on TNS, {self.names:,} names and "
            f"{self.classes:,} classifications added"
        )


def complete_targets(
    *, user: Any = None, tell: Callable[[Completed], None] = lambda report: None
) -> Completed:
    """Add the official name, the names of surveys and the class to targets that the list knows by a name.

    Parameters
    ----------
    user : User, optional
        Only targets that this user may change; all without, for the periodic task.
    tell : callable
        Called after each chunk; what it raises ends the work between two.
    """
    targets: QuerySet = Target.objects.filter(type=Target.SIDEREAL)
    if user is not None:
        targets = targets_for_user(user, targets, "change_target")
    report = Completed()
    for chunk in _chunks(targets):
        keys = {target.pk: _keys(target) for target in chunk}
        numbers = numbers_of(key for some in keys.values() for key in some)
        wanted = {objid for some in numbers.values() for objid in some}
        rows = TnsObject.objects.in_bulk(wanted)
        known_classes = _classes([target.pk for target in chunk])
        for target in chunk:
            found = {objid for key in keys[target.pk] for objid in numbers.get(key, ())}
            row = _chosen(target, [rows[objid] for objid in sorted(found) if objid in rows], report)
            if row is not None:
                report.known += 1
                _complete(target, row, user, known_classes.get(target.pk, set()), report)
        report.looked_at += len(chunk)
        tell(report)
    return report


def _chunks(targets: QuerySet) -> Iterator[list[Any]]:
    """Yield targets with their aliases by rising key: what is added meanwhile comes too."""
    last = 0
    while chunk := list(targets.filter(pk__gt=last).order_by("pk").prefetch_related("aliases")[:_CHUNK]):
        yield chunk
        last = chunk[-1].pk


def _keys(target: Any) -> list[str]:
    names = [target.name, *(alias.name for alias in target.aliases.all())]
    return list(dict.fromkeys(plain_key(simplify_name(name)) for name in names))


def _classes(pks: list[int]) -> dict[int, set[tuple[str, Any]]]:
    rows = ObjectClassification.objects.filter(target_id__in=pks, service=SERVICE, classifier="TNS")
    found: dict[int, set[tuple[str, Any]]] = {}
    for target_id, class_name, seen_at in rows.values_list("target_id", "class_name", "seen_at"):
        found.setdefault(target_id, set()).add((class_name, seen_at))
    return found


def _chosen(target: Any, rows: list[TnsObject], report: Completed) -> TnsObject | None:
    """Return the transient that a target is: one that its names agree on, and that lies where it does."""
    if target.ra is not None and target.dec is not None:
        near = [
            row
            for row in rows
            if float(separation_arcsec(target.ra, target.dec, row.ra, row.dec)) <= _MOST_APART_ARCSEC
        ]
        if rows and not near:
            _note(report, f"{target.name}: {rows[0].full_name} of this name lies more than 1 arcmin from it.")
        rows = near
    if len(rows) > 1:
        names = ", ".join(row.full_name for row in rows)
        _note(report, f"{target.name}: its names belong to several transients, {names}.")
        return None
    return rows[0] if rows else None


def _complete(
    target: Any, row: TnsObject, user: Any, known_classes: set[tuple[str, Any]], report: Completed
) -> None:
    found = as_object(row)
    has = {simplify_name(target.name), *(simplify_name(alias.name) for alias in target.aliases.all())}
    missing = [name for name in (found.name, *found.aliases) if simplify_name(name) not in has]
    if missing:
        with change_set(user, kind="query", title=f"{target.name} is {found.name} on TNS"[:200]):
            kept = keep_aliases(target, missing)
        report.names += len(kept.kept)
        for note in kept.notes:
            _note(report, note)
    newest = max((seen_at for _, seen_at in known_classes), default=None)
    latest = {name for name, seen_at in known_classes if seen_at == newest}
    if row.type_name and (newest is None or (row.type_name not in latest and newest < row.modified)):
        said = {"classifier": "TNS", "class_name": row.type_name, "seen_at": row.modified}
        report.classes += keep_classifications(target, [said], service=SERVICE)


def _note(report: Completed, words: str) -> None:
    if len(report.notes) < _TOLD:
        report.notes.append(words)
