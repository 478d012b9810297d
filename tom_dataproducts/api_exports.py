"""REST API of exports: measurements of the targets that filters find, as a file."""

from __future__ import annotations

from rest_framework import serializers, viewsets
from rest_framework.exceptions import NotFound

from tom_common.api_docs import ApiDoc, query_parameter
from tom_common.api_views import ApiMixin
from tom_dataproducts.exports import KINDS, WRITERS
from tom_dataproducts.views.exporting import OURS, AskedBadlyError, export_answer
from tom_targets import selectors
from tom_targets.filters import TargetFilterSet
from tom_targets.models import Target

_MOST_TARGETS = 1000
PARAMETERS = [
    query_parameter(
        "kind", "What to export.", {"type": "string", "enum": list(KINDS), "default": "photometry"}
    ),
    query_parameter(
        "format", "Format of the file.", {"type": "string", "enum": list(WRITERS), "default": "csv"}
    ),
    query_parameter(
        "samples", "0: spectra without their samples.", {"type": "string", "enum": ["0", "1"], "default": "1"}
    ),
    query_parameter(
        "superseded",
        "1: photometry that a newer reduction supersedes, too.",
        {"type": "string", "enum": ["0", "1"], "default": "0"},
    ),
    query_parameter(
        "target",
        f"Key of a target; may be given up to {_MOST_TARGETS:,} times. Without it, and without filters, all.",
        {"type": "array", "items": {"type": "integer"}},
    ),
]


class ExportViewSet(ApiMixin, viewsets.ViewSet):
    """Measurements of many targets as one file, written while it is sent."""

    queryset = Target._default_manager.all()
    api_docs = {
        "list": ApiDoc(
            "Export measurements",
            "Photometry, spectra or measured positions of the targets that you may see, narrowed by"
            " `target` or by the filters of `/api/targets/`. Times are UTC; units stand in the file.",
            responses={(200, "*/*"): {"type": "string", "format": "binary"}},
            parameters=PARAMETERS,
            errors=[400, 404],
        )
    }

    def perform_content_negotiation(self, request, force=False):
        """Let `format` name the format of the file, which is no renderer of a page."""
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    def list(self, request, format=None):
        asked = request.query_params
        if format:  # the ending of the address
            asked = asked.copy()
            asked["format"] = format
        data = asked.copy()
        for name in (*OURS, "target"):
            data.pop(name, None)
        targets = selectors.visible_targets(request.user)
        if "target" in asked:
            targets = self.chosen(targets, asked.getlist("target"))
        filterset = TargetFilterSet(data, targets, request=request._request)
        if filterset.errors:
            raise serializers.ValidationError(filterset.errors)
        try:
            return export_answer(request._request, filterset.qs, asked, name="targets", user=request.user)
        except AskedBadlyError as error:
            raise serializers.ValidationError(str(error)) from error

    def chosen(self, targets, keys):
        """Return the targets of some keys; one that is not there or not to be seen is an error."""
        if len(keys) > _MOST_TARGETS or not all(
            key.isascii() and key.isdecimal() and len(key) < 19 for key in keys
        ):
            raise serializers.ValidationError({"target": [f"Expected up to {_MOST_TARGETS:,} numbers."]})
        found = targets.filter(pk__in=[int(key) for key in keys])
        missing = {int(key) for key in keys} - set(found.values_list("pk", flat=True))
        if missing:
            raise NotFound(f"There is no target {min(missing)}, or you may not see it.")
        return found
