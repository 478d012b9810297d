"""Files leave here: who may see one is asked first, and nothing of it runs in the origin of the pages."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header, http_date
from django.views.decorators.http import require_safe

from tom_common.files import pieces
from tom_dataproducts import conf
from tom_dataproducts.file_selectors import product_or_404

# By the last suffix. What is not here may be anything, and is told to be nothing in particular.
CONTENT_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".dat": "text/plain; charset=utf-8",
    ".ascii": "text/plain; charset=utf-8",
    ".ecsv": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".fits": "application/fits",
    ".fit": "application/fits",
    ".fts": "application/fits",
    ".fz": "application/fits",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".pdf": "application/pdf",
    ".gz": "application/gzip",
    ".zip": "application/zip",
}
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})\Z")


class FileGone(Http404):
    """A data product has no file, or not any more."""


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send a file to a browser; say by a page that it is gone."""
    try:
        return sent_file(request, pk)
    except FileGone as error:
        product = product_or_404(request.user, pk)
        context = {"product": product, "target": product.target, "text": str(error)}
        return render(request, "tom_dataproducts/file_gone.html", context, status=404)


def sent_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send a file, or a part of it, as a download; nothing of it is shown in the origin of the pages.

    Raises
    ------
    Http404
        If there is no product with this key that the user may see; `FileGone` if it is without its file.
    """
    product = product_or_404(request.user, pk)
    if not product.data:
        raise FileGone("This data product has no file.")
    storage, name = product.data.storage, product.data.name
    try:
        size = storage.size(name)
    except FileNotFoundError as error:
        raise FileGone("The file of this data product is missing.") from error
    shown = product.get_file_name()
    kind = CONTENT_TYPES.get(PurePosixPath(shown).suffix.lower(), "application/octet-stream")
    disposition = content_disposition_header(True, shown) or "attachment"
    if conf.downloads() == "redirect" and getattr(storage, "querystring_auth", False):
        return _signed_link(storage, name, kind, disposition)
    facts = f"{product.pk} {name} {size} {product.created.isoformat()}"
    etag = f'"{hashlib.sha256(facts.encode()).hexdigest()[:32]}"'
    response = _content(request, storage, name, size, etag)
    response["Content-Type"] = kind
    response["Content-Disposition"] = disposition
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["Last-Modified"] = http_date(product.created.timestamp())
    # As it is: packed on the way, a part of a file would be none.
    response["Content-Encoding"] = "identity"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _content(request, storage, name, size, etag) -> HttpResponseBase:
    """Return the whole file, the part that is asked for, or the answer that there is no such part."""
    wanted = request.headers.get("Range", "")
    if request.headers.get("If-Range", etag) != etag:
        wanted = ""  # it has changed since the first part was sent
    part = _part(wanted, size)
    if part is None:
        response: HttpResponseBase = StreamingHttpResponse(_pieces(request, storage, name, 0, None))
        response["Content-Length"] = str(size)
        return response
    first, last = part
    if first > last:
        response = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{size}"
        return response
    response = StreamingHttpResponse(_pieces(request, storage, name, first, last - first + 1), status=206)
    response["Content-Length"] = str(last - first + 1)
    response["Content-Range"] = f"bytes {first}-{last}/{size}"
    return response


def _pieces(request, storage, name, start, length):
    return () if request.method == "HEAD" else pieces(storage, name, start, length)


def _part(header: str, size: int) -> tuple[int, int] | None:
    """Return first and last byte of a part; None for the whole file; first behind last if there is none.

    Several parts at once are answered with the whole file.
    """
    match = _RANGE.match(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:  # the last so many bytes
        length = min(int(last), size)
        return (size - length, size - 1) if length else (1, 0)
    if last and int(last) < int(first):
        return None
    return (int(first), min(int(last), size - 1) if last else size - 1) if int(first) < size else (1, 0)


def _signed_link(storage, name, kind, disposition) -> HttpResponseRedirect:
    """Lead to the storage itself, by a link that is good for some minutes and for this file only."""
    url = storage.url(
        name,
        parameters={"ResponseContentDisposition": disposition, "ResponseContentType": kind},
        expire=conf.download_link_s(),
    )
    response = HttpResponseRedirect(url)
    response["Referrer-Policy"] = "no-referrer"
    patch_cache_control(response, private=True, no_store=True)
    return response
