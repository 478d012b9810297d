"""Files that come in with a request: several in one field, and none larger than what is taken."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.http.request import UnreadablePostError


class SeveralFilesInput(forms.ClearableFileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True


class SeveralFilesField(forms.FileField):
    """A field for several files; its value is a list."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=SeveralFilesInput(), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Return the validated files."""
        files = data if isinstance(data, list | tuple) and data else [data or None]
        return [super(SeveralFilesField, self).clean(file, initial) for file in files]


class LimitedUploadHandler(FileUploadHandler):
    """Drops each file that is larger than what is taken, while it arrives; the others pass.

    Stands in front of the handlers that keep the files, before anybody reads the body: a view that checks the
    token of a form is exempt from that check until the handler stands.

    Parameters
    ----------
    request : HttpRequest
    max_bytes : int
        Size of the largest file that is taken.
    """

    def __init__(self, request: Any, max_bytes: int) -> None:
        super().__init__(request)
        self.max_bytes = max_bytes
        self.too_large: list[str] = []
        """Names of the files that were dropped."""
        self._received = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Count from nothing again."""
        super().new_file(*args, **kwargs)
        self._received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count what arrives and pass it on."""
        self._received += len(raw_data)
        if self._received > self.max_bytes:
            self.too_large.append(self.file_name or "file")
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers behind."""


def limit_uploads(request: Any, max_bytes: int) -> LimitedUploadHandler:
    """Put a limit on the files of a request, whose body nobody has read yet."""
    handler = LimitedUploadHandler(request, max_bytes)
    request.upload_handlers.insert(0, handler)
    return handler


def too_many_text() -> str:
    """Return what to say of a request with more files than Django reads at once."""
    most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
    return f"More than {most} files in one go: nothing was stored. Send at most {most} at a time."


def drain(request: HttpRequest, max_bytes: int) -> None:
    """Read the rest of a body that nobody wants: a browser shows an answer only after it has sent all.

    Parameters
    ----------
    request : HttpRequest
    max_bytes : int
        Give up after so many.
    """
    try:
        while max_bytes > 0 and (chunk := request.read(2**16)):
            max_bytes -= len(chunk)
    except UnreadablePostError:
        pass  # whoever sent it has gone
