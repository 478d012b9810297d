"""Undoes change sets: says first what would happen and what is in the way, then does all of it or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from tom_common.history.encoding import chunks, dump, python_value
from tom_common.history.models import ChangeSet
from tom_common.history.net import CHANGED, CREATED, DELETED, Net, net_changes
from tom_common.history.obstacles import Obstacle, obstacles_to
from tom_common.history.permissions import why_not_revert
from tom_common.history.recorder import Recorder
from tom_common.history.registry import FOLD, PAIR, ROW, SET, RevertRefusedError, Tracked
from tom_common.history.scope import change_set as open_change_set
from tom_common.history.scope import unrecorded
from tom_common.history.tracking import KEPT_ROWS

MAX_PREVIEWED = 20_000
MAX_TRASHED = 1000


@dataclass
class RevertPlan:
    """What undoing a change set would do, and why it cannot be.

    ``effects`` says it in words and numbers; ``obstacles`` is empty where it can be undone.
    """

    change_set: ChangeSet
    nets: list[Net] = field(default_factory=list)
    obstacles: list[Obstacle] = field(default_factory=list)
    is_checked: bool = True

    @property
    def is_possible(self) -> bool:
        """Whether nothing is in the way."""
        return not self.obstacles

    @property
    def is_for_good(self) -> bool:
        """Whether what was made is too much for the trash, and is deleted for good."""
        if not self.is_checked:
            return self.change_set.subject_count > MAX_TRASHED
        return sum(net.tracked.is_subject and net.effect == CREATED for net in self.nets) > MAX_TRASHED

    @property
    def effects(self) -> list[str]:
        """For example ``["12 targets are set back", "1 alias is deleted"]``."""
        counted: Counter[tuple[Tracked, str]] = Counter()
        for net in self.nets:
            if net.style == SET:
                counted[net.tracked, CREATED] += len(net.came)
                counted[net.tracked, DELETED] += net.gone_count
            else:
                values = len(net.after) if net.style == FOLD else 1
                counted[net.tracked, net.effect] += values
        verbs = {CREATED: "removed", CHANGED: "set back", DELETED: "brought back"}
        return [
            f"{count:,} {tracked.words[count != 1]} {'is' if count == 1 else 'are'} {verbs[effect]}"
            for (tracked, effect), count in counted.items()
            if count
        ]


def plan_revert(change_set: ChangeSet, user: Any, *, full: bool = False) -> RevertPlan:
    """Return what undoing a change set would do, without doing it.

    Parameters
    ----------
    change_set : ChangeSet
    user : User
        Who asks: what this user may not do is an obstacle.
    full : bool
        Check change sets of any size; else those of more than `MAX_PREVIEWED` rows are left unchecked.
    """
    if reason := why_not_revert(user, change_set):
        return RevertPlan(change_set, obstacles=[Obstacle(reason, change_set.reverted_by)])
    if change_set.change_count > MAX_PREVIEWED and not full:
        return RevertPlan(change_set, is_checked=False)
    nets, unknown = net_changes(change_set)
    return RevertPlan(change_set, nets, obstacles_to(change_set, nets, unknown))


def revert(change_set: ChangeSet, user: Any, *, reason: str = "") -> ChangeSet | None:
    """Undo a change set, all or nothing, as a change set of its own; that can be undone in turn.

    Parameters
    ----------
    change_set : ChangeSet
    user : User
        The author or one of the staff, who may change all targets that it touched.
    reason : str

    Returns
    -------
    ChangeSet or None
        The new change set; None if there was nothing left to undo.

    Raises
    ------
    RevertRefusedError
        If something is in the way; the text says what.
    """
    title = f"Revert of {change_set.pk}: {change_set}"
    try:
        with open_change_set(user, kind="revert", title=title, reason=reason) as changes:
            locked = ChangeSet.objects.select_for_update().get(pk=change_set.pk)
            plan = plan_revert(locked, user, full=True)
            if not plan.is_possible:
                raise RevertRefusedError(" ".join(item.text for item in plan.obstacles[:10]))
            _undo(plan.nets, user, changes)
            changes.flush()
            _mark(locked, changes.pk)
    except IntegrityError as error:
        raise RevertRefusedError(f"The database refuses it: {error}") from error
    return ChangeSet.objects.filter(pk=changes.pk).first() if changes.pk else None


def _mark(change_set: ChangeSet, by: int | None) -> None:
    ChangeSet.objects.filter(pk=change_set.pk).update(state=ChangeSet.State.REVERTED, reverted_by=by)
    # Undoing a revert puts in force again what it had undone.
    ChangeSet.objects.filter(reverted_by=change_set.pk).update(
        state=ChangeSet.State.APPLIED, reverted_by=None
    )


def _undo(nets: Sequence[Net], user: Any, changes: Recorder) -> None:
    """Set rows back. What was made goes first, since names may have been passed on; then others return."""
    newest_first = list(reversed(nets))
    rows = [net for net in newest_first if net.style == ROW]
    made = [net for net in rows if net.effect == CREATED]
    lost = [net for net in rows if net.effect == DELETED]
    joined = [net for net in newest_first if net.style == PAIR and net.effect == CREATED]
    _leave(joined)
    _remove([net for net in made if not net.tracked.is_subject], user)
    _remove([net for net in made if net.tracked.is_subject], user)
    subjects = [net for net in lost if net.tracked.is_subject]
    if subjects:
        _bring_back(subjects, user, changes)
        # They come as they were when they went: with what was done to them earlier in the change set.
        _leave(joined)
        _remove([net for net in made if not net.tracked.is_subject], user)
        _set_back(subjects)
    _remove_measurements([net for net in newest_first if net.came], changes)
    _bring_back([net for net in lost if not net.tracked.is_subject], user, changes)
    _bring_measurements_back([net for net in newest_first if net.gone], changes)
    _set_back([net for net in rows if net.effect == CHANGED])
    _set_back_folded([net for net in newest_first if net.style == FOLD])
    _join([net for net in newest_first if net.style == PAIR and net.effect == DELETED])


def _by_model(nets: Iterable[Net]) -> dict[Tracked, list[Net]]:
    found: dict[Tracked, list[Net]] = {}
    for net in nets:
        found.setdefault(net.tracked, []).append(net)
    return found


def _remove(nets: list[Net], user: Any) -> None:
    for tracked, of_model in _by_model(nets).items():
        pks = [net.object_pk for net in of_model if net.object_pk is not None]
        for some in chunks(pks):
            if tracked.remove_many is not None and len(pks) > MAX_TRASHED:
                tracked.remove_many(list(some))
            elif tracked.remove is not None:
                tracked.remove(list(some), user)
            else:
                tracked.model()._default_manager.filter(pk__in=list(some)).delete()


def _bring_back(nets: list[Net], user: Any, changes: Recorder) -> None:
    for tracked, of_model in _by_model(nets).items():
        model = tracked.model()
        columns = {column.attname: column for column in model._meta.concrete_fields}
        returned = []
        for net in of_model:
            if model._base_manager.filter(pk=net.object_pk).exists():
                continue
            if tracked.restore is not None and net.note:
                tracked.restore(net.note, user)
                continue
            values = {
                name: python_value(columns[name], value)
                for name, value in net.before.items()
                if name in columns
            }
            row: Any = model(**values)
            row.save_base(raw=True, force_insert=True)  # as it was: no time is set to now
            subject = getattr(row, tracked.subject_attribute()) if tracked.subject else None
            after = {name: values.get(name) for name in tracked.shown}
            changes.said(tracked, "create", row.pk, subject, after=after)
            returned.append(row.pk)
        if returned and tracked.restored is not None:
            tracked.restored(returned, user)


def _set_back(nets: list[Net]) -> None:
    for tracked, of_model in _by_model(nets).items():
        model = tracked.model()
        columns = tracked.columns(model)
        now = {
            column.attname: timezone.now()
            for column in model._meta.concrete_fields
            if getattr(column, "auto_now", False)
        }
        alike: dict[str, list[Net]] = {}
        for net in of_model:
            alike.setdefault(dump(net.before), []).append(net)
        for group in alike.values():
            values = {
                name: python_value(columns[name], value)
                for name, value in group[0].before.items()
                if name in columns
            }
            for some in chunks([net.object_pk for net in group]):
                model._default_manager.filter(pk__in=list(some)).update(**values, **now)


def _set_back_folded(nets: list[Net]) -> None:
    for net in nets:
        tracked = net.tracked
        key, value = tracked.fold
        rows: Any = tracked.root._default_manager
        mine = rows.filter(**{tracked.subject_attribute(): net.subject_id})
        stored = {getattr(row, key): row for row in mine.filter(**{f"{key}__in": list(net.before)})}
        gone = [name for name, before in net.before.items() if before is None and name in stored]
        if gone:
            mine.filter(**{f"{key}__in": gone}).delete()
        for name, before in net.before.items():
            if before is None:
                continue
            row = stored.get(name) or tracked.root(**{tracked.subject_attribute(): net.subject_id, key: name})
            setattr(row, value, before)
            row.save()


def _pairs(nets: list[Net]) -> dict[tuple[Tracked, int | None], list[int | None]]:
    found: dict[tuple[Tracked, int | None], list[int | None]] = {}
    for net in nets:
        found.setdefault((net.tracked, net.object_pk), []).append(net.subject_id)
    return found


def _leave(nets: list[Net]) -> None:
    from tom_common.history.tracking import note_memberships_gone

    for (tracked, container), subjects in _pairs(nets).items():
        for some in chunks(subjects):
            condition = {tracked.object_field: container, f"{tracked.subject_attribute()}__in": list(some)}
            rows = tracked.root._default_manager.filter(**condition)
            note_memberships_gone(tracked, rows, rows.db)
            rows.delete()


def _join(nets: list[Net]) -> None:
    from tom_common.bulk import insert_new

    for (tracked, container), subjects in _pairs(nets).items():
        columns = {
            tracked.object_field: [container] * len(subjects),
            tracked.subject_attribute(): subjects,
        }
        insert_new(tracked.root, columns)


def _remove_measurements(nets: list[Net], changes: Recorder) -> None:
    are_kept = sum(len(net.came) for net in nets) <= KEPT_ROWS
    for tracked, of_model in _by_model(nets).items():
        if are_kept:
            for some in chunks([pk for net in of_model for pk in net.came]):
                tracked.root._default_manager.filter(pk__in=list(some)).delete()
            continue
        with unrecorded():
            for some in chunks([pk for net in of_model for pk in net.came]):
                tracked.root._default_manager.filter(pk__in=list(some)).delete()
        for net in of_model:
            changes.deleted(tracked, None, net.subject_id, row_count=len(net.came))


def _bring_measurements_back(nets: list[Net], changes: Recorder) -> None:
    for tracked, of_model in _by_model(nets).items():
        columns = {column.attname: column for column in tracked.root._meta.concrete_fields}
        rows = []
        for net in of_model:
            for kept in net.gone:
                values = {name: python_value(columns[name], kept[name]) for name in columns if name in kept}
                rows.append(tracked.root(**values))
        manager: Any = tracked.root._default_manager
        with unrecorded():
            for some in chunks(rows):
                manager.bulk_create(list(some))
        owner = tracked.subject_attribute()
        changes.rows_came(tracked, [(row.pk, getattr(row, owner)) for row in rows])
