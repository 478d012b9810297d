"""Compares the storage of files with the rows that know them; called by ``check_storage``, by hand and daily.

A running upload has a file and no row yet: a file counts as one that nobody knows only when it is older than
the grace. Names are kept in a temporary file meanwhile, so that memory does not grow with the storage.
"""

from __future__ import annotations

import logging
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.core.files.storage import Storage, default_storage
from django.db.models import Model

from tom_common import files
from tom_common.contributions import collect
from tom_common.files import all_files
from tom_dataproducts.models import DataUpload
from tom_targets.trash import trashed_files

logger = logging.getLogger(__name__)

GRACE_HOURS = 24.0
_BATCH = 500

Tell = Callable[[str, str, int], None]
"""Called for each finding: what it is (``missing``, ``other size``, ``orphan``), name, size in bytes."""


@dataclass
class StorageReport:
    """What a check found: numbers of rows and files, and bytes."""

    rows: int = 0
    files: int = 0
    bytes: int = 0
    missing: int = 0
    other_size: int = 0
    orphans: int = 0
    orphan_bytes: int = 0
    young: int = 0
    deleted: int = 0

    @property
    def is_in_order(self) -> bool:
        """Whether every row has its file, and every file its row."""
        return not (self.missing or self.other_size or self.orphans > self.deleted)

    def as_json(self) -> dict[str, int]:
        """Return the numbers by name."""
        return asdict(self)


def file_columns() -> list[tuple[type[Model], str]]:
    """Return every column of every model that names files in the default storage."""
    return [(model, column.name) for model, column in files.file_columns() if _is_default(column.storage)]


def kept_folders() -> tuple[str, ...]:
    """Return the folders whose files belong to no column: what apps offer by ``storage_folders()``."""
    return tuple(f"{str(name).strip('/')}/" for _, name in collect("storage_folders"))


def check_storage(
    tell: Tell | None = None, *, grace_hours: float = GRACE_HOURS, delete_orphans: bool = False
) -> StorageReport:
    """Compare rows and files.

    Parameters
    ----------
    tell : callable, optional
        Told of each finding as it comes.
    grace_hours : float
        Age, in hours, from which a file without a row is an orphan.
    delete_orphans : bool
        Delete orphans, each after another look for its row.

    Raises
    ------
    StorageUnavailable
        If the storage cannot be read.
    """
    tell = tell or _tell_nobody
    report = StorageReport()
    with tempfile.TemporaryDirectory(prefix="check-storage-") as folder:
        names = sqlite3.connect(Path(folder) / "names.sqlite3", isolation_level=None)
        try:
            _list_files(names, report)
            _look_for_files(names, report, tell)
            # After the rows: a target that is deleted meanwhile is found in one of the two.
            names.executemany(
                "UPDATE files SET known = 1 WHERE name = ?", ((_plain(name),) for name in trashed_files())
            )
            _look_for_rows(names, report, tell, grace_hours, delete_orphans=delete_orphans)
        finally:
            names.close()
    return report


def _tell_nobody(kind: str, name: str, size: int) -> None:
    """Take note of nothing."""


def _is_default(storage: Storage) -> bool:
    return storage is default_storage or storage == default_storage


def _list_files(names: sqlite3.Connection, report: StorageReport) -> None:
    names.executescript(
        "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
        "CREATE TABLE files (name TEXT PRIMARY KEY, size INTEGER, changed REAL, known INTEGER DEFAULT 0)"
        " WITHOUT ROWID;"
    )

    def rows() -> Iterator[tuple[str, int, float]]:
        for name, size, changed in all_files(default_storage):
            report.files += 1
            report.bytes += size
            yield name, size, changed

    names.execute("BEGIN")
    names.executemany("INSERT OR REPLACE INTO files (name, size, changed) VALUES (?, ?, ?)", rows())
    names.execute("COMMIT")


def _look_for_files(names: sqlite3.Connection, report: StorageReport, tell: Tell) -> None:
    """Find the rows whose file is not there, or has not the size that it was uploaded with."""
    sizes = _upload_sizes()
    for model, column in file_columns():
        named = model._base_manager.exclude(**{column: ""}).exclude(**{f"{column}__isnull": True})
        for pk, name in named.order_by("pk").values_list("pk", column).iterator(chunk_size=_BATCH):
            report.rows += 1
            seen = names.execute(
                "UPDATE files SET known = 1 WHERE name = ? RETURNING size", (_plain(name),)
            ).fetchone()
            if seen is None:
                if not _is_there(name):  # it may have come while the files were listed
                    report.missing += 1
                    tell("missing", f"{name} ({model._meta.label} {pk})", 0)
            elif column == "data" and model._meta.label == "tom_dataproducts.DataProduct":
                wanted = sizes(pk)
                if wanted and wanted != seen[0]:
                    report.other_size += 1
                    tell("other size", f"{name} ({model._meta.label} {pk}): {wanted} bytes came in", seen[0])


def _upload_sizes() -> Callable[[int], int]:
    """Return a function that gives the size a product came with, 0 if unknown; asked in order of keys."""
    uploads = (
        DataUpload.objects.filter(size__gt=0)
        .order_by("product_id")
        .values_list("product_id", "size")
        .iterator(chunk_size=_BATCH)
    )
    state: list[Any] = [next(uploads, None)]

    def size_of(pk: int) -> int:
        while state[0] is not None and state[0][0] < pk:
            state[0] = next(uploads, None)
        return state[0][1] if state[0] is not None and state[0][0] == pk else 0

    return size_of


def _look_for_rows(
    names: sqlite3.Connection,
    report: StorageReport,
    tell: Tell,
    grace_hours: float,
    *,
    delete_orphans: bool,
) -> None:
    oldest_running = time.time() - grace_hours * 3600
    kept = kept_folders()
    for name, size, changed in names.execute("SELECT name, size, changed FROM files WHERE NOT known"):
        if kept and name.startswith(kept):
            continue
        if changed > oldest_running:
            report.young += 1
            continue
        if _has_row(name):
            continue  # it came while the rows were read
        report.orphans += 1
        report.orphan_bytes += size
        tell("orphan", name, size)
        if delete_orphans:
            default_storage.delete(name)
            report.deleted += 1


def _has_row(name: str) -> bool:
    return any(model._base_manager.filter(**{column: name}).exists() for model, column in file_columns())


def _plain(name: str) -> str:
    return str(name).replace("\\", "/").removeprefix("./")


def _is_there(name: str) -> bool:
    try:
        return default_storage.exists(name)
    except ValueError:  # a name that leads out of the folder
        return False
