"""REST API of observing: sites, and what nights offer to targets."""

from __future__ import annotations

from django.utils import timezone
from rest_framework import viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.response import Response

from tom_common.api_docs import ApiDoc, query_parameter
from tom_common.api_views import ApiMixin
from tom_observations.forms import TWILIGHT_CHOICES, VisibilityForm
from tom_observations.models import Facility
from tom_observations.night_table import MAX_TARGETS, NightTable
from tom_observations.selectors import known_sites
from tom_targets.filters import TargetFilterSet
from tom_targets.models import Target
from tom_targets.selectors import visible_targets

DEFAULT_LIMIT = 100
_ANY_OBJECT = {"type": "object", "additionalProperties": True}
_SITE = {
    "type": "object",
    "properties": {
        "code": {"type": "string"},
        "name": {"type": "string"},
        "facility": {"type": "string"},
        "latitude": {"type": "number", "description": "Degrees, north positive."},
        "longitude": {"type": "number", "description": "Degrees, east positive."},
        "elevation": {"type": "number", "description": "Metres."},
    },
}


class NightPages(BasePagination):
    """Says in the schema how an answer with nights looks; the view makes the pages itself."""

    def get_schema_operation_parameters(self, view):
        return []

    def get_paginated_response_schema(self, schema):
        return {
            "type": "object",
            "properties": {
                "count": {"type": "integer", "description": "Targets that fit."},
                "observable": {"type": "integer", "description": "Those observable somewhere."},
                "limits": _ANY_OBJECT,
                "results": schema,
            },
            "required": ["count", "observable", "limits", "results"],
        }


class SiteViewSet(ApiMixin, viewsets.ViewSet):
    """Sites from which one observes."""

    queryset = Facility.objects.none()
    pagination_class = None
    api_docs = {
        "list": ApiDoc(
            "List the observing sites",
            "Your own site, from your profile, comes first and has the code `own`.",
            responses={200: _SITE},
        )
    }

    def list(self, request):
        return Response(
            [
                {
                    "code": site.code,
                    "name": site.name,
                    "facility": site.facility,
                    "latitude": site.latitude_deg,
                    "longitude": site.longitude_deg,
                    "elevation": site.elevation_m,
                }
                for site in known_sites(request.user)
            ]
        )


class VisibilityViewSet(ApiMixin, viewsets.ViewSet):
    """When targets can be observed."""

    queryset = Target.objects.none()
    pagination_class = NightPages
    api_docs = {
        "list": ApiDoc(
            "List when targets can be observed",
            f"""
For the targets that you may see, narrowed by `target` and by the filters of `/api/targets/`: at most
{MAX_TARGETS:,}, of which a part is returned. Times are UTC, altitudes without refraction, airmass is
1 / sin(altitude).
""",
            responses={200: _ANY_OBJECT},
            parameters=[
                query_parameter("target", "Keys of targets, separated by commas.", {"type": "string"}),
                query_parameter("night", "Day on which it begins; tonight by default.", {"type": "string"}),
                query_parameter(
                    "site", "Code; may be repeated.", {"type": "array", "items": {"type": "string"}}
                ),
                query_parameter("min_altitude", "Degrees; 30 by default.", {"type": "number"}),
                query_parameter("min_moon", "Distance from the Moon in degrees.", {"type": "number"}),
                query_parameter(
                    "twilight",
                    "How dark it has to be.",
                    {"type": "string", "enum": [name for name, _ in TWILIGHT_CHOICES]},
                ),
                query_parameter(
                    "sort",
                    "`name`, `hours`, `start`, `airmass`, `moon` or `hours.<site>`; with `-` downwards.",
                    {"type": "string"},
                ),
                query_parameter("limit", f"{DEFAULT_LIMIT} by default.", {"type": "integer"}),
                query_parameter("offset", "How many to pass over.", {"type": "integer"}),
            ],
            errors=[400],
        )
    }

    def list(self, request):
        asked = request.query_params
        filters = TargetFilterSet(asked, queryset=visible_targets(request.user), request=request)
        form = VisibilityForm(asked, sites=known_sites(request.user), now=timezone.now())
        if not form.is_valid() or not filters.is_valid():
            raise ValidationError({**form.errors, **filters.errors})
        targets = filters.qs
        if asked.get("target"):
            targets = targets.filter(pk__in=self.keys(asked["target"]))
        offset, limit = self.whole("offset", 0, 10**9), self.whole("limit", DEFAULT_LIMIT, MAX_TARGETS)
        table = NightTable(targets, form.nights, form.limits)
        if table.is_too_long:
            raise ValidationError(f"Over {MAX_TARGETS:,} targets; narrow them by a filter or a list.")
        rows = table.sorted_rows(table.chosen_sort(asked.get("sort", "")), start=offset, count=limit)
        return Response(
            {
                "count": len(table),
                "observable": table.observable_count,
                "limits": {
                    "min_altitude_deg": form.limits.min_altitude_deg,
                    "min_moon_deg": form.limits.min_moon_deg,
                    "twilight": form.limits.twilight,
                },
                "results": [row.as_json() for row in rows],
            }
        )

    def keys(self, text):
        parts = [part.strip() for part in text.split(",") if part.strip()]
        wrong = [part for part in parts if not (part.isdecimal() and part.isascii() and len(part) < 19)]
        if wrong or len(parts) > MAX_TARGETS:
            raise ValidationError({"target": ["Expected keys of targets, separated by commas."]})
        return [int(part) for part in parts]

    def whole(self, name, default, highest):
        text = self.request.query_params.get(name, "")
        if not text:
            return default
        if not (text.isdecimal() and text.isascii() and len(text) < 12 and int(text) <= highest):
            raise ValidationError({name: [f"Expected a whole number from 0 to {highest:,}."]})
        return int(text)
