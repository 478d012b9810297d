"""Writes what the REST API takes along with a target: extra fields, aliases, lists, groups with access."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError

from tom_common.grants import grant_access, grant_many
from tom_targets.models import BaseTarget, Target, TargetExtra, TargetList, TargetName
from tom_targets.permissions import ACTIONS, target_lists_for_user
from tom_targets.queries import grant_on_new_target
from tom_targets.selectors import groups_to_share_with

_MODEL_FIELDS = frozenset(field.name for field in Target._meta.get_fields())


def wanted_extras(entries: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the extras that are stored: those whose key is a field of the target are dropped."""
    return [entry for entry in entries if entry.get("key") not in _MODEL_FIELDS]


def store_extras(target: BaseTarget, entries: Iterable[Mapping[str, Any]]) -> None:
    """Create and change extra fields of a target.

    Parameters
    ----------
    target : BaseTarget
    entries : iterable of mappings
        ``key`` and ``value``; with ``id`` that row is changed, without it the row of that key, or a new one.

    Raises
    ------
    ValidationError
        If an ``id`` belongs to another target, or a key would be there twice.
    """
    stored = list(TargetExtra.objects.filter(target=target.pk))
    by_pk = {extra.pk: extra for extra in stored}
    by_key = {extra.key: extra for extra in stored}
    changed: dict[str, TargetExtra] = {}
    for entry in wanted_extras(entries):
        if entry.get("id") is not None:
            extra = by_pk.get(entry["id"])
            if extra is None:
                raise ValidationError(f"This target has no extra field with the id {entry['id']}.")
            if by_key.get(entry["key"], extra) is not extra:
                raise ValidationError(f"This target has an extra field {entry['key']} already.")
            by_key.pop(extra.key, None)
            changed.pop(extra.key, None)
        else:
            extra = by_key.get(entry["key"]) or TargetExtra(target_id=target.pk)
        extra.key, extra.value = entry["key"], entry["value"]
        by_key[extra.key] = changed[extra.key] = extra
    for extra in changed.values():
        extra.save()


def store_new_extras(target: BaseTarget, entries: Iterable[Mapping[str, Any]]) -> list[TargetExtra]:
    """Create and return the extra fields of a target that has none."""
    rows = {entry["key"]: entry["value"] for entry in wanted_extras(entries)}
    made = [TargetExtra(target_id=target.pk, key=key, value=value) for key, value in rows.items()]
    for extra in made:
        extra.set_typed_values()
    TargetExtra.objects.bulk_create(made)
    return made


def store_new_aliases(target: BaseTarget, entries: Iterable[Mapping[str, Any]]) -> list[TargetName]:
    """Create and return the aliases of a target that has none."""
    names = dict.fromkeys(entry["name"] for entry in entries)
    return [TargetName.objects.create(target_id=target.pk, name=name) for name in names]


def store_aliases(target: BaseTarget, entries: Iterable[Mapping[str, Any]]) -> None:
    """Create and rename aliases of a target, whose names the caller has compared with all others.

    Raises
    ------
    ValidationError
        If an ``id`` belongs to another target.
    """
    stored = list(TargetName.objects.filter(target=target.pk))
    by_pk = {alias.pk: alias for alias in stored}
    taken = {alias.name for alias in stored}
    for entry in entries:
        name = entry["name"]
        if entry.get("id") is not None:
            alias = by_pk.get(entry["id"])
            if alias is None:
                raise ValidationError(f"This target has no alias with the id {entry['id']}.")
            if alias.name == name:
                continue
            if name in taken:
                raise ValidationError(f"This target has the alias {name} already.")
            taken.discard(alias.name)
            alias.name = name
            alias.save()
        elif name not in taken:
            TargetName.objects.create(target_id=target.pk, name=name)
        taken.add(name)


class Lists:
    """Finds and makes the target lists that entries name; the creator of a list may do all with it.

    Parameters
    ----------
    user : User or None
        Who asks: only lists that this user may change are found. None finds all.
    """

    def __init__(self, user: Any) -> None:
        self.user = user
        self._by_pk: dict[int, TargetList] = {}
        self._by_name: dict[str, TargetList] = {}

    def find(self, entry: Mapping[str, Any], *, by_id: bool) -> TargetList:
        """Return the list that an entry names by ``name`` (made if need be) or, if asked to, by ``id``.

        Raises
        ------
        ValidationError
            If there is no list with that id, or the user may not change it.
        """
        name, pk = entry.get("name"), entry.get("id")
        if pk is not None and (by_id or not name):
            if pk not in self._by_pk:
                found = self._changeable().filter(pk=pk).first()
                if found is None:
                    raise ValidationError(f"There is no list {pk} that you may change.")
                self._by_pk[pk] = found
            return self._by_pk[pk]
        if not name:
            raise ValidationError("A list is named by id or by name.")
        if name not in self._by_name:
            self._by_name[name] = self._changeable().filter(name=name).order_by("pk").first() or self._make(
                name
            )
        return self._by_name[name]

    def _changeable(self) -> Any:
        rows = TargetList.objects.all()
        return rows if self.user is None else target_lists_for_user(self.user, rows, "change_targetlist")

    def _make(self, name: str) -> TargetList:
        made = TargetList.objects.create(name=name)
        if self.user is not None:
            grant_access(self.user, made)
        return made


class Groups:
    """Finds the groups that entries name, of those with which a user may share; all for None."""

    def __init__(self, user: Any) -> None:
        self._rows = Group.objects.order_by("pk") if user is None else groups_to_share_with(user)
        self._found: dict[tuple[Any, Any], Group] = {}

    def find(self, entry: Mapping[str, Any]) -> Group:
        """Return the group that an entry names by ``id``, ``name`` or both.

        Raises
        ------
        ValidationError
            If there is none, or the user is no member of it.
        """
        key = (entry.get("id"), entry.get("name"))
        if key not in self._found:
            conditions = {field: value for field, value in zip(("pk", "name"), key, strict=True) if value}
            found = self._rows.filter(**conditions).first() if conditions else None
            if found is None:
                shown = key[1] or key[0] or "without name"
                raise ValidationError(f"There is no group {shown} that you are a member of.")
            self._found[key] = found
        return self._found[key]


def give_access_to_new(pk: int, user: Any, groups: Sequence[Group]) -> None:
    """Let the creator (None for nobody) and groups see, change and delete a target just stored.

    Raises
    ------
    Permission.DoesNotExist
        If the permissions are not in the database (``migrate`` makes them).
    """
    by_kind = {
        "user": [user.pk] if user is not None and user.pk else [],
        "group": list({group.pk for group in groups}),
    }
    for kind, pks in by_kind.items():
        if grant_on_new_target(pk, kind, pks, ACTIONS) != len(pks) * len(ACTIONS):
            raise Permission.DoesNotExist("the permissions on targets are missing; run migrate")


def give_access(pks: Sequence[int], holders: Sequence[Any]) -> None:
    """Let users and groups see, change and delete targets."""
    if holders:
        grant_many(holders, Target, pks, ACTIONS)
