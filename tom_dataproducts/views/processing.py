"""Pages that show how a file is understood, read it, and report what became of its rows."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.generic import TemplateView, View

from tom_dataproducts import readings
from tom_dataproducts.file_selectors import product_or_404
from tom_dataproducts.formats import KINDS, FormatError, Mapping
from tom_dataproducts.mapping_forms import MappingForm
from tom_dataproducts.models import DataUpload
from tom_dataproducts.previews import MAX_PREVIEWED_BYTES
from tom_dataproducts.upload_selectors import stored_counts, upload_of


class DataProductProcessView(LoginRequiredMixin, TemplateView):
    """A file as it is understood, before anything is stored; or again, with other meanings of its columns."""

    template_name = "tom_dataproducts/dataproduct_process.html"
    form: MappingForm | None = None

    def dispatch(self, request, *args, **kwargs):
        self.product = product_or_404(request.user, kwargs["pk"])
        if request.user.is_authenticated and not self.product.may_change:
            raise PermissionDenied("You may see this file, but not change it.")
        if not self.product.data:
            raise Http404("This data product has no file.")
        return super().dispatch(request, *args, **kwargs)

    @property
    def kind(self):
        """As what the file is to be read: what the address says, else what its type says."""
        asked = self.request.GET.get("kind", "")
        return asked if asked in readings.READABLE_KINDS else readings.kind_of(self.product.data_product_type)

    def make_form(self, data=None):
        found = readings.recognise_product(self.product, self.kind)
        upload = upload_of(self.product)
        mapping = found.mapping()
        if upload is not None and upload.mapping.get("kind") == mapping.kind and data is None:
            mapping = Mapping.from_json(upload.mapping)
        mode = upload.on_bad_rows if upload is not None else "all_or_nothing"
        return MappingForm(data, found=found, mapping=mapping, on_bad_rows=mode)

    def get_context_data(self, **kwargs):
        context = {
            "product": self.product,
            "target": self.product.target,
            "upload": upload_of(self.product),
            "counts": stored_counts(self.product),
            "kinds": [(key, KINDS[key]) for key in readings.READABLE_KINDS],
            "kind": self.kind,
            "own_processor": readings.own_processor(self.product.data_product_type),
        }
        if not context["own_processor"]:
            context |= self.get_form_context()
        return super().get_context_data(**context, **kwargs)

    def get_form_context(self):
        try:
            form = self.form or self.make_form()
        except FormatError as error:
            return {"file_error": str(error)}
        kind = form.mapping.kind
        if kind not in readings.READABLE_KINDS:
            return {
                "found": form.found,
                "problems": form.found.problems,
                "kind": kind,
                "not_read_as": KINDS[kind],
            }
        found = {"form": form, "found": form.found, "columns": form.columns(), "options": form.options()}
        found["kind"] = kind
        found["problems"] = form.problems()
        if form.errors:
            return found
        try:
            if readings.size_of(self.product) > MAX_PREVIEWED_BYTES:
                return {**found, "is_large": True}
            found["preview"] = readings.preview_product(self.product, form.mapping)
        except FormatError as error:
            found["preview_error"] = str(error)
        return found

    def post(self, request, *args, **kwargs):
        if readings.own_processor(self.product.data_product_type):
            return self.store(None, "all_or_nothing")
        try:
            self.form = self.make_form(request.POST)
        except FormatError as error:
            messages.error(request, str(error))
            return redirect(request.get_full_path())
        is_read = self.form.mapping.kind in readings.READABLE_KINDS
        if not is_read or not self.form.is_valid() or "store" not in request.POST:
            return self.render_to_response(self.get_context_data())
        return self.store(self.form.mapping, self.form.cleaned_data["on_bad_rows"])

    def store(self, mapping, on_bad_rows):
        try:
            outcome = readings.start_reading(
                self.product, mapping=mapping, on_bad_rows=on_bad_rows, user=self.request.user
            )
        except FormatError as error:
            messages.error(self.request, str(error))
            return redirect("dataproducts:detail", pk=self.product.pk)
        if outcome.job is not None:
            return redirect(outcome.job)
        said = messages.success if outcome.upload.state == DataUpload.State.DONE else messages.error
        said(self.request, outcome.upload.sentence())
        return redirect("dataproducts:detail", pk=self.product.pk)


class DataProductReportView(View):
    """The report of the last reading of a file, as CSV or JSON."""

    def get(self, request, pk):
        upload = upload_of(product_or_404(request.user, pk))
        if upload is None or not upload.report:
            raise Http404("This file was not read yet.")
        name = f"file-{pk}-report"
        if request.GET.get("format") == "json":
            response = JsonResponse({**upload.report, "problems": upload.problems})
            response["Content-Disposition"] = f'attachment; filename="{name}.json"'
            return response
        response = HttpResponse(readings.report_csv(upload), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response
