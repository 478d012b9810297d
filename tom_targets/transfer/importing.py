"""The import of a file of targets, from its rows to the database. Called by the pages and the task.

`preview` looks at the first rows; `import_file` looks at all of them, and stores them if asked to.
Parsing and planning happen before the first write, all writes in one change set and one transaction: an
import is there whole, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from tom_common.history import change_set
from tom_targets import conf
from tom_targets.transfer.cells import UnitError
from tom_targets.transfer.input_files import FileError
from tom_targets.transfer.input_table import Problem, Reader
from tom_targets.transfer.mapping import Mapped, check_mapping
from tom_targets.transfer.options import ALL_OR_NOTHING, ImportOptions
from tom_targets.transfer.parsing import Parser, Rows
from tom_targets.transfer.planning import Duplicate, Plan, plan_rows
from tom_targets.transfer.storing import RaceError, put_on_lists, store_new
from tom_targets.transfer.updating import store_changes

CHUNK_ROWS = 20_000
MAX_PROBLEMS = 100_000
_TRIES = 3

Progress = Callable[[str, int, int | None], None]  # (what, rows done, rows in all)


@dataclass
class Report:
    """What became of a file, or would become of it."""

    is_dry_run: bool = False
    row_count: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    nothing_stored: bool = False
    problems: list[Problem] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    target_pks: list[int] = field(default_factory=list)
    change_set_pk: int | None = None

    def counts(self) -> dict[str, int]:
        """Return the numbers, by what they count."""
        return {
            "rows": self.row_count,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "skipped": self.skipped,
            "rejected": self.rejected,
        }

    def sentence(self) -> str:
        """Say it in one line."""
        would = "would be " if self.is_dry_run else ""
        parts = [
            f"{self.created:,} {would}created",
            f"{self.updated:,} {would}updated",
            f"{self.skipped + self.unchanged:,} {would}left as it is",
            f"{self.rejected:,} wrong",
        ]
        text = f"{self.row_count:,} row{'' if self.row_count == 1 else 's'}: {', '.join(parts)}."
        if self.nothing_stored:
            text += " Nothing was stored, since you asked for all or nothing."
        return text


class _NothingStoredError(Exception):
    """Some rows are wrong, and all or nothing was asked for."""


def read_rows(
    reader: Reader,
    mapping: Sequence[Mapped],
    *,
    limit: int | None = None,
    on_progress: Progress | None = None,
) -> Rows:
    """Read the rows of a file by a mapping.

    Raises
    ------
    FileError
        If the file is broken, has too many rows or none, or the mapping does not fit.
    """
    if problems := check_mapping(mapping):
        raise FileError(" ".join(problems))
    try:
        parser = Parser(mapping)
    except UnitError as error:
        text = str(error)
        raise FileError(f"{text[:1].upper()}{text[1:]}.") from error
    rows, most, seen = Rows(), conf.import_max_rows(), 0
    chunks = reader.chunks(min(CHUNK_ROWS, limit or CHUNK_ROWS))
    for chunk in islice(chunks, 1) if limit else chunks:
        seen += len(chunk.rows) + len(chunk.problems)
        if seen > most:
            raise FileError(
                f"The file has more than {most:,} rows, the most that is taken at once. Split it, or ask the"
                " administrator of this TOM to raise TOM_IMPORT_MAX_ROWS."
            )
        rows.append(parser.read(chunk))
        if on_progress:
            on_progress("read", seen, reader.row_count)
    if not seen:
        raise FileError("The file has a header, but no rows.")
    return rows


def preview(
    reader: Reader, mapping: Sequence[Mapped], options: ImportOptions, *, user: Any, limit: int
) -> tuple[Rows, Plan]:
    """Return the first rows as they are understood, and what would become of them.

    Raises
    ------
    FileError
    """
    rows = read_rows(reader, mapping, limit=limit)
    return rows, plan_rows(rows, options, user=user)


def import_file(
    reader: Reader,
    mapping: Sequence[Mapped],
    options: ImportOptions,
    *,
    user: Any,
    title: str = "",
    dry_run: bool = False,
    on_progress: Progress | None = None,
    on_stored: Callable[[Report], None] | None = None,
) -> Report:
    """Import a file, or say what an import would do.

    Parameters
    ----------
    reader : Reader
        Opened by ``open_table``.
    mapping : sequence of Mapped
        Where its columns go.
    options : ImportOptions
    user : User
        Who imports: the new targets are this user's, others are changed only with the right to.
    title : str
        Of the change set, for example ``Import of stars.csv``.
    dry_run : bool
        Store nothing.
    on_progress : callable, optional
        Told what is being done, how many rows are done, and of how many.
    on_stored : callable, optional
        Called with the report in the transaction of the storing: what it writes is there if the targets are.

    Returns
    -------
    Report

    Raises
    ------
    FileError
        If the file cannot be imported at all.
    """
    rows = read_rows(reader, mapping, on_progress=on_progress)
    said = len(rows.problems)
    for attempt in range(1, _TRIES + 1):
        if on_progress:
            on_progress("compared with the targets that are there", 0, len(rows))
        plan = plan_rows(rows, options, user=user)
        report = _report_of(plan, dry_run=dry_run)
        if dry_run:
            return report
        if report.rejected and options.mode == ALL_OR_NOTHING:
            return _nothing(report)
        if on_progress:
            on_progress("stored", 0, len(plan.create) + len(plan.update))
        try:
            return _store(plan, options, user=user, title=title, on_stored=on_stored)
        except RaceError:
            del rows.problems[said:]  # plan again with the names that came meanwhile
            rows.wrong = {place for place in rows.wrong if _is_wrong_itself(rows, place)}
            if attempt == _TRIES:
                raise FileError(
                    "Others store the same names right now; nothing was stored. Try again."
                ) from None
        except _NothingStoredError:
            return _nothing(_report_of(plan, dry_run=False))
    raise AssertionError("unreachable")


def _is_wrong_itself(rows: Rows, place: int) -> bool:
    return rows.numbers[place] in {problem.row for problem in rows.problems}


def _nothing(report: Report) -> Report:
    report.created = report.updated = 0
    report.nothing_stored = True
    return report


def _store(
    plan: Plan,
    options: ImportOptions,
    *,
    user: Any,
    title: str,
    on_stored: Callable[[Report], None] | None,
) -> Report:
    if not (plan.create or plan.update):
        found = _report_of(plan, dry_run=False)
        if on_stored:
            on_stored(found)
        return found
    with change_set(user, kind="import", title=title[:200]) as changes:
        created = store_new(plan, options, user=user, on_part=changes.flush)
        if options.mode == ALL_OR_NOTHING and plan.rejected_count:
            raise _NothingStoredError  # a project's own class refused what we took for right
        changed = store_changes(plan)
        put_on_lists(plan, {**created, **plan.update}, options, user=user)
        found = _report_of(plan, dry_run=False)
        found.created, found.updated = len(created), len(changed)
        found.unchanged = len(plan.update) - len(changed)
        found.target_pks = [*created.values(), *plan.update.values()]
        changes.note(**found.counts())
        changes.flush()
        found.change_set_pk = changes.pk
        if on_stored:
            on_stored(found)
    return found


def _report_of(plan: Plan, *, dry_run: bool) -> Report:
    in_itself = {problem.row for problem in plan.rows.problems}
    row_count = len(plan.rows) + len(in_itself - set(plan.rows.numbers))
    return Report(
        is_dry_run=dry_run,
        row_count=row_count,
        created=len(plan.create),
        updated=len(plan.update),
        skipped=len(plan.skipped),
        rejected=plan.rejected_count,
        problems=plan.problems,
        duplicates=sorted(plan.duplicates, key=lambda duplicate: duplicate.row),
    )
