"""Answers that hold targets as a file, as the export page and the list of the REST API give them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBadRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from tom_targets.transfer.exporting import Export
from tom_targets.transfer.input_files import JSON
from tom_targets.transfer.writers import WRITERS, TooWideError

FORMATS = tuple(kind for kind in WRITERS if kind != JSON)
"""Of `WRITERS` those that a list of the REST API takes: ``json`` are its pages."""


def stream(targets: QuerySet, kind: str, *, user: Any) -> HttpResponseBase:
    """Return targets as a file, written while it is sent.

    Parameters
    ----------
    targets : QuerySet of targets
        Those that the user may see.
    kind : str
        A key of ``WRITERS``.
    user : User or AnonymousUser
    """
    _, suffix, content_type, write = WRITERS[kind]
    # By key: filters add annotations and orders of their own.
    plain = targets.model._default_manager.filter(pk__in=targets.order_by().values("pk"))
    chunks = write(Export(plain, user=user))
    try:
        first = next(chunks, b"")
    except TooWideError as error:
        return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
    response = StreamingHttpResponse(_with_first(first, chunks), content_type=content_type)
    name = f"targets-{timezone.now():%Y%m%d-%H%M%S}.{suffix}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Accel-Buffering"] = "no"
    return response


def _with_first(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from chunks
