"""Tells new rows from old ones where an insertion passes over, or overwrites, what is stored already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models

from tom_common.history.encoding import chunks
from tom_common.history.registry import PAIR, SET, Tracked
from tom_common.history.scope import recorder_for
from tom_common.history.tracking import note_updates


class ConflictWatch:
    """Finds out which rows of an insertion are new where the database passes over, or overwrites, others.

    Parameters
    ----------
    objs : sequence of model instances
        What is going to be inserted.
    """

    def __init__(self, tracked: Tracked, model: type[models.Model], using: str, objs: Sequence[Any]) -> None:
        self.tracked, self.model, self.using = tracked, model, using
        natural = tracked.natural or (model._meta.pk.attname,)
        self.keys = {tuple(getattr(obj, name) for name in natural) for obj in objs}
        self.natural = list(natural)
        self.newest = 0
        if tracked.style == SET:
            self.newest = model._base_manager.using(using).aggregate(last=models.Max("pk"))["last"] or 0
            self.before: dict[tuple[Any, ...], dict[str, Any]] = {}
        else:
            self.before = self._stored()

    def _stored(self) -> dict[tuple[Any, ...], dict[str, Any]]:
        tracked = self.tracked
        names = dict.fromkeys([*tracked.kept(), *self.natural, *tracked.columns(self.model)])
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        first, *others = self.natural
        for values in chunks(sorted({key[0] for key in self.keys})):
            rows = self.model._base_manager.using(self.using).filter(**{f"{first}__in": list(values)})
            for place, name in enumerate(others, start=1):
                if len(wanted := {key[place] for key in self.keys}) <= 500:
                    rows = rows.filter(**{f"{name}__in": wanted})
            for row in rows.order_by().values(*names):
                key = tuple(row[name] for name in self.natural)
                if key in self.keys:
                    found[key] = row
        return found

    def note(self) -> None:
        """Note what is there now and was not before."""
        tracked, recorder = self.tracked, recorder_for(self.using)
        if tracked.style == SET:
            owner = tracked.subject_attribute()
            place = self.natural.index(owner) if owner in self.natural else 0
            new = self.model._base_manager.using(self.using).filter(pk__gt=self.newest)
            new = new.filter(**{f"{owner}__in": {key[place] for key in self.keys}})
            recorder.created(tracked, new.order_by().values(*tracked.kept()))
            return
        after = self._stored()
        recorder.created(tracked, [row for key, row in after.items() if key not in self.before])
        changed = {key: row for key, row in after.items() if key in self.before}
        pk = tracked.root._meta.pk.attname
        if tracked.style != PAIR:
            note_updates(
                recorder,
                tracked,
                {row[pk]: self._plain(self.before[key]) for key, row in changed.items()},
                {row[pk]: self._plain(row) for row in changed.values()},
            )

    def _plain(self, row: dict[str, Any]) -> dict[str, Any]:
        pk = self.tracked.root._meta.pk.attname
        owner = self.tracked.subject_attribute()
        return {name: value for name, value in row.items() if name != pk or owner == pk}
