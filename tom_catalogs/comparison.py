"""What the catalogues of a lookup said, and the table that puts it side by side."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.html import strip_tags

from tom_catalogs import fields
from tom_catalogs.differences import apart_arcsec, difference
from tom_catalogs.models import CatalogueLookup
from tom_catalogs.registry import harvesters
from tom_common.job_links import attach_jobs
from tom_dataservices.models import QueryResult, QueryRun
from tom_dataservices.result_pages import ResultRow, rows_of

NAMES, EXTRAS, FIELDS, CHOICE = "names", "extras", "fields", "choice"
USE, EXTRA = "use-", "extra-"
FIXED = ("name", "type")
"""Columns that completing a target leaves alone: a catalogue's name becomes an alias."""
ERROR = "_error"
"""How extra fields end that are the error of a column or of another extra field."""
MOST_CHOICES = 30
FAR_ARCSEC = 2.0


@dataclass
class CatalogueAnswer:
    """What one catalogue said: a row, nothing, why not, or which objects the term may mean.

    ``is_kept`` tells that it had answered before it was looked up, ``is_there`` that it can be asked again.
    """

    run: QueryRun
    title: str
    row: ResultRow | None = None
    choices: list[Mapping[str, Any]] = field(default_factory=list)
    is_kept: bool = False
    is_there: bool = True

    @property
    def is_moving(self) -> bool:
        """Whether the catalogue is still being asked."""
        return self.run.is_asking

    @property
    def problem(self) -> str:
        """Why there is no answer: what the service said, or how its job ended."""
        if self.run.error or self.run.finished or self.is_moving:
            return self.run.error
        return "The question was given up before an answer came; ask again."

    @property
    def nothing(self) -> str:
        """What is said of a catalogue that has no such object."""
        return html.unescape(strip_tags(self.run.feedback)).strip() or "knows nothing of this name"

    @property
    def values(self) -> dict[str, Any]:
        """Values of the target's columns, by name."""
        return self.row.result.values.get(FIELDS, {}) if self.row else {}

    @property
    def names(self) -> list[str]:
        """Further names of the object."""
        return list(self.row.result.values.get(NAMES, ())) if self.row else []

    @property
    def all_names(self) -> list[str]:
        """The name by which the catalogue knows it, and further ones."""
        own = self.values.get("name")
        return list(dict.fromkeys([*([own] if own else []), *self.names]))

    @property
    def extras(self) -> dict[str, Any]:
        """What has no column."""
        return self.row.result.values.get(EXTRAS, {}) if self.row else {}

    @property
    def type(self) -> str:
        """Type of the target that it would be."""
        return str(self.values.get("type", ""))

    def group(self, name: str) -> dict[str, Any]:
        """Return the values of a group of columns, none if it is not whole; of any other column its own."""
        columns = fields.GROUPS.get(name, (name,))
        found = {key: self.values[key] for key in columns if self.values.get(key) not in (None, "")}
        return found if set(fields.NEEDED.get(name, ())) <= set(found) else {}


@dataclass(frozen=True)
class Cell:
    """What one catalogue says in one row; `run` is its key where the value can be chosen, `first` if it is.

    `difference` is how it differs from what is stored, or from what the first catalogue says; `is_far` if
    that is much. It `removes` what is stored where its catalogue gives the rest of the measurement alone.
    """

    value: Any
    shown: str = ""
    run: int | None = None
    first: bool = False
    difference: str = ""
    is_far: bool = False
    removes: bool = False


@dataclass(frozen=True)
class ComparedRow:
    """One row of the table: a column of the target, or what has none, and a cell for each catalogue.

    ``group`` is what the column is taken with, ``leads`` whether the row has the choices of its group.
    """

    key: str
    label: str
    cells: list[Cell]
    stored: Any = None
    prefix: str = USE
    group: str = ""
    leads: bool = True

    @property
    def input_name(self) -> str:
        """Name of the choice in the form."""
        return f"{self.prefix}{self.group or self.key}"

    @property
    def keeps_stored(self) -> bool:
        """Whether no catalogue's value is chosen."""
        return not any(cell.first for cell in self.cells)

    @property
    def stored_shown(self) -> str:
        """What is stored, as the table shows it."""
        return fields.shown(self.key, self.stored)


