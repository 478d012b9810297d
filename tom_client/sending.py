"""What the client sends and is answered: errors by status, and forms with files of any size."""

from __future__ import annotations

from collections.abc import Iterator
from os import fstat
from typing import Any, BinaryIO
from uuid import uuid4


class ApiError(Exception):
    """The TOM did not do what it was asked to.

    Attributes
    ----------
    status : int
        Status of the answer.
    detail : object
        What the answer held: a text, or lists of texts by the names of the fields that are wrong.
    """

    def __init__(self, status: int, detail: Any) -> None:
        self.status, self.detail = status, detail
        super().__init__(f"{status}: {in_words(detail)}")


class RefusedError(ApiError):
    """Something in the request is wrong (status 400, 409, 413 or 415)."""


class NotAllowedError(ApiError):
    """You are not logged in, or may not do this (status 401 or 403)."""


class NotFoundError(ApiError):
    """There is none, or you may not see it (status 404)."""


class BulkError(RefusedError):
    """Some rows of a list are wrong.

    Attributes
    ----------
    errors : dict
        What is wrong with each such row, by its place in the list that was handed over.
    """

    def __init__(self, status: int, detail: Any, errors: dict[int, Any]) -> None:
        self.errors = errors
        super().__init__(status, detail)


ERRORS = {401: NotAllowedError, 403: NotAllowedError, 404: NotFoundError}
"""Errors by the status of the answer."""


class Multipart:
    """A form with a file as the body of a request, never whole in memory."""

    def __init__(self, fields: dict[str, Any], name: str, file: BinaryIO) -> None:
        edge, file_name = uuid4().hex, "".join("_" if char in '\\"\r\n' else char for char in name)
        part = f'--{edge}\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n'
        head = "".join(part % (key, "") + f"{value}\r\n" for key, value in fields.items())
        self.headers = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        self._head = (head + part % ("file", f'; filename="{file_name}"')).encode()
        self._file, self._tail = file, f"\r\n--{edge}--\r\n".encode()

    def __len__(self) -> int:
        return len(self._head) + fstat(self._file.fileno()).st_size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        while block := self._file.read(1_000_000):
            yield block
        yield self._tail


def in_words(detail: Any) -> str:
    """Return what an answer holds as one line."""
    if isinstance(detail, dict):
        return "; ".join(
            in_words(value) if key in ("detail", "message") else f"{key}: {in_words(value)}"
            for key, value in detail.items()
        )
    if isinstance(detail, list):
        return ", ".join(map(in_words, detail))
    return str(detail)
