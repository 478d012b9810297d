"""Collects the changes of one change set and writes them; used by ``change_set`` and the tracked models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connections, transaction
from django.db.models import F
from django.utils import timezone

from tom_common.history.encoding import as_ranges, dump, same
from tom_common.history.models import Change, ChangeSet
from tom_common.history.queries import insert_change_set, insert_changes
from tom_common.history.registry import FOLD, ROW, SET, Tracked

CREATE, UPDATE, DELETE = Change.Action.CREATE, Change.Action.UPDATE, Change.Action.DELETE
_FEW = 20
_MANY = 5000
_REMEMBERED = 200_000


class Marker:
    """Tells whether what was written at this point of a transaction still stands.

    It waits among the callbacks of the transaction, from which Django takes it if the savepoint is rolled
    back.
    """

    def __init__(self, using: str) -> None:
        self.using = using
        self.is_committed = False
        transaction.on_commit(self, using=using)

    def __call__(self) -> None:
        """Note that the transaction was committed."""
        self.is_committed = True

    @property
    def is_pending(self) -> bool:
        """Whether the transaction is still open and holds it."""
        return any(entry[1] is self for entry in connections[self.using].run_on_commit)

    @property
    def stands(self) -> bool:
        """Whether it was committed, or may still be."""
        return self.is_committed or self.is_pending


@dataclass
class Header:
    """Who changes, why, and where it comes from."""

    author_id: int | None = None
    author_name: str = ""
    kind: str = "edit"
    title: str = ""
    reason: str = ""
    origin: str = ""
    job_id: int | None = None


@dataclass
class _Pending:
    tracked: Tracked
    action: str
    object_pk: int | None
    subject_id: int | None
    marker: Marker
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    row_count: int = 1
    note: dict[str, Any] = field(default_factory=dict)

    def is_nothing(self) -> bool:
        """Whether an update came back to where it began."""
        if self.action != UPDATE or self.note:
            return False
        return all(same(self.before.get(name), self.after.get(name)) for name in {*self.before, *self.after})

    def as_change(self, change_set_id: int, at: Any) -> Change:
        tracked = self.tracked
        before, after = self.before, self.after
        if self.action == UPDATE:
            names = [name for name in after if not same(before.get(name), after[name])]
            before = {name: before[name] for name in names if name in before}
            after = {name: after[name] for name in names}
        note = {**self.note, "rows": as_ranges(self.rows)} if self.rows else self.note
        return Change(
            change_set_id=change_set_id,
            model_label=tracked.label,
            object_pk=self.object_pk,
            subject_type=tracked.subject if self.subject_id is not None else "",
            subject_id=self.subject_id,
            action=self.action,
            at=at,
            row_count=len(self.rows) or self.row_count,
            before=dump(before),
            after=dump(after),
            note=dump(note),
        )


class Recorder:
    """One change set while it is being made.

    Parameters
    ----------
    header : Header
    using : str
        Alias of the database.
    is_buffered : bool
        Whether rows are kept until ``flush``; else each is written at once.
    """

    def __init__(self, header: Header, using: str, *, is_buffered: bool) -> None:
        self.header = header
        self.using = using
        self.is_buffered = is_buffered
        self.pk: int | None = None
        self.notes: dict[str, Any] = {}
        self._row: Marker | None = None
        self._pending: list[_Pending] = []
        self._open: dict[tuple[Any, ...], _Pending] = {}
        self._created: dict[tuple[str, int], Marker] = {}
        self._markers: dict[tuple[Any, ...], Marker] = {}
        self._depth: tuple[Any, ...] | None = None

    # --- what is told

    def note(self, **values: Any) -> None:
        """Keep facts with the change set, for example counts of an import."""
        self.notes |= values

    def created(self, tracked: Tracked, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take note of new rows, given by the attributes that ``Tracked.kept`` names."""
        pk_name, subject_name = tracked.kept()[:2]
        if tracked.style == SET:
            self.rows_came(tracked, ((row[pk_name], row[subject_name]) for row in rows))
            return
        marker = self._marker()
        is_new_here = self._new_here(tracked)
        for row in rows:
            subject_id = row[subject_name] if tracked.subject else None
            if is_new_here(subject_id):
                continue
            if tracked.style == ROW:
                after = {name: row[name] for name in tracked.shown}
                self._add(tracked, CREATE, marker, row[pk_name], subject_id, after=after)
                if tracked.is_subject and subject_id is not None:
                    self._created[tracked.subject, subject_id] = marker
            elif tracked.style == FOLD:
                key, value = (row[name] for name in tracked.fold)
                self.folded(tracked, subject_id, {key: None}, {key: value}, marker=marker)
            else:
                self._add(tracked, CREATE, marker, row[tracked.object_field], subject_id)
        self._written()

    def rows_came(self, tracked: Tracked, pairs: Iterable[tuple[int, int]]) -> None:
        """Take note of new measurements, given by their key and that of their subject: a row per subject."""
        marker = self._marker()
        by_subject: dict[int, list[int]] = {}
        for pk, subject_id in pairs:
            by_subject.setdefault(subject_id, []).append(pk)
        for subject_id, pks in by_subject.items():
            self._add(tracked, CREATE, marker, None, subject_id, rows=pks)
        self._written()

    def updated(
        self,
        tracked: Tracked,
        object_pk: int,
        subject_id: int | None,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> None:
        """Take note of fields of one row that changed; those that did not are left out."""
        changed = [name for name in after if not same(before.get(name), after[name])]
        if changed:
            old = {name: before[name] for name in changed if name in before}
            new = {name: after[name] for name in changed}
            self._add(tracked, UPDATE, self._marker(), object_pk, subject_id, before=old, after=new)
            self._written()

    def folded(
        self,
        tracked: Tracked,
        subject_id: int | None,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        *,
        marker: Marker | None = None,
    ) -> None:
        """Take note of values by key that changed on a subject; None stands for a key that is not there."""
        changed = [key for key in after if not same(before.get(key), after[key])]
        if changed:
            old = {key: before.get(key) for key in changed}
            new = {key: after[key] for key in changed}
            self._add(tracked, UPDATE, marker or self._marker(), None, subject_id, before=old, after=new)
            if marker is None:
                self._written()

    def deleted(
        self,
        tracked: Tracked,
        object_pk: int | None,
        subject_id: int | None,
        before: Mapping[str, Any] | None = None,
        *,
        row_count: int = 1,
        note: dict[str, Any] | None = None,
    ) -> None:
        """Take note of a row that is gone, with all its fields; or of many, with a note."""
        self._add(
            tracked,
            DELETE,
            self._marker(),
            object_pk,
            subject_id,
            before=dict(before or {}),
            row_count=row_count,
            note=note or {},
        )
        self._written()

    def said(
        self,
        tracked: Tracked,
        action: str,
        object_pk: int | None,
        subject_id: int | None,
        *,
        after: dict[str, Any] | None = None,
        before: dict[str, Any] | None = None,
        note: dict[str, Any] | None = None,
    ) -> None:
        """Take note of something that a service did in a way of its own, word for word."""
        marker = self._marker()
        self._add(
            tracked, action, marker, object_pk, subject_id, before=before or {}, after=after, note=note or {}
        )
        if action == CREATE and tracked.is_subject and subject_id is not None:
            self._created[tracked.subject, subject_id] = marker
        self._written()

    # --- how it is kept

    def begin(self) -> None:
        """Forget what an attempt that failed left behind; called within the transaction."""
        self._pending, self._open, self._markers = [], {}, {}
        if len(self._created) > _REMEMBERED:  # of an endless run; what is forgotten is told in more rows
            self._created = {}
        self._depth = self._savepoints()

    def _savepoints(self) -> tuple[Any, ...]:
        return tuple(connections[self.using].savepoint_ids)

    def _marker(self) -> Marker:
        key = self._savepoints()
        marker = self._markers.get(key)
        if marker is None or not marker.is_pending:
            marker = self._markers[key] = Marker(self.using)
        return marker

    def _new_here(self, tracked: Tracked) -> Callable[[int | None], bool]:
        """Return ``_is_new_here`` for many subjects at once, for rows that are no subject themselves."""
        if tracked.is_subject or not self._created:
            return lambda subject_id: False
        standing: dict[int, bool] = {}

        def is_new(subject_id: int | None) -> bool:
            marker = self._created.get((tracked.subject, subject_id or 0))
            if marker is None:
                return False
            if id(marker) not in standing:
                standing[id(marker)] = marker.stands
            return standing[id(marker)]

        return is_new

    def _is_new_here(self, tracked: Tracked, subject_id: int | None) -> bool:
        """Whether a subject was made by this very change set: its rows then need no history of their own."""
        if subject_id is None or not self._created:
            return False
        marker = self._created.get((tracked.subject, subject_id))
        return marker is not None and marker.stands

    def _add(
        self,
        tracked: Tracked,
        action: str,
        marker: Marker,
        object_pk: int | None,
        subject_id: int | None,
        **values: Any,
    ) -> None:
        if self._is_new_here(tracked, subject_id) and not (tracked.is_subject and action != UPDATE):
            return
        key = (tracked.label, object_pk, subject_id, action, marker)
        joined = self._open.get(key) if action == UPDATE or "rows" in values else None
        if joined is not None:
            for name, value in values.get("before", {}).items():
                joined.before.setdefault(name, value)
            joined.after.update(values.get("after") or {})
            joined.rows.extend(values.get("rows", ()))
            return
        if values.get("after") is None:
            values["after"] = {}
        pending = _Pending(tracked, action, object_pk, subject_id, marker, **values)
        self._pending.append(pending)
        self._open[key] = pending

    def _written(self) -> None:
        """Write now where nothing is kept back, or where much is and no savepoint could take it back."""
        if not self.is_buffered or (len(self._pending) > _MANY and self._savepoints() == self._depth):
            self.flush()

    def flush(self) -> None:
        """Write what was told and stands, inside the transaction that is open."""
        pending, self._pending, self._open = self._pending, [], {}
        standing: dict[int, bool] = {}
        rows = []
        for item in pending:
            mark = id(item.marker)
            if mark not in standing:
                standing[mark] = item.marker.stands
            if standing[mark] and not item.is_nothing():
                rows.append(item)
        if not rows:
            return
        now = timezone.now()
        self._write_header(rows, now)
        changes = [item.as_change(self.pk or 0, now) for item in rows]
        if len(changes) <= _FEW:
            insert_changes(changes, using=self.using)
        else:
            _insert_many(changes, self.using)

    def _write_header(self, rows: list[_Pending], now: Any) -> None:
        count = len(rows)
        subjects = len({(item.tracked.subject, item.subject_id) for item in rows if item.tracked.subject})
        stored = ChangeSet._base_manager.using(self.using)
        if self.pk is not None and self._row is not None and self._row.stands:
            stored.filter(pk=self.pk).update(
                change_count=F("change_count") + count,
                subject_count=F("subject_count") + subjects,
                note=dump(self.notes),
            )
            return
        header = self.header
        made = ChangeSet(
            author_id=header.author_id,
            author_name=header.author_name[:150],
            kind=header.kind[:20],
            title=header.title[:200],
            reason=header.reason,
            origin=header.origin,
            job_id=header.job_id,
            created_at=now,
            change_count=count,
            subject_count=subjects,
            note=dump(self.notes),
        )
        self.pk, self._row = insert_change_set(made, using=self.using), Marker(self.using)

    def can_go_on(self, *, after_commit: bool) -> bool:
        """Whether further changes belong to this change set.

        Parameters
        ----------
        after_commit : bool
            Whether they do though the transaction of the first ones has ended.
        """
        if self._row is None:
            return False
        return self._row.stands if after_commit else self._row.is_pending


def _insert_many(changes: list[Change], using: str) -> None:
    from tom_common.bulk import insert_new

    names = [column.attname for column in Change._meta.concrete_fields if not column.primary_key]
    columns = {name: [getattr(change, name) for change in changes] for name in names}
    insert_new(Change, columns, using=using)
