"""Rows of a file become values of targets, a chunk at a time, column by column. Called by ``importing``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import models

from tom_targets import conf
from tom_targets.models import Target, as_number, as_time, as_truth
from tom_targets.name_characters import wrong_characters
from tom_targets.transfer import cells
from tom_targets.transfer.input_table import Chunk, Problem
from tom_targets.transfer.mapping import (
    ALIAS,
    ALIASES,
    EXTRA,
    GROUPS,
    IGNORE,
    LISTS,
    Mapped,
    fields_by_name,
    place_of,
    type_of,
)
from tom_targets.transfer.text_readers import split_names

NAME_LENGTH = 100
LIST_NAME_LENGTH = 200
_TYPED = {
    "number": (as_number, "a number"),
    "boolean": (as_truth, "true or false"),
    "datetime": (as_time, "a time, such as 2026-08-14T04:00:00"),
}


@dataclass
class Rows:
    """Rows understood: values by field, in the units of targets; what hangs on them, by place.

    Numbers are NaN and texts '' where the file says nothing. `wrong` holds the places of rows that are
    rejected for what stands in them.
    """

    numbers: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    floats: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    aliases: dict[int, list[str]] = field(default_factory=dict)
    lists: dict[int, list[str]] = field(default_factory=dict)
    groups: dict[int, list[str]] = field(default_factory=dict)
    extras: dict[str, list[str]] = field(default_factory=dict)
    wrong: set[int] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.names)

    def problem(self, place: int, column: str, value: str, reason: str, kind: str = "rejected") -> Problem:
        """Return what is said of the row at a place."""
        line = self.lines[place] if self.lines else None
        return Problem(self.numbers[place], column, value[:200], reason, kind, line)

    def reject(self, place: int, column: str, value: str, reason: str) -> None:
        """Note that the row at a place is wrong."""
        self.wrong.add(place)
        self.problems.append(self.problem(place, column, value, reason))

    def names_of(self, place: int) -> list[str]:
        """Return the name and the aliases of a row."""
        return [self.names[place], *self.aliases.get(place, ())]

    def append(self, other: Rows) -> None:
        """Add the rows of the next chunk."""
        before, more = len(self), len(other)
        for mine, theirs, gap in ((self.texts, other.texts, ""), (self.extras, other.extras, "")):
            for key in {*mine, *theirs}:
                mine.setdefault(key, [gap] * before).extend(theirs.get(key) or [gap] * more)
        for key in {*self.floats, *other.floats}:
            left = self.floats.get(key, np.full(before, np.nan))
            self.floats[key] = np.concatenate((left, other.floats.get(key, np.full(more, np.nan))))
        for own, added in (
            (self.aliases, other.aliases),
            (self.lists, other.lists),
            (self.groups, other.groups),
        ):
            own.update((place + before, names) for place, names in added.items())
        self.wrong.update(place + before for place in other.wrong)
        self.numbers += other.numbers
        self.lines += other.lines
        self.names += other.names
        self.problems += other.problems


class Parser:
    """Reads chunks of one file by one mapping.

    Parameters
    ----------
    mapping : sequence of Mapped

    Raises
    ------
    UnitError
        If a column has a unit that does not convert.
    """

    def __init__(self, mapping: Sequence[Mapped]) -> None:
        self._mapped = {one.column: one for one in mapping}
        self._fields = fields_by_name()
        self._typed = {
            str(one["name"]): _TYPED[one["type"]] for one in conf.extra_fields() if one["type"] in _TYPED
        }
        for one in mapping:
            if one.place in cells.UNITS and not (one.place == "ra" and cells.is_hours(one.unit)):
                cells.conversion(one.place, one.unit)

    def read(self, chunk: Chunk) -> Rows:
        """Return the rows of a chunk."""
        length = len(chunk.rows)
        rows = Rows(list(chunk.rows), list(chunk.lines or ()), names=[""] * length)
        rows.problems += chunk.problems
        for column, values in chunk.columns.items():
            mapped = self._mapped.get(column) or Mapped(column, place_of(column))  # of a later JSON object
            if mapped.place != IGNORE:
                self._read_column(rows, mapped, values)
        self._check_names(rows)
        return rows

    def _read_column(self, rows: Rows, mapped: Mapped, values: Sequence[Any]) -> None:
        place = mapped.place

        def complain(at: int, value: str, reason: str) -> None:
            rows.reject(at, mapped.column, value, _sentence(value, reason))

        if place in ("ra", "dec"):
            rows.floats[place] = cells.angles(place, values, mapped.unit, complain)
        elif place == "epoch":
            rows.floats[place] = cells.epochs(values, complain)
        elif isinstance(self._fields.get(place), models.FloatField):
            factor = cells.conversion(place, mapped.unit)
            found = cells.numbers(values, complain)
            rows.floats[place] = found if factor == 1.0 else found * factor
        elif place == "name":
            rows.names = cells.texts(values)
        elif place == ALIAS:
            _add_names(rows.aliases, values, lambda text: [text])
        elif place == ALIASES:
            _add_names(rows.aliases, values, split_names)
        elif place in (LISTS, GROUPS):
            _add_names(rows.lists if place == LISTS else rows.groups, values, split_names)
        elif place.startswith(EXTRA):
            self._read_extra(rows, place.removeprefix(EXTRA), values, complain)
        else:
            self._read_text(rows, place, values, complain)

    def _read_extra(self, rows: Rows, key: str, values: Sequence[Any], complain: cells.Complain) -> None:
        found = cells.texts(values)
        if key in self._typed:
            convert, words = self._typed[key]
            for at, text in enumerate(found):
                if text and convert(text) is None:
                    complain(at, text, f"is not {words}, as the extra field {key} has to be")
        for at, text in enumerate(found):
            if text and "\0" in text:
                complain(at, text, "holds the character NUL")
        rows.extras[key] = found

    def _read_text(self, rows: Rows, place: str, values: Sequence[Any], complain: cells.Complain) -> None:
        """Read a field with choices, or one of a project's own target class."""
        found = cells.texts(values)
        target_field = self._fields[place]
        choices = [str(value) for value, _ in target_field.choices or ()]
        if choices:
            plain = [type_of(text) if text else "" for text in found]
            allowed = {*choices, ""}
            for at, text in enumerate(plain):
                if text not in allowed:
                    complain(
                        at,
                        found[at],
                        f"is no {target_field.verbose_name}; expected one of {', '.join(choices)}",
                    )
            found = plain
        elif isinstance(target_field, models.CharField) and target_field.max_length:
            for at, text in enumerate(found):
                if len(text) > target_field.max_length:
                    complain(at, text, f"has {len(text)} characters; at most {target_field.max_length} fit")
        rows.texts[place] = found

    def _check_names(self, rows: Rows) -> None:
        for at, name in enumerate(rows.names):
            if name and len(name) <= NAME_LENGTH and name.isprintable() and at not in rows.aliases:
                continue
            if not name:
                rows.reject(at, "name", "", "The target has no name.")
            for column, one in [("name", name), *(("aliases", alias) for alias in rows.aliases.get(at, ()))]:
                if said := _wrong_name(one):
                    rows.reject(at, column, one, said)
        for at, names in rows.lists.items():
            for one in names:
                if len(one) > LIST_NAME_LENGTH:
                    said = f"The name of a list has at most {LIST_NAME_LENGTH} characters."
                    rows.reject(at, LISTS, one, said)


def _wrong_name(name: str) -> str:
    """Return what is wrong with a name, or ''."""
    if len(name) > NAME_LENGTH:
        return f"The name has {len(name)} characters; at most {NAME_LENGTH} fit."
    return wrong_characters(name)


def _add_names(found: dict[int, list[str]], values: Sequence[Any], split: Callable[[str], list[str]]) -> None:
    for at, text in enumerate(cells.texts(values)):
        if text:
            found.setdefault(at, []).extend(split(text))


def _sentence(value: str, reason: str) -> str:
    shown = value.strip()[:60]
    text = reason if shown in reason else f"{shown} {reason}"
    if not text.startswith(shown):
        text = f"{text[:1].upper()}{text[1:]}"
    return f"{text}."


def default_type(has_position: bool, has_scheme: bool) -> str:
    """Return the type of a target of which the file says none."""
    if has_scheme:
        return Target.NON_SIDEREAL
    return Target.SIDEREAL if has_position else conf.default_target_type()
