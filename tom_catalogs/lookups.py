"""Looks a name up in catalogues, all at once, in the background; puts side by side what each knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from tom_catalogs.models import CatalogueLookup
from tom_catalogs.providers import HarvesterProvider
from tom_catalogs.registry import harvesters
from tom_common.job_links import attach_jobs
from tom_dataservices.models import QueryRun
from tom_dataservices.result_pages import ResultRow, result_rows
from tom_dataservices.runs import start_run

NAMES, EXTRAS, FIELDS = "names", "extras", "fields"


def lookups_for_user(user: Any) -> QuerySet[CatalogueLookup]:
    """Return the lookups that a user may see: their own; a superuser sees all."""
    if not user.is_authenticated:
        return CatalogueLookup.objects.none()
    return CatalogueLookup.objects.all() if user.is_superuser else CatalogueLookup.objects.filter(user=user)


def look_up(
    term: str, *, user: Any, services: Sequence[str] | None = None, again: bool = False
) -> CatalogueLookup:
    """Ask catalogues for a term, all of them without `services`; each is a job of its own.

    An answer that is still current is used again.
    """
    runs = [
        start_run(HarvesterProvider(name, user), {"term": term.strip()}, again=again)
        for name in (services or harvesters.names())
    ]
    return CatalogueLookup.objects.create(user=user, term=term.strip(), run_ids=[run.pk for run in runs])


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
    def extras(self) -> dict[str, Any]:
        """What has no column."""
        return self.row.result.values.get(EXTRAS, {}) if self.row else {}

    @property
    def create_url(self) -> str:
        """Address of the form of a new target that holds what this catalogue said."""
        words = {key: value for key, value in self.values.items() if value not in (None, "")}
        if self.names:
            words["names"] = ",".join(self.names)
        return f"{reverse('targets:create')}?{urlencode(words)}"


@dataclass(frozen=True)
class Cell:
    """What one catalogue says in one row; `run` is its key where the value can be chosen."""

    value: Any
    run: int | None = None
    first: bool = False


@dataclass(frozen=True)
class ComparedRow:
    """One row of the table: a column of the target, or what has none, and a cell for each catalogue."""

    key: str
    cells: list[Cell]

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


def comparison(lookup: CatalogueLookup, user: Any) -> Comparison:
    """Return what the catalogues said so far."""
    found = QueryRun.objects.in_bulk(lookup.run_ids)
    runs = attach_jobs([found[key] for key in lookup.run_ids if key in found])
    titles = dict(harvesters.choices())
    answers = [
        CatalogueAnswer(run, titles.get(run.provider, run.provider), next(iter(result_rows(run, user)), None))
        for run in runs
    ]
    known = [answer for answer in answers if answer.row]
    rows = [_row(key, known) for key in dict.fromkeys(key for answer in known for key in answer.values)]
    more = dict.fromkeys(key for answer in known for key in answer.extras)
    rows += [ComparedRow(key, [Cell(answer.extras.get(key)) for answer in known]) for key in more]
    return Comparison(answers, rows)


def _row(key: str, known: Sequence[CatalogueAnswer]) -> ComparedRow:
    """Return the row of a column; the first catalogue that has a value is the proposal."""
    cells: list[Cell] = []
    for answer in known:
        value = answer.values.get(key)
        first = value is not None and not any(cell.run for cell in cells)
        cells.append(Cell(value, answer.run.pk if value is not None else None, first))
    return ComparedRow(key, cells)


def chosen_url(lookup: CatalogueLookup, user: Any, chosen: Any) -> str:
    """Return the address of the form of a new target, filled with cells of the table.

    Parameters
    ----------
    lookup : CatalogueLookup
    user : User
    chosen : mapping
        For each column ``use-<column>`` the key of the run whose value is taken; ``names`` the names taken.

    Returns
    -------
    str
        Empty if nothing was chosen.
    """
    by_run = {str(answer.run.pk): answer for answer in comparison(lookup, user).answers if answer.row}
    words: dict[str, Any] = {}
    for key, run_pk in chosen.items():
        answer = by_run.get(run_pk)
        column = key.removeprefix("use-")
        if key.startswith("use-") and answer and answer.values.get(column) not in (None, ""):
            words[column] = answer.values[column]
    names = [name for name in chosen.getlist("names") if name != words.get("name")]
    if names:
        words["names"] = ",".join(names)
    return f"{reverse('targets:create')}?{urlencode(words)}" if words else ""
