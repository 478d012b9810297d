"""Pages of the cross-match, and of regions from files."""

from itertools import islice

from django.contrib import messages
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse_lazy
from django.views import View
from django.views.generic import FormView, TemplateView

from tom_common.job_links import attach_jobs
from tom_targets import cross_match_runs, one_box
from tom_targets.forms.sky import CrossMatchForm, RegionForm
from tom_targets.region_files import keep_region
from tom_targets.sky_models import SkyRegion
from tom_targets.sky_tasks import cross_match
from tom_targets.sparklines import sparklines_for
from tom_targets.transfer.input_files import FileError
from tom_targets.views.mixins import LoginMixin

INLINE_BYTES = 100_000
SHOWN_ROWS = 200
SHOWN_LISTS = 20


class CrossMatchListView(LoginMixin, FormView):
    """Takes a list of positions; shows what was compared before."""

    template_name = "tom_targets/cross_match_form.html"
    form_class = CrossMatchForm

    def get_context_data(self, **kwargs):
        earlier = cross_match_runs.cross_matches_for_user(self.request.user).select_related("user")
        return super().get_context_data(earlier=attach_jobs(earlier[:SHOWN_LISTS]), **kwargs)

    def form_valid(self, form):
        data = form.cleaned_data
        kept = cross_match_runs.keep_list(
            self.request.user,
            file=data["file"],
            text=data["text"],
            radius_arcsec=data["radius_arcsec"],
            is_nearest=data["which"] == "nearest",
            ra_column=data["ra_column"],
            dec_column=data["dec_column"],
        )
        size = data["file"].size if data["file"] else len(data["text"])
        if size > INLINE_BYTES:
            kept.job = cross_match.submit(user=self.request.user, title=str(kept), cross_match_id=kept.pk)
            kept.save(update_fields=["job_id"])
            return redirect(kept.job)
        try:
            cross_match_runs.run(kept)
        except FileError as error:
            cross_match_runs.discard(kept)
            form.add_error("file" if data["file"] else "text", str(error))
            return self.form_invalid(form)
        return redirect(kept)


class _OwnMixin(LoginMixin):
    """A page of one comparison: for its owner."""

    def dispatch(self, request, *args, **kwargs):
        rows = cross_match_runs.cross_matches_for_user(request.user).select_related("user")
        self.kept = get_object_or_404(rows, pk=kwargs["pk"]) if request.user.is_authenticated else None
        return super().dispatch(request, *args, **kwargs)


class _ResultMixin(_OwnMixin):
    """A page that reads the result."""

    def get(self, request, *args, **kwargs):
        if cross_match_runs.result_is_lost(self.kept):
            messages.error(request, f"The result of {self.kept} is no longer stored. Compare the list again.")
            return redirect("targets:cross-matches")
        return super().get(request, *args, **kwargs)


class CrossMatchView(_ResultMixin, TemplateView):
    """The first hits of a comparison, and what was not understood."""

    template_name = "tom_targets/cross_match.html"

    def get_context_data(self, **kwargs):
        rows = cross_match_runs.result_rows(self.kept, self.request.user, only_hits=True)
        hits = list(islice(rows, SHOWN_ROWS))
        curves = sparklines_for(hit.pk for hit in hits if hit.pk is not None)
        shown = [
            {
                "hit": hit,
                "distance": one_box.angle(hit.separation_arcsec),
                "curve": curves.get(hit.pk, ""),
            }
            for hit in hits
        ]
        return super().get_context_data(
            kept=self.kept,
            counts=self.kept.result,
            radius=one_box.angle(self.kept.radius_arcsec),
            rows=shown,
            shown_limit=SHOWN_ROWS,
            **kwargs,
        )


class _FileAnswer(View):
    def get(self, request, pk):
        lines = cross_match_runs.csv_lines(self.kept, request.user)
        answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="cross-match-{pk}.csv"'
        return answer


class CrossMatchFileView(_ResultMixin, _FileAnswer):
    """The whole result as CSV."""


class CrossMatchDeleteView(_OwnMixin, View):
    """Forgets a comparison."""

    http_method_names = ["post"]

    def post(self, request, pk):
        cross_match_runs.discard(self.kept)
        messages.success(request, f"The comparison of {self.kept.name} was deleted.")
        return redirect("targets:cross-matches")


class RegionView(LoginMixin, FormView):
    """Takes a coverage map or a sky map, and leads to the targets inside."""

    template_name = "tom_targets/sky_region_form.html"
    form_class = RegionForm
    success_url = reverse_lazy("targets:list")

    def get_context_data(self, **kwargs):
        regions = SkyRegion.objects.select_related("user")[:SHOWN_LISTS]
        return super().get_context_data(regions=regions, **kwargs)

    def form_valid(self, form):
        data = form.cleaned_data
        try:
            region = keep_region(
                data["file"], user=self.request.user, name=data["name"], percent=data["percent"] or 90.0
            )
        except FileError as error:
            form.add_error("file", str(error))
            return self.form_invalid(form)
        return redirect(region)


class RegionDeleteView(LoginMixin, View):
    """Forgets a region: for whoever brought it, and superusers."""

    http_method_names = ["post"]

    def post(self, request, pk):
        own = SkyRegion.objects.all() if request.user.is_superuser else request.user.skyregion_set
        region = get_object_or_404(own, pk=pk)
        region.delete()
        messages.success(request, f"The region {region.name} was deleted.")
        return redirect("targets:regions")
