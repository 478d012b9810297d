"""The page of one target."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views import View
from django.views.generic import DetailView

from tom_targets import facts, selectors
from tom_targets.models import Target
from tom_targets.sections import all_sections, section_named
from tom_targets.summaries import bring_up_to_date, summary_of
from tom_targets.tables import VISIBILITY_WORDS, summary_label
from tom_targets.views.mixins import TargetActionMixin


class TargetDetailView(TargetActionMixin, DetailView):
    """Facts of a target, its light curve and files, and what apps and plugins add."""

    model = Target
    template_name = "tom_targets/target_detail.html"
    context_object_name = "target"
    target_action = "view_target"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        target = self.target
        bring_up_to_date([target], quick=False)
        extra_fields, tags = selectors.split_extras(target)
        sections = all_sections()
        context.update(
            aliases=[alias.name for alias in target.aliases.all()],
            extra_fields=extra_fields,
            tags=tags,
            classification=selectors.classification([*extra_fields, *tags]),
            is_simulated=selectors.is_simulated([*extra_fields, *tags]),
            facts=facts.target_facts(target),
            light_curve_words=summary_label(summary_of(target)),
            visibility=VISIBILITY_WORDS.get(target.permissions, target.permissions),
            may_change=target.may_change_target,
            may_delete=target.may_delete_target,
            sections=sections,
            section_styles=list(dict.fromkeys(found.styles for found in sections if found.styles)),
            section_scripts=list(dict.fromkeys(found.scripts for found in sections if found.scripts)),
            open_section=self.request.GET.get("tab", ""),
            observation_template_form=None,
        )
        return context


class TargetSectionView(TargetActionMixin, View):
    """One section of the page, asked for when it comes near; without htmx the page with this section open."""

    target_action = "view_target"

    def get(self, request, pk, section_id):
        section = section_named(section_id)
        if section is None:
            raise Http404(f"A target's page has no section {section_id}.")
        if not request.headers.get("HX-Request"):
            return redirect(f"{reverse('targets:detail', args=(pk,))}?tab={section.id}#{section.id}")
        context = {
            "target": self.target,
            "object": self.target,
            "section": section,
            "may_change": self.target.may_change_target,
            "may_delete": self.target.may_delete_target,
            "observation_template_form": None,
        }
        return TemplateResponse(request, "tom_targets/partials/section_loaded.html", context)
