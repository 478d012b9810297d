"""The page on which candidates are judged, and what its script asks for."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.generic import View

from tom_alerts import conf, triage
from tom_alerts.candidate_targets import CandidateError
from tom_alerts.filter_choices import target_lists
from tom_alerts.filter_models import AlertFilter, Candidate
from tom_alerts.kept_alerts import unpacked
from tom_alerts.permissions import candidates_for_user, shared_for_user
from tom_alerts.triage_selectors import card_of, curve_of
from tom_common.keyset import count_rows, keyset_page, pager
from tom_dataproducts.images import PictureError, error_png, fits_png
from tom_targets.models import TargetList
from tom_targets.permissions import may_create_targets, target_lists_for_user

PAGE_SIZE = 25
MOST_COUNTED = 2000
_STATES = ("open", "saved", "rejected", "deferred")


def _is_script(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "fetch"


def visible_candidate(request: HttpRequest, pk: int) -> Candidate:
    """Return a candidate that the visitor may see."""
    rows = candidates_for_user(request.user, Candidate.objects.all())
    return get_object_or_404(rows.select_related("alert_filter", "decided_by", "target"), pk=pk)


class TriageView(LoginRequiredMixin, View):
    """The queue, and the card of the candidate that is to be judged now."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show a page of the queue, with the first of it or the one that the address names."""
        user = request.user
        state = request.GET.get("state", "open")
        if state not in _STATES:
            raise Http404(f"There is no state {state!r}; there are {', '.join(_STATES)}.")
        filters = list(
            shared_for_user(user, AlertFilter.objects.order_by("name").only("pk", "name", "is_on"))
        )
        chosen = next((one for one in filters if str(one.pk) == request.GET.get("filter")), None)
        rows = triage.queue_for(user, filter_pk=chosen.pk if chosen else None, state=state)
        page = keyset_page(rows, sort="-pk", page_size=PAGE_SIZE, cursor=request.GET.get("cursor") or None)
        asked = request.GET.get("candidate", "")
        current = visible_candidate(request, int(asked)) if asked.isdecimal() else None
        if current is None and page.items:
            current = page.items[0]
        return render(
            request,
            "tom_alerts/triage.html",
            {
                "queue": page.items,
                "filters": filters,
                "chosen": chosen,
                "state": state,
                "states": _STATES,
                "current": current,
                "last": triage.last_decision(user),
                **(card_of(user, current) if current else {}),
                **judging_context(request, current),
                **pager(request, page, count_rows(rows, limit=MOST_COUNTED), "candidates"),
            },
        )


def judging_context(request: HttpRequest, candidate: Candidate | None) -> dict[str, Any]:
    """Return what decisions need: reasons, lists, and whether targets may be made."""
    usual = None if candidate is None else candidate.alert_filter.target_list_id
    rows = target_lists_for_user(request.user, TargetList.objects.all(), "change_targetlist")
    one = rows.filter(pk=usual).first() if usual is not None else None
    return {
        "reasons": conf.reject_reasons(),
        "lists": target_lists(request.user),
        "usual_list": (str(one.pk), str(one)) if one is not None else None,
        "may_create": may_create_targets(request.user),
        "back": request.get_full_path(),
    }


class CardView(LoginRequiredMixin, View):
    """The card of one candidate, for the script that changes from one to the next."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show it."""
        candidate = visible_candidate(request, pk)
        context = {**card_of(request.user, candidate), **judging_context(request, candidate)}
        context["back"] = reverse("alerts:triage")
        return render(request, "tom_alerts/partials/candidate_card.html", context)


class DecideView(LoginRequiredMixin, View):
    """Takes a decision: by script (JSON), or by a plain form."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Decide, and say what was done."""
        candidate = visible_candidate(request, pk)
        target_list = None
        if (asked := request.POST.get("list", "")).isdecimal():
            rows = target_lists_for_user(request.user, TargetList.objects.all(), "change_targetlist")
            target_list = get_object_or_404(rows, pk=int(asked))
        state = request.POST.get("state", "")
        reason = request.POST.get("reason", "").strip()
        if "rejected_as" in request.POST:  # a button of the form, without script
            state, reason = triage.State.REJECTED, request.POST["rejected_as"]
        try:
            if state == triage.State.REJECTED and not reason:
                raise CandidateError("Say why it is rejected: choose a reason or write one.")
            triage.decide(candidate, state, user=request.user, reason=reason, target_list=target_list)
        except CandidateError as error:
            return _answer(request, str(error), status=409)
        words = {"saved": "saved", "rejected": f"rejected: {reason}", "deferred": "deferred"}[state]
        if target_list is not None and state == triage.State.SAVED:
            words += f", on the list {target_list}"
        return _answer(request, f"{candidate.name} {words}")


class UndoView(LoginRequiredMixin, View):
    """Takes one's last decision back."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Undo, and say what was done."""
        decision = triage.last_decision(request.user)
        if decision is None:
            return _answer(request, "There is nothing to undo.", status=409)
        try:
            words = triage.undo(decision, user=request.user)
        except CandidateError as error:
            return _answer(request, str(error), status=409)
        return _answer(request, words, candidate=decision.candidate_id)


def _answer(request: HttpRequest, text: str, *, status: int = 200, **facts: Any) -> HttpResponse:
    if _is_script(request):
        return JsonResponse({"text": text, **facts}, status=status)
    (messages.success if status == 200 else messages.error)(request, text)
    url = reverse("alerts:triage")
    if (chosen := request.POST.get("filter", "")).isdecimal():
        url += f"?filter={chosen}"
    return redirect(url)


def _kept(request: HttpRequest, pk: int) -> Any:
    if not request.user.is_authenticated:
        raise Http404("There is no such candidate.")
    candidate = visible_candidate(request, pk)
    if candidate.content is None:
        raise Http404("Its target has the data.")
    return unpacked(candidate.content)


def candidate_image(request: HttpRequest, pk: int, role: str) -> HttpResponse:
    """Draw one image of an alert that is kept with its candidate."""
    cutouts = _kept(request, pk).objects[0].cutouts
    cutout = next((one for one in cutouts if one.role == role), None)
    if cutout is None:
        raise Http404(f"The alert has no {role} image.")
    try:
        response = HttpResponse(fits_png(cutout.content), content_type="image/png")
    except PictureError as error:
        response = HttpResponse(error_png(str(error)), content_type="image/png")
    patch_cache_control(response, private=True, max_age=600)
    return response


def candidate_photometry(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Hand out the points of an alert that is kept with its candidate, as those of a target."""
    return JsonResponse(curve_of(_kept(request, pk)))
