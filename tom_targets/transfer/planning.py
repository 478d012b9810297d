"""Decides what becomes of each row: stored, put into a target that is there, skipped or rejected.

Reads the database, and changes nothing. Called by ``importing`` for dry runs and before every import.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from tom_targets.known_targets import BY_NAME, KnownTarget
from tom_targets.models import Target
from tom_targets.target_parts import Groups
from tom_targets.transfer.input_table import SKIPPED, Problem
from tom_targets.transfer.matching import (
    Hits,
    changeable,
    drop_own_aliases,
    names_within,
    neighbours_within,
    positions,
    stored_hits,
)
from tom_targets.transfer.options import CREATE, SKIP, UPDATE, ImportOptions
from tom_targets.transfer.parsing import Rows, default_type
from tom_targets.validators import missing_fields


@dataclass
class Duplicate:
    """A row that is there already, as the preview and the report show it."""

    row: int
    name: str
    pk: int | None
    known_as: str
    distance_arcsec: float | None
    by_name: bool
    action: str


@dataclass
class Plan:
    """What an import will do; places are those in `rows`."""

    rows: Rows
    create: list[int] = field(default_factory=list)
    update: dict[int, int] = field(default_factory=dict)
    types: dict[int, str] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    duplicates: list[Duplicate] = field(default_factory=list)
    skipped: set[int] = field(default_factory=set)

    def skip(self, place: int, reason: str) -> None:
        """Leave a row out that is not wrong."""
        name = self.rows.names[place]
        self.skipped.add(place)
        self.rows.problems.append(self.rows.problem(place, "name", name, reason, SKIPPED))

    @property
    def problems(self) -> list[Problem]:
        """What is said of rows that are left out, in the order of the file."""
        return sorted(self.rows.problems, key=lambda problem: problem.row)

    @property
    def rejected_count(self) -> int:
        """How many rows are wrong, those of a wrong length among them."""
        return len({problem.row for problem in self.rows.problems if problem.kind != SKIPPED})


def plan_rows(rows: Rows, options: ImportOptions, *, user: Any) -> Plan:
    """Decide what becomes of the rows of a file.

    Parameters
    ----------
    rows : Rows
        Of the whole file; gets the problems that are found.
    options : ImportOptions
    user : User
        Who imports: sees some targets, may change fewer.

    Returns
    -------
    Plan
    """
    plan = Plan(rows)
    drop_own_aliases(rows)
    for place, name, earlier in list(names_within(rows, _good(rows))):
        rows.reject(place, "name", name, f"{name} is a name of row {rows.numbers[earlier]}, too.")
    _find_groups(plan, user)
    good = _good(rows)
    hits = stored_hits(rows, good, options.radius_arcsec, user=user)
    pks = {hit.pk for found in hits.values() for hit in (*found.by_name, found.near) if hit and hit.pk}
    may_update = UPDATE in (options.same_name, options.near, *options.decisions.values())
    types = changeable(pks, user) if may_update else {}
    for place in good:
        if place in hits:
            _decide(plan, place, hits[place], types, options)
        else:
            plan.create.append(place)
    _look_within(plan, options)
    _check_new(plan)
    _check_updates(plan, types)
    return plan


def _good(rows: Rows) -> list[int]:
    return [place for place in range(len(rows)) if place not in rows.wrong]


def _decide(plan: Plan, place: int, hits: Hits, types: dict[int, str], options: ImportOptions) -> None:
    rows = plan.rows
    name, number = rows.names[place], rows.numbers[place]
    if any(hit.pk is None for hit in hits.by_name):
        rows.reject(place, "name", name, "The name is taken by a target that you may not see.")
        return
    if len(hits.by_name) > 1:
        others = " and ".join(hit.name for hit in hits.by_name)
        rows.reject(place, "name", name, f"The names of this row belong to several targets: {others}.")
        return
    hit = hits.by_name[0] if hits.by_name else hits.near
    if hit is None or hit.pk is None:
        plan.create.append(place)
        return
    by_name = hit.by == BY_NAME
    action = options.action_of(number, by_name=by_name)
    plan.duplicates.append(Duplicate(number, name, hit.pk, hit.name, hit.separation_arcsec, by_name, action))
    if action == CREATE:
        plan.create.append(place)
    elif action == SKIP:
        plan.skip(place, f"It is there already: {said_of(hit)}.")
    elif hit.pk in types:
        plan.update[place] = hit.pk
    else:
        rows.reject(place, "name", name, f"It is the target {hit.name}, which you may not change.")


def said_of(hit: KnownTarget) -> str:
    """Say which target a row is, and how far away."""
    if hit.separation_arcsec is None:
        return hit.name
    return f"{hit.name}, {away(hit.separation_arcsec)} away"


def away(separation_arcsec: float) -> str:
    """Return a distance in words: arcsec, or degrees for one that no near target has."""
    if separation_arcsec < 3600.0:
        return f"{separation_arcsec:.2f} arcsec"
    return f"{separation_arcsec / 3600.0:.1f} deg"


def _look_within(plan: Plan, options: ImportOptions) -> None:
    """Skip new rows that lie near an earlier new row, unless such targets are to be made."""
    rows = plan.rows
    if options.near == CREATE or options.radius_arcsec <= 0:
        return
    gone: set[int] = set()
    for place, (earlier, distance) in sorted(
        neighbours_within(rows, plan.create, options.radius_arcsec).items()
    ):
        if earlier in gone or options.decisions.get(rows.numbers[place]) == CREATE:
            continue
        gone.add(place)
        said = f"row {rows.numbers[earlier]} ({rows.names[earlier]})"
        plan.duplicates.append(
            Duplicate(rows.numbers[place], rows.names[place], None, said, distance, False, SKIP)
        )
        plan.skip(place, f"It lies {distance:.2f} arcsec from {said}.")
    if gone:
        plan.create = [place for place in plan.create if place not in gone]


def _find_groups(plan: Plan, user: Any) -> None:
    """Find the groups that rows name, each once."""
    rows, groups = plan.rows, Groups(user)
    unknown: dict[str, str] = {}
    for place, names in rows.groups.items():
        for name in names:
            if name not in plan.groups and name not in unknown:
                try:
                    plan.groups[name] = groups.find({"name": name})
                except ValidationError as error:
                    unknown[name] = error.messages[0]
            if name in unknown and place not in rows.wrong:
                rows.reject(place, "groups", name, unknown[name])


def _check_new(plan: Plan) -> None:
    """Reject new rows without the fields of their type."""
    rows = plan.rows
    ra, dec = positions(rows, range(len(rows)))
    has_position = np.isfinite(ra + dec).tolist()
    given, schemes = rows.texts.get("type"), rows.texts.get("scheme")
    kept = []
    for place in plan.create:
        scheme = schemes[place] if schemes else ""
        kind = (given[place] if given else "") or default_type(has_position[place], bool(scheme))
        plan.types[place] = kind
        if kind == Target.SIDEREAL and has_position[place]:
            kept.append(place)
            continue
        missing = missing_fields(values_of(rows, place, kind))
        words = "A sidereal target" if kind == Target.SIDEREAL else "A non-sidereal target"
        words += f" of the scheme {scheme}" if scheme else ""
        for name in missing:
            rows.reject(place, name, "", f"{words} needs the field {name}, which is empty.")
        if not missing:
            kept.append(place)
    plan.create = kept


def values_of(rows: Rows, place: int, kind: str) -> dict[str, Any]:
    """Return the values of the fields that a row fills, by name."""
    values: dict[str, Any] = {"name": rows.names[place], "type": kind}
    for name, column in rows.floats.items():
        if np.isfinite(column[place]):
            values[name] = float(column[place])
    for name, texts in rows.texts.items():
        if texts[place] and name != "type":
            values[name] = texts[place]
    return values


def _check_updates(plan: Plan, types: dict[int, str]) -> None:
    """Reject a second row for one target, and a row that would make it a target of another type."""
    rows = plan.rows
    taken: dict[int, int] = {}
    given = rows.texts.get("type")
    for place, pk in list(plan.update.items()):
        if pk in taken:
            reason = f"It is the same target as row {rows.numbers[taken[pk]]}."
            rows.reject(place, "name", rows.names[place], reason)
        elif given and given[place] and given[place] != types[pk]:
            rows.reject(place, "type", given[place], f"The target that is there is {types[pk]}.")
        else:
            taken[pk] = place
            continue
        del plan.update[place]
