"""The health page of staff, and what can be done there. For machines there is ``/healthz``."""

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin, UserPassesTestMixin
from django.http import Http404
from django.shortcuts import redirect
from django.views.generic import TemplateView, View

from tom_common import health, jobs, scheduler
from tom_common.remote import record


class StaffMixin(LoginRequiredMixin, UserPassesTestMixin):
    """Let staff in; ask visitors to log in, and refuse others."""

    def test_func(self):
        return self.request.user.is_staff or self.request.user.is_superuser


class HealthView(StaffMixin, TemplateView):
    """Workers, queues, outside services, periodic work, database and disks."""

    template_name = "tom_common/health/health.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(**health.health(self.request.user), **kwargs)


class ServiceResetView(StaffMixin, View):
    http_method_names = ("post",)

    def post(self, request, pk):
        if not record.close_breaker(pk):
            raise Http404("There is no such service.")
        messages.success(request, "The service is asked again from now on.")
        return redirect("health")


class PeriodicRunView(StaffMixin, View):
    http_method_names = ("post",)

    def post(self, request):
        name = request.POST.get("name", "")
        if name not in scheduler.periodic_tasks():
            raise Http404("There is no such periodic work.")
        try:
            job = scheduler.run_now(name)
        except scheduler.NotQueuedError as error:
            messages.error(request, f"“{name}” was not queued. {error}")
            return redirect("health")
        messages.success(request, f"“{job.title}” is queued.")
        return redirect(job.get_absolute_url())


class RetryAllView(LoginRequiredMixin, View):
    """Start all failed jobs again that the user may see."""

    http_method_names = ("post",)

    def post(self, request):
        count = jobs.retry_failed_jobs(request.user)
        words = "1 job is" if count == 1 else f"{count} jobs are"
        messages.success(request, f"{words} tried again." if count else "No job has failed.")
        return redirect("health" if request.POST.get("next") == "health" else "job-list")
