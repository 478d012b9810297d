"""Pages and files that say when targets can be observed."""

from __future__ import annotations

import csv
from urllib.parse import urlencode

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views import View
from django.views.generic import TemplateView

from tom_common.spreadsheets import no_formula
from tom_observations.forms import VisibilityForm
from tom_observations.home import compute_up_tonight
from tom_observations.night_table import MAX_TARGETS, NightTable, first_sort
from tom_observations.selectors import known_sites
from tom_observations.visibility import chart_rows, site_nights
from tom_targets import list_state
from tom_targets.bodies import bodies_of
from tom_targets.filters import TargetFilterSet
from tom_targets.models import Target
from tom_targets.selectors import target_or_404, visible_targets

PAGE_SIZE = 50
_OWN_PARAMETERS = {*VisibilityForm.base_fields, "sort", "page", "chart"}


class VisibilityView(TemplateView):
    """The night for a list of targets: a table to sort, and a strip for each."""

    template_name = "tom_observations/visibility.html"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        request = self.request
        filterset = TargetFilterSet(request.GET, queryset=visible_targets(request.user), request=request)
        form = VisibilityForm(request.GET, sites=known_sites(request.user), now=timezone.now())
        self.filters = [
            pair for pair in list_state.filter_pairs(request.GET) if pair[0] not in _OWN_PARAMETERS
        ]
        context.update(
            form=form,
            filter=filterset,
            hidden_filters=self.filters,
            list_url=f"{reverse('targets:list')}?{urlencode(self.filters)}",
            max_targets=MAX_TARGETS,
        )
        if not (form.is_valid() and filterset.is_valid()):
            return context
        table = NightTable(filterset.qs, form.nights, form.limits)
        sort = table.chosen_sort(request.GET.get("sort", ""))
        page = self.get_page_number(len(table))
        self.shared = [*self.filters, *form.pairs]
        context.update(
            table=table,
            rows=table.sorted_rows(sort, start=(page - 1) * PAGE_SIZE, count=PAGE_SIZE),
            heads=self.get_heads(table, sort),
            chips=list_state.filter_chips(filterset, keep=form.pairs),
            sites=[summary.site for summary in table.summaries],
            shared_query=urlencode(form.pairs),
            next_url=self.page_url(sort, page + 1) if page * PAGE_SIZE < len(table) else "",
            previous_url=self.page_url(sort, page - 1) if page > 1 else "",
            first_row=(page - 1) * PAGE_SIZE + 1,
            last_row=min(page * PAGE_SIZE, len(table)),
        )
        return context

    def get_page_number(self, count):
        text = self.request.GET.get("page", "1")
        last = max(1, -(-count // PAGE_SIZE))
        return min(max(int(text), 1), last) if text.isdecimal() and len(text) < 8 else 1

    def page_url(self, sort, page):
        return "?" + urlencode([*self.shared, ("sort", sort), ("page", page)])

    def get_heads(self, table, sort):
        """Return the heads of the columns, each with the address that sorts by it."""
        sites = [(f"hours.{found.site.code}", found.site) for found in table.summaries]
        columns = [("name", "Name", "", "")]
        if len(sites) > 1:
            columns += [(name, site.code, "num", site.label) for name, site in sites]
        columns += [
            ("hours", "Best site" if len(sites) > 1 else "Hours", "num", "Sorted by its hours"),
            ("start", "Observable", "num", ""),
            ("airmass", "Altitude, airmass", "num", ""),
            ("moon", "Moon then", "num", ""),
        ]
        heads = []
        for name, label, css, title in columns:
            is_sorted = sort.removeprefix("-") == name
            first = first_sort(name)
            other = first[1:] if first.startswith("-") else f"-{first}"
            wanted = other if is_sorted and sort == first else first
            direction = "descending" if sort.startswith("-") else "ascending"
            heads.append(
                {
                    "label": label,
                    "css": css,
                    "title": title,
                    "aria_sort": direction if is_sorted else "",
                    "url": "?" + urlencode([*self.shared, ("sort", wanted)]),
                }
            )
        return heads


class UpTonightView(LoginRequiredMixin, TemplateView):
    """The section Up tonight of the home page, computed; a page of its own where it was opened as one."""

    def get_template_names(self):
        is_part = self.request.headers.get("HX-Request") == "true"
        return [
            "tom_observations/partials/home_up_tonight.html"
            if is_part
            else "tom_observations/up_tonight.html"
        ]

    def get_context_data(self, **kwargs):
        found = compute_up_tonight(self.request.user)
        return super().get_context_data(found=found, is_empty=found is None, **kwargs)


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


class VisibilityCsvView(VisibilityView):
    """The whole table of a night as CSV."""

    http_method_names = ["get"]

    def get(self, request, *args, **kwargs):
        filterset = TargetFilterSet(request.GET, queryset=visible_targets(request.user), request=request)
        form = VisibilityForm(request.GET, sites=known_sites(request.user), now=timezone.now())
        targets = filterset.qs if form.is_valid() and filterset.is_valid() else Target.objects.none()
        if not form.is_valid():
            raise Http404("No night is meant.")
        table = NightTable(targets, form.nights, form.limits)
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="visibility.csv"'
        writer = csv.writer(response)
        heads = None
        for row in table.sorted_rows(table.chosen_sort(request.GET.get("sort", ""))):
            for night in row.as_json()["nights"]:
                if heads is None:
                    heads = ["target", "name", *night]
                    writer.writerow(heads)
                writer.writerow([row.pk, no_formula(row.name), *night.values()])
        return response
