"""Export of the measurements of a target, of a list, a selection or a search result, as a stream."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import (
    HttpRequest,
    HttpResponseBadRequest,
    HttpResponseBase,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views import View
from django.views.generic import TemplateView

from tom_dataproducts.exports import KINDS, WRITERS, Export, available_writers
from tom_targets import list_state, selectors
from tom_targets.filters import TargetFilterSet
from tom_targets.models import Target
from tom_targets.views.mixins import TargetActionMixin

OURS = ("kind", "format", "samples", "superseded", "sort", "cursor", "per_page", "page")
_MOST_TICKED = 1000


class AskedBadlyError(ValueError):
    """What is asked for cannot be exported; the text says why."""


def export_answer(
    request: HttpRequest, targets, asked: QueryDict, *, name: str, user=None
) -> HttpResponseBase:
    """Return measurements of targets that the user may see, as a file written while it is sent.

    Raises
    ------
    AskedBadlyError
        If there is no such kind or format, or it cannot be written here.
    """
    kind, form = asked.get("kind") or "photometry", asked.get("format") or "csv"
    if kind not in KINDS:
        raise AskedBadlyError(f"There is no kind {kind[:40]!r}; expected one of {', '.join(KINDS)}.")
    writer = WRITERS.get(form)
    if writer is None:
        raise AskedBadlyError(f"There is no format {form[:40]!r}; expected one of {', '.join(WRITERS)}.")
    if not writer.is_there:
        raise AskedBadlyError(
            f"{writer.words} needs the package {writer.needs}, which this TOM does not have."
            " Ask its administrator, or take another format."
        )
    # By key: filters add annotations and orders of their own.
    plain = targets.model._default_manager.filter(pk__in=targets.order_by().values("pk"))
    with_arrays = writer.holds_arrays and asked.get("samples", "1") != "0"
    root = request.build_absolute_uri("/").rstrip("/")
    export = Export(
        plain,
        user=user or request.user,
        kind=kind,
        with_arrays=with_arrays,
        with_superseded=asked.get("superseded", "") in ("1", "true", "on"),
        root=root,
    )
    response = StreamingHttpResponse(_begun(writer.write(export)), content_type=writer.content_type)
    file = f"{slugify(name) or 'targets'}-{kind}-{timezone.now():%Y%m%d-%H%M%S}.{writer.suffix}"
    response["Content-Disposition"] = content_disposition_header(True, file)
    response["X-Accel-Buffering"] = "no"
    return response


def _begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Write the first bytes now, so that what goes wrong at the start is an error and no broken file."""
    first = next(chunks, b"")

    def all_chunks() -> Iterator[bytes]:
        yield first
        yield from chunks

    return all_chunks()


def choices_context() -> dict:
    """Return kinds and formats to choose from, and those that need something which is not installed."""
    there = available_writers()
    return {
        "kinds": list(KINDS.items()),
        "formats": [(key, writer.words) for key, writer in there.items()],
        "missing": [writer for key, writer in WRITERS.items() if key not in there],
    }


class TargetDataExportView(TargetActionMixin, TemplateView):
    """Hands out the measurements of one target; without a format the page that asks for it."""

    target_action = "view_target"
    template_name = "tom_dataproducts/data_export.html"

    def get(self, request, *args, **kwargs):
        if "format" not in request.GET:
            return super().get(request, *args, target=self.target, **choices_context())
        targets = Target.objects.filter(pk=self.target.pk)
        try:
            return export_answer(request, targets, request.GET, name=self.target.name)
        except AskedBadlyError as error:
            return _refused(error)


class DataExportView(View):
    """Hands out measurements of targets: by GET of those that filters find, by POST of those ticked."""

    http_method_names = ["get", "post"]
    filterset_class = TargetFilterSet

    def get(self, request):
        data = request.GET.copy()
        for name in OURS:
            data.pop(name, None)
        filterset = self.filterset_class(data, selectors.visible_targets(request.user), request=request)
        if filterset.errors:
            return redirect(f"{list_state.list_url()}?{data.urlencode()}")  # it tells what is wrong
        if "format" not in request.GET:
            return self.page(request, filterset.qs, data)
        return self.answer(request, filterset.qs, request.GET)

    def post(self, request):
        data = request.POST
        targets = list_state.selected_targets(
            request.user,
            "view_target",
            ids=data.getlist("selected-target"),
            everything=data.get("isSelectAll") == "True",
            query_string=data.get("query_string", ""),
            request=request,
        )
        if targets is None:
            return _refused(AskedBadlyError("The filters of the list are not understood."))
        if data.get("format"):
            return self.answer(request, targets, data)
        kept = QueryDict(mutable=True)
        for name in ("isSelectAll", "query_string"):
            kept[name] = data.get(name, "")
        kept.setlist("selected-target", data.getlist("selected-target")[:_MOST_TICKED])
        return self.page(request, targets, kept, method="post")

    def answer(self, request, targets, asked):
        try:
            return export_answer(request, targets, asked, name="targets")
        except AskedBadlyError as error:
            return _refused(error)

    def page(self, request, targets, kept: QueryDict, *, method: str = "get"):
        view = TemplateView(request=request, template_name="tom_dataproducts/data_export.html")
        return view.render_to_response(
            {
                "view": view,
                "count": targets.count(),
                "kept": [(name, value) for name in kept for value in kept.getlist(name) if value],
                "method": method,
                **choices_context(),
            }
        )


def _refused(error: Exception) -> HttpResponseBadRequest:
    return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
