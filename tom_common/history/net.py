"""What a change set did in the end to each row: the base of its preview and of its undoing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tom_common.history.encoding import from_ranges, same
from tom_common.history.models import Change, ChangeSet
from tom_common.history.registry import FOLD, PAIR, ROW, SET, Tracked, tracked_by_label

CREATED, CHANGED, DELETED, NOTHING = "created", "changed", "deleted", "nothing"


@dataclass
class Net:
    """One row, or the folded values or measurements of one subject, before and after a change set.

    ``before`` and ``after`` are plain values by attribute; of a row that was deleted, ``before`` has all.
    """

    tracked: Tracked
    object_pk: int | None
    subject_id: int | None
    first_id: int
    last_id: int
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    was_there: bool = True
    is_there: bool = True
    came: list[int] = field(default_factory=list)
    gone: list[dict[str, Any]] = field(default_factory=list)
    gone_count: int = 0
    note: dict[str, Any] = field(default_factory=dict)

    @property
    def style(self) -> str:
        """How the row is followed; a single measurement that was edited is a row."""
        return ROW if self.tracked.style == SET and self.object_pk is not None else self.tracked.style

    @property
    def effect(self) -> str:
        """Whether the row was made, changed or deleted in the end, or nothing of it is left."""
        if self.style == SET:
            return CREATED if self.came else DELETED
        if self.style == FOLD:
            return CHANGED
        if self.was_there and self.is_there:
            return CHANGED if self.tracked.style != PAIR else NOTHING
        if self.was_there:
            return DELETED
        return CREATED if self.is_there else NOTHING

    def add(self, change: Change) -> None:
        """Take in one more change of the same row, in the order of time."""
        self.last_id = change.pk
        before, after = change.values_before, change.values_after
        if change.action == Change.Action.CREATE:
            if self.tracked.style == SET:
                self.came += from_ranges(change.notes.get("rows", ""))
            self.is_there = True
            self.after.update(after)
        elif change.action == Change.Action.UPDATE:
            for name, value in before.items():
                self.before.setdefault(name, value)
            self.after.update(after)
        elif self.tracked.style == SET:
            self._rows_gone(change, before)
        else:
            self.is_there = False
            self.before = {**before, **self.before}
            self.note = change.notes

    def _rows_gone(self, change: Change, before: dict[str, Any]) -> None:
        kept = before.get("rows", [])
        pks = {row["pk"] for row in kept}
        returned = pks & set(self.came)  # came and went in the same change set
        self.came = [pk for pk in self.came if pk not in returned]
        self.gone += [row for row in kept if row["pk"] not in returned]
        self.gone_count += change.row_count - len(returned)

    def prune(self) -> None:
        """Leave out values that came back to where they began."""
        if self.effect == CHANGED:
            names = [name for name in self.after if not same(self.before.get(name), self.after[name])]
            self.before = {name: self.before.get(name) for name in names}
            self.after = {name: self.after[name] for name in names}


def net_changes(change_set: ChangeSet) -> tuple[list[Net], list[str]]:
    """Return what a change set did in the end, in the order of its last touch of each row.

    Returns
    -------
    (list of Net, list of str)
        The second holds the labels of models whose app is not there any more.
    """
    found: dict[tuple[Any, ...], Net] = {}
    unknown: dict[str, None] = {}
    for change in _in_order(change_set):
        tracked = tracked_by_label(change.model_label)
        if tracked is None:
            unknown[change.model_label] = None
            continue
        pair = tracked.style == PAIR
        owner = change.subject_id if pair or change.object_pk is None else None
        key = (change.model_label, change.object_pk, owner)
        net = found.get(key)
        if net is None:
            net = found[key] = Net(tracked, change.object_pk, change.subject_id, change.pk, change.pk)
            net.was_there = change.action != Change.Action.CREATE
        if not pair and change.object_pk is not None:
            net.subject_id = change.subject_id
        net.add(change)
    nets = sorted(found.values(), key=lambda net: net.last_id)
    for net in nets:
        net.prune()
    return [net for net in nets if _is_something(net)], list(unknown)


def _is_something(net: Net) -> bool:
    if net.style == SET:
        return bool(net.came or net.gone_count)
    return net.effect != NOTHING and (net.effect != CHANGED or bool(net.after))


def _in_order(change_set: ChangeSet) -> Iterable[Change]:
    return change_set.changes.order_by("pk").iterator(chunk_size=2000)
