"""Observation records: the list, and the page of each with what was asked and what came."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.views.generic import TemplateView

from tom_common.contributions import observation_record_sections, part_context
from tom_common.keyset import count_rows, keyset_page, pager
from tom_observations.filters import ObservationFilter
from tom_observations.selectors import observation_or_404, parameter_rows, visible_observations

_PAGE_SIZE = 25


class ObservationListView(TemplateView):
    """The observation records that the user may see, newest first; ``?ordering=`` says another order."""

    template_name = "tom_observations/observation_list.html"

    def get_context_data(self, **kwargs):
        seen = visible_observations(self.request.user)
        filterset = ObservationFilter(self.request.GET, queryset=seen, request=self.request)
        rows = filterset.qs if filterset.is_valid() else seen.none()
        page = keyset_page(
            rows.select_related("target", "user"),
            sort=filterset.order,
            page_size=_PAGE_SIZE,
            cursor=self.request.GET.get("cursor") or None,
        )
        return super().get_context_data(
            filter=filterset,
            records=page.items,
            chips=self._chips(filterset),
            clear_url=self.request.path,
            **pager(self.request, page, count_rows(rows), "observations"),
            **kwargs,
        )

    def _chips(self, filterset):
        chips = []
        for name, field in filterset.form.fields.items():
            values = [value for value in self.request.GET.getlist(name) if value]
            if values and name != "ordering":
                rest = self.request.GET.copy()
                for gone in (name, "cursor"):
                    rest.pop(gone, None)
                chip = {
                    "label": field.label,
                    "value": ", ".join(values),
                    "remove_url": f"?{rest.urlencode()}",
                }
                chips.append(chip)
        return chips


class ObservationRecordDetailView(TemplateView):
    """What was asked of a facility, how it stands, and what other apps know of it: its files."""

    template_name = "tom_observations/observationrecord_detail.html"

    def get_context_data(self, **kwargs):
        record = observation_or_404(self.request.user, self.kwargs["pk"])
        context = super().get_context_data(
            record=record,
            object=record,
            target=record.target,
            parameters=parameter_rows(record.parameters),
            **kwargs,
        )
        context["sections"] = self._sections({**context, "request": self.request})
        return context

    def _sections(self, context):
        found = []
        for part in observation_record_sections():
            values = part_context(part, context)
            if values is not None:
                html = render_to_string(part.partial, {**context, **values}, request=self.request)
                found.append({"label": part.label, "html": html})
        return found
