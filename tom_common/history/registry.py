"""Which models have a history, what of a row is kept, and to which subject (a target, a list) a row belongs.

Apps register theirs in ``ready()``; nothing here knows an app.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from django.db import models
from django.db.models import QuerySet

ROW = "row"  # each row by itself
FOLD = "fold"  # rows (subject, key, value): one change holds all keys of a subject
PAIR = "pair"  # rows of a many-to-many table: a subject is in something, or is not
SET = "set"  # measurements: one change holds how many rows of a subject came or went


class RevertRefusedError(Exception):
    """Something cannot be undone; the text says why."""


@dataclass(frozen=True)
class Subject:
    """What a history is of: ``for_user(user, action, queryset)`` says who may see it, or change it.

    Parameters
    ----------
    name : str
        Short name, kept in each row of history: ``target``.
    model : callable
        Returns the model class.
    for_user : callable
        Takes user, ``"view"`` or ``"change"``, and a queryset; returns the permitted rows.
    words : (str, str)
        Singular and plural.
    """

    name: str
    model: Callable[[], type[models.Model]]
    for_user: Callable[[Any, str, QuerySet], QuerySet]
    words: tuple[str, str]


@dataclass(frozen=True, eq=False)
class Tracked:
    """A model with a history.

    Parameters
    ----------
    root : type[Model]
        The model; its subclasses by multi-table inheritance are recorded under the same label.
    subject : str
        Type of the subject; empty for rows that belong to none.
    subject_field : str
        Attribute that holds the subject's key (``"pk"`` where the row is the subject).
    style : str
        `ROW`, `FOLD`, `PAIR` or `SET`.
    shown : sequence of str
        Attributes kept of a new row. All others can be found again by undoing later changes.
    natural : sequence of str
        Attributes by which a row is found whose key the database did not tell.
    ignored : sequence of str
        Attributes whose change is no news.
    object_field : str
        For `PAIR`: attribute with the key of what the subject is in. For `ROW`: of whom the row is besides
        its subject, which words name, such as a team.
    in_use : callable, optional
        Returns the class to write with; by default the root.
    remove, restore : callable, optional
        ``remove(pks, user)`` deletes rows that a reverted change set made; ``restore(note, user)`` brings
        back a row that was deleted by a service of its own. Both may raise `RevertRefusedError`.
    remove_many : callable, optional
        Deletes rows for good, given some hundred keys: in place of ``remove`` where they are very many.
    why_not_back : callable, optional
        Takes the notes of deletions; returns for each why ``restore`` cannot work, or ``""``.
    obstacles : callable, optional
        Returns by key why rows cannot be removed, given their keys.
    object_condition : callable, optional
        Takes a user and ``"view"`` or ``"change"``; returns the permitted rows that ``object_pk`` names: what
        a pair is in, else rows of the model itself. None where the subject alone decides.
    needs : str
        What one has to be allowed with the subject to undo a change: ``"change"``, or ``"view"`` where seeing
        it is enough to write such a row.
    restored : callable, optional
        Called with the keys of rows that a revert brought back, and the user.
    words : (str, str)
        Singular and plural.
    name_field : str
        Attribute that tells a row to people.
    fold : (str, str)
        For `FOLD`: attributes of key and value.
    """

    root: type[models.Model]
    subject: str = ""
    subject_field: str = "pk"
    style: str = ROW
    shown: Sequence[str] = ()
    natural: Sequence[str] = ()
    ignored: Sequence[str] = ()
    object_field: str = ""
    in_use: Callable[[], type[models.Model]] | None = None
    remove: Callable[[Sequence[int], Any], None] | None = None
    remove_many: Callable[[Sequence[int]], None] | None = None
    restore: Callable[[dict[str, Any], Any], None] | None = None
    why_not_back: Callable[[Sequence[dict[str, Any]]], list[str]] | None = None
    obstacles: Callable[[Sequence[int]], dict[int, str]] | None = None
    object_condition: Callable[[Any, str], QuerySet | None] | None = None
    needs: str = "change"
    restored: Callable[[Sequence[int], Any], None] | None = None
    words: tuple[str, str] = ("row", "rows")
    name_field: str = "name"
    fold: tuple[str, str] = ("key", "value")

    @cached_property
    def label(self) -> str:
        """The name under which changes are kept."""
        return self.root._meta.label_lower

    @property
    def is_subject(self) -> bool:
        """Whether a row is a subject itself."""
        return self.subject_field == "pk" and bool(self.subject)

    def subject_attribute(self) -> str:
        """Return the attribute with the key of the subject, the row's own key where it belongs to none."""
        return self.root._meta.pk.attname if self.subject_field == "pk" else self.subject_field

    def kept(self) -> list[str]:
        """Return the attributes that are read back of a new row: key, subject, and what is shown."""
        names = {ROW: self.shown, FOLD: self.fold, PAIR: (self.object_field,), SET: ()}[self.style]
        return [self.root._meta.pk.attname, self.subject_attribute(), *names]

    def fold_names(self) -> tuple[str, ...]:
        """Return the attributes of key and value where rows are folded."""
        return self.fold if self.style == FOLD else ()

    def model(self) -> type[models.Model]:
        """Return the class to write with."""
        return self.in_use() if self.in_use is not None else self.root

    def columns(self, model: type[models.Model] | None = None) -> dict[str, models.Field]:
        """Return the columns that are followed, by attribute name: no keys, no derived or automatic ones."""
        return _followed(self, model or self.root)


@cache
def _followed(tracked: Tracked, model: type[models.Model]) -> dict[str, models.Field]:
    return {
        column.attname: column
        for column in model._meta.concrete_fields
        if not (
            column.primary_key
            or column.generated
            or getattr(column, "auto_now", False)
            or getattr(column, "auto_now_add", False)
            or hasattr(column, "derive")
            or getattr(column.remote_field, "parent_link", False)
            or column.attname in tracked.ignored
        )
    }


_tracked: dict[type[models.Model], Tracked] = {}
_by_label: dict[str, Tracked] = {}
_subjects: dict[str, Subject] = {}


def register_subject(subject: Subject) -> None:
    """Say what a history is of."""
    _subjects[subject.name] = subject


def track(tracked: Tracked) -> None:
    """Give a model a history."""
    _tracked[tracked.root] = tracked
    _by_label[tracked.label] = tracked
    tracked_for.cache_clear()


@cache
def tracked_for(model: type[models.Model]) -> Tracked | None:
    """Return how a model, or the model it extends, is followed; None if it is not."""
    for base in model.__mro__:
        if found := _tracked.get(base):  # type: ignore[call-overload]
            return found
    return None


def tracked_by_label(label: str) -> Tracked | None:
    """Return how the model with a label is followed; None if its app was taken out of the TOM since."""
    return _by_label.get(label)


def all_tracked() -> list[Tracked]:
    """Return all models with a history."""
    return list(_by_label.values())


def subject_of_type(name: str) -> Subject | None:
    """Return a kind of subject by its short name."""
    return _subjects.get(name)


def all_subjects() -> list[Subject]:
    """Return all kinds of subjects."""
    return list(_subjects.values())
