"""Pages of the queries of data services, and the update of a target's data."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from tom_dataservices import runs
from tom_dataservices.data_services.broker.understood import understood_words
from tom_dataservices.models import DataServiceQuery
from tom_dataservices.providers import DataServiceProvider
from tom_dataservices.registry import data_services
from tom_dataservices.tasks import update_target_data
from tom_dataservices.views import query_pages as pages
from tom_targets.selectors import target_or_404


class _DataServices:
    model = DataServiceQuery
    kind = DataServiceProvider.kind
    provider_field = "data_service"
    url_space = "dataservices"
    words = "data services"
    registry = data_services
    list_name = "query_list"
    run_name = "run_saved"


class DataServiceQueryListView(_DataServices, pages.QueryListPage):
    pass


class DataServiceQueryCreateView(_DataServices, pages.QueryFormPage):
    pass


class DataServiceQueryUpdateView(_DataServices, pages.QueryFormPage):
    pass


class DataServiceQueryDeleteView(_DataServices, pages.QueryDeletePage):
    pass


class DataServiceQueryCopyView(_DataServices, pages.QueryCopyView):
    pass


class RunQueryView(_DataServices, pages.RunPage):
    """Run a kept query; without a key the parameters lie in the session under ``query_parameters``."""

    def get(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        if pk is not None:
            return self._run(pk)
        parameters = request.session.get("query_parameters")
        if not parameters:
            messages.info(request, "There is no query to run: choose a service first.")
            return redirect(self.url("query_list"))
        asked = self.provider(parameters.get("data_service", ""))
        return redirect(runs.start_run(asked, dict(parameters)))


class CreateTargetFromQueryView(_DataServices, pages.TargetsFromResultsView):
    pass


def understood(request: HttpRequest) -> HttpResponse:
    """Say in one line what was understood of what stands in a field of a query form."""
    typed = request.GET.get(request.GET.get("field", ""), "")
    words = understood_words(request.GET.get("kind", ""), typed[:200])
    return HttpResponse(words, content_type="text/plain; charset=utf-8")


@require_POST
def update_data_from_query(request: HttpRequest) -> HttpResponse:
    """Ask a service for the data of a target, in the background."""
    key = request.POST.get("target", "")
    if not key.isdecimal():
        raise Http404("no such target")
    target, allowed = target_or_404(request.user, int(key), "change_target")
    if not allowed:
        return HttpResponse("You may not add data to this target.", status=403, content_type="text/plain")
    name = request.POST.get("data_service", "")
    try:
        asked = DataServiceProvider(name, request.user)
    except ImportError as error:
        raise Http404(str(error)) from error
    job = update_target_data.submit(
        user=request.user,
        title=f"{asked.title}: data of {target.name}"[:200],
        target_pk=target.pk,
        service=name,
        user_id=request.user.pk,
    )
    messages.info(request, f"{asked.title} is asked for data of {target.name}; the job shows how far it is.")
    return redirect(target if job.is_finished else job)
