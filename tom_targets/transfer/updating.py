"""Puts rows of a file into targets that are there: what a row says replaces what is stored, gaps leave it.

Called by ``importing``.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from django.utils import timezone

from tom_common import conf as common_conf
from tom_common.hooks import run_hook
from tom_targets import bulk_creation
from tom_targets.derived import simplify_name
from tom_targets.models import Target, TargetExtra, TargetName
from tom_targets.target_parts import give_access
from tom_targets.transfer.planning import Plan, values_of
from tom_targets.transfer.storing import QUIET_HOOK, RaceError, store_extras

_CHUNK = 1000


def store_changes(plan: Plan) -> set[int]:
    """Store what rows change of targets that are there; return the places of rows that changed something.

    Raises
    ------
    RaceError
        If a new alias has been taken since the plan was made.
    """
    changed: set[int] = set()
    pairs = iter(plan.update.items())
    while chunk := dict(islice(pairs, _CHUNK)):
        changed |= _change_fields(plan, chunk)
        changed |= _add_aliases(plan, chunk)
        changed |= _change_extras(plan, chunk)
        changed |= _give_groups(plan, chunk)
    _tell_hook(plan, changed)
    return changed


def _change_fields(plan: Plan, chunk: Mapping[int, int]) -> set[int]:
    rows = plan.rows
    stored = Target.objects.in_bulk(list(chunk.values()))
    changed: dict[int, Any] = {}
    names: set[str] = set()
    for place, pk in chunk.items():
        target = stored.get(pk)
        if target is None:  # deleted since the plan was made
            raise RaceError
        given = values_of(rows, place, "")
        del given["name"], given["type"]
        wanted = {
            name: value
            for name, value in given.items()
            if getattr(target, name) != target._meta.get_field(name).to_python(value)
        }
        for name, value in wanted.items():
            setattr(target, name, target._meta.get_field(name).to_python(value))
        if wanted:
            target.modified = timezone.now()
            changed[place] = target
            names.update(wanted)
    if not changed:
        return set()
    if bulk_creation.all_as_usual():
        Target.objects.bulk_update(list(changed.values()), sorted({*names, "modified"}), batch_size=200)
    else:
        for target in changed.values():
            target.save()
    return set(changed)


def _add_aliases(plan: Plan, chunk: Mapping[int, int]) -> set[int]:
    """Give targets the names that rows add, the name of the row itself among them."""
    pks = list(chunk.values())
    borne: dict[int, set[str]] = {}
    for rows in (
        Target.objects.filter(pk__in=pks).values_list("pk", "name"),
        TargetName.objects.filter(target__in=pks).values_list("target_id", "name"),
    ):
        for pk, name in rows:
            borne.setdefault(pk, set()).add(simplify_name(name))
    made, changed = [], set()
    for place, pk in chunk.items():
        for name in plan.rows.names_of(place):
            key = simplify_name(name)
            if key in borne[pk]:
                continue
            borne[pk].add(key)
            made.append(TargetName(target_id=pk, name=name))
            changed.add(place)
    if TargetName.objects.filter(name__in=[alias.name for alias in made]).exists():
        raise RaceError
    TargetName.objects.bulk_create(made)
    return changed


def _change_extras(plan: Plan, chunk: Mapping[int, int]) -> set[int]:
    extras = plan.rows.extras
    if not extras:
        return set()
    known = {
        (pk, key): value
        for pk, key, value in TargetExtra.objects.filter(
            target__in=list(chunk.values()), key__in=list(extras)
        ).values_list("target_id", "key", "value")
    }
    news = {
        place: pk
        for place, pk in chunk.items()
        if any(texts[place] and known.get((pk, key)) != texts[place] for key, texts in extras.items())
    }
    if news:
        store_extras(plan, news, with_defaults=False)
    return set(news)


def _give_groups(plan: Plan, chunk: Mapping[int, int]) -> set[int]:
    by_group: dict[str, list[int]] = {}
    for place, pk in chunk.items():
        for name in plan.rows.groups.get(place, ()):
            by_group.setdefault(name, []).append(pk)
    for name, pks in by_group.items():
        give_access(pks, [plan.groups[name]])
    return set()


def _tell_hook(plan: Plan, changed: set[int]) -> None:
    path = common_conf.hooks().get("target_post_save")
    if not path or path == QUIET_HOOK or not bulk_creation.all_as_usual():
        return
    pks = [plan.update[place] for place in sorted(changed)]
    for start in range(0, len(pks), _CHUNK):
        for target in Target.objects.filter(pk__in=pks[start : start + _CHUNK]):
            run_hook("target_post_save", target=target, created=False)
