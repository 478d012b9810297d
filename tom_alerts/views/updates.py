"""The page on which the data of all targets of a list are brought up to date."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db import transaction
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.generic import TemplateView

from tom_alerts import data_updates
from tom_alerts.models import ServiceUpdate
from tom_alerts.update_tasks import update_service_data
from tom_common.jobs import jobs_for_user
from tom_targets.models import Target, TargetList
from tom_targets.permissions import target_lists_for_user, targets_for_user

SHOWN_JOBS = 10
_LOOKED_AT = 200


class ListUpdateView(LoginRequiredMixin, TemplateView):
    """Which services can be asked, and how far they are; a POST starts a job for each one chosen."""

    template_name = "tom_alerts/update_list.html"

    def target_list(self) -> Any:
        return get_object_or_404(
            target_lists_for_user(self.request.user, TargetList.objects.all()), pk=self.kwargs["pk"]
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = self.target_list()
        mine = targets_for_user(self.request.user, Target.objects.filter(targetlist=found), "change_target")
        last = dict(
            ServiceUpdate.objects.filter(target__targetlist=found)
            .order_by()
            .values_list("service")
            .annotate(Max("asked"))
        )
        jobs = jobs_for_user(self.request.user).filter(task=update_service_data.path).order_by("-pk")
        of_list = [job for job in jobs[:_LOOKED_AT] if job.arguments["kwargs"].get("list_pk") == found.pk]
        return super().get_context_data(
            target_list=found,
            count=mine.distinct().count(),
            services=[(name, last.get(name)) for _, name in data_updates.updaters()],
            jobs=of_list[:SHOWN_JOBS],
            is_moving=any(not job.is_finished for job in of_list[:SHOWN_JOBS]),
            **kwargs,
        )

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        found = self.target_list()
        chosen = set(request.POST.getlist("service"))
        services = [(kind, name) for kind, name in data_updates.updaters() if name in chosen]
        if not services:
            messages.warning(request, "No service was chosen: tick those that are to be asked.")
            return redirect(request.path)
        with transaction.atomic():
            for kind, name in services:
                update_service_data.submit(
                    user=request.user,
                    title=f"{name}: data of {found.name}"[:200],
                    kind=kind,
                    service=name,
                    user_id=request.user.pk,
                    list_pk=found.pk,
                    force="force" in request.POST,
                )
        return redirect(request.path)
