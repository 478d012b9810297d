"""Pages of the catalogues: a name in, what each catalogue knows, a target of it."""

from __future__ import annotations

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views import View
from django.views.generic import FormView, TemplateView

from tom_catalogs import lookups
from tom_catalogs.forms import CatalogQueryForm
from tom_catalogs.registry import harvesters
from tom_targets.permissions import may_create_targets

SHOWN = 10


class CatalogQueryView(LoginRequiredMixin, FormView):
    """Asks for a name; what is found at once by the one catalogue chosen leads straight to the new target."""

    template_name = "tom_catalogs/query_form.html"
    form_class = CatalogQueryForm

    def get_initial(self):
        return {"term": self.request.GET.get("term", ""), "service": self.request.GET.get("service", "")}

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            broken=harvesters.problems(),
            catalogues=[(found.name, getattr(found, "help_text", "")) for found in harvesters.all().values()],
            earlier=lookups.lookups_for_user(self.request.user)[:SHOWN],
            **kwargs,
        )

    def form_valid(self, form):
        service = form.cleaned_data["service"]
        found = lookups.look_up(
            form.cleaned_data["term"], user=self.request.user, services=[service] if service else None
        )
        if service:
            (answer,) = lookups.comparison(found, self.request.user).answers
            if answer.row:
                return redirect(answer.create_url)
        return redirect(found)


class LookupView(LoginRequiredMixin, TemplateView):
    """What each catalogue said, side by side, as it arrives; a POST asks all again."""

    template_name = "tom_catalogs/lookup.html"

    def lookup(self):
        return get_object_or_404(lookups.lookups_for_user(self.request.user), pk=self.kwargs["pk"])

    def get_context_data(self, **kwargs):
        lookup = self.lookup()
        found = lookups.comparison(lookup, self.request.user)
        return super().get_context_data(
            lookup=lookup,
            comparison=found,
            rows=found.rows,
            known=[answer for answer in found.answers if answer.row],
            may_create=may_create_targets(self.request.user),
            **kwargs,
        )

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        return redirect(lookups.look_up(self.lookup().term, user=request.user, again=True))


class MakeTargetView(LoginRequiredMixin, View):
    """Leads to the form of a new target that holds the cells chosen in the table, each from its catalogue."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        lookup = get_object_or_404(lookups.lookups_for_user(request.user), pk=pk)
        url = lookups.chosen_url(lookup, request.user, request.POST)
        return redirect(url or reverse("tom_catalogs:lookup", args=[pk]))
