"""Sends something about a target or an observation to a broker."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from tom_alerts.submission import submission_form, submit_once


class SubmitAlertUpstreamView(LoginRequiredMixin, View):
    """Takes the form of a broker and submits it in the background."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, broker: str) -> HttpResponse:
        try:
            form = submission_form(broker, request.user, request.POST)
        except ImportError as error:
            raise Http404(str(error)) from error
        where = self._where(request)
        if not form.is_valid():
            for name, problems in form.errors.items():
                messages.error(request, f"{'' if name == '__all__' else name + ': '}{' '.join(problems)}")
            return redirect(where)
        job, is_new = submit_once(broker, request.user, form)
        job.refresh_from_db()
        if not is_new:
            messages.warning(
                request, f"It was submitted to {broker} just now; nothing was sent a second time."
            )
        if not job.is_finished:
            return redirect(job)
        if job.state == job.State.DONE and is_new:
            messages.success(request, f"{broker} has taken it.")
        elif is_new:
            messages.error(request, job.error)
        return redirect(where)

    @staticmethod
    def _where(request: HttpRequest) -> str:
        url = request.POST.get("redirect_url", "")
        safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, request.is_secure())
        return url if url and safe else reverse("alerts:list")
