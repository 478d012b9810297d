"""Sends something about a target or an observation to a broker."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from tom_alerts.registry import brokers
from tom_alerts.submission import submit_alert
from tom_observations.models import ObservationRecord
from tom_observations.permissions import observations_for_user
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user


class SubmitAlertUpstreamView(LoginRequiredMixin, View):
    """Takes the form of a broker and submits it in the background."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, broker: str) -> HttpResponse:
        try:
            cls = brokers.get(broker)
        except ImportError as error:
            raise Http404(str(error)) from error
        form = cls.alert_submission_form(request.POST, broker=broker)
        form.fields["target"].queryset = targets_for_user(request.user, Target.objects.all(), "change_target")
        form.fields["observation_record"].queryset = observations_for_user(
            request.user, ObservationRecord.objects.all()
        )
        where = self._where(request)
        if not form.is_valid():
            for name, problems in form.errors.items():
                messages.error(request, f"{'' if name == '__all__' else name + ': '}{' '.join(problems)}")
            return redirect(where)
        data: dict[str, Any] = dict(form.cleaned_data)
        target, record = data.pop("target", None), data.pop("observation_record", None)
        data.pop("redirect_url", None)
        job = submit_alert.submit(
            user=request.user,
            title=f"Submission to {broker}",
            broker=broker,
            target_pk=target.pk if target else None,
            record_pk=record.pk if record else None,
            values=data,
            user_id=request.user.pk,
        )
        job.refresh_from_db()
        if not job.is_finished:
            return redirect(job)
        if job.state == job.State.DONE:
            messages.success(request, f"{broker} has taken it.")
        else:
            messages.error(request, job.error)
        return redirect(where)

    @staticmethod
    def _where(request: HttpRequest) -> str:
        url = request.POST.get("redirect_url", "")
        safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, request.is_secure())
        return url if url and safe else reverse("alerts:list")
