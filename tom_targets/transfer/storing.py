"""Writes the new targets of a plan, each table as columns. Called by ``importing``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from django.contrib.auth.models import Group
from django.db import connections, router
from django.utils import timezone

from tom_common import conf as common_conf
from tom_common.astro.sky_index import NO_POSITION, sky_index
from tom_common.bulk import insert_new
from tom_common.history import unrecorded
from tom_common.hooks import run_hook
from tom_targets import bulk_creation, conf
from tom_targets.derived import simplify_names
from tom_targets.models import BaseTarget, Target, TargetExtra, TargetList, TargetName
from tom_targets.permissions import ACTIONS
from tom_targets.target_parts import Lists, give_access
from tom_targets.transfer.input_table import SKIPPED
from tom_targets.transfer.options import ImportOptions
from tom_targets.transfer.planning import Plan, values_of
from tom_targets.transfer.queries import grant_on_new_targets

QUIET_HOOK = "tom_common.hooks.target_post_save"  # ours: it writes a line of the log
_EXTRA_COLUMNS = ("target_id", "key", "value", "float_value", "bool_value", "time_value")
_CHUNK = 1000
_PART = 20_000


class RaceError(Exception):
    """Somebody stored one of the names between our looking and our writing."""


def store_new(
    plan: Plan, options: ImportOptions, *, user: Any, on_part: Callable[[], None] | None = None
) -> dict[int, int]:
    """Store the new targets of a plan, part by part, and return their keys by place; `on_part` follows each.

    Raises
    ------
    RaceError
        If a name has been taken since the plan was made.
    """
    places = plan.create
    if not places:
        return {}
    if not bulk_creation.all_as_usual():
        return _store_one_by_one(plan, options, user)
    stored: dict[int, int] = {}
    for start in range(0, len(places), _PART):
        stored |= _store_part(plan, places[start : start + _PART], options, user)
        if on_part:
            on_part()
    _tell_hook(plan, stored)
    return stored


def _store_part(plan: Plan, places: Sequence[int], options: ImportOptions, user: Any) -> dict[int, int]:
    counts = insert_new(BaseTarget, _columns(plan, places, options), returning=("id", "name"))
    by_name = {name: pk for pk, name in counts.returned}
    if len(by_name) != len(places):
        raise RaceError
    stored = {place: by_name[plan.rows.names[place]] for place in places}
    with unrecorded():  # whoever takes back a new target takes these along
        _store_aliases(plan, stored)
        store_extras(plan, stored, with_defaults=True)
    _grant(plan, stored, options, user)
    return stored


def _columns(plan: Plan, places: Sequence[int], options: ImportOptions) -> dict[str, Sequence[Any]]:
    rows = plan.rows
    at = np.array(places, dtype=np.int64)
    names = [rows.names[place] for place in places]
    columns: dict[str, Sequence[Any]] = {
        "name": names,
        "name_key": simplify_names(names),
        "type": [plan.types[place] for place in places],
    }
    for name, values in rows.floats.items():
        if np.isfinite(values[at]).any():
            columns[name] = values[at]
    for name, texts in rows.texts.items():
        if name != "type":
            default = BaseTarget._meta.get_field(name).get_default()
            if name == "permissions" and options.permissions:
                default = options.permissions
            columns[name] = [texts[place] or default for place in places]
    if "permissions" not in columns:
        columns["permissions"] = [options.permissions or conf.default_target_permission()] * len(places)
    if {"ra", "dec"} <= columns.keys():
        pixels = np.asarray(sky_index(columns["ra"], columns["dec"])).tolist()
        columns["sky_index"] = [None if pixel == NO_POSITION else pixel for pixel in pixels]
    return columns


def _store_aliases(plan: Plan, stored: Mapping[int, int]) -> None:
    pairs = [(pk, name) for place, pk in stored.items() for name in plan.rows.aliases.get(place, ())]
    if not pairs:
        return
    pks, names = zip(*pairs, strict=True)
    columns = {"target_id": pks, "name": names, "name_key": simplify_names(names)}
    if insert_new(TargetName, columns).inserted != len(pairs):
        raise RaceError


def store_extras(plan: Plan, stored: Mapping[int, int], *, with_defaults: bool) -> None:
    """Store the extra fields of rows; those of targets that are there are overwritten."""
    defaults = {
        str(extra["name"]): str(extra["default"])
        for extra in conf.extra_fields()
        if with_defaults and extra.get("default") is not None
    }
    columns: dict[str, list[Any]] = {name: [] for name in _EXTRA_COLUMNS}
    typed: dict[str, tuple[Any, ...]] = {}
    for key in {**plan.rows.extras, **defaults}:
        texts = plan.rows.extras.get(key)
        default = defaults.get(key, "")
        values = [texts[place] or default for place in stored] if texts else [default] * len(stored)
        pks = [pk for pk, text in zip(stored.values(), values, strict=True) if text]
        values = [text for text in values if text]
        for text in set(values) - typed.keys():
            extra = TargetExtra(value=text)
            extra.set_typed_values()
            typed[text] = (text, extra.float_value, extra.bool_value, extra.time_value)
        rows = [typed[text] for text in values]
        filled: list[Any] = [pks, [key] * len(pks), *zip(*rows, strict=True)]
        for name, column in zip(_EXTRA_COLUMNS, filled, strict=False):
            columns[name].extend(column)
    if not columns["key"]:
        return
    if with_defaults:
        insert_new(TargetExtra, columns)
    else:
        insert_new(TargetExtra, columns, unique_fields=("target", "key"), update_fields=_EXTRA_COLUMNS[2:])


def put_on_lists(plan: Plan, stored: Mapping[int, int], options: ImportOptions, *, user: Any) -> None:
    """Put targets on the lists that their rows name, and on that of the whole import."""
    lists = Lists(user)
    members: dict[int, list[int]] = {}
    for place, pk in stored.items():
        names = [*plan.rows.lists.get(place, ()), *([options.list_name] if options.list_name else ())]
        for name in dict.fromkeys(names):
            members.setdefault(lists.find({"name": name}, by_id=False).pk, []).append(pk)
    for list_pk, pks in members.items():
        target_list = TargetList.objects.get(pk=list_pk)
        for start in range(0, len(pks), _CHUNK * 10):
            target_list.targets.add(*pks[start : start + _CHUNK * 10])
        TargetList.objects.filter(pk=list_pk).update(modified=timezone.now())


def _grant(plan: Plan, stored: Mapping[int, int], options: ImportOptions, user: Any) -> None:
    """Let the person who imports, and the groups, see, change and delete the new targets."""
    by_group: dict[int, list[int]] = {pk: list(stored.values()) for pk in options.group_ids}
    for place, names in plan.rows.groups.items():
        for name in names:
            if place in stored:
                by_group.setdefault(plan.groups[name].pk, []).append(stored[place])
    if connections[router.db_for_write(BaseTarget)].vendor not in ("postgresql", "sqlite"):
        give_access(list(stored.values()), [user] if user.pk else [])
        for pk, keys in by_group.items():
            give_access(sorted(set(keys)), [Group.objects.get(pk=pk)])
        return
    if user is not None and user.pk:
        grant_on_new_targets(list(stored.values()), "user", user.pk, ACTIONS)
    for pk, keys in by_group.items():
        grant_on_new_targets(sorted(set(keys)), "group", pk, ACTIONS)


def _tell_hook(plan: Plan, stored: Mapping[int, int]) -> None:
    path = common_conf.hooks().get("target_post_save")
    if not path or path == QUIET_HOOK:
        return
    for place, pk in stored.items():
        target = Target(pk=pk, **values_of(plan.rows, place, plan.types[place]))
        target._state.adding = False
        run_hook("target_post_save", target=target, created=True)


def _store_one_by_one(plan: Plan, options: ImportOptions, user: Any) -> dict[int, int]:
    """Store new targets by the serializer of the REST API, for a project with a target class of its own."""
    rows = plan.rows
    groups = [{"id": pk} for pk in options.group_ids]
    described = []
    for place in plan.create:
        extras = [{"key": key, "value": texts[place]} for key, texts in rows.extras.items() if texts[place]]
        described.append(
            {
                **({"permissions": options.permissions} if options.permissions else {}),
                **values_of(rows, place, plan.types[place]),
                "aliases": [{"name": name} for name in rows.aliases.get(place, ())],
                "targetextra_set": extras,
                "groups": [*groups, *({"name": name} for name in rows.groups.get(place, ()))],
            }
        )
    context = {"request": SimpleNamespace(user=user)}
    stored: dict[int, int] = {}
    for start in range(0, len(described), _CHUNK):
        result = bulk_creation.create_targets(
            described[start : start + _CHUNK], context=context, mode=bulk_creation.BEST_EFFORT
        )
        for index, (pk, _) in result.created.items():
            stored[plan.create[start + index]] = pk
        for index, errors in result.errors.items():
            for name, said in _said(errors):
                rows.reject(plan.create[start + index], name, "", said)
    plan.create = [place for place in plan.create if place in stored]
    return stored


def _said(errors: Any) -> Iterable[tuple[str, str]]:
    if isinstance(errors, Mapping):
        for name, said in errors.items():
            yield str(name), " ".join(map(str, said)) if isinstance(said, list) else str(said)
    else:
        yield "", str(errors)


def mark_unchanged(plan: Plan, places: Iterable[int]) -> None:
    """Note rows that say nothing new."""
    for place in places:
        problem = plan.rows.problem(place, "", plan.rows.names[place], "It says nothing new.", SKIPPED)
        plan.rows.problems.append(problem)
