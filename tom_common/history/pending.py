"""What a change set holds until it is written, and whether it still stands. Used by ``recorder``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from django.db import connections, transaction

from tom_common.history.encoding import as_ranges, dump, dump_rows, same
from tom_common.history.models import Change
from tom_common.history.registry import Tracked

CREATE, UPDATE, DELETE = Change.Action.CREATE, Change.Action.UPDATE, Change.Action.DELETE

COLUMNS = (
    "change_set_id",
    "model_label",
    "object_pk",
    "subject_type",
    "subject_id",
    "action",
    "at",
    "row_count",
    "before",
    "after",
    "note",
)
"""Of a row of the history, in the order in which ``rows`` gives their values."""


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
        # The newest first: it is asked of them, and a run of single writes keeps one for each.
        return any(entry[1] is self for entry in reversed(connections[self.using].run_on_commit))

    @property
    def stands(self) -> bool:
        """Whether it was committed, or may still be."""
        return self.is_committed or self.is_pending


@dataclass
class Pending:
    """One row of the history."""

    tracked: Tracked
    action: str
    object_pk: int | None
    subject_id: int | None
    marker: Marker
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    keys: list[int] = field(default_factory=list)
    row_count: int = 1
    note: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many rows it makes: none for an update that came back to where it began."""
        if self.action != UPDATE or self.note:
            return 1
        names = {*self.before, *self.after}
        return int(not all(same(self.before.get(name), self.after.get(name)) for name in names))

    def subjects(self) -> Iterable[tuple[str, int | None]]:
        """Return the one subject it is of, if any."""
        return [(self.tracked.subject, self.subject_id)] if self.tracked.subject else []

    def rows(self, change_set_id: int, at: Any) -> list[tuple[Any, ...]]:
        """Return the values of `COLUMNS`."""
        tracked = self.tracked
        before, after = self.before, self.after
        if self.action == UPDATE:
            names = [name for name in after if not same(before.get(name), after[name])]
            before = {name: before[name] for name in names if name in before}
            after = {name: after[name] for name in names}
        note = {**self.note, "rows": as_ranges(self.keys)} if self.keys else self.note
        row = (
            change_set_id,
            tracked.label,
            self.object_pk,
            tracked.subject if self.subject_id is not None else "",
            self.subject_id,
            str(self.action),
            at,
            len(self.keys) or self.row_count,
            dump(before),
            dump(after),
            dump(note),
        )
        return [row]


class PendingCreations:
    """Rows of the history of many new rows of one model, one each, made column by column.

    Parameters
    ----------
    tracked : Tracked
        Of the style `ROW`.
    marker : Marker
    new : sequence of tuples
        Values in the order of ``Tracked.kept``.
    """

    def __init__(self, tracked: Tracked, marker: Marker, new: Sequence[tuple[Any, ...]]) -> None:
        self.tracked, self.marker = tracked, marker
        columns = list(zip(*new, strict=True))
        self.pks: Sequence[Any] = columns[0]
        self.subject_ids: Sequence[Any] = columns[1] if tracked.subject else [None] * len(new)
        self.after = dump_rows(tracked.shown, columns[2:])

    def __len__(self) -> int:
        return len(self.pks)

    def subjects(self) -> Iterable[tuple[str, int | None]]:
        """Return the subjects they are of."""
        return zip(repeat(self.tracked.subject), self.subject_ids) if self.tracked.subject else []

    def rows(self, change_set_id: int, at: Any) -> list[tuple[Any, ...]]:
        """Return the values of `COLUMNS`, row by row."""
        tracked = self.tracked
        types = [tracked.subject if one is not None else "" for one in self.subject_ids]
        head = (repeat(change_set_id), repeat(tracked.label), self.pks, types, self.subject_ids)
        tail = (repeat(str(CREATE)), repeat(at), repeat(1), repeat(""), self.after, repeat(""))
        return list(zip(*head, *tail, strict=False))
