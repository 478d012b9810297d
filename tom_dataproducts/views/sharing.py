"""Pages that share files and data with another TOM, and the report of what sharing did or would do."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.generic import FormView, TemplateView

from tom_common.jobs import jobs_for_user
from tom_dataproducts.file_selectors import files_of, product_or_404
from tom_dataproducts.forms import DataShareForm
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataproducts.permissions import rows_of_visible_target
from tom_dataproducts.sharing import destinations, services
from tom_dataproducts.sharing.request import DATA_PARTS, ShareRequest
from tom_dataproducts.tasks import share_with_tom
from tom_targets.selectors import target_or_404
from tom_targets.views.mixins import RefusedMixin

_POINTS = 200
_FILES = 200
_ITEMS = 500
_WORDS = {
    "created": ("made", "would be made", "is-good", "plus-lg"),
    "updated": ("changed", "would be changed", "is-good", "pencil"),
    "same": ("there already", "there already", "is-quiet", "check-circle"),
    "sent": ("sent", "would be sent", "is-good", "share"),
    "left": ("left as it is there", "left as it is there", "is-quiet", "check-circle"),
    "refused": ("refused", "refused", "is-bad", "exclamation-triangle"),
}
_KINDS = {"extras": "extra fields", "facts": "facts of the target", "other": "other measurements"}


class DataShareView(RefusedMixin, FormView):
    """Share one file (``dp_pk``), or chosen data of a target (``tg_pk``); a dry run comes first."""

    template_name = "tom_dataproducts/data_share.html"
    form_class = DataShareForm

    def dispatch(self, request, *args, **kwargs):
        self.product = product_or_404(request.user, kwargs["dp_pk"]) if "dp_pk" in kwargs else None
        pk = self.product.target_id if self.product else kwargs["tg_pk"]
        self.target, allowed = target_or_404(request.user, pk, "change_target")
        if not allowed:
            return self.refuse(request, "You may see this target, but not share its data.")
        return super().dispatch(request, *args, **kwargs)

    def chosen(self, name):
        return {int(text) for text in self.request.POST.getlist(name) if text.isdecimal() and len(text) < 19}

    def get_context_data(self, **kwargs):
        back_url = self.target.get_absolute_url()
        context = {"target": self.target, "back_url": back_url, "destinations": destinations.choices()}
        if self.product is not None:
            return super().get_context_data(what=str(self.product), **context, **kwargs)
        points = self.points()
        return super().get_context_data(
            what=f"data of {self.target.name}",
            points=points[:_POINTS],
            is_cut=len(points) > _POINTS,
            products=self.files(),
            **context,
            **kwargs,
        )

    def points(self):
        rows = PhotometryReducedDatum.objects.filter(target=self.target.pk).order_by("-timestamp", "-pk")
        points = list(rows_of_visible_target(self.request.user, rows)[: _POINTS + 1])
        chosen = self.chosen("share-box")
        for point in points:
            point.is_chosen = point.pk in chosen
        return points

    def files(self):
        files = list(files_of(self.target, user=self.request.user)[:_FILES])
        chosen = self.chosen("products")
        for product in files:
            product.is_chosen = product.pk in chosen
        return files

    def form_valid(self, form):
        request = self.share_request(form)
        if request is None:
            form.add_error(None, "Tick a point or a file, or a kind of data.")
            return self.form_invalid(form)
        what = str(self.product) if self.product else f"data of {self.target.name}"
        job = services.start(request, user=self.request.user, dry_run=True, what=what)
        return redirect("dataproducts:share-report", pk=job.pk)

    def get_form_kwargs(self):
        return {**super().get_form_kwargs(), "with_kinds": self.product is None}

    def share_request(self, form):
        """Return what was chosen; None where nothing was."""
        destination, target_ids = form.cleaned_data["share_destination"], [self.target.pk]
        if self.product is not None:
            return ShareRequest(destination, target_ids, parts=["files"], product_ids=[self.product.pk])
        points, files = sorted(self.chosen("share-box")), sorted(self.chosen("products"))
        kinds = [kind for kind in DATA_PARTS if kind in form.cleaned_data["kinds"]]
        if points and "photometry" not in kinds:
            kinds.append("photometry")
        parts = [*kinds, *(["files"] if files else [])]
        if not parts:
            return None
        return ShareRequest(
            destination, target_ids, parts=parts, product_ids=files or None, datum_ids=points or None
        )


class ShareReportView(LoginRequiredMixin, TemplateView):
    """What sharing did or would do; a POST shares what the dry run looked at, or looks again."""

    template_name = "tom_dataproducts/share_report.html"

    def get_job(self):
        jobs = jobs_for_user(self.request.user).filter(task=share_with_tom.path)
        return get_object_or_404(jobs.select_related("user"), pk=self.kwargs["pk"])

    def get_context_data(self, **kwargs):
        job = self.get_job()
        is_done = job.state == job.State.DONE and isinstance(job.result, dict)
        report = job.result.get("report") if is_done else None
        asked = job.arguments["kwargs"]
        found = (report or {}).get("items", [])
        shown = sorted(found, key=lambda item: item["outcome"] != "refused")[:_ITEMS]
        return super().get_context_data(
            job=job,
            report=report,
            dry_run=asked["dry_run"],
            items=[shown_item(item, dry_run=asked["dry_run"]) for item in shown],
            is_cut=len(found) > _ITEMS,
            back_url=self.back_url(asked["request"]),
            **kwargs,
        )

    def back_url(self, asked):
        """Return the page from which was shared."""
        if asked.get("list_id") is not None:
            return reverse("targets:targetgrouping")
        ids = asked.get("target_ids") or []
        return reverse("targets:detail", args=[ids[0]]) if len(ids) == 1 else reverse("targets:list")

    def post(self, request, pk):
        job = self.get_job()
        if job.user_id != request.user.pk:
            raise PermissionDenied("This was asked by somebody else: only they can share it.")
        if not job.is_finished:
            messages.info(request, "Wait until this has ended.")
            return redirect("dataproducts:share-report", pk=pk)
        dry_run = bool(request.POST.get("dry_run"))
        asked = ShareRequest(**job.arguments["kwargs"]["request"])
        what = what_of(job)
        new = services.start(asked, user=request.user, dry_run=dry_run, what=what)
        return redirect("dataproducts:share-report", pk=new.pk)


def what_of(job):
    """Return what a job shares, from its title."""
    title = job.title.removeprefix("Dry run: ")
    return title[len("Share ") :].rpartition(" with ")[0] or "data"


def shown_item(item, *, dry_run):
    """Return a line of a report with its outcome in words."""
    done, would, tone, icon = _WORDS.get(item["outcome"], _WORDS["left"])
    what = _KINDS.get(item["what"], item["what"])
    return {**item, "what": what, "words": would if dry_run else done, "tone": tone, "icon": icon}
