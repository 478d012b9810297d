"""Pages by which files come in, and what a user uploaded."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, TooManyFilesSent
from django.http import Http404, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.generic import TemplateView

from tom_common.file_uploads import drain, limit_uploads, too_many_text
from tom_common.job_links import attach_jobs
from tom_common.keyset import count_rows, keyset_page, pager
from tom_common.request_facts import own_address, wants_json
from tom_dataproducts import conf
from tom_dataproducts.file_selectors import files_url
from tom_dataproducts.receiving import KNOWN, REFUSED, Outcome, receive_file
from tom_dataproducts.snana_pairs import Plan, plans_for
from tom_dataproducts.upload_forms import FIND_OUT, DataProductUploadForm
from tom_dataproducts.upload_selectors import uploads_of
from tom_dataproducts.uploads import too_large_text
from tom_observations.models import ObservationRecord
from tom_observations.permissions import observations_for_user
from tom_targets.selectors import target_or_404
from tom_targets.views.mixins import LoginMixin, RefusedMixin

_PAGE_SIZE = 50
_TOLD = 20


# The token is looked for in the body, whose files have to be limited before anybody reads it.
@method_decorator(csrf_exempt, name="dispatch")
class DataProductUploadView(RefusedMixin, TemplateView):
    """Takes files for a target or an observation record; ``GET`` shows the form by itself."""

    template_name = "tom_dataproducts/upload.html"

    def dispatch(self, request, *args, **kwargs):
        # What nobody may store is dropped while it arrives.
        self.limit = limit_uploads(request, conf.upload_max_bytes() if request.user.is_authenticated else 0)
        try:
            return self.protected(request, *args, **kwargs)
        except TooManyFilesSent:
            return self.answer_too_many(request)

    def answer_too_many(self, request):
        """Answer a form with more files than are read at once; where it was for stands in the address."""
        drain(request, conf.upload_max_bytes())
        if not request.user.is_authenticated:
            return self.refuse(request, "Log in first.")
        if wants_json(request):
            return JsonResponse({"errors": [too_many_text()]})
        self.target, self.record, may_add = _place(request.user, request.GET)
        if not may_add:
            raise PermissionDenied("You may see this target, but not add data to it.")
        context = self.get_context_data(problem=too_many_text())
        return self.render_to_response(context, status=400)

    @method_decorator(csrf_protect)
    def protected(self, request, *args, **kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            if wants_json(request):
                return JsonResponse({"errors": ["You are not logged in any more."]}, status=401)
            return self.refuse(request, "Log in first.")
        data = request.POST if request.method == "POST" else request.GET
        self.target, self.record, may_add = _place(request.user, data)
        if not may_add:
            text = "You may see this target, but not add data to it."
            if wants_json(request):
                return JsonResponse({"errors": [text]}, status=403)
            raise PermissionDenied(text)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        place = {"observation_record": self.record.pk} if self.record else {"target": self.target.pk}
        kwargs.setdefault("form", DataProductUploadForm(initial=place, user=self.request.user))
        return super().get_context_data(target=self.target, record=self.record, **kwargs)

    def post(self, request, *args, **kwargs):
        form = DataProductUploadForm(request.POST, request.FILES, user=request.user)
        too_large = [too_large_text(name) for name in self.limit.too_large]
        if not form.is_valid():
            if too_large:
                form.errors.pop("files", None)
            for text in too_large:
                form.add_error("files", text)
            return self.answer_errors(form)
        outcomes = [Outcome(text, REFUSED) for text in too_large]
        files = form.cleaned_data["files"]
        wanted = form.cleaned_data["data_product_type"]
        plans = plans_for(files, self.target) if wanted in (FIND_OUT, "photometry") else {}
        for place, file in enumerate(files):
            plan = plans.get(place, Plan())
            if plan.refusal:
                outcomes.append(Outcome(plan.refusal, REFUSED))
                continue
            outcome = receive_file(
                file,
                values={"target": self.target, "observation_record": self.record},
                type_choice=wanted if plan.type_choice is None else plan.type_choice,
                at_once=form.cleaned_data["at_once"],
                mapping=plan.mapping,
                user=request.user,
                groups=form.cleaned_data.get("groups") or (),
            )
            outcomes.append(outcome)
        if all(outcome.fate == REFUSED for outcome in outcomes):
            for outcome in outcomes:
                form.add_error("files", outcome.text)
            return self.answer_errors(form)
        return self.answer(form, outcomes)

    def answer_errors(self, form):
        if wants_json(self.request):
            texts = [str(text) for texts in form.errors.values() for text in texts]
            return JsonResponse({"errors": texts})  # an answer like others: the script shows it
        return self.render_to_response(self.get_context_data(form=form), status=400)

    def answer(self, form, outcomes):
        for outcome in outcomes[:_TOLD]:
            level = messages.ERROR if outcome.fate == REFUSED else messages.INFO
            if outcome.fate not in (REFUSED, KNOWN):
                level = messages.WARNING if outcome.is_waiting else messages.SUCCESS
            messages.add_message(self.request, level, outcome.text)
        if len(outcomes) > _TOLD:
            messages.info(self.request, f"And {len(outcomes) - _TOLD} more files; see your uploads.")
        url = self.next_url(form, outcomes)
        return JsonResponse({"redirect": url}) if wants_json(self.request) else redirect(url)

    def next_url(self, form, outcomes):
        """A single file that waits is shown at once; else back to where the user came from."""
        if len(outcomes) == 1 and outcomes[0].is_waiting:
            return outcomes[0].url
        if len(outcomes) > _TOLD:
            return reverse("dataproducts:uploads")
        return own_address(self.request, form.cleaned_data["referrer"]) or files_url(self.target)


def _place(user, data):
    """Return target and observation record that a request names, and whether the user may add data."""
    record_pk, target_pk = _key(data.get("observation_record")), _key(data.get("target"))
    record = None
    if record_pk:
        record = observations_for_user(user, ObservationRecord.objects.filter(pk=record_pk)).first()
        if record is None:
            raise Http404("There is no such observation record, or you may not see it.")
        target_pk = record.target_id
    if not target_pk:
        raise Http404("The request names neither a target nor an observation record.")
    target, may_add = target_or_404(user, target_pk, "change_target")
    return target, record, may_add


def _key(text):
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


class DataUploadListView(LoginMixin, TemplateView):
    """What the user uploaded, newest first."""

    template_name = "tom_dataproducts/upload_list.html"

    def get_context_data(self, **kwargs):
        rows = uploads_of(self.request.user)
        cursor = self.request.GET.get("cursor") or None
        page = keyset_page(rows, sort="-pk", page_size=_PAGE_SIZE, cursor=cursor)
        return super().get_context_data(
            uploads=attach_jobs(page.items),
            **pager(self.request, page, count_rows(rows.order_by()), "uploads"),
            **kwargs,
        )
