"""The rows of an export: which columns it has, and their values in batches. Called by the writers.

What is exported is what one person may see: targets, and of what hangs on them the lists and groups that this
person knows. A file written so is understood by the import, column for column.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Count, Max, Min, QuerySet
from django.db.models.functions import Length

from tom_targets.models import Target, TargetExtra, TargetGroupGrant, TargetList, TargetName
from tom_targets.permissions import target_lists_for_user
from tom_targets.transfer.mapping import (
    ALIAS,
    EXTRA,
    GROUPS,
    LISTS,
    UNITS,
    fields_by_name,
    ordered_fields,
    place_of,
)
from tom_targets.transfer.text_readers import joined

BATCH = 1000
_ALWAYS = ("name", "type", "ra", "dec", "permissions")
_FULL_ACCESS = ("view_target", "change_target", "delete_target")


@dataclass(frozen=True)
class ExportColumn:
    """A column of an export: its header, what it holds, its unit, and the longest text in it."""

    name: str
    place: str
    is_number: bool = False
    unit: str = ""
    width: int = 0


class Export:
    """Targets to be written to a file.

    Parameters
    ----------
    targets : QuerySet of targets
        Those that the user may see; written by age, the oldest first.
    user : User or AnonymousUser
    """

    def __init__(self, targets: QuerySet, *, user: Any) -> None:
        self.user = user
        self._targets = targets.order_by()
        keys = self._targets.values_list("pk", flat=True)
        self.pks = np.unique(np.fromiter(keys.iterator(chunk_size=10_000), dtype=np.int64))
        self.columns = self._columns()

    def __len__(self) -> int:
        return len(self.pks)

    def _columns(self) -> list[ExportColumn]:
        """Return the columns in which at least one of the targets has a value."""
        inside = self._targets.values("pk")
        columns = self._field_columns()
        names = TargetName.objects.filter(target__in=inside)
        counts = names.order_by().values("target").annotate(count=Count("pk")).order_by("-count")
        most = counts.values_list("count", flat=True).first() or 0
        longest = names.aggregate(longest=Max(Length("name")))["longest"] or 0
        columns += [ExportColumn(f"name{number}", ALIAS, width=longest) for number in range(2, 2 + most)]
        extras = TargetExtra.objects.filter(target__in=inside).order_by("key")
        for key, width in (
            extras.values("key").annotate(width=Max(Length("value"))).values_list("key", "width")
        ):
            header = key if place_of(key) == EXTRA + key else EXTRA + key
            columns.append(ExportColumn(header, EXTRA + key, width=width or 0))
        self._list_names = self._names_of_lists()
        if self._list_names:
            columns.append(ExportColumn(LISTS, LISTS))
        self._groups = self._known_groups()
        if self._groups and self._grants(inside).exists():
            columns.append(ExportColumn(GROUPS, GROUPS))
        return columns

    def _field_columns(self) -> list[ExportColumn]:
        known = fields_by_name()
        wanted: dict[str, Any] = {}
        for name, one in known.items():
            if isinstance(one, models.CharField):
                wanted[name] = Max(Length(name))
            elif isinstance(one, models.FloatField):
                wanted[name] = Min(name)
            else:
                wanted[name] = Count(name)
        found = self._targets.aggregate(**{f"{name}_": value for name, value in wanted.items()})
        columns = []
        for name in ordered_fields():
            value = found[f"{name}_"]
            is_number = isinstance(known[name], models.FloatField)
            if name in _ALWAYS or (value is not None if is_number else bool(value)):
                width = value if isinstance(known[name], models.CharField) else 20
                columns.append(ExportColumn(name, name, is_number, UNITS.get(name, ""), width or 0))
        return columns

    def _names_of_lists(self) -> dict[int, str]:
        """Return the names of the lists that hold one of the targets and that the user may see."""
        through = TargetList.targets.through.objects.filter(basetarget__in=self._targets.values("pk"))
        lists = TargetList.objects.filter(pk__in=through.values("targetlist_id"))
        return dict(target_lists_for_user(self.user, lists).order_by().values_list("pk", "name"))

    def _known_groups(self) -> dict[int, str]:
        """Return the groups that the user may know of: the own ones, all for a superuser."""
        if not self.user.is_authenticated:
            return {}
        groups = Group.objects.all() if self.user.is_superuser else Group.objects.filter(user=self.user)
        return dict(groups.values_list("pk", "name"))

    def _grants(self, pks: Any) -> QuerySet:
        """Return the pairs of target and group where the group has all access, as an import would give it."""
        grants = TargetGroupGrant.objects.filter(content_object__in=pks, group__in=list(self._groups))
        full = grants.filter(permission__codename__in=_FULL_ACCESS).values("content_object_id", "group_id")
        return full.annotate(n=Count("permission", distinct=True)).filter(n=len(_FULL_ACCESS))

    def batches(self) -> Iterator[list[list[Any]]]:
        """Yield the rows, a thousand at a time; numbers are float or None, everything else is text."""
        fields = [column.name for column in self.columns if column.place in fields_by_name()]
        for start in range(0, len(self.pks), BATCH):
            pks = self.pks[start : start + BATCH].tolist()
            rows = Target._default_manager.filter(pk__in=pks).order_by("pk").values_list("pk", *fields)
            parts = self._parts(pks)
            yield [[*values, *parts.get(pk, self._no_parts)] for pk, *values in rows]

    def _parts(self, pks: Sequence[int]) -> dict[int, list[str]]:
        """Return what hangs on targets, as the cells of the columns behind the fields."""
        columns = [column for column in self.columns if column.place not in fields_by_name()]
        self._no_parts = [""] * len(columns)
        if not columns:
            return {}
        found: defaultdict[int, list[str]] = defaultdict(self._no_parts.copy)
        at = {column.place: place for place, column in reversed(list(enumerate(columns)))}
        if ALIAS in at:
            self._put_aliases(found, pks, [column.place for column in columns])
        if any(place.startswith(EXTRA) for place in at):
            extras = TargetExtra.objects.filter(target__in=pks)
            for pk, key, value in extras.values_list("target_id", "key", "value"):
                if EXTRA + key in at:
                    found[pk][at[EXTRA + key]] = value
        if LISTS in at:
            for pk, names in self._lists_of(pks).items():
                found[pk][at[LISTS]] = joined(sorted(names))
        if GROUPS in at:
            for pk, names in self._groups_of(pks).items():
                found[pk][at[GROUPS]] = joined(sorted(names))
        return found

    def _put_aliases(self, found: dict[int, list[str]], pks: Sequence[int], places: list[str]) -> None:
        """Put the aliases of targets into the columns for aliases, which stand side by side."""
        free = {pk: places.index(ALIAS) for pk in pks}
        aliases = TargetName.objects.filter(target__in=pks).order_by("target", "pk")
        for pk, name in aliases.values_list("target_id", "name"):
            if free[pk] < len(places) and places[free[pk]] == ALIAS:  # else it came meanwhile
                found[pk][free[pk]] = name
                free[pk] += 1

    def _lists_of(self, pks: Sequence[int]) -> dict[int, list[str]]:
        through = TargetList.targets.through.objects.filter(
            basetarget__in=pks, targetlist__in=list(self._list_names)
        )
        found: dict[int, list[str]] = {}
        for pk, list_pk in through.values_list("basetarget_id", "targetlist_id"):
            found.setdefault(pk, []).append(self._list_names[list_pk])
        return found

    def _groups_of(self, pks: Sequence[int]) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for pk, group_pk in self._grants(pks).values_list("content_object_id", "group_id"):
            found.setdefault(pk, []).append(self._groups[group_pk])
        return found
