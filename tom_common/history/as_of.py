"""A subject as it was at a time: what is there now, with all later changes undone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from tom_common.history.encoding import dump, load
from tom_common.history.models import Change
from tom_common.history.registry import FOLD, PAIR, ROW, SET, Tracked, all_tracked, tracked_by_label

MAX_CHANGES = 50_000


@dataclass
class Snapshot:
    """What a subject was at a time, as plain values.

    ``fields`` by attribute; ``rows`` by label and key, with the attributes shown; ``folded`` by label and
    key; ``places`` keys of what it was in; ``counts`` of measurements by label.
    """

    exists: bool = True
    fields: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    folded: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, set[int]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    undone: int = 0


def snapshot_now(subject_type: str, row: Any) -> Snapshot:
    """Return what a subject is now."""
    now = Snapshot()
    for tracked in all_tracked():
        if tracked.subject != subject_type:
            continue
        if tracked.is_subject:
            columns = tracked.columns(tracked.model())
            now.fields = load(dump({name: getattr(row, name) for name in columns}))
            continue
        mine = tracked.root._base_manager.filter(**{tracked.subject_attribute(): row.pk}).order_by()
        if tracked.style == SET:
            now.counts[tracked.label] = mine.count()
        elif tracked.style == PAIR:
            now.places[tracked.label] = set(mine.values_list(tracked.object_field, flat=True))
        elif tracked.style == FOLD:
            now.folded[tracked.label] = dict(mine.values_list(*tracked.fold))
        else:
            found = mine.values("pk", *tracked.shown)
            now.rows[tracked.label] = {
                values["pk"]: load(dump({name: values[name] for name in tracked.shown})) for values in found
            }
    return now


def snapshot_at(subject_type: str, row: Any, when: dt.datetime) -> Snapshot:
    """Return what a subject was at a time.

    Parameters
    ----------
    subject_type : str
        For example ``target``.
    row : model instance
        The subject, as it is now.
    when : datetime
        Aware. What was done at this very moment is done.

    Raises
    ------
    ValueError
        If more than `MAX_CHANGES` changes lie between then and now.
    """
    then = snapshot_now(subject_type, row)
    later = Change.objects.filter(subject_type=subject_type, subject_id=row.pk, at__gt=when)
    changes = list(later.order_by("-pk")[: MAX_CHANGES + 1])
    if len(changes) > MAX_CHANGES:
        raise ValueError(f"More than {MAX_CHANGES:,} changes lie between then and now.")
    for change in changes:
        tracked = tracked_by_label(change.model_label)
        if tracked is not None:
            _undo(then, tracked, change)
            then.undone += 1
    return then


def _undo(then: Snapshot, tracked: Tracked, change: Change) -> None:
    style = ROW if tracked.style == SET and change.object_pk is not None else tracked.style
    before = change.values_before
    if style == SET:
        sign = -1 if change.action == Change.Action.CREATE else 1
        then.counts[tracked.label] = max(0, then.counts.get(tracked.label, 0) + sign * change.row_count)
    elif style == PAIR and change.object_pk is not None:
        places = then.places.setdefault(tracked.label, set())
        if change.action == Change.Action.CREATE:
            places.discard(change.object_pk)
        else:
            places.add(change.object_pk)
    elif style == FOLD:
        folded = then.folded.setdefault(tracked.label, {})
        for key, value in before.items():
            if value is None:
                folded.pop(key, None)
            else:
                folded[key] = value
    elif tracked.is_subject:
        then.exists = _existed(then.exists, change)
        then.fields.update({name: value for name, value in before.items() if name in then.fields})
    elif tracked.style == ROW and change.object_pk is not None:
        _undo_row(then.rows.setdefault(tracked.label, {}), tracked, change, before)


def _existed(exists: bool, change: Change) -> bool:
    if change.action == Change.Action.UPDATE:
        return exists
    return change.action == Change.Action.DELETE


def _undo_row(
    rows: dict[int, dict[str, Any]], tracked: Tracked, change: Change, before: dict[str, Any]
) -> None:
    pk = change.object_pk or 0
    shown = {name: value for name, value in before.items() if name in tracked.shown}
    if change.action == Change.Action.CREATE:
        rows.pop(pk, None)
    elif change.action == Change.Action.DELETE:
        rows[pk] = shown
    elif pk in rows:
        rows[pk].update(shown)