@dataclass
class Comparison:
    """All answers of a lookup, and the table of those that know something."""

    answers: list[CatalogueAnswer]
    rows: list[ComparedRow] = field(default_factory=list)
    known: list[CatalogueAnswer] = field(default_factory=list)
    proposals: list[str] = field(default_factory=list)
    """What is checked without that the user chose it, as ``<input>:<run>``."""

    @property
    def is_moving(self) -> bool:
        """Whether an answer is still to come."""
        return any(answer.is_moving for answer in self.answers)

    @property
    def answered(self) -> int:
        """How many catalogues are not being asked any more."""
        return sum(not answer.is_moving for answer in self.answers)

    @property
    def has_choices(self) -> bool:
        """Whether a catalogue asks which object is meant."""
        return any(answer.choices for answer in self.answers)

    @property
    def removes(self) -> bool:
        """Whether a choice would remove something that is stored."""
        return any(cell.removes for row in self.rows for cell in row.cells)

    @property
    def has_problems(self) -> bool:
        """Whether a catalogue failed."""
        return any(answer.problem for answer in self.answers)

    @property
    def state(self) -> str:
        """What changes when an answer comes."""
        return "-".join(str(answer.run.pk) for answer in self.answers if not answer.is_moving)


def comparison(lookup: CatalogueLookup, user: Any, *, target: Any = None, chosen: Any = None) -> Comparison:
    """Return what the catalogues said so far.

    Parameters
    ----------
    lookup : CatalogueLookup
    user : User
    target : Target, optional
        The one to be completed: what it has is proposed before what the catalogues say.
    chosen : QueryDict, optional
        What was chosen already: key of a run by name of the input; ``proposed`` names what was not chosen
        but proposed, and may be proposed otherwise now.
    """
    answers = _answers(lookup, user)
    known = [answer for answer in answers if answer.row]
    # In the order in which they came: a column that joins later moves none.
    shown = sorted(
        known, key=lambda answer: (answer.run.finished is None, answer.run.finished, answer.run.pk)
    )
    table = _Table(known, shown, target, chosen)
    return Comparison(answers, table.rows(), shown, table.proposals)


def _answers(lookup: CatalogueLookup, user: Any) -> list[CatalogueAnswer]:
    """Return the answers in the order in which they are believed."""
    found = QueryRun.objects.in_bulk(lookup.run_ids)
    runs = attach_jobs([found[key] for key in lookup.run_ids if key in found])
    titles = dict(harvesters.choices())
    # A catalogue tells of one object, or of those that the name may mean.
    told: dict[int, list[ResultRow]] = {}
    for row in rows_of(QueryResult.objects.filter(run__in=runs, number__lt=MOST_CHOICES), user):
        told.setdefault(row.result.run_id, []).append(row)
    answers = []
    for run in runs:
        rows = told.get(run.pk, [])
        choices = [row.result.values for row in rows if CHOICE in row.result.values]
        object_row = rows[0] if rows and not choices else None
        is_kept = run.finished is not None and run.finished < lookup.created
        answers.append(
            CatalogueAnswer(
                run,
                titles.get(run.provider, run.provider),
                object_row,
                choices,
                is_kept,
                is_there=run.provider in titles,
            )
        )
    return answers


def _is_empty(value: Any) -> bool:
    return value in (None, "")


