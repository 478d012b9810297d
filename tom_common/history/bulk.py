"""History of rows that ``tom_common.bulk.insert_new`` writes: called by it, around each batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models

from tom_common.history.encoding import chunks
from tom_common.history.registry import FOLD, PAIR, SET, Tracked
from tom_common.history.scope import recorder_for
from tom_common.history.tracking import followed


def watched(
    model: type[models.Model], using: str, returning: Sequence[str], update_fields: Sequence[str]
) -> BulkWatch | None:
    """Return what notes the insertion of rows into a table, None for a table without history."""
    tracked = followed(model)
    return None if tracked is None else BulkWatch(tracked, model, using, returning, update_fields)


class BulkWatch:
    """Reads back what the history needs of the rows that were written.

    Parameters
    ----------
    returning : sequence of str
        What the caller wants back; it comes first in ``self.returning``.
    update_fields : sequence of str
        What is overwritten in rows that are stored already.
    """

    def __init__(
        self,
        tracked: Tracked,
        model: type[models.Model],
        using: str,
        returning: Sequence[str],
        update_fields: Sequence[str],
    ) -> None:
        self.tracked, self.model, self.using = tracked, model, using
        self.overwrites = bool(update_fields)
        self.asked = len(returning)
        names = tracked.kept()
        if self.overwrites and tracked.style not in (FOLD, PAIR):
            names += [name for name in tracked.columns(model) if name not in names]
        self.names = names
        self.returning = [*returning, *names]
        self.stored: dict[Any, dict[str, Any]] = {}

    def before(self, batch: Mapping[str, Sequence[Any]]) -> None:
        """Read the rows that may be overwritten."""
        self.stored = {}
        if not self.overwrites:
            return
        natural = self.tracked.natural or (self.tracked.root._meta.pk.attname,)
        if any(name not in batch for name in natural):
            raise ValueError(f"{self.model._meta.label}: overwriting rows needs {', '.join(natural)}")
        first, *others = natural
        rows = self.model._base_manager.using(self.using).order_by()
        for name in others:
            if len(wanted := set(batch[name])) <= 500:
                rows = rows.filter(**{f"{name}__in": wanted})
        for some in chunks(sorted(set(_plain(batch[first])))):
            for row in rows.filter(**{f"{first}__in": list(some)}).values(*self.names):
                self.stored[self._key(row)] = row

    def _key(self, row: Mapping[str, Any]) -> Any:
        return row[self.tracked.root._meta.pk.attname]

    def after(self, counts: Any) -> None:
        """Note what was written, and leave in the counts what the caller asked for."""
        if self.tracked.style == SET:
            pairs = [values[self.asked : self.asked + 2] for values in counts.returned]
            counts.returned = [values[: self.asked] for values in counts.returned] if self.asked else []
            if pairs:
                recorder_for(self.using).rows_came(self.tracked, pairs)
            return
        found = [values[self.asked :] for values in counts.returned] if self.asked else counts.returned
        counts.returned = [values[: self.asked] for values in counts.returned] if self.asked else []
        if not found:
            return
        recorder = recorder_for(self.using)
        if not self.overwrites:
            recorder.created_many(self.tracked, found)
            return
        rows = [dict(zip(self.names, values, strict=True)) for values in found]
        recorder.created(self.tracked, [row for row in rows if self._key(row) not in self.stored])
        for row in rows:
            if (old := self.stored.get(self._key(row))) is not None:
                self._note_overwritten(recorder, old, row)

    def _note_overwritten(self, recorder: Any, old: dict[str, Any], new: dict[str, Any]) -> None:
        tracked = self.tracked
        owner = new[tracked.subject_attribute()] if tracked.subject else None
        if tracked.style == FOLD:
            key, value = tracked.fold
            recorder.folded(tracked, owner, {new[key]: old[value]}, {new[key]: new[value]})
        elif tracked.style != PAIR:
            pk = tracked.root._meta.pk.attname
            names = [name for name in self.names if name != pk]
            before = {name: old[name] for name in names}
            recorder.updated(tracked, new[pk], owner, before, {name: new[name] for name in names})


def _plain(values: Sequence[Any]) -> Sequence[Any]:
    return values.tolist() if hasattr(values, "tolist") else values
