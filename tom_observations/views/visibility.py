"""Pages and files that say when targets can be observed."""

from __future__ import annotations

import csv

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views import View

from tom_observations.forms import VisibilityForm
from tom_observations.selectors import known_sites
from tom_observations.visibility import chart_rows, site_nights
from tom_targets.bodies import bodies_of
from tom_targets.selectors import target_or_404


class NightCsvView(View):
    """The curves of a target in a night at a site, as CSV."""

    def get(self, request, pk):
        target, _ = target_or_404(request.user, pk)
        form = VisibilityForm(request.GET, sites=known_sites(request.user), now=timezone.now())
        if not form.is_valid():
            reasons = "; ".join(f"{name}: {' '.join(errors)}" for name, errors in form.errors.items())
            raise Http404(f"No night is meant: {reasons}")
        nights, chosen = form.nights, request.GET.get("chart")
        site, evening = next((night for night in nights if night[0].code == chosen), nights[0])
        bodies = bodies_of([target])
        found = site_nights(bodies, [(site, evening)], form.limits)[0]
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        name = f"night-{target.pk}-{site.code}-{found.evening}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        csv.writer(response).writerows(chart_rows(bodies, found, ["target"]))
        return response
