"""Export of a list of targets, of a selection or of a search result, as a stream."""

from __future__ import annotations

from django.http import HttpResponseBadRequest, StreamingHttpResponse
from django.http.request import QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views import View

from tom_targets import list_state, selectors
from tom_targets.filters import TargetFilterSet
from tom_targets.transfer.exporting import Export
from tom_targets.transfer.writers import WRITERS, TooWideError

_OURS = ("format", "sort", "cursor", "per_page")


class TargetExportView(View):
    """Hands out targets in a format: by GET those that filters find, by POST those that were ticked."""

    http_method_names = ["get", "post"]
    filterset_class = TargetFilterSet

    def get_queryset(self):
        return selectors.visible_targets(self.request.user)

    def get(self, request, *args, **kwargs):
        data = request.GET.copy()
        for name in _OURS:
            data.pop(name, None)
        return self.answer(self.filtered(data), request.GET.get("format") or "csv")

    def post(self, request, *args, **kwargs):
        data = request.POST
        targets = list_state.selected_targets(
            request.user,
            "view_target",
            ids=data.getlist("selected-target"),
            everything=data.get("isSelectAll") == "True",
            query_string=data.get("query_string", ""),
            request=request,
        )
        return self.answer(targets, data.get("export") or data.get("format") or "csv")

    def filtered(self, data: QueryDict):
        """Return the targets that filters find, None where one is not understood."""
        filterset = self.filterset_class(data, self.get_queryset(), request=self.request)
        if filterset.errors:
            return None
        # By key: filters add annotations and orders of their own.
        return self.get_queryset().filter(pk__in=filterset.qs.order_by().values("pk"))

    def answer(self, targets, kind):
        if targets is None:
            query = self.request.GET.copy()
            query.pop("format", None)
            return redirect(f"{list_state.list_url()}?{query.urlencode()}")  # it tells what is wrong
        if kind not in WRITERS:
            return HttpResponseBadRequest(
                f"There is no format {kind[:40]!r}; expected one of {', '.join(WRITERS)}.",
                content_type="text/plain; charset=utf-8",
            )
        _, suffix, content_type, write = WRITERS[kind]
        export = Export(targets, user=self.request.user)
        chunks = write(export)
        try:
            first = next(chunks, b"")
        except TooWideError as error:
            return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
        response = StreamingHttpResponse(_with_first(first, chunks), content_type=content_type)
        name = f"targets-{timezone.now():%Y%m%d-%H%M%S}.{suffix}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["X-Accel-Buffering"] = "no"
        return response


def _with_first(first, chunks):
    yield first
    yield from chunks
