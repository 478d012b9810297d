"""The light curve of a target as JSON for the plot, as CSV for people, and as a table."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any

import numpy as np
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.http import content_disposition_header, http_date
from django.utils.text import slugify
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView

from tom_dataproducts.light_curve_formats import light_curve_csv, light_curve_json
from tom_dataproducts.permissions import rows_have_own_permissions
from tom_dataproducts.points import point_page, point_rows
from tom_dataproducts.selectors import light_curve_columns, light_curve_version
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user

# A new number makes browsers drop what they kept when the content of the answers changes its form.
_FORM = 2
_WORTH_COMPRESSING = 2000
_TABLE_ROWS = 100


def visible_target(request: HttpRequest, pk: int) -> Any:
    """Return a target with its name, or answer 404 where there is none that the user may see."""
    rows = targets_for_user(request.user, Target.objects.all(), "view_target")
    return get_object_or_404(rows.only("pk", "name"), pk=pk)


@require_safe
def photometry_json(request: HttpRequest, pk: int) -> HttpResponseBase:
    target = visible_target(request, pk)
    with_all = _wants_superseded(request)
    version = _version(request, target, f"json {with_all}")
    if unchanged := _unchanged(request, version):
        return unchanged
    curve = light_curve_columns(target, user=request.user, with_superseded=with_all)
    content = light_curve_json(target.name, curve)
    response = HttpResponse(content_type="application/json")
    fill(request, response, content)
    return _dated(response, version)


@require_safe
def photometry_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    target = visible_target(request, pk)
    with_all = _wants_superseded(request)
    version = _version(request, target, f"csv {with_all}")
    if unchanged := _unchanged(request, version):
        return unchanged
    curve = light_curve_columns(target, user=request.user, with_superseded=with_all)
    response = StreamingHttpResponse(light_curve_csv(curve), content_type="text/csv; charset=utf-8")
    name = f"{slugify(target.name) or target.pk}-photometry.csv"
    response["Content-Disposition"] = content_disposition_header(True, name)
    return _dated(response, version)


def _wants_superseded(request: HttpRequest) -> bool:
    """Tell whether points that a newer reduction supersedes are asked for, too: ``?superseded=1``."""
    return request.GET.get("superseded", "") in ("1", "true")


def _version(request: HttpRequest, target: Any, form: str) -> tuple[str, int] | None:
    """Return entity tag and time of change, read before the points: a later write shows the next time."""
    summary = None if rows_have_own_permissions() else light_curve_version(target)
    if summary is None:
        return None
    facts = f"{_FORM} {form} {target.pk} {target.name} {summary.changed.isoformat()}"
    tag = hashlib.sha256(facts.encode()).hexdigest()[:32]
    return f'"{tag}"', int(summary.changed.timestamp())


def _unchanged(request: HttpRequest, version: tuple[str, int] | None) -> HttpResponse | None:
    if version is None:
        return None
    response = get_conditional_response(request, etag=version[0], last_modified=version[1])
    return None if response is None else _dated(response, version)


def _dated(response: HttpResponseBase, version: tuple[str, int] | None) -> HttpResponseBase:
    # Kept by the browser alone, and asked for each time: permissions change without the data changing.
    patch_cache_control(response, private=True, no_cache=True)
    if version is not None:
        response["ETag"], response["Last-Modified"] = version[0], http_date(version[1])
    return response


def fill(request: HttpRequest, response: HttpResponse, content: bytes) -> None:
    """Compress lightly by ourselves: the middleware's usual level takes longer than making the answer."""
    patch_vary_headers(response, ("Accept-Encoding",))
    accepted = request.headers.get("Accept-Encoding", "")
    if "gzip" in accepted and len(content) > _WORTH_COMPRESSING:
        compressor = zlib.compressobj(level=1, wbits=16 + zlib.MAX_WBITS)
        content = compressor.compress(content) + compressor.flush()
        response["Content-Encoding"] = "gzip"
    response.content = content
    response["Content-Length"] = str(len(content))


class PhotometryTableView(TemplateView):
    """All points of a target as pages of a table, newest first; ``?band=`` shows one band."""

    template_name = "tom_dataproducts/photometry_table.html"

    def get_context_data(self, **kwargs):
        target = visible_target(self.request, kwargs["pk"])
        curve = light_curve_columns(target, user=self.request.user)
        band = self.request.GET.get("band", "")
        if band:
            chosen = np.array([name == band for name in curve.band.values], bool)
            curve = curve.taken(np.flatnonzero(chosen[curve.band.codes]) if len(curve) else np.arange(0))
        page = point_page(curve, self.request.GET.get("cursor", ""), size=_TABLE_ROWS)
        total = len(curve)
        return super().get_context_data(
            target=target,
            rows=point_rows(page.points),
            band=band,
            chips=[{"label": "Band", "value": band, "remove_url": self.request.path}] if band else [],
            next_url=self._url(page.next_cursor),
            previous_url=self._url(page.previous_cursor),
            total_text=f"{total:,} point{'' if total == 1 else 's'}",
            **kwargs,
        )

    def _url(self, cursor: str) -> str:
        if not cursor:
            return ""
        query = self.request.GET.copy()
        query["cursor"] = cursor
        return f"?{query.urlencode()}"
