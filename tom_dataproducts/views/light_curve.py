"""What surrounds a light curve: what is known of the target, corrections, notes, periods, dust."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views import View
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView

from tom_common.astro.bands import sorted_bands
from tom_common.astro.time import datetime_to_mjd_utc
from tom_common.jobs import may_see_job
from tom_common.request_facts import own_address, wants_json
from tom_dataproducts import dust, notes, periods
from tom_dataproducts.corrections import CorrectionError, corrections
from tom_dataproducts.light_curve_forms import NoteForm, PeriodForm
from tom_dataproducts.light_curve_known import known_of
from tom_dataproducts.models import GalacticDust, PeriodSearch, PointNote
from tom_dataproducts.period_chart import period_chart
from tom_dataproducts.selectors import bands_of, has_versions
from tom_targets.models import BaseTarget
from tom_targets.views.mixins import LoginMixin, TargetActionMixin


class ViewMixin(TargetActionMixin):
    """A view of one target for whoever sees it."""

    target_action = "view_target"


class AboutView(ViewMixin, View):
    """What the viewer of a light curve shows and offers besides the points, as JSON."""

    http_method_names = ["get"]

    def get(self, request, pk):
        target, user = self.target, request.user
        kept = GalacticDust.objects.filter(pk=target.pk).first()
        has_position = target.ra is not None and target.type != BaseTarget.NON_SIDEREAL
        content = {
            **known_of(target, user=user, dust=kept).as_json(),
            "notes": [_note_json(note) for note in notes.notes_of(target)],
            "has_versions": has_versions(target),
            "may_change": target.may_change_target,
            "may_search": user.is_authenticated,
            "may_fetch_dust": target.may_change_target and has_position,
            "dust": _dust_json(kept, user),
        }
        response = JsonResponse(content)
        response["Cache-Control"] = "private, no-cache"
        return response


def _note_json(note: PointNote) -> dict[str, Any]:
    return {
        "id": note.pk,
        "mjd": round(datetime_to_mjd_utc(note.timestamp), 7),
        "band": note.band,
        "source": note.source,
        "text": note.text,
        "who": note.user.get_username() if note.user else "somebody who has left",
        "when": note.created.strftime("%Y-%m-%d %H:%M"),
    }


def _dust_json(kept: GalacticDust | None, user: Any) -> dict[str, Any]:
    job = kept.job if kept is not None else None
    if kept is None or job is None:
        return {"is_running": False, "error": kept.error if kept else "", "job_url": ""}
    return {
        "is_running": not job.is_finished,
        "error": kept.error,
        "job_url": job.get_absolute_url() if may_see_job(user, job) else "",
    }


@require_safe
def corrections_json(request: HttpRequest) -> JsonResponse:
    """Answer with extinction per band and distance modulus; knows no target."""
    try:
        content = corrections(request.GET)
    except CorrectionError as error:
        return JsonResponse({"error": str(error)}, status=400)
    response = JsonResponse(content)
    response["Cache-Control"] = "max-age=86400"
    return response


class NotesView(ViewMixin, TemplateView):
    """The notes on the light curve of a target, and the form for one more; JSON for the viewer."""

    template_name = "tom_dataproducts/point_notes.html"

    def get_context_data(self, form=None, **kwargs):
        asked = {name: self.request.GET.get(name, "") for name in ("time", "band", "source")}
        return super().get_context_data(
            target=self.target,
            notes=notes.notes_of(self.target),
            may_change=self.target.may_change_target,
            form=form or NoteForm(initial=asked),
            **kwargs,
        )

    def post(self, request, pk):
        if not self.target.may_change_target:
            return self.refuse(request, "Notes on points are for those who may change the target.")
        form = NoteForm(request.POST)
        if form.is_valid():
            try:
                note = notes.add_note(self.target, user=request.user, **form.note())
            except ValidationError as error:
                form.add_error(None, error)
            else:
                if wants_json(request):
                    return JsonResponse(_note_json(note), status=201)
                messages.success(request, "Note kept.")
                return redirect("dataproducts:point-notes", pk=pk)
        if wants_json(request):
            said = [text for texts in form.errors.values() for text in texts]
            return JsonResponse({"error": " ".join(said)}, status=400)
        return self.render_to_response(self.get_context_data(form=form), status=400)


class NoteDeleteView(ViewMixin, View):
    """Deletes a note on a point; the history of the target can bring it back."""

    http_method_names = ["post"]

    def post(self, request, pk, note_pk):
        if not self.target.may_change_target:
            return self.refuse(request, "Notes on points are for those who may change the target.")
        note = get_object_or_404(notes.notes_of(self.target).select_related("target"), pk=note_pk)
        notes.delete_note(note, user=request.user)
        messages.success(request, "Note deleted. The history of the target can bring it back.")
        return redirect("dataproducts:point-notes", pk=pk)


class PeriodsView(ViewMixin, TemplateView):
    """Searches for periods in the photometry of a target: what was found, and the form for the next."""

    template_name = "tom_dataproducts/periods.html"

    def get_context_data(self, form=None, **kwargs):
        user = self.request.user
        searches = list(periods.searches_of(self.target, user=user)[:20])
        asked = self.request.GET.get("search", "")
        shown = next((one for one in searches if str(one.pk) == asked), searches[0] if searches else None)
        bands = sorted_bands(bands_of(self.target, user=user))
        chosen = shown.band_names if shown else bands
        return super().get_context_data(
            target=self.target,
            searches=searches,
            form=(form or PeriodForm(bands=bands, initial={"bands": chosen})) if bands else None,
            may_search=user.is_authenticated,
            **self.shown(shown),
            **kwargs,
        )

    def shown(self, search: PeriodSearch | None) -> dict[str, Any]:
        if search is None:
            return {"search": None}
        job, user = search.job, self.request.user
        found = search.result
        return {
            "search": search,
            "job": job,
            "job_url": job.get_absolute_url() if job and may_see_job(user, job) else "",
            "chart": period_chart(found) if found else "",
            "candidates": [_candidate_row(one, search) for one in found["candidates"]] if found else [],
        }

    def post(self, request, pk):
        if not request.user.is_authenticated:
            return self.refuse(request, "Log in first.")
        form = PeriodForm(request.POST, bands=bands_of(self.target, user=request.user))
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form), status=400)
        search = periods.request_search(self.target, user=request.user, **form.cleaned_data)
        return redirect(search)

    def render_to_response(self, context, **kwargs):
        if self.request.headers.get("HX-Request") and self.request.method == "GET":
            self.template_name = "tom_dataproducts/partials/period_result.html"
        return super().render_to_response(context, **kwargs)


def _candidate_row(found: dict[str, Any], search: PeriodSearch) -> dict[str, Any]:
    """Return a peak in words, with the addresses that fold the light curve by it and by twice as much."""
    period, error = found["period_d"], found["period_err_d"]
    digits = max(0, min(9, 1 - _exponent(error)))
    page = reverse("targets:detail", args=[search.target_id])
    return {
        "period": f"{period:.{digits}f}",
        "error": f"{error:.{digits}f}",
        "hours": f"{period * 24:.4f}" if period < 2 else "",
        "power": f"{found['power']:.3f}",
        "false_alarm": _chance(found["false_alarm"]),
        "remark": found["remark"],
        "url": f"{page}?lc-fold={period:.{digits + 2}f}#photometry",
        "double_url": f"{page}?lc-fold={2 * period:.{digits + 2}f}#photometry",
    }


def _chance(value: float) -> str:
    if value < 1e-99:
        return "< 1e-99"
    return f"{value:.1e}" if value < 0.01 else f"{value:.2f}"


def _exponent(value: float) -> int:
    return int(f"{value:e}".rpartition("e")[2]) if value > 0 else 0


class DustView(LoginMixin, TargetActionMixin, View):
    """Has the dust in front of a target fetched from IRSA."""

    http_method_names = ["post"]
    target_action = "change_target"

    def post(self, request, pk):
        try:
            kept = dust.request_dust(self.target, user=request.user)
        except dust.NoPositionError as error:
            if wants_json(request):
                return JsonResponse({"error": str(error)}, status=400)
            messages.error(request, str(error))
        else:
            if wants_json(request):
                return JsonResponse(_dust_json(kept, request.user), status=202)
            messages.success(request, "Asked for; the value appears with the light curve.")
        return redirect(own_address(request, request.POST.get("next", "")) or self.target.get_absolute_url())
