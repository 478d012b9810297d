"""Pages of an import: upload, the file as it is understood, the run, and what became of each row."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.generic import FormView, TemplateView

from tom_common.api_json import FastJSONRenderer
from tom_common.file_uploads import limit_uploads
from tom_common.files import size_text
from tom_common.job_links import attach_jobs
from tom_targets import conf
from tom_targets.forms.transfer import ImportOptionsForm, MappingForm, TargetUploadForm
from tom_targets.tasks import import_targets_file, list_url
from tom_targets.transfer import kept_files
from tom_targets.transfer.importing import preview
from tom_targets.transfer.input_files import FORMATS, FileError
from tom_targets.transfer.options import ACTIONS, ImportOptions
from tom_targets.transfer.previewing import preview_rows
from tom_targets.views.mixins import MayCreateMixin

INLINE_BYTES = 200_000
PREVIEW_ROWS = 100
SHOWN_IMPORTS = 20
_MAX_DECISION = 10**9


# The token is looked for in the body, whose upload has to be limited before anybody reads it.
@method_decorator(csrf_exempt, name="dispatch")
class TargetImportView(MayCreateMixin, FormView):
    """Takes a file of targets; shows what was imported before."""

    template_name = "tom_targets/target_import.html"
    form_class = TargetUploadForm

    def dispatch(self, request, *args, **kwargs):
        self.limit = limit_uploads(request, conf.import_max_bytes())
        return self.protected(request, *args, **kwargs)

    @method_decorator(csrf_protect)
    def protected(self, request, *args, **kwargs):
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        imports = kept_files.imports_for_user(self.request.user).select_related("user")
        imports = attach_jobs(imports[:SHOWN_IMPORTS])
        return super().get_context_data(imports=imports, formats=FORMATS, **kwargs)

    def post(self, request, *args, **kwargs):
        form = self.get_form()
        form.is_valid()
        if self.limit.too_large:
            form.errors.pop("file", None)
            form.add_error(
                "file",
                f"The file has more than {size_text(conf.import_max_bytes())}, the most that is taken."
                " Split it, or ask the administrator of this TOM to raise TOM_IMPORT_MAX_MB.",
            )
        if form.errors:
            return self.form_invalid(form)
        try:
            kept = kept_files.keep_upload(
                form.cleaned_data["file"], user=request.user, format=form.cleaned_data["format"]
            )
        except FileError as error:
            form.add_error("file", str(error))
            return self.form_invalid(form)
        return redirect(kept)


class _ImportMixin(MayCreateMixin):
    """A page of one import: for its owner."""

    def dispatch(self, request, *args, **kwargs):
        rows = kept_files.imports_for_user(request.user).select_related("user")
        self.kept = get_object_or_404(rows, pk=kwargs["pk"]) if request.user.is_authenticated else None
        return super().dispatch(request, *args, **kwargs)


class TargetImportPreviewView(_ImportMixin, TemplateView):
    """The file as it is understood: where its columns go, its first rows, what is there already."""

    template_name = "tom_targets/target_import_preview.html"
    forms: tuple | None = None

    def make_forms(self, data=None):
        options = ImportOptions.from_dict(self.kept.options)
        mapping = kept_files.mapping_of(self.kept)
        return (
            MappingForm(data, mapping=mapping),
            ImportOptionsForm(data, user=self.request.user, options=options),
        )

    def get_context_data(self, **kwargs):
        mapping_form, options_form = self.forms or self.make_forms()
        context = super().get_context_data(
            kept=self.kept,
            mapping_form=mapping_form,
            options_form=options_form,
            all_forms=[mapping_form, options_form],
            format_name=FORMATS.get(self.kept.format, self.kept.format),
            size=size_text(self.kept.size),
            preview_limit=PREVIEW_ROWS,
            actions=ACTIONS,
            **kwargs,
        )
        try:
            context.update(self.get_preview())
        except FileError as error:
            context["file_error"] = str(error)
        context["mapping_rows"] = [
            (one, place, unit, self.samples.get(one.column, "")) for one, place, unit in mapping_form.rows()
        ]
        return context

    samples: dict = {}

    def get_preview(self):
        options = ImportOptions.from_dict(self.kept.options)
        with kept_files.opened(self.kept) as reader:
            self.samples = {
                name: ", ".join([str(value) for value in values if str(value).strip()][:3])
                for name, values in kept_files.sample_of(reader).items()
            }
        with kept_files.opened(self.kept) as reader:
            rows, plan = preview(
                reader, kept_files.mapping_of(self.kept), options, user=self.kept.user, limit=PREVIEW_ROWS
            )
            row_count = reader.row_count
        result = self.kept.result if self.kept.result.get("is_dry_run") else {}
        duplicates = result.get("duplicates") or [vars(one) for one in plan.duplicates]
        for one in duplicates:
            one["decision"] = options.decisions.get(one["row"], "")
        return {
            "preview": preview_rows(rows, plan),
            "checked_count": len(rows),
            "is_whole": len(rows) < PREVIEW_ROWS if row_count is None else row_count <= len(rows),
            "problems": plan.problems,
            "duplicates": duplicates,
            "checked": result,
        }

    def post(self, request, *args, **kwargs):
        self.forms = self.make_forms(request.POST)
        mapping_form, options_form = self.forms
        if not (mapping_form.is_valid() & options_form.is_valid()):
            return self.render_to_response(self.get_context_data())
        self.keep(mapping_form.mapping, options_form)
        if "check" in request.POST:
            return self.run(dry_run=True)
        return self.run(dry_run=False) if "import" in request.POST else redirect(self.kept)

    def keep(self, mapping, options_form):
        decisions = ImportOptions.from_dict(self.kept.options).decisions
        for name, action in self.request.POST.items():
            row = name.removeprefix("decision-")
            if name.startswith("decision-") and row.isdecimal() and int(row) < _MAX_DECISION:
                if action in ACTIONS:
                    decisions[int(row)] = action
                else:
                    decisions.pop(int(row), None)
        self.kept.mapping = [one.as_dict() for one in mapping]
        self.kept.options = options_form.options(decisions).as_dict()
        if self.kept.result.get("is_dry_run"):
            self.kept.result = {}
        self.kept.save(update_fields=["mapping", "options", "result"])

    def run(self, *, dry_run):
        kept = self.kept
        if kept.size > INLINE_BYTES:
            job = import_targets_file.submit(
                user=self.request.user,
                title=f"{'Check' if dry_run else 'Import'} of {kept.name}",
                import_id=kept.pk,
                dry_run=dry_run,
            )
            kept.job = job
            kept.save(update_fields=["job_id"])
            return redirect(job)
        try:
            report = kept_files.run(kept, dry_run=dry_run)
        except FileError as error:
            messages.error(self.request, str(error))
            return redirect(kept)
        said = messages.warning if report.rejected else messages.success
        said(self.request, report.sentence())
        return redirect(kept.report_url())


class TargetImportReportView(_ImportMixin, TemplateView):
    """What became of the rows; as CSV and JSON for download."""

    template_name = "tom_targets/target_import_report.html"

    def get(self, request, *args, **kwargs):
        kind = request.GET.get("format")
        if kind not in ("csv", "json"):
            return super().get(request, *args, **kwargs)
        if kind == "csv":
            lines = kept_files.report_lines(self.kept)
            response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        else:
            content = FastJSONRenderer().render(list(kept_files.report_rows(self.kept)))
            response = HttpResponse(content, content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="import-{self.kept.pk}-report.{kind}"'
        return response

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            kept=self.kept,
            result=self.kept.result,
            counts=self.kept.result.get("counts", {}),
            targets_url=list_url(self.kept),
            **kwargs,
        )


class TargetImportDeleteView(_ImportMixin, View):
    """Forgets an uploaded file and its report; the targets stay."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        name = self.kept.name
        kept_files.discard(self.kept)
        messages.success(request, f"The file {name} and its report were deleted; the targets stay.")
        return redirect(reverse("targets:import"))
