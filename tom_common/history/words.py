"""Changes as people read them: what, whose, from which value to which."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Min
from django.utils.text import capfirst

from tom_common.history.encoding import chunks, python_value
from tom_common.history.models import Change, ChangeSet
from tom_common.history.registry import FOLD, PAIR, SET, Tracked, subject_of_type, tracked_by_label

MAX_TEXT = 200


@dataclass(frozen=True)
class ValueLine:
    """One value that changed; None where there was, or is, none."""

    label: str
    before: str | None
    after: str | None


@dataclass
class ChangeLine:
    """One change in words; ``begins`` where the line before is of another change set.

    ``reason`` is the one of the change set, where whoever looks may read it.
    """

    change: Change
    what: str
    values: list[ValueLine] = field(default_factory=list)
    subject: str = ""
    url: str = ""
    begins: bool = True
    reason: str = ""


def change_lines(changes: Sequence[Change]) -> list[ChangeLine]:
    """Return changes in words; what they name is looked up at once for all of them.

    Parameters
    ----------
    changes : sequence of Change
    """
    names = _Names(changes)
    lines = []
    for change in changes:
        tracked = tracked_by_label(change.model_label)
        subject, url = names.subject(change)
        if tracked is None:
            lines.append(ChangeLine(change, f"{change.model_label} {change.get_action_display()}"))
            continue
        what, values = _words(change, tracked, names)
        begins = not lines or lines[-1].change.change_set_id != change.change_set_id
        lines.append(ChangeLine(change, capfirst(what), values, subject, url, begins))
    return lines


class _Names:
    """Names of the subjects and lists that some changes are about."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._subjects: dict[tuple[str, int], tuple[str, str]] = {}
        self._containers: dict[tuple[str, int], str] = {}
        subjects: dict[str, set[int]] = {}
        containers: dict[str, set[int]] = {}
        self._deleted: dict[tuple[str, int], str] = {}
        for change in changes:
            if change.subject_id is not None:
                subjects.setdefault(change.subject_type, set()).add(change.subject_id)
            tracked = tracked_by_label(change.model_label)
            if tracked is not None and tracked.object_field and change.object_pk is not None:
                containers.setdefault(change.model_label, set()).add(change.object_pk)
            if tracked is not None and tracked.is_subject and change.subject_id is not None:
                known = {**change.values_before, **change.values_after}.get(tracked.name_field)
                self._deleted.setdefault((change.subject_type, change.subject_id), str(known or ""))
        self._find_subjects(subjects)
        self._find_containers(containers)

    def _find_subjects(self, wanted: dict[str, set[int]]) -> None:
        for kind, pks in wanted.items():
            subject = subject_of_type(kind)
            for some in chunks(sorted(pks)) if subject is not None else ():
                for row in subject.model()._base_manager.filter(pk__in=some):  # type: ignore[union-attr]
                    url = getattr(row, "get_absolute_url", lambda: "")()
                    self._subjects[kind, row.pk] = (str(row), url)

    def _find_containers(self, wanted: dict[str, set[int]]) -> None:
        for label, pks in wanted.items():
            tracked: Any = tracked_by_label(label)
            column = tracked.root._meta.get_field(tracked.object_field)
            if tracked.style == PAIR:
                for row in column.related_model._base_manager.filter(pk__in=pks):
                    self._containers[label, row.pk] = str(row)
                continue
            for row in tracked.root._base_manager.filter(pk__in=pks).select_related(column.name):
                self._containers[label, row.pk] = str(getattr(row, column.name))

    def subject(self, change: Change) -> tuple[str, str]:
        """Return name and address of the subject of a change."""
        if change.subject_id is None:
            return "", ""
        key = (change.subject_type, change.subject_id)
        if key in self._subjects:
            return self._subjects[key]
        subject = subject_of_type(change.subject_type)
        word = subject.words[0] if subject is not None else change.subject_type
        return self._deleted.get(key) or f"{word} {change.subject_id}", ""

    def container(self, change: Change) -> str:
        """Return the name of the list of a change, or of whom else the row is."""
        return self._containers.get((change.model_label, change.object_pk or 0), f"no. {change.object_pk}")


