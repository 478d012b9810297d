"""Images of the sky around a target, from survey servers elsewhere: a document of its own, opened on demand.

Aladin Lite needs WebAssembly and other hosts. Only this document may use them, so the pages around it, which
show it in a frame, keep the strict policy.
"""

from __future__ import annotations

from django.http import Http404
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.generic import TemplateView

from tom_common.astro.angles import dec_to_dms, ra_to_hms
from tom_targets import conf
from tom_targets.finder import neighbours, number_in, place_at
from tom_targets.views.mixins import TargetActionMixin

FIELD_ARCMIN = 10.0
MOST_NEIGHBOURHOOD_ARCMIN = 180.0
MOST_NEIGHBOURHOOD_ARCMIN = 180.0
LEAST_FIELD_ARCMIN, MOST_FIELD_ARCMIN = 0.2, 600.0


@method_decorator(xframe_options_sameorigin, name="dispatch")
class TargetImageryView(TargetActionMixin, TemplateView):
    """The sky view of one target."""

    target_action = "view_target"
    template_name = "tom_targets/target_imagery.html"

    def dispatch(self, request, *args, **kwargs):
        response = super().dispatch(request, *args, **kwargs)
        hosts = conf.sky_survey_hosts()
        response._csp_update = {
            "script-src": ["'wasm-unsafe-eval'"],
            "connect-src": ["data:", *hosts],
            "img-src": hosts,
            "worker-src": ["'self'", "blob:"],
        }
        response._csp_replace = {"frame-ancestors": ["'self'"]}
        return response

    def get_context_data(self, **kwargs):
        target, data = self.target, self.request.GET
        place = place_at(target, timezone.now())
        if place is None:
            raise Http404(f"{target.name} has no position.")
        if not conf.sky_surveys():
            raise Http404("The settings name no survey.")
        ra_deg = number_in(data.get("ra"), 0.0, 360.0, place.ra_deg)
        dec_deg = number_in(data.get("dec"), -90.0, 90.0, place.dec_deg)
        field = number_in(data.get("fov"), LEAST_FIELD_ARCMIN, MOST_FIELD_ARCMIN, FIELD_ARCMIN)
        near = neighbours(
            self.request.user,
            target,
            ra_deg=ra_deg,
            dec_deg=dec_deg,
            field_arcmin=min(3 * field, MOST_NEIGHBOURHOOD_ARCMIN),
        )
        return super().get_context_data(
            target=target,
            position=f"{ra_to_hms(ra_deg)} {dec_to_dms(dec_deg)}",
            is_embedded="embedded" in data,
            sky_view={
                "ra": ra_deg,
                "dec": dec_deg,
                "name": target.name,
                "fov_deg": field / 60.0,
                "surveys": conf.sky_surveys(),
                "neighbours": [{"name": near.name, "ra": near.ra_deg, "dec": near.dec_deg} for near in near],
            },
            survey_names=[survey["name"] for survey in conf.sky_surveys()],
            **kwargs,
        )
