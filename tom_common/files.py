"""Reading files from any storage, piece by piece: a local folder, a bucket, or another that Django knows."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator

from django.apps import apps
from django.core.files.storage import FileSystemStorage, Storage
from django.db.models import FileField, Model
from django.utils.timezone import get_default_timezone, is_naive

logger = logging.getLogger(__name__)

PIECE_BYTES = 1_000_000


class StorageUnavailable(OSError):
    """The storage of files cannot be used; the text may be shown to a user."""


def pieces(storage: Storage, name: str, start: int = 0, length: int | None = None) -> Pieces:
    """Return a part of a file piece by piece; that it is there is asked at once. Close it in the end.

    Parameters
    ----------
    storage : Storage
    name : str
    start : int
        First byte.
    length : int, optional
        Number of bytes; all of them by default.

    Raises
    ------
    FileNotFoundError, StorageUnavailable
    """
    if hasattr(storage, "pieces"):
        return storage.pieces(name, start, length)
    file = storage.open(name, "rb")
    file.seek(start)
    return Pieces(file.read, file.close, length)


class Pieces:
    """The bytes of an open file, or of a part of it, piece by piece; closes the file when told, read or not.

    Parameters
    ----------
    read : callable
        Takes a number of bytes and returns at most so many, none at the end.
    close : callable
    length : int, optional
        Bytes after which it ends.
    """

    def __init__(
        self, read: Callable[[int], bytes], close: Callable[[], object], length: int | None = None
    ) -> None:
        self._read = read
        self.close = close
        self._left = length

    def __iter__(self) -> Pieces:
        return self

    def __next__(self) -> bytes:
        wanted = PIECE_BYTES if self._left is None else min(PIECE_BYTES, self._left)
        piece = self._read(wanted) if wanted else b""
        if not piece:
            self.close()
            raise StopIteration
        if self._left is not None:
            self._left -= len(piece)
        return piece


def all_files(storage: Storage) -> Iterator[tuple[str, int, float]]:
    """Return name, size in bytes and time of change (s since 1970) of every file of a storage, one at a time.

    Raises
    ------
    StorageUnavailable
    """
    if hasattr(storage, "all_files"):
        yield from storage.all_files()
    elif isinstance(storage, FileSystemStorage):
        yield from _local_files(storage)
    else:
        yield from _listed_files(storage, "")


def _local_files(storage: FileSystemStorage) -> Iterator[tuple[str, int, float]]:
    root = str(storage.location)
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            try:
                status = os.stat(path, follow_symlinks=False)
            except FileNotFoundError:
                continue  # deleted meanwhile
            yield os.path.relpath(path, root).replace(os.sep, "/"), status.st_size, status.st_mtime


def _listed_files(storage: Storage, folder: str) -> Iterator[tuple[str, int, float]]:
    folders, names = storage.listdir(folder)
    for name in names:
        whole = f"{folder}/{name}".lstrip("/")
        changed = storage.get_modified_time(whole)
        if is_naive(changed):
            changed = changed.replace(tzinfo=get_default_timezone())
        yield whole, storage.size(whole), changed.timestamp()
    for name in folders:
        yield from _listed_files(storage, f"{folder}/{name}".lstrip("/"))


def file_columns() -> Iterator[tuple[type[Model], FileField]]:
    """Yield every column of every model that names files."""
    for model in apps.get_models():
        yield from ((model, column) for column in model._meta.local_fields if isinstance(column, FileField))


def is_named(name: str) -> bool:
    """Tell whether a row of any model names a file: a deleted file that can come back is named, too."""
    return any(
        model._base_manager.filter(**{column.attname: name}).exists() for model, column in file_columns()
    )


def remove_unnamed(files: Iterable[tuple[Storage, str]]) -> int:
    """Remove those files from their storage that no row names; return how many."""
    removed = 0
    for storage, name in files:
        if is_named(name):
            continue
        try:
            storage.delete(name)
            removed += 1
        except OSError:
            logger.exception("the file %s, which no row names, could not be removed", name)
    return removed


def size_text(size: float) -> str:
    """Return a number of bytes in words, as ``12.3 GB`` or ``100 kB``."""
    if size < 1000:
        return f"{size:.0f} bytes"
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if round(size, 1) < 1000 or unit == "TB":
            break
    return f"{size:.1f}".removesuffix(".0") + f" {unit}"
