"""Alert files that a person uploaded: kept in the storage until they are ingested, then thrown away."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from django.core.files.storage import default_storage

FOLDER = "alert_uploads"


def keep_uploads(files: Iterable[Any]) -> str:
    """Store uploaded files in a folder of their own and return the folder's name.

    Parameters
    ----------
    files : iterable of django.core.files.uploadedfile.UploadedFile
    """
    folder = f"{FOLDER}/{uuid.uuid4().hex}"
    for number, file in enumerate(files):
        # Django has taken any path off the name; the number keeps two files of one name apart.
        name = PurePosixPath(file.name).name
        default_storage.save(f"{folder}/{number:04d}/{name}", file)
    return folder


@contextmanager
def local_copies(folder: str) -> Iterator[list[Path]]:
    """Give the uploaded files of a folder as paths on this machine, in the order of the upload.

    What the storage keeps on this machine is read where it is; other files are copied for as long as needed.

    Raises
    ------
    FileNotFoundError
        If they are gone.
    """
    names = list(_names(folder))
    if not names:
        raise FileNotFoundError(f"the uploaded files of {folder} are gone; upload them again")
    if kept := _paths_of(names):
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="alerts-") as scratch:
        paths = []
        for name in names:
            path = Path(scratch) / PurePosixPath(name).relative_to(folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            with default_storage.open(name, "rb") as source, path.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1_000_000)
            paths.append(path)
        yield paths


def _paths_of(names: list[str]) -> list[Path]:
    """Return where the files are on this machine; nothing if the storage keeps them elsewhere."""
    try:
        paths = [Path(default_storage.path(name)) for name in names]
    except NotImplementedError:  # a bucket
        return []
    return paths if all(path.is_file() for path in paths) else []


def discard_uploads(folder: str) -> None:
    """Delete the uploaded files of a folder."""
    for name in list(_names(folder)):
        default_storage.delete(name)
    subfolders, _ = default_storage.listdir(folder) if default_storage.exists(folder) else ([], [])
    for name in [*(f"{folder}/{sub}" for sub in subfolders), folder]:
        if default_storage.exists(name):
            default_storage.delete(name)


def _names(folder: str) -> Iterator[str]:
    try:
        subfolders, _ = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for sub in sorted(subfolders):
        _, names = default_storage.listdir(f"{folder}/{sub}")
        yield from (f"{folder}/{sub}/{name}" for name in sorted(names))
