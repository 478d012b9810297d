"""Looks a name up in catalogues, all at once, in the background; puts side by side what each knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from tom_catalogs.differences import difference
from tom_catalogs.models import CatalogueLookup
from tom_catalogs.providers import HarvesterProvider
from tom_catalogs.registry import harvesters
from tom_common.job_links import attach_jobs
from tom_dataservices.models import QueryResult, QueryRun
from tom_dataservices.result_pages import ResultRow, rows_of
from tom_dataservices.runs import start_run

NAMES, EXTRAS, FIELDS = "names", "extras", "fields"
USE, EXTRA = "use-", "extra-"
FIXED = ("name", "type")
"""Columns that completing a target leaves alone: a catalogue's name becomes an alias."""


def lookups_for_user(user: Any) -> QuerySet[CatalogueLookup]:
    """Return the lookups that a user may see: their own; a superuser sees all."""
    if not user.is_authenticated:
        return CatalogueLookup.objects.none()
    return CatalogueLookup.objects.all() if user.is_superuser else CatalogueLookup.objects.filter(user=user)


def look_up(
    term: str,
    *,
    user: Any,
    services: Sequence[str] | None = None,
    again: bool = False,
    target: Any = None,
) -> CatalogueLookup:
    """Ask catalogues for a term, all of them without `services`; each is a job of its own.

    An answer that is still current is used again. `target` is the one that is to be completed.
    """
    runs = [
        start_run(HarvesterProvider(name, user), {"term": term.strip()}, again=again)
        for name in (services or harvesters.names())
    ]
    run_ids = [run.pk for run in runs]
    return CatalogueLookup.objects.create(user=user, term=term.strip(), run_ids=run_ids, target=target)


def form_url(columns: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the address of the form of a new target that holds values of columns, and further names."""
    words = {key: value for key, value in columns.items() if value not in (None, "")}
    if names:
        words["names"] = ",".join(names)
    return f"{reverse('targets:create')}?{urlencode(words)}"


@dataclass
class CatalogueAnswer:
    """What one catalogue said: a row, nothing, or why not."""

    run: QueryRun
    title: str
    row: ResultRow | None = None

    @property
    def is_moving(self) -> bool:
        """Whether the catalogue is still being asked."""
        return self.run.finished is None and self.run.job is not None and not self.run.job.is_finished

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
    def create_url(self) -> str:
        """Address of the form of a new target that holds what this catalogue said."""
        return form_url(self.values, self.names)


@dataclass(frozen=True)
class Cell:
    """What one catalogue says in one row; `run` is its key where the value can be chosen, `first` if it is.

    `difference` is how it differs from what is stored.
    """

    value: Any
    run: int | None = None
    first: bool = False
    difference: str = ""


@dataclass(frozen=True)
class ComparedRow:
    """One row of the table: a column of the target, or what has none, and a cell for each catalogue."""

    key: str
    cells: list[Cell]
    stored: Any = None
    prefix: str = "use-"

    @property
    def input_name(self) -> str:
        """Name of the choice in the form."""
        return f"{self.prefix}{self.key}"

    @property
    def keeps_stored(self) -> bool:
        """Whether no catalogue's value is chosen."""
        return not any(cell.first for cell in self.cells)

    @property
    def label(self) -> str:
        """What the row is called."""
        return self.key.replace("_", " ")


@dataclass
class Comparison:
    """All answers of a lookup, and the table of those that know something."""

    answers: list[CatalogueAnswer]
    rows: list[ComparedRow] = field(default_factory=list)

    @property
    def is_moving(self) -> bool:
        """Whether an answer is still to come."""
        return any(answer.is_moving for answer in self.answers)


def comparison(lookup: CatalogueLookup, user: Any, *, target: Any = None, chosen: Any = None) -> Comparison:
    """Return what the catalogues said so far.

    Parameters
    ----------
    lookup : CatalogueLookup
    user : User
    target : Target, optional
        The one to be completed: what it has is proposed before what the catalogues say.
    chosen : mapping, optional
        What was chosen already: key of a run by name of the input.
    """
    found = QueryRun.objects.in_bulk(lookup.run_ids)
    runs = attach_jobs([found[key] for key in lookup.run_ids if key in found])
    titles = dict(harvesters.choices())
    results = QueryResult.objects.filter(run__in=runs, number=0)  # a catalogue tells of one object
    told = {row.result.run_id: row for row in rows_of(results, user)}
    answers = [CatalogueAnswer(run, titles.get(run.provider, run.provider), told.get(run.pk)) for run in runs]
    known = [answer for answer in answers if answer.row]
    offered = [(USE, [answer.values for answer in known]), (EXTRA, [answer.extras for answer in known])]
    rows = [
        _row(key, prefix, [values.get(key) for values in said], known, target, chosen)
        for prefix, said in offered
        for key in dict.fromkeys(key for values in said for key in values)
        if target is None or prefix == EXTRA or key not in FIXED
    ]
    return Comparison(answers, rows)


def _row(
    key: str, prefix: str, values: Sequence[Any], known: Sequence[CatalogueAnswer], target: Any, chosen: Any
) -> ComparedRow:
    """Return a row; what is stored is the proposal, else what the first catalogue says that has a value."""
    stored = None
    if target is not None:
        held = {**target.tags, **target.extra_fields} if prefix == EXTRA else vars(target)
        stored = held.get(key)
    runs = [answer.run.pk if value is not None else None for answer, value in zip(known, values, strict=True)]
    first = next((run for run in runs if run), None) if stored in (None, "") else None
    said = chosen.get(f"{prefix}{key}") if chosen is not None else None
    if said is not None:  # a row that came since keeps its proposal
        first = next((run for run in runs if run and str(run) == said), None)
    dec_deg = getattr(target, "dec", None)
    cells = [
        Cell(value, run, run is not None and run == first, difference(key, stored, value, dec_deg=dec_deg))
        for value, run in zip(values, runs, strict=True)
    ]
    return ComparedRow(key, cells, stored, prefix)
