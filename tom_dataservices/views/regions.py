"""Keeps what a query found as regions of the sky."""

from __future__ import annotations

import math

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views import View

from tom_dataservices import runs
from tom_dataservices.providers import provider
from tom_dataservices.region_tasks import keep_sky_maps

MOST_MAPS = 10


class KeepRegionsView(LoginRequiredMixin, View):
    """Keep the sky maps of the ticked results as regions, in the background."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = get_object_or_404(runs.runs_for_user(request.user), pk=pk)
        try:
            asked = provider(run.kind, run.provider, request.user)
        except ImportError as error:
            raise Http404(str(error)) from error
        if not getattr(asked.plugin, "gives_regions", False):
            raise Http404(f"Results of {asked.title} have no sky maps.")
        ids = request.POST.getlist("selected_results") or request.POST.getlist("alerts")
        if not ids:
            messages.warning(request, "No result was chosen: tick those whose sky maps are to be kept.")
            return redirect(run)
        if len(ids) > MOST_MAPS:
            messages.error(request, f"At most {MOST_MAPS} sky maps are kept at once: each has some MB.")
            return redirect(run)
        percent = _percent(request.POST.get("percent", ""))
        if percent is None:
            messages.error(request, "The credible region is a percentage between 1 and 99.9.")
            return redirect(run)
        job = keep_sky_maps.submit(
            user=request.user,
            title=f"Sky maps of {run}"[:200],
            run_pk=run.pk,
            user_id=request.user.pk,
            ids=ids,
            percent=percent,
        )
        return redirect(job)


def _percent(typed: str) -> float | None:
    try:
        found = float(typed.replace(",", "."))
    except ValueError:
        return None
    return found if math.isfinite(found) and 1.0 <= found <= 99.9 else None
