"""Pages of background jobs: what runs, how far it is, what came out. Own jobs; staff sees everybody's."""

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic import TemplateView, View

from tom_common.jobs import cancel_job, jobs_for_user, retry_job
from tom_common.keyset import count_rows, keyset_page, pager
from tom_common.models import Job

PAGE_SIZE = 50
LOG_LINES_SHOWN = 200


class JobMixin(LoginRequiredMixin):
    """Finds the job of the address among those that the user may see."""

    def get_job(self):
        return get_object_or_404(
            jobs_for_user(self.request.user).select_related("user"), pk=self.kwargs["pk"]
        )


class JobListView(LoginRequiredMixin, TemplateView):
    """Jobs, newest first; ``?state=`` keeps those in one state."""

    template_name = "tom_common/jobs/job_list.html"

    def get_context_data(self, **kwargs):
        rows = jobs_for_user(self.request.user)
        state = self.request.GET.get("state", "")
        if state in Job.State:
            rows = rows.filter(state=state)
        page = keyset_page(
            rows.select_related("user"),
            sort="-pk",
            page_size=PAGE_SIZE,
            cursor=self.request.GET.get("cursor") or None,
        )
        return super().get_context_data(
            jobs=page.items,
            states=Job.State.choices,
            state=state,
            is_moving=any(not job.is_finished for job in page),
            **pager(self.request, page, count_rows(rows), "jobs"),
            **kwargs,
        )


class JobDetailView(JobMixin, TemplateView):
    """One job. What changes while it runs stands in a part that the page fetches again every two seconds."""

    template_name = "tom_common/jobs/job_detail.html"

    def get_context_data(self, **kwargs):
        job = self.get_job()
        lines = list(job.log_lines.order_by("-pk")[: LOG_LINES_SHOWN + 1])
        return super().get_context_data(
            job=job,
            log_lines=lines[:LOG_LINES_SHOWN][::-1],
            log_is_cut=len(lines) > LOG_LINES_SHOWN,
            result=_result_rows(job.result),
            links=_result_links(job.result),
            **kwargs,
        )


class JobStatusView(JobDetailView):
    """The part of the page that changes."""

    template_name = "tom_common/jobs/partials/job_status.html"


class JobDataView(JobMixin, View):
    """The job for programs that wait for it."""

    def get(self, request, *args, **kwargs):
        job = self.get_job()
        times = ("created_at", "started_at", "finished_at", "run_after")
        data = {
            name: getattr(job, name) for name in ("title", "state", "message", "error", "result", "attempts")
        }
        data |= {name: value and value.isoformat() for name in times for value in [getattr(job, name)]}
        return JsonResponse(
            {
                "id": job.pk,
                **data,
                "done": job.done_count,
                "total": job.total_count,
                "percent": job.percent,
                "is_finished": job.is_finished,
                "url": job.get_absolute_url(),
            }
        )


class JobLogView(JobMixin, View):
    """The whole log as text."""

    def get(self, request, *args, **kwargs):
        lines = self.get_job().log_lines.values_list("created_at", "text")
        text = (f"{created_at:%Y-%m-%dT%H:%M:%SZ} {line}\n" for created_at, line in lines.iterator())
        return StreamingHttpResponse(text, content_type="text/plain; charset=utf-8")


class JobRetryView(JobMixin, View):
    http_method_names = ("post",)

    def post(self, request, *args, **kwargs):
        job = self.get_job()
        if retry_job(job):
            messages.success(request, f"“{job.title}” is tried again.")
        else:
            messages.info(request, f"“{job.title}” did not fail: there is nothing to retry.")
        return HttpResponseRedirect(job.get_absolute_url())


class JobCancelView(JobMixin, View):
    http_method_names = ("post",)

    def post(self, request, *args, **kwargs):
        job = self.get_job()
        if not cancel_job(job):
            messages.info(request, f"“{job.title}” has ended already.")
        elif job.is_finished:
            messages.success(request, f"“{job.title}” is cancelled.")
        else:
            messages.success(request, f"“{job.title}” stops at its next step.")
        return HttpResponseRedirect(job.get_absolute_url())


def _result_rows(result):
    """Return (words, value) pairs of a result that is a dict; a single pair of any other."""
    if result is None:
        return []
    if not isinstance(result, dict):
        return [("Result", result)]
    return [
        (key.replace("_", " ").capitalize(), value)
        for key, value in result.items()
        if key != "links" and not isinstance(value, list | dict)
    ]


def _result_links(result):
    """Return the links that a task put under ``links``: dicts of ``label`` and ``url``, a path of ours."""
    found = result.get("links") if isinstance(result, dict) else None
    links = [link for link in found or [] if isinstance(link, dict)]
    return [
        link
        for link in links
        if url_has_allowed_host_and_scheme(str(link.get("url", "")), allowed_hosts=None)
    ]
