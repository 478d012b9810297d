"""Pages of reports to TNS and Hermes: fill in, preview, send, see what became of it."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views import View
from django.views.generic import ListView, TemplateView

from tom_alerts.models import SentReport
from tom_alerts.reports import prefill, services, value_lists
from tom_alerts.reports.permissions import CHANGE, CONTENT, may_report, reports_for_user
from tom_common.job_links import attach_jobs
from tom_dataproducts.alertstreams.hermes import HermesMessageException
from tom_targets.selectors import is_simulated, target_or_404

_EARLIER = 5


def _label(kind: str) -> str:
    return str(SentReport.Kind(kind).label)


class ReportFormView(LoginRequiredMixin, View):
    """The form of a report, filled in from a target or a report; a POST leads to its preview."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        self.report = None
        if "pk" in kwargs:
            rows = reports_for_user(request.user, SentReport.objects.all(), CHANGE)
            self.report = get_object_or_404(rows, pk=kwargs["pk"], state__in=SentReport.EDITABLE)
            self.kind, target_pk = self.report.kind, self.report.target_id
        else:
            self.kind, target_pk = kwargs["kind"], kwargs["target_pk"]
        if self.kind not in services.FORMS or target_pk is None:
            raise Http404("There is no such report.")
        self.target, _ = target_or_404(request.user, target_pk)
        if not may_report(request.user, self.target):
            raise PermissionDenied("Reports are written by those who may change the target.")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if self.kind != SentReport.Kind.HERMES:
            value_lists.fetch_if_old(request.user)
        return self._page(services.form_for(self.kind, self.target, request.user, report=self.report))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = services.form_for(self.kind, self.target, request.user, data=request.POST)
        if not form.is_valid():
            return self._page(form)
        if services.where_to(self.kind, form.body())[1] and is_simulated(self.target.targetextra_set.all()):
            form.add_error(None, "The target is simulated: it is reported to a sandbox only.")
            return self._page(form)
        try:
            report = services.prepare(self.kind, form, report=self.report)
        except HermesMessageException as error:
            form.add_error(None, str(error))
            return self._page(form)
        except services.OnItsWayError as error:
            messages.error(request, str(error))
            return redirect(self.report)
        return redirect(report)

    def _page(self, form: Any) -> HttpResponse:
        url, is_live = services.where_to(self.kind)
        sent = services.sent_before(self.kind, self.target.pk, url).exclude(
            pk=getattr(self.report, "pk", None)
        )
        is_discovery = self.kind == SentReport.Kind.DISCOVERY
        context = {
            "earlier": reports_for_user(self.request.user, sent)[:_EARLIER],
            "known_as": prefill.known_to_tns(self.target) if is_discovery else (),
            "form": form,
            "target": self.target,
            "label": _label(self.kind),
            "destination": url,
            "is_live": is_live,
            "is_tns": self.kind != SentReport.Kind.HERMES,
            "lists_fetched": value_lists.fetched(),
            "cancel_url": self.report.get_absolute_url() if self.report else self.target.get_absolute_url(),
        }
        return render(self.request, "tom_alerts/reports/form.html", context)


class ReportView(LoginRequiredMixin, TemplateView):
    """One report: its preview with all that is sent, or what became of it."""

    template_name = "tom_alerts/reports/report.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        rows = SentReport.objects.select_related("target", "user")
        report = get_object_or_404(reports_for_user(user, rows), pk=kwargs["pk"])
        same = SentReport.objects.filter(pk=report.pk)
        sent = services.sent_before(report.kind, report.target_id, report.destination).exclude(pk=report.pk)
        earlier = list(reports_for_user(user, sent))
        return super().get_context_data(
            report=report,
            label=_label(report.kind),
            answer_text=json.dumps(report.answer, indent=2, ensure_ascii=False),
            may_see_content=reports_for_user(user, same, CONTENT).exists(),
            may_change=reports_for_user(user, same, CHANGE).exists(),
            earlier=earlier[:_EARLIER],
            seen=",".join(str(one.pk) for one in earlier),
            **kwargs,
        )


class ReportActionView(LoginRequiredMixin, View):
    """Sends a report, sends one in doubt again, asks for its answer, or throws a preview away."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int, action: str) -> HttpResponse:
        rows = reports_for_user(request.user, SentReport.objects.select_related("target"), CHANGE)
        report = get_object_or_404(rows, pk=pk)
        if action == "discard":
            if services.discard(report):
                messages.success(request, "The preview is thrown away; nothing was sent.")
                return redirect(report.target or reverse("alerts:reports"))
            messages.warning(request, "It was sent already, and stays.")
            return redirect(report)
        if action == "look-over":
            if not services.look_over(report, request.user):
                messages.warning(request, "Only a message to Hermes that was not sent yet is looked over.")
            return redirect(report)
        seen = [
            int(one) for one in request.POST.get("seen", "").split(",") if one.isdecimal() and len(one) < 19
        ]
        done = {
            "send": partial(services.send, seen=seen),
            "again": partial(services.send_again, seen=seen),
            "ask": services.ask_again,
        }.get(action)
        if done is None:
            raise Http404(f"nothing is called {action} here")
        try:
            is_sent = done(report, request.user)
        except services.AnotherSentError as error:
            messages.error(request, str(error))
            return redirect(report)
        if not is_sent:
            messages.warning(
                request, "It is on its way already, or has ended; nothing was sent a second time."
            )
        return redirect(report)


class ReportListView(LoginRequiredMixin, ListView):
    """Reports about targets that one may see, newest first; by kind, state and target."""

    template_name = "tom_alerts/reports/list.html"
    paginate_by = 50
    context_object_name = "reports"

    def get_queryset(self) -> Any:
        rows = SentReport.objects.select_related("user").defer("body", "form_values", "summary", "answer")
        wanted = {
            name: self.request.GET[name]
            for name, known in (("kind", SentReport.Kind.values), ("state", SentReport.State.values))
            if self.request.GET.get(name) in known
        }
        target = self.request.GET.get("target", "")
        if target.isdecimal() and len(target) < 19:
            wanted["target_id"] = target
        return reports_for_user(self.request.user, rows.filter(**wanted))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        attach_jobs(context["reports"])
        words = self.request.GET.copy()
        words.pop("page", None)
        return {
            **context,
            "kinds": SentReport.Kind.choices,
            "states": SentReport.State.choices,
            "chosen": self.request.GET,
            "words": words.urlencode(),
        }
