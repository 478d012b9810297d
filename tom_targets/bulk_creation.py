"""Many targets at once: a list of rows, checked one by one, compared and stored as sets.

Called by the REST API. Where a project has a target class, a match manager or receivers of its own, each row
goes the way of a single target instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.db.models.signals import post_save, pre_save
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import as_serializer_error

from tom_common.astro.sky_index import NO_POSITION, sky_index
from tom_common.bulk import insert_new
from tom_common.history import change_set
from tom_common.hooks import run_hook
from tom_targets import conf
from tom_targets.derived import simplify_name
from tom_targets.models import BaseTarget, Target, TargetExtra, TargetList, TargetName
from tom_targets.name_clashes import names_are_compared_as_usual, owner_key, owners_of
from tom_targets.serializers.targets import NESTED, TargetSerializer
from tom_targets.target_names import named
from tom_targets.target_parts import Groups, Lists, give_access, wanted_extras

MAX_ROWS = 10_000
ALL_OR_NOTHING, BEST_EFFORT = "all_or_nothing", "best_effort"
MODES = (ALL_OR_NOTHING, BEST_EFFORT)
_TRIES = 3


class _RaceError(Exception):
    """Somebody stored one of the names between our looking and our writing."""


class _NothingStored(Exception):
    """Some rows are wrong, and the caller wants all or nothing."""


@dataclass
class BulkResult:
    """What became of the rows: key and name of those stored, errors of the others, by their index."""

    created: dict[int, tuple[int, str]] = field(default_factory=dict)
    errors: dict[int, Any] = field(default_factory=dict)

    def as_rows(self) -> list[dict[str, Any]]:
        """Return one dict a row, in the order of the rows."""
        rows = [{"index": index, "id": pk, "name": name} for index, (pk, name) in self.created.items()]
        rows += [{"index": index, "errors": errors} for index, errors in self.errors.items()]
        return sorted(rows, key=lambda row: row["index"])


@dataclass
class _Row:
    """One row that is right in itself."""

    index: int
    values: dict[str, Any]
    nested: dict[str, list[dict[str, Any]]]

    @property
    def name(self) -> str:
        return self.values["name"]

    @property
    def names(self) -> list[str]:
        return [self.name, *dict.fromkeys(entry["name"] for entry in self.nested.get("aliases", ()))]


def create_targets(rows: Sequence[Any], *, context: dict[str, Any], mode: str = ALL_OR_NOTHING) -> BulkResult:
    """Store many targets.

    Parameters
    ----------
    rows : sequence
        What a JSON body holds of each target, at most `MAX_ROWS`.
    context : dict
        Context of a serializer; its request says who asks. That user, and the groups a row names, may see,
        change and delete the target.
    mode : str
        `ALL_OR_NOTHING`: one wrong row and none is stored. `BEST_EFFORT`: those that are right are stored.

    Returns
    -------
    BulkResult
    """
    if not all_as_usual():
        return _one_by_one(rows, context, mode)
    checked, errors = _checked(rows, context)
    for _ in range(_TRIES):
        result = BulkResult(errors=dict(errors))
        good = _without_clashes(checked, result, context)
        if not good or (result.errors and mode == ALL_OR_NOTHING):
            return result
        try:
            title = f"{len(good):,} targets by the API"
            with change_set(_user(context), kind="import", title=title):
                _store(good, result, context)
                if result.errors and mode == ALL_OR_NOTHING:
                    raise _NothingStored
        except _RaceError:
            continue
        except _NothingStored:
            result.created = {}
        return result
    for row in checked:
        errors.setdefault(row.index, {"name": ["Others store the same names right now; try again."]})
    return BulkResult(errors=errors)


def all_as_usual() -> bool:
    """Tell whether nothing of the project's own wants to see each target being stored."""
    return (
        Target is BaseTarget
        and names_are_compared_as_usual()
        and not any(signal.has_listeners(Target) for signal in (pre_save, post_save))
    )


# --- the quick way


def _checked(rows: Sequence[Any], context: dict[str, Any]) -> tuple[list[_Row], dict[int, Any]]:
    """Return the rows that are right in themselves, and what is wrong with the others."""
    serializer = TargetSerializer(context=context)
    groups = Groups(serializer.user)
    good: list[_Row] = []
    errors: dict[int, Any] = {}
    for index, item in enumerate(rows):
        try:
            values = serializer.to_internal_value(item)
            serializer.check_required(values)
            nested = {name: values.pop(name) for name in NESTED if name in values}
            nested["groups"] = [groups.find(entry) for entry in nested.get("groups", ())]
        except ValidationError as error:
            errors[index] = error.detail
        except DjangoValidationError as error:
            errors[index] = {"groups": error.messages}
        else:
            good.append(_Row(index, values, nested))
    return good, errors


def _without_clashes(rows: Sequence[_Row], result: BulkResult, context: dict[str, Any]) -> list[_Row]:
    """Return the rows whose names nobody bears, stored or further up in the list; note the others."""
    owners = owners_of(name for row in rows for name in row.names)
    seen: dict[str, int] = {}
    good = []
    for row in rows:
        problems: dict[str, Any] = {}
        own = simplify_name(row.name)
        keys = [owner_key(name) or f"\0{name}" for name in row.names]
        for position, (name, key) in enumerate(zip(row.names, keys, strict=True)):
            if position and simplify_name(name) == own:
                text = f"Alias {name} has a conflict with the primary name of the target."
            elif key in owners:
                known = named({owner.pk for owner in owners[key]}, _user(context))
                text = f"{name} is already known as: {known}."
            elif key in seen:
                text = f"{name} is a name of row {seen[key]}, too."
            else:
                continue
            problems.setdefault("aliases" if position else "name", []).append(text)
        if problems:
            result.errors[row.index] = problems
        else:
            seen.update(dict.fromkeys(keys, row.index))
            good.append(row)
    return good


