"""What can be done with targets: store one with all that its form holds, say who may see it, fill lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tom_common.bulk import insert_new
from tom_common.grants import default_codenames, grant_access, grant_many, revoke_access
from tom_common.history import change_set, tracked_for
from tom_common.history.tracking import locked, note_memberships_gone
from tom_common.hooks import run_hook
from tom_targets.derived import simplify_name
from tom_targets.models import BaseTarget, Target, TargetGroupGrant, TargetList, TargetUserGrant
from tom_targets.selectors import list_of_name
from tom_targets.target_names import check_names

_CHUNK = 1000


def store_target(form: Any, formsets: Sequence[Any], *, user: Any) -> BaseTarget:
    """Store what the valid forms of a target hold, all or nothing, and tell the hook ``target_post_save``.

    Parameters
    ----------
    form : TargetForm
    formsets : sequence of formsets
        Aliases and tags, bound to the instance of the form.
    user : User
        The creator of a new target may see, edit and delete it, and so may the chosen groups.
    """
    is_new = form.instance.pk is None
    with change_set(user, kind="create" if is_new else "edit"):
        target = form.save(commit=False)
        target.save(extras=form.extra_values)
        form.save_m2m()
        for formset in formsets:
            formset.instance = target
            formset.save()
        if is_new:
            holders = (user, *form.cleaned_data.get("groups", ()))
            model = type(target)
            grant_many(holders, model, [target.pk], default_codenames(model))
    run_hook("target_post_save", target=target, created=is_new)
    return target


def add_aliases(target: BaseTarget, names: Iterable[str], *, user: Any = None) -> list[str]:
    """Give a target further names, all or nothing, and return those that it did not have.

    Raises
    ------
    ValidationError
        If a name belongs to another target.
    """
    known = {simplify_name(target.name)}
    known.update(target.aliases.values_list("name_key", flat=True))
    wanted: dict[str, str] = {}
    for name in names:
        key = simplify_name(name)
        if key and key not in known:
            wanted.setdefault(key, name.strip())
    check_names(target, list(wanted.values()), user=user)
    if wanted:
        target.save(names=wanted.values())
    return list(wanted.values())


def set_access(target: BaseTarget, *, permissions: str, changes: Iterable[tuple[Any, Any, Any]]) -> None:
    """Set who may see a target, and what users and groups gain and lose on it, all or nothing.

    Parameters
    ----------
    target : BaseTarget
    permissions : str
        ``OPEN``, ``PUBLIC`` or ``PRIVATE``.
    changes : iterable of (User or Group, gained, lost)
        Gained and lost are sequences of ``view``, ``change``, ``delete``.
    """
    with change_set(kind="access"):
        if target.permissions != permissions:
            target.permissions = permissions
            target.save(update_fields=["permissions", "modified"])
        for holder, gained, lost in changes:
            if gained:
                grant_access(holder, target, [f"{action}_target" for action in gained])
            if lost:
                revoke_access(holder, target, [f"{action}_target" for action in lost])


def set_visibility(targets: QuerySet, permissions: str) -> int:
    """Set who may see many targets, all or nothing, and return how many they are."""
    changed = 0
    with change_set(kind="bulk", title=f"Visibility set to {permissions}"):
        for keys in _key_chunks(targets):
            rows = Target.objects.filter(pk__in=keys)
            changed += rows.update(permissions=permissions, modified=timezone.now())
    return changed


def give_access_to_many(targets: QuerySet, holders: Sequence[Any], actions: Sequence[str]) -> int:
    """Let users and groups do something with many targets, and return how many these are."""
    codenames = [f"{action}_target" for action in actions]
    touched = 0
    for keys in _key_chunks(targets):
        with transaction.atomic():
            grant_many(holders, Target, keys, codenames)
        touched += len(keys)
    return touched


def take_access_from_many(targets: QuerySet, holders: Sequence[Any]) -> int:
    """Take all access to many targets from users and groups, and return how many these are."""
    groups = [holder.pk for holder in holders if isinstance(holder, Group)]
    users = [holder.pk for holder in holders if not isinstance(holder, Group)]
    touched = 0
    for keys in _key_chunks(targets):
        with transaction.atomic():
            TargetGroupGrant.objects.filter(content_object__in=keys, group__in=groups).delete()
            TargetUserGrant.objects.filter(content_object__in=keys, user__in=users).delete()
        touched += len(keys)
    return touched


def create_list(form: Any, *, user: Any) -> TargetList:
    """Store a new target list; its creator may do everything with it, the chosen groups see and fill it."""
    with change_set(user, kind="create", title=f"New list {form.instance.name}"[:200]):
        made = form.save()
        grant_access(user, made)
        for group in form.cleaned_data.get("groups", ()):
            grant_access(group, made, ["view_targetlist", "change_targetlist"])
    return made


def list_or_new(name: str) -> tuple[TargetList, bool]:
    """Return the list of a name, the oldest of several, made if there is none, and whether it was made.

    Processes that ask at the same time get the same list: the row of the kind of thing that a list is keeps
    the second waiting until the first has stored it.
    """
    found = list_of_name(name)
    if found is not None:
        return found, False
    with transaction.atomic():
        kind = ContentType.objects.get_for_model(TargetList)
        ContentType.objects.filter(pk=kind.pk).update(model=kind.model)
        there = min(locked(TargetList.objects.filter(name=name)), key=lambda row: row.pk, default=None)
        return (there, False) if there is not None else (TargetList.objects.create(name=name), True)


def add_to_list(target_list: TargetList, targets: QuerySet) -> int:
    """Put targets on a list, and return how many were not on it."""
    through = TargetList.targets.through
    added = 0
    with change_set(kind="bulk", title=f"Put on the list {target_list.name}"):
        for keys in _key_chunks(targets):
            columns = {"targetlist_id": [target_list.pk] * len(keys), "basetarget_id": keys}
            added += insert_new(through, columns).inserted
        _touch(target_list)
    return added


def remove_from_list(target_list: TargetList, targets: QuerySet) -> int:
    """Take targets off a list, and return how many were on it."""
    through = TargetList.targets.through
    followed = tracked_for(through)
    removed = 0
    with change_set(kind="bulk", title=f"Taken off the list {target_list.name}"):
        for keys in _key_chunks(targets):
            rows = through.objects.filter(targetlist=target_list, basetarget__in=keys)
            if followed is not None:
                note_memberships_gone(followed, rows, "default")
            removed += rows.delete()[0]
        _touch(target_list)
    return removed


def _touch(target_list: TargetList) -> None:
    TargetList.objects.filter(pk=target_list.pk).update(modified=timezone.now())


def _key_chunks(targets: QuerySet) -> Iterator[list[int]]:
    """Yield the keys of targets, a thousand at a time, read before the first of them is changed."""
    keys = iter(list(targets.order_by("pk").values_list("pk", flat=True)))
    while chunk := list(islice(keys, _CHUNK)):
        yield chunk
