"""Pages of the catalogues: a name in, what each catalogue knows, a target of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views import View
from django.views.generic import FormView

from tom_catalogs import completion, lookups
from tom_catalogs.comparison import comparison
from tom_catalogs.forms import CatalogQueryForm
from tom_catalogs.registry import harvesters
from tom_targets.models import Target
from tom_targets.permissions import may_create_targets, targets_for_user
from tom_targets.selectors import target_or_404

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
            (answer,) = comparison(found, self.request.user).answers
            if answer.row:
                return redirect(completion.whole_url(found, answer))
        return redirect(found)


class LookupPageMixin(LoginRequiredMixin):
    """What the page of a lookup shows."""

    template_name = "tom_catalogs/lookup.html"

    def lookup(self):
        rows = lookups.lookups_for_user(self.request.user)
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def page(self, lookup: Any, *, chosen: Any = None, **more: Any) -> HttpResponse:
        user = self.request.user
        target = None
        if lookup.target_id:
            rows = Target.objects.filter(pk=lookup.target_id)
            target = targets_for_user(user, rows, "change_target").first()
        found = comparison(lookup, user, target=target, chosen=chosen)
        context = {
            "lookup": lookup,
            "target": target,
            "comparison": found,
            "rows": found.rows,
            "known": found.known,
            "whole_urls": [(answer.title, completion.whole_url(lookup, answer)) for answer in found.known],
            "is_forgotten": bool(lookup.run_ids) and not found.answers,
            "here": [] if target else completion.targets_of_term(lookup.term, user),
            "may_create": may_create_targets(user),
            "names_chosen": chosen.getlist("names") if chosen is not None else None,
            **more,
        }
        return render(self.request, self.template_name, context)


class LookupView(LookupPageMixin, View):
    """What each catalogue said, side by side, as it arrives; a POST asks all again, or one of them."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        # While answers come in, the page asks for itself with what is chosen so far.
        lookup, chosen = self.lookup(), request.GET if "chosen" in request.GET else None
        if "have" in request.GET and lookups.state_of(lookup) == request.GET["have"]:
            return HttpResponse(status=204)  # nothing has come: nothing moves, and the focus stays
        return self.page(lookup, chosen=chosen)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        lookup = self.lookup()
        run = request.POST.get("run", "")
        if run.isdecimal() and len(run) < 19:
            problem = lookups.ask_one(lookup, int(run), request.POST.get("term", "")[:200])
            if request.headers.get("HX-Request"):
                return self.page(lookup, chosen=request.POST, problem=problem)
            if problem:
                messages.warning(request, problem)
            return redirect(lookup)
        return redirect(lookups.look_up(lookup.term, user=request.user, again=True, target=lookup.target))


class TargetLookupView(LoginRequiredMixin, View):
    """Asks all catalogues for a name of a stored target, or for its place, that it may be completed."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        target, allowed = target_or_404(request.user, pk)
        if not target.may_change_target:
            return HttpResponse("You may not change this target.", status=403, content_type="text/plain")
        term = request.POST.get("term", "").strip()[:200] or target.name
        if "place" in request.POST and target.ra is not None and target.dec is not None:
            term = f"{target.ra:.7f} {target.dec:+.7f}"
        return redirect(lookups.look_up(term, user=request.user, target=target))


class MakeTargetView(LookupPageMixin, View):
    """Takes the cells chosen in the table: into a form, a new target, or the one it is for."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        lookup = self.lookup()
        action = request.POST.get("action", "form")
        if action == "form":
            url = completion.chosen_url(lookup, request.user, request.POST)
            return redirect(url or reverse("tom_catalogs:lookup", args=[pk]))
        anyway = "anyway" in request.POST
        if action == "complete":
            outcome = completion.complete(lookup, request.user, request.POST, anyway=anyway)
            if outcome.target is None:
                return HttpResponse("You may not change this target.", status=403, content_type="text/plain")
        elif may_create_targets(request.user):
            outcome = completion.create(lookup, request.user, request.POST, anyway=anyway)
        else:
            return HttpResponse("You may not add targets.", status=403, content_type="text/plain")
        if outcome.hits:
            return self.page(lookup, chosen=request.POST, hits=outcome.hits, action=action)
        _tell(request, outcome, is_completed=action == "complete")
        return redirect(outcome.target or lookup)


def _tell(request: HttpRequest, outcome: completion.Outcome, *, is_completed: bool) -> None:
    """Tell the user what was refused, and what became of a target that was to be completed."""
    for note in outcome.notes:
        messages.warning(request, note)
    if outcome.changed:
        messages.success(request, f"Taken from catalogues: {', '.join(outcome.changed)}.")
    elif is_completed and outcome.notes:
        messages.info(request, "Nothing was changed.")
    elif is_completed:
        messages.success(request, "Nothing differed from what was chosen.")