def _user(context: dict[str, Any]) -> Any:
    request = context.get("request")
    return None if request is None else request.user


def _store(rows: Sequence[_Row], result: BulkResult, context: dict[str, Any]) -> None:
    columns = _target_columns(rows)
    counts = insert_new(BaseTarget, columns, returning=("id", "name"))
    by_name = {name: pk for pk, name in counts.returned}
    if len(by_name) != len(rows):
        raise _RaceError
    stored = [(row, by_name[row.name]) for row in rows]
    _store_aliases(stored)
    _store_extras(stored)
    _put_on_lists(stored, result, context)
    _give_access(stored, context)
    for row, pk in stored:
        if row.index not in result.errors:
            result.created[row.index] = (pk, row.name)
        run_hook("target_post_save", target=_instance(row, pk), created=True)


def _target_columns(rows: Sequence[_Row]) -> dict[str, Sequence[Any]]:
    names = {name for row in rows for name in row.values}
    columns: dict[str, Sequence[Any]] = {}
    for name in sorted(names | {"permissions"}):
        default = BaseTarget._meta.get_field(name).get_default()
        columns[name] = [row.values.get(name, default) for row in rows]
    columns["name_key"] = [simplify_name(name) for name in columns["name"]]
    if {"ra", "dec"} <= columns.keys():
        ra, dec = (np.array(columns[name], dtype=float) for name in ("ra", "dec"))
        pixels = np.asarray(sky_index(ra, dec)).tolist()
        columns["sky_index"] = [None if pixel == NO_POSITION else pixel for pixel in pixels]
    return columns


def _store_aliases(stored: Iterable[tuple[_Row, int]]) -> None:
    pairs = [(pk, name) for row, pk in stored for name in row.names[1:]]
    if not pairs:
        return
    pks, names = zip(*pairs, strict=True)
    columns = {"target_id": pks, "name": names, "name_key": [simplify_name(name) for name in names]}
    if insert_new(TargetName, columns).inserted != len(pairs):
        raise _RaceError


def _store_extras(stored: Iterable[tuple[_Row, int]]) -> None:
    defaults = {
        extra["name"]: extra["default"] for extra in conf.extra_fields() if extra.get("default") is not None
    }
    columns: dict[str, list[Any]] = {name: [] for name in _EXTRA_COLUMNS}
    for row, pk in stored:
        given = {
            entry["key"]: entry["value"] for entry in wanted_extras(row.nested.get("targetextra_set", ()))
        }
        for key, value in {**defaults, **given}.items():
            extra = TargetExtra(target_id=pk, key=key, value=value)
            extra.set_typed_values()
            for name in _EXTRA_COLUMNS:
                columns[name].append(getattr(extra, name))
    if columns["key"]:
        insert_new(TargetExtra, columns)


_EXTRA_COLUMNS = ("target_id", "key", "value", "float_value", "bool_value", "time_value")


def _put_on_lists(stored: Iterable[tuple[_Row, int]], result: BulkResult, context: dict[str, Any]) -> None:
    lists = Lists(_user(context))
    pairs = set()
    for row, pk in stored:
        for entry in row.nested.get("target_lists", ()):
            pairs.add((lists.find(entry, by_id=False).pk, pk))
    if pairs:
        list_ids, pks = zip(*sorted(pairs), strict=True)
        insert_new(TargetList.targets.through, {"targetlist_id": list_ids, "basetarget_id": pks})


def _give_access(stored: Iterable[tuple[_Row, int]], context: dict[str, Any]) -> None:
    user = _user(context)
    by_holder: dict[Any, list[int]] = {}
    for row, pk in stored:
        for holder in ([user] if user is not None and user.pk else []) + row.nested["groups"]:
            by_holder.setdefault(holder, []).append(pk)
    for holder, pks in by_holder.items():
        give_access(pks, [holder])


def _instance(row: _Row, pk: int) -> BaseTarget:
    target = Target(pk=pk, **row.values)
    target._state.adding = False
    return target


# --- the way of a single target


def _one_by_one(rows: Sequence[Any], context: dict[str, Any], mode: str) -> BulkResult:
    result = BulkResult()
    try:
        with change_set(_user(context), kind="import", title=f"{len(rows):,} targets by the API"):
            for index, item in enumerate(rows):
                serializer = TargetSerializer(data=item, context=context)
                try:
                    with transaction.atomic():
                        serializer.is_valid(raise_exception=True)
                        target = serializer.save()
                except ValidationError as error:
                    result.errors[index] = error.detail
                except DjangoValidationError as error:
                    result.errors[index] = as_serializer_error(error)
                else:
                    result.created[index] = (target.pk, target.name)
            if result.errors and mode == ALL_OR_NOTHING:
                raise _NothingStored
    except _NothingStored:
        result.created = {}
    return result
