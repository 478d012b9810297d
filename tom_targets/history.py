"""What of targets and lists has a history, and how a target that was made or deleted is taken back.

Called by the app's ``ready()``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, FileField, ProtectedError, QuerySet

from tom_common.history import (
    FOLD,
    PAIR,
    RevertRefusedError,
    Subject,
    Tracked,
    follow_membership,
    register_subject,
    track,
    tracked_for,
)
from tom_targets.models import (
    BaseTarget,
    Target,
    TargetExtra,
    TargetGroupGrant,
    TargetList,
    TargetName,
    TargetStatus,
    TargetUserGrant,
    TrashedTarget,
)
from tom_targets.permissions import target_lists_for_user, targets_for_user


def register() -> None:
    """Give targets, aliases, extra fields, lists and what is on them a history."""
    register_subject(Subject("target", lambda: Target, _targets_for, ("target", "targets")))
    register_subject(Subject("list", lambda: TargetList, _lists_for, ("list", "lists")))
    track(
        Tracked(
            BaseTarget,
            "target",
            shown=("name", "type", "ra", "dec", "permissions"),
            natural=("name",),
            in_use=lambda: Target,
            remove=remove_targets,
            remove_many=delete_targets,
            restore=restore_target,
            why_not_back=why_not_back,
            obstacles=what_hangs_on,
            words=("target", "targets"),
        )
    )
    track(
        Tracked(
            TargetName, "target", "target_id", shown=("name",), natural=("name",), words=("alias", "aliases")
        )
    )
    track(
        Tracked(
            TargetExtra,
            "target",
            "target_id",
            style=FOLD,
            natural=("target_id", "key"),
            words=("extra field", "extra fields"),
            name_field="key",
        )
    )
    track(Tracked(TargetList, "list", shown=("name",), words=("list", "lists"), restored=_give_list))
    track(
        Tracked(
            TargetStatus,
            "target",
            "target_id",
            shown=("group_id", "word"),
            natural=("target_id", "group_id"),
            ignored=("changed_by_id", "changed_at"),
            object_field="group_id",
            object_condition=_statuses_of_teams,
            needs="view",
            words=("status", "statuses"),
            name_field="word",
        )
    )
    through = TargetList.targets.through
    track(
        Tracked(
            through,
            "target",
            "basetarget_id",
            style=PAIR,
            object_field="targetlist_id",
            natural=("targetlist_id", "basetarget_id"),
            object_condition=_known_lists,
            words=("place on a list", "places on lists"),
        )
    )
    follow_membership(through)


def _targets_for(user: Any, action: str, rows: QuerySet) -> QuerySet:
    return targets_for_user(user, rows, f"{action}_target")


def _lists_for(user: Any, action: str, rows: QuerySet) -> QuerySet:
    return target_lists_for_user(user, rows, f"{action}_targetlist")


def _known_lists(user: Any, action: str) -> QuerySet:
    return target_lists_for_user(user, TargetList.objects.order_by(), f"{action}_targetlist")


def _statuses_of_teams(user: Any, action: str) -> QuerySet:
    """Return the words that a user sees and sets: those of the user's teams."""
    return TargetStatus.objects.filter(group__user=user.pk).order_by()


def _give_list(pks: Sequence[int], user: Any) -> None:
    """Let whoever brings a list back do everything with it: who could before is not known any more."""
    from tom_common.grants import grant_access

    for target_list in TargetList.objects.filter(pk__in=pks):
        if user is not None:
            grant_access(user, target_list)


def remove_targets(pks: Sequence[int], user: Any) -> None:
    """Move targets that a reverted change set made to the trash.

    Raises
    ------
    RevertRefusedError
        If rows of a plugin need one of them.
    """
    from tom_targets.trash import move_to_trash

    for target in BaseTarget._base_manager.filter(pk__in=pks):
        try:
            move_to_trash(target, user=user)
        except ProtectedError as error:
            raise RevertRefusedError(f"{target.name} cannot go: rows of a plugin need it.") from error


def delete_targets(pks: Sequence[int]) -> None:
    """Delete targets for good, with the files that then nothing names; the files go once it is certain."""
    from tom_targets.trash import remove_unneeded

    files: list[tuple[Any, str]] = []
    for relation in BaseTarget._meta.related_objects:
        model: Any = relation.related_model
        for column in model._meta.concrete_fields:
            if isinstance(column, FileField):
                rows = model._base_manager.filter(**{f"{relation.field.name}__in": pks}).order_by()
                files += [
                    (column.storage, name) for name in rows.values_list(column.attname, flat=True) if name
                ]
    Target._default_manager.filter(pk__in=pks).delete()
    transaction.on_commit(lambda: remove_unneeded(files))


def restore_target(note: dict[str, Any], user: Any) -> None:
    """Bring back a target that was moved to the trash, as a deletion or merge did.

    Raises
    ------
    RevertRefusedError
        If it is not there any more, or something is in its way.
    """
    from tom_targets.trash import RestoreClashError, restore

    trashed = TrashedTarget.objects.filter(pk=note.get("trash")).first()
    if trashed is None:
        raise RevertRefusedError("The target was deleted for good.")
    try:
        restore(trashed)
    except RestoreClashError as error:
        raise RevertRefusedError(str(error)) from error


def why_not_back(notes: Sequence[dict[str, Any]]) -> list[str]:
    """Return for each deleted target why it cannot come back; nothing if it can."""
    pks = [note.get("trash") for note in notes]
    there = set(TrashedTarget.objects.filter(pk__in=filter(None, pks)).values_list("pk", flat=True))
    gone = "the trash does not hold it any more."
    return [gone if pk and pk not in there else "" for pk in pks]


# Rows that come and go with the target, or follow from others.
_UNIMPORTANT = {
    "tom_targets.targetfavourite",
    "tom_dataproducts.lightcurvesummary",
    "tom_alerts.demorow",
    "guardian.userobjectpermission",
    "guardian.groupobjectpermission",
}


def what_hangs_on(pks: Sequence[int]) -> dict[int, str]:
    """Return what hangs on targets that has no history: observations, files of plugins, comments.

    Returns
    -------
    dict of int to str
        For example ``{7: "2 observation records"}``.
    """
    from tom_targets.pointers import target_pointers

    found: dict[int, list[str]] = defaultdict(list)
    for pointer in target_pointers():
        if _goes_along(pointer.model):
            continue
        rows = pointer.rows_of(pks).order_by().values_list(pointer.column).annotate(Count("pk"))
        _count(found, rows, pointer.model)
    return {pk: ", ".join(parts) for pk, parts in found.items()}


def _goes_along(model: Any) -> bool:
    return (
        issubclass(model, (BaseTarget, TargetUserGrant, TargetGroupGrant))
        or model._meta.label_lower in _UNIMPORTANT
        or bool(model._meta.auto_created)
        or tracked_for(model) is not None
    )


def _count(found: dict[int, list[str]], counted: Any, model: Any) -> None:
    for pk, count in counted:
        name = model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural
        found[int(pk)].append(f"{count} {name}")