class _Table:
    """Makes the rows: `known` answers in the order of belief, `shown` in that of the columns."""

    def __init__(
        self,
        known: Sequence[CatalogueAnswer],
        shown: Sequence[CatalogueAnswer],
        target: Any,
        chosen: Any,
    ) -> None:
        self.known, self.shown, self.target, self.chosen = known, shown, target, chosen
        self.type = target.type if target is not None else next((one.type for one in known if one.type), "")
        self.held = {**target.tags, **target.extra_fields} if target is not None else {}
        self.proposals: list[str] = []
        self.firsts: dict[str, int | None] = {}
        self.proposed = set(chosen.getlist("proposed")) if hasattr(chosen, "getlist") else set()
        self.reference = self._reference()

    def rows(self) -> list[ComparedRow]:
        """Return the rows: names and groups of columns, then what has no column."""
        rows = [] if self.target is not None else self._group_rows("name", ("name",))
        others = [kind for kind in fields.OF_TYPE if kind != self.type]
        kinds = [self.type, *(others if self.target is None else [])]
        for kind in kinds:
            for group in fields.OF_TYPE.get(kind, ()):
                rows += self._group_rows(group, fields.GROUPS[group])
                if group == fields.POSITION:
                    rows += self._apart()
        extras = dict.fromkeys(key for answer in self.shown for key in answer.extras)
        made = {key: self._extra_row(key) for key in sorted(extras, key=lambda key: key.endswith(ERROR))}
        return [*rows, *(made[key] for key in extras)]

    def _group_rows(self, group: str, columns: Sequence[str]) -> list[ComparedRow]:
        """Return a row for each column of a group that any catalogue knows; the first has the choices.

        What is stored beside them follows: it goes with the choice of any catalogue.
        """
        offered = {answer.run.pk: answer.group(group) for answer in self.known}
        stored = {key: getattr(self.target, key, None) for key in columns}
        has_stored = not all(map(_is_empty, stored.values()))
        kind = fields.type_of(group)
        runs = [answer.run.pk for answer in self.known if offered[answer.run.pk]]
        proposal = [run for run in runs if not kind or self._type_of(run) == self.type]
        first = self._first(f"{USE}{group}", runs, [] if has_stored else proposal)
        rows: list[ComparedRow] = []
        told = [key for key in columns if any(not _is_empty(one.values.get(key)) for one in self.shown)]
        left = [key for key in columns if runs and key not in told and not _is_empty(stored[key])]
        for key in (*told, *left):
            values = [answer.values.get(key) for answer in self.shown]
            offers = [bool(offered[answer.run.pk]) for answer in self.shown]
            leads = not rows
            choices = [
                answer.run.pk if leads and offer else None
                for answer, offer in zip(self.shown, offers, strict=True)
            ]
            rows.append(self._row(key, values, choices, first, stored[key], offers, group=group, leads=leads))
        return rows

    def _extra_row(self, key: str) -> ComparedRow:
        values = [answer.extras.get(key) for answer in self.shown]
        stored = self.held.get(key)
        runs = [answer.run.pk for answer in self.known if answer.extras.get(key) is not None]
        proposal = [run for run in runs if self._type_of(run) == self.type]
        if key.endswith(ERROR):
            taken = self._taken(key.removesuffix(ERROR))
            proposal = [run for run in proposal if run == taken]
        first = self._first(f"{EXTRA}{key}", runs, [] if stored not in (None, "") else proposal)
        choices = [
            answer.run.pk if value is not None else None
            for answer, value in zip(self.shown, values, strict=True)
        ]
        return self._row(key, values, choices, first, stored, prefix=EXTRA)

    def _row(
        self,
        key: str,
        values: Sequence[Any],
        choices: Sequence[int | None],
        first: int | None,
        stored: Any,
        offers: Sequence[bool] | None = None,
        **more: Any,
    ) -> ComparedRow:
        """Return a row whose values are compared with what is stored, else with the first of them."""
        base = next((one for one in (stored, *values) if one not in (None, "")), None)
        dec_deg = self.reference[1].get("dec") if self.reference else None
        cells = [
            Cell(
                value,
                fields.shown(key, value),
                run,
                run is not None and run == first,
                "" if key == "name" else difference(key, base, value, dec_deg=dec_deg),
                removes=offer and _is_empty(value) and not _is_empty(stored),
            )
            for value, run, offer in zip(values, choices, offers or [False] * len(values), strict=True)
        ]
        return ComparedRow(key, fields.label_of(key), cells, stored, **more)

    def _taken(self, key: str) -> int | None:
        """Return from which run a column or an extra field is taken; None where it is not."""
        return self.firsts.get(f"{EXTRA}{key}") or self.firsts.get(f"{USE}{fields.GROUP_OF.get(key, key)}")

    def _first(self, name: str, runs: Sequence[int], proposal: Sequence[int]) -> int | None:
        """Return which run is chosen: what the user chose, else the first that is proposed."""
        self.firsts[name] = self._chosen_or_proposed(name, runs, proposal)
        return self.firsts[name]

    def _chosen_or_proposed(self, name: str, runs: Sequence[int], proposal: Sequence[int]) -> int | None:
        said = self.chosen.get(name) if self.chosen is not None else None
        if said is not None and f"{name}:{said}" not in self.proposed:
            return next((run for run in runs if str(run) == said), None)
        first = next(iter(proposal), None)
        self.proposals.append(f"{name}:{first or ''}")
        return first

    def _type_of(self, run: int) -> str:
        return next(answer.type for answer in self.known if answer.run.pk == run)

    def _reference(self) -> tuple[str, Mapping[str, Any]] | None:
        """Return the position from which others are told: the stored one, else the one believed first."""
        if self.target is not None and self.target.ra is not None and self.target.dec is not None:
            return "what is stored", vars(self.target)
        found = next((answer for answer in self.known if answer.group(fields.POSITION)), None)
        return (found.title, found.values) if found else None

    def _apart(self) -> list[ComparedRow]:
        """Return the row of the distances between the positions."""
        if self.reference is None:
            return []
        title, reference = self.reference
        cells = []
        for answer in self.shown:
            apart = None if answer.title == title else apart_arcsec(reference, answer.values)
            text = "" if apart is None else f"{apart:.2f}″"
            cells.append(Cell(text or None, text, is_far=apart is not None and apart > FAR_ARCSEC))
        if all(cell.value is None for cell in cells):
            return []
        return [ComparedRow("apart", f"Distance from {title}", cells, leads=False)]
