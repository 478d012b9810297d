"""Uploaded files of targets and their reports, kept in the storage, so that an import can be run again.

Called by the import pages and by the background task.
"""

from __future__ import annotations

import csv
import io
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.utils import timezone

from tom_common.spreadsheets import no_formula
from tom_targets.import_models import TargetImport
from tom_targets.transfer.importing import MAX_PROBLEMS, Progress, Report, import_file
from tom_targets.transfer.input_files import FileError, check_size, copy_in
from tom_targets.transfer.input_table import NOTE, Problem, Reader
from tom_targets.transfer.mapping import Mapped, propose
from tom_targets.transfer.options import ImportOptions
from tom_targets.transfer.planning import away
from tom_targets.transfer.reading import open_table

FOLDER = "target_imports"
SHOWN = 200
SAMPLE_ROWS = 200
_REPORT_COLUMNS = ("row", "line", "kind", "column", "value", "reason")


def imports_for_user(user: Any) -> QuerySet[TargetImport]:
    """Return the imports that a user may see: the own ones, all for a superuser."""
    if not user.is_authenticated:
        return TargetImport.objects.none()
    return TargetImport.objects.all() if user.is_superuser else TargetImport.objects.filter(user=user)


def keep_upload(file: Any, *, user: Any, format: str = "") -> TargetImport:
    """Keep an uploaded file, and propose where its columns go.

    Parameters
    ----------
    file : UploadedFile
    user : User
    format : str
        A key of ``FORMATS``; empty to find out.

    Raises
    ------
    FileError
        If the file cannot be read; nothing is kept then.
    """
    name = PurePosixPath(str(file.name)).name[:255]
    check_size(file.size)
    with tempfile.TemporaryDirectory(prefix="targets-") as scratch:
        path = Path(scratch) / "input"
        file.seek(0)
        copy_in(file, path)
        reader = open_table(path, name, scratch=Path(scratch), format=format)
        mapping = propose(reader.columns, sample_of(reader))
        with path.open("rb") as source:
            stored = default_storage.save(f"{FOLDER}/{uuid.uuid4().hex}/input", File(source, name="input"))
    return TargetImport.objects.create(
        user=user,
        name=name,
        stored_file=stored,
        size=file.size,
        format=reader.format,
        mapping=[one.as_dict() for one in mapping],
        options=ImportOptions().as_dict(),
    )


def sample_of(reader: Reader) -> dict[str, Any]:
    """Return the first values of each column."""
    chunk = next(reader.chunks(SAMPLE_ROWS), None)
    return dict(chunk.columns) if chunk else {}


@contextmanager
def opened(kept: TargetImport) -> Iterator[Reader]:
    """Open a kept file for reading.

    Raises
    ------
    FileError
        If it is gone from the storage.
    """
    with tempfile.TemporaryDirectory(prefix="targets-") as scratch:
        path = Path(scratch) / "input"
        try:
            with default_storage.open(kept.stored_file, "rb") as source:
                copy_in(source, path)
        except FileNotFoundError as error:
            raise FileError("The uploaded file is gone from the storage; upload it again.") from error
        yield open_table(path, kept.name, scratch=Path(scratch), format=kept.format)


def mapping_of(kept: TargetImport) -> list[Mapped]:
    """Return where the columns of a kept file go."""
    return [Mapped(**entry) for entry in kept.mapping]


def run(
    kept: TargetImport, *, dry_run: bool, job_id: int | None = None, on_progress: Progress | None = None
) -> Report:
    """Import a kept file with the rights of its owner, or check it, and keep the report.

    What is stored and the note that it was are one transaction: a run that is cut off leaves nothing.

    Raises
    ------
    FileError
        If the file cannot be imported; the reason is kept.
    """
    options = ImportOptions.from_dict(kept.options)

    def mark(report: Report) -> None:
        kept.state = TargetImport.State.DONE
        kept.change_set_pk = report.change_set_pk
        kept.job_id = job_id
        kept.save(update_fields=["state", "change_set_pk", "job_id"])

    try:
        with opened(kept) as reader:
            report = import_file(
                reader,
                mapping_of(kept),
                options,
                user=kept.user,
                title=f"Import of {kept.name}",
                dry_run=dry_run,
                on_progress=on_progress,
                on_stored=mark,
            )
    except FileError as error:
        kept.state, kept.finished = TargetImport.State.FAILED, timezone.now()
        kept.result = {"error": str(error)}
        kept.save(update_fields=["state", "finished", "result"])
        raise
    _keep_report(kept, report)
    return report


def _keep_report(kept: TargetImport, report: Report) -> None:
    old = kept.stored_report
    told = [*report.problems, *_notes(report)]
    told.sort(key=lambda problem: problem.row)
    content = ContentFile(_report_text(told[:MAX_PROBLEMS]).encode())
    kept.stored_report = default_storage.save(f"{PurePosixPath(kept.stored_file).parent}/report.csv", content)
    kept.finished = timezone.now()
    if report.is_dry_run and kept.state != TargetImport.State.DONE:
        kept.state = TargetImport.State.CHECKED
    elif report.nothing_stored:
        kept.state = TargetImport.State.FAILED
    kept.result = {
        "counts": report.counts(),
        "sentence": report.sentence(),
        "is_dry_run": report.is_dry_run,
        "nothing_stored": report.nothing_stored,
        "problem_count": len(report.problems),
        "problems": [asdict(problem) for problem in report.problems[:SHOWN]],
        "duplicate_count": len(report.duplicates),
        "duplicates": [asdict(duplicate) for duplicate in report.duplicates[:SHOWN]],
    }
    kept.save(update_fields=["stored_report", "finished", "state", "result"])
    if old:
        default_storage.delete(old)


def _notes(report: Report) -> Iterator[Problem]:
    """Yield what is worth knowing of rows that were not left out: the target they go into, or lie near."""
    for one in report.duplicates:
        if one.action == "skip":
            continue  # said already
        distance = "" if one.distance_arcsec is None else f", {away(one.distance_arcsec)} away"
        verb = "Goes into the target" if one.action == "update" else "Made although near to"
        yield Problem(one.row, "name", one.name, f"{verb} {one.known_as}{distance}.", NOTE)


def _report_text(problems: list[Problem]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_REPORT_COLUMNS)
    for one in problems:
        cells = [one.column, one.value, one.reason]
        writer.writerow([one.row, "" if one.line is None else one.line, one.kind, *map(no_formula, cells)])
    return buffer.getvalue()


def report_lines(kept: TargetImport) -> Iterator[bytes]:
    """Yield a kept report as it is stored: CSV, its header only where there is none."""
    if not kept.stored_report:
        yield (",".join(_REPORT_COLUMNS) + "\n").encode()
        return
    with default_storage.open(kept.stored_report, "rb") as file:
        yield from file.chunks()


def report_rows(kept: TargetImport) -> Iterator[dict[str, str]]:
    """Yield the rows of a kept report, as text by column."""
    if not kept.stored_report:
        return
    with default_storage.open(kept.stored_report, "rb") as file:
        yield from csv.DictReader(io.TextIOWrapper(file, "utf-8", newline=""))


def discard(kept: TargetImport) -> None:
    """Forget an import, its file and its report; the targets stay."""
    for name in (kept.stored_file, kept.stored_report):
        if name:
            default_storage.delete(name)
    kept.delete()
