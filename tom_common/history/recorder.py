"""Collects the changes of one change set and writes them; used by ``change_set`` and the tracked models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.models import F
from django.utils import timezone

from tom_common.history.encoding import dump, same
from tom_common.history.models import Change, ChangeSet
from tom_common.history.pending import COLUMNS, CREATE, DELETE, UPDATE, Marker, Pending, PendingCreations
from tom_common.history.queries import insert_change_set, insert_changes
from tom_common.history.registry import FOLD, ROW, SET, Tracked

_FEW = 20
_MANY = 5000
_REMEMBERED = 200_000


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
        self._pending: list[Pending | PendingCreations] = []
        self._count = 0
        self._open: dict[tuple[Any, ...], Pending] = {}
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

    def created_many(self, tracked: Tracked, rows: Sequence[tuple[Any, ...]]) -> None:
        """Take note of new rows like `created`, given as values in the order of ``Tracked.kept``."""
        if tracked.style != ROW:
            names = tracked.kept()
            self.created(tracked, [dict(zip(names, row, strict=True)) for row in rows])
            return
        if self._created and not tracked.is_subject:
            is_new_here = self._new_here(tracked)
            rows = [row for row in rows if not is_new_here(row[1])]
        if not rows:
            return
        made = PendingCreations(tracked, self._marker(), rows)
        if tracked.is_subject:
            self._created |= {(tracked.subject, pk): made.marker for pk in made.subject_ids}
        self._pending.append(made)
        self._count += len(made)
        self._written()

    def rows_came(self, tracked: Tracked, pairs: Iterable[tuple[int, int]]) -> None:
        """Take note of new measurements, given by their key and that of their subject: a row per subject."""
        marker = self._marker()
        by_subject: dict[int, list[int]] = {}
        for pk, subject_id in pairs:
            by_subject.setdefault(subject_id, []).append(pk)
        for subject_id, pks in by_subject.items():
            self._add(tracked, CREATE, marker, None, subject_id, keys=pks)
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
        row_count: int = 1,
    ) -> None:
        """Take note of something that a service did in a way of its own, word for word."""
        marker = self._marker()
        self._add(
            tracked,
            action,
            marker,
            object_pk,
            subject_id,
            before=before or {},
            after=after,
            note=note or {},
            row_count=row_count,
        )
        if action == CREATE and tracked.is_subject and subject_id is not None:
            self._created[tracked.subject, subject_id] = marker
        self._written()

    # --- how it is kept

    def begin(self) -> None:
        """Forget what an attempt that failed left behind; called within the transaction."""
        self._pending, self._open, self._markers, self._count = [], {}, {}, 0
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
        # Only the last of the same row is gone on with: between two of a transaction may stand one of a
        # savepoint, and the order is what the net effect follows from.
        key = (tracked.label, object_pk, subject_id)
        last = self._open.get(key) if action == UPDATE or "keys" in values else None
        joined = last if last is not None and (last.action, last.marker) == (action, marker) else None
        if joined is not None:
            for name, value in values.get("before", {}).items():
                joined.before.setdefault(name, value)
            joined.after.update(values.get("after") or {})
            joined.keys.extend(values.get("keys", ()))
            return
        if values.get("after") is None:
            values["after"] = {}
        pending = Pending(tracked, action, object_pk, subject_id, marker, **values)
        self._pending.append(pending)
        self._count += 1
        self._open[key] = pending

    def _written(self) -> None:
        """Write now where nothing is kept back, or where much is and no savepoint could take it back."""
        if not self.is_buffered or (self._count > _MANY and self._savepoints() == self._depth):
            self.flush()

    def flush(self) -> None:
        """Write what was told and stands, inside the transaction that is open."""
        pending, self._pending, self._open, self._count = self._pending, [], {}, 0
        standing: dict[int, bool] = {}
        kept = []
        for item in pending:
            mark = id(item.marker)
            if mark not in standing:
                standing[mark] = item.marker.stands
            if standing[mark] and len(item):
                kept.append(item)
        if not kept:
            return
        now = timezone.now()
        is_few = len(kept) <= _FEW and sum(map(len, kept)) <= _FEW
        if not self._write_header(kept, now, with_rows=is_few):
            rows = [row for item in kept for row in item.rows(self.pk or 0, now)]
            if is_few:
                insert_changes(rows, using=self.using)
            else:
                _insert_many(rows, self.using)

    def _write_header(self, items: list[Pending | PendingCreations], now: Any, *, with_rows: bool) -> bool:
        """Write or mend the row of the change set; return whether the changes were written with it."""
        count = sum(map(len, items))
        subjects = len({subject for item in items for subject in item.subjects()})
        stored = ChangeSet._base_manager.using(self.using)
        if self.pk is not None and self._row is not None and self._row.stands:
            stored.filter(pk=self.pk).update(
                change_count=F("change_count") + count,
                subject_count=F("subject_count") + subjects,
                note=dump(self.notes),
            )
            return False
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
        rows = [row for item in items for row in item.rows(0, now)] if with_rows else []
        self.pk, self._row = insert_change_set(made, rows, using=self.using), Marker(self.using)
        return with_rows

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


def _insert_many(rows: list[tuple[Any, ...]], using: str) -> None:
    from tom_common.bulk import insert_new

    insert_new(Change, COLUMNS, rows, using=using)
