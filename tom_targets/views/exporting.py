"""Export of a list of targets, of a selection or of a search result, as a stream."""

from __future__ import annotations

from django.http import HttpResponseBadRequest
from django.http.request import QueryDict
from django.shortcuts import redirect
from django.views import View

from tom_targets import list_state, selectors
from tom_targets.filters import TargetFilterSet
from tom_targets.target_files import stream
from tom_targets.transfer.writers import WRITERS

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
        return filterset.qs

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
        return stream(targets, kind, user=self.request.user)