def _words(change: Change, tracked: Tracked, names: _Names) -> tuple[str, list[ValueLine]]:
    if tracked.style == PAIR:
        verb = "put on the list" if change.action == Change.Action.CREATE else "taken off the list"
        return f"{verb} {names.container(change)}", []
    if tracked.style == SET and change.object_pk is None:
        verb = "added" if change.action == Change.Action.CREATE else "deleted"
        return f"{change.row_count:,} {tracked.words[change.row_count != 1]} {verb}", []
    if tracked.style == FOLD:
        return _folded_words(change, tracked)
    before, after = change.values_before, change.values_after
    if change.action == Change.Action.UPDATE:
        values = [_line(tracked, name, before.get(name), after[name]) for name in after]
        whose = f" for {names.container(change)}" if tracked.object_field else ""
        return f"{tracked.words[0]}{whose} changed", [line for line in values if line.before != line.after]
    notes = change.notes
    own = before if change.action == Change.Action.DELETE else after
    name = own.get(tracked.name_field) or ""
    verb = "deleted" if change.action == Change.Action.DELETE else "added"
    if notes.get("restored"):
        missing = [f"{kind} ({count:,})" for kind, count in sorted(notes.get("left_out", {}).items())]
        verb = f"brought back, but for {', '.join(missing)}" if missing else "brought back"
    elif notes.get("merged_into"):
        verb = "merged into another"
    shown = [one for one in tracked.shown if one != tracked.name_field and own.get(one) not in (None, "")]
    if change.action == Change.Action.DELETE:
        return f"{tracked.words[0]} {name} {verb}", []
    return f"{tracked.words[0]} {name} {verb}", [_line(tracked, one, None, own[one]) for one in shown]


def _folded_words(change: Change, tracked: Tracked) -> tuple[str, list[ValueLine]]:
    before, after = change.values_before, change.values_after
    values = [ValueLine(key, _text(before.get(key)), _text(after[key])) for key in after]
    gone = [line for line in values if line.after is None]
    new = [line for line in values if line.before is None]
    verb = "added" if len(new) == len(values) else "removed" if len(gone) == len(values) else "changed"
    return f"{tracked.words[len(values) != 1]} {verb}", values


def _line(tracked: Tracked, name: str, before: Any, after: Any) -> ValueLine:
    column = tracked.columns(tracked.model()).get(name)
    if column is None:
        return ValueLine(name, _text(before), _text(after))
    label = capfirst(str(column.verbose_name))
    return ValueLine(label, field_text(column, before), field_text(column, after))


def field_text(column: Any, value: Any) -> str | None:
    """Return the value of a column as text, None for an empty one."""
    if value is None or value == "":
        return None
    try:
        value = python_value(column, value)
    except ValidationError:
        return _text(value)
    choices = dict(column.flatchoices) if column.choices else {}
    if value in choices:
        return str(choices[value])
    return _text(value)


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
    text = repr(value) if isinstance(value, float) else str(value)
    text = text.replace("-", "\N{MINUS SIGN}", 1) if isinstance(value, (int, float)) and value < 0 else text
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def set_title(change_set: ChangeSet, name: str = "") -> str:
    """Return what a change set is called: its title, or its kind and what it touched.

    Parameters
    ----------
    change_set : ChangeSet
    name : str
        Of the one target that it touched.
    """
    if change_set.title:
        return change_set.title
    if change_set.subject_count == 1:
        return f"{change_set.kind_text}: {name}" if name else change_set.kind_text
    count = change_set.subject_count
    return f"{change_set.kind_text} of {count:,} targets" if count else change_set.kind_text


def set_titles(change_sets: Sequence[ChangeSet]) -> list[str]:
    """Return what change sets are called; the targets they touched are looked up at once for all."""
    nameless = [found.pk for found in change_sets if not found.title and found.subject_count == 1]
    firsts: dict[int, Change] = {}
    if nameless:
        rows = Change.objects.filter(change_set__in=nameless).order_by().values("change_set")
        first_pks = list(rows.annotate(first=Min("pk")).values_list("first", flat=True))
        firsts = {change.change_set_id: change for change in Change.objects.filter(pk__in=first_pks)}
    names = _Names(firsts.values())
    return [
        set_title(found, names.subject(firsts[found.pk])[0] if found.pk in firsts else "")
        for found in change_sets
    ]
