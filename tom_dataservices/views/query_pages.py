"""Pages of kept queries, for whatever kind of provider: list, form, copy, delete, run, results, targets.

The apps that own a kind (data services here, brokers in tom_alerts) extend these classes and say which model,
registry and addresses are theirs.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views import View
from django.views.generic import DeleteView, ListView, TemplateView

from tom_common.job_links import attach_jobs
from tom_dataservices import runs
from tom_dataservices.failing_queries import last_failures
from tom_dataservices.made_targets import Wanted
from tom_dataservices.models import QueryRun
from tom_dataservices.permissions import saved_queries_for_user
from tom_dataservices.plugin_errors import OF_OTHERS, PluginFailedError, plugin_reported
from tom_dataservices.providers import Provider, provider, takes
from tom_dataservices.query_forms import KeepingForm, TargetsFromResultsForm
from tom_dataservices.saved_queries import copy_query, delete_query, keep_query
from tom_dataservices.tasks import make_targets_later
from tom_dataservices.views.found_pages import plugin_failed, render_results
from tom_targets.permissions import may_create_targets

SHOWN_RUNS = 10


class QueryKindMixin(LoginRequiredMixin):
    """What the pages of one kind of provider share.

    ``model`` is that of the kept queries, ``provider_field`` its column with the provider's name, ``kind``
    the kind of provider, ``url_space`` the namespace of the addresses, ``words`` what the kind is called.
    """

    model: Any = None
    kind = ""
    provider_field = ""
    url_space = ""
    words = ""
    registry: Any = None
    ids_field = "selected_results"

    def queries(self, action: str = "view") -> Any:
        """Return the kept queries that the user may see, or change."""
        rows = saved_queries_for_user(self.request.user, self.model._default_manager.all(), action)
        return rows.select_related("user")

    def provider(self, name: str) -> Provider:
        """Return a provider by name; a name that leads nowhere is answered with status 404."""
        try:
            return provider(self.kind, name, self.request.user)
        except ImportError as error:
            raise Http404(str(error)) from error

    def gone(self, name: str) -> str:
        """Return what a user is told of a provider that is not there."""
        return f"{name} is not installed in this TOM any more. Ask another of the {self.words}, or delete it."

    def url(self, name: str, **kwargs: Any) -> str:
        return reverse(f"{self.url_space}:{name}", kwargs=kwargs or None)


class QueryListPage(QueryKindMixin, ListView):
    """The services that can be asked, and the kept queries."""

    template_name = "tom_dataservices/query_list.html"
    context_object_name = "queries"
    paginate_by = 50

    def get_queryset(self):
        rows = self.queries().prefetch_related("groups").order_by("name", "pk")
        words = self.request.GET.get("name", "").strip()
        if words:
            rows = rows.filter(name__icontains=words)
        chosen = self.request.GET.get(self.provider_field, "").strip()
        return rows.filter(**{self.provider_field: chosen}) if chosen else rows

    def get_context_data(self, **kwargs):
        classes = self.registry.all()
        create = self.url("create")
        services = [
            {
                "name": name,
                "title": getattr(found, "verbose_name", None) or name,
                "notes": getattr(found, "service_notes", None) or getattr(found, "help_text", ""),
                "info_url": getattr(found, "info_url", None) or getattr(found, "help_url", None),
                "create_url": f"{create}?{urlencode({self.provider_field: name})}",
                "can_ask": _has_form(found),
            }
            for name, found in classes.items()
        ]
        changeable = set(self.queries("change").values_list("pk", flat=True))
        context = super().get_context_data(
            services=services,
            broken=[*self.registry.problems(), *self.registry.remarks()],
            words=self.words,
            recent=attach_jobs(runs.runs_for_user(self.request.user).filter(kind=self.kind)[:SHOWN_RUNS]),
            search=self.request.GET.get("name", ""),
            **kwargs,
        )
        failures = last_failures(self.kind, context["queries"], self.request.user)
        for query in context["queries"]:
            query.may_change = query.pk in changeable
            query.provider_name = getattr(query, self.provider_field)
            query.is_gone = query.provider_name not in classes
            query.last_failure = failures.get(query.pk, "")
            for name in ("run", "update", "delete", "copy"):
                setattr(query, f"{name}_url", self.url(name if name != "run" else self.run_name, pk=query.pk))
        return context

    run_name = "run"


def _has_form(found: Any) -> bool:
    if getattr(found, "form", None) is not None:
        return True
    getter = getattr(found, "get_form_class", None)
    try:
        return getter is not None and getter() is not None
    except Exception:  # noqa: BLE001  a plugin's own code
        return False


class QueryFormPage(QueryKindMixin, TemplateView):
    """The form of a service, for a new query or a kept one."""

    template_name = "tom_dataservices/query_form.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any):
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        self.query = None
        if "pk" in kwargs:
            self.query = get_object_or_404(self.queries("change"), pk=kwargs["pk"])
            name = getattr(self.query, self.provider_field)
            if name not in self.registry.all():
                messages.error(request, f"{self.query.name}: {self.gone(name)}")
                return redirect(self.url(self.list_name))
        else:
            name = request.POST.get(self.provider_field) or request.GET.get(self.provider_field, "")
        try:
            self.asked = provider(self.kind, name, request.user)
        except ImportError as error:
            return plugin_failed(request, name, str(error), status=404)
        try:
            with plugin_reported(self.asked.title, letting=OF_OTHERS):
                response = super().dispatch(request, *args, **kwargs)
                return response.render() if hasattr(response, "render") else response
        except PluginFailedError as error:
            return plugin_failed(request, self.asked.title, str(error))

    def forms(self) -> tuple[Any, KeepingForm]:
        data = self.request.POST if self.request.method == "POST" else None
        initial = dict(self.query.parameters) if self.query else self._asked_before()
        initial[self.provider_field] = self.asked.name
        if self.query:
            initial["query_name"] = self.query.name
        form_class = self.asked.form_class()
        if not (isinstance(form_class, type) and issubclass(form_class, BaseForm)):
            raise NotImplementedError("it has no form to ask with.")
        options = {"user": self.request.user} if getattr(form_class, "takes_user", False) else {}
        form = form_class(data, initial=initial, **options)
        if hasattr(form, "helper"):
            form.helper.form_tag = False
            form.helper.inputs = []
        keeping = KeepingForm(
            data,
            user=self.request.user,
            prefix="keep",
            initial={
                "every_minutes": self.query.every_minutes if self.query else None,
                "groups": self.query.groups.all() if self.query else (),
            },
        )
        return form, keeping

    def _asked_before(self) -> dict[str, Any]:
        """Return what the address fills in: fields, or all that an earlier run (``run``) asked."""
        given = self.request.GET.dict()
        key = given.pop("run", "")
        if key.isdecimal() and len(key) < 19:
            mine = runs.runs_for_user(self.request.user).filter(kind=self.kind, provider=self.asked.name)
            given = {**next(iter(mine.filter(pk=key).values_list("parameters", flat=True)), {}), **given}
        return given

    def get_context_data(self, **kwargs):
        if "form" not in kwargs:
            kwargs["form"], kwargs["keeping"] = self.forms()
        plugin = self.asked.plugin
        form = kwargs["form"]
        partials = {
            f"{length}_form": _partial(form, plugin, f"get_{length}_form_partial")
            for length in ("simple", "advanced")
        }
        simple = getattr(form, "simple_fields", list)()
        return super().get_context_data(
            title=self.asked.title,
            words=self.words,
            is_kept=self.query is not None,
            list_url=self.url(self.list_name),
            info_url=getattr(plugin, "info_url", None),
            notes=getattr(plugin, "service_notes", None),
            app_link=getattr(plugin, "app_link", None),
            app_version=getattr(plugin, "app_version", None),
            verbose_name=self.asked.title,
            simple_fields=simple,
            saves_always="query_save" not in form.fields,
            **partials,
            **kwargs,
        )

    list_name = "list"
    run_name = "run"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form, keeping = self.forms()
        if not (form.is_valid() and keeping.is_valid()):
            context = self.get_context_data(form=form, keeping=keeping)
            return render(request, self.template_name, context)
        if self.query is not None or form.cleaned_data.get("query_save", True):
            query = keep_query(
                form,
                user=request.user,
                query=self.query,
                groups=keeping.cleaned_data.get("groups"),
                every_minutes=keeping.cleaned_data["every_minutes"],
            )
            messages.success(request, f"The query {query.name} is kept.")
            if "run" in request.POST or "query_save" in form.fields:
                return redirect(self.url(self.run_name, pk=query.pk))
            return redirect(self.url(self.list_name))
        return redirect(runs.start_run(self.asked, form.cleaned_data))


def _partial(form: Any, plugin: Any, name: str) -> str | None:
    """Ask the form for a template, then the service, as older ones do."""
    for holder in (form, plugin):
        method = getattr(holder, name, None)
        if method is not None:
            # Older services have a method of instances here, which is asked of the class.
            found = method() if takes(method) else method(plugin)
            if found:
                return str(found)
    return None


class QueryDeletePage(QueryKindMixin, DeleteView):
    """Ask before a kept query is deleted."""

    template_name = "tom_dataservices/query_confirm_delete.html"
    list_name = "list"

    def get_queryset(self):
        return self.queries("change")

    def get_success_url(self):
        return self.url(self.list_name)

    def get_context_data(self, **kwargs):
        return super().get_context_data(list_url=self.get_success_url(), **kwargs)

    def form_valid(self, form):
        delete_query(self.object)
        messages.success(self.request, f"The query {self.object.name} is deleted.")
        return redirect(self.get_success_url())


class QueryCopyView(QueryKindMixin, View):
    """Copy a kept query that one may see, for oneself."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        copy = copy_query(get_object_or_404(self.queries(), pk=pk), user=request.user)
        return redirect(self.url("update", pk=copy.pk))


class RunPage(QueryKindMixin, View):
    """Run a kept query and show what it finds; a POST asks again although the answer is still current."""

    list_name = "list"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._run(pk)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = self._start(pk, again=True)
        return redirect(self.url(self.list_name) if run is None else run)

    def _start(self, pk: int, *, again: bool = False) -> QueryRun | None:
        """Ask; None, and a word to the user, where the provider is gone."""
        self.query = get_object_or_404(self.queries(), pk=pk)
        name = getattr(self.query, self.provider_field)
        try:
            asked = provider(self.kind, name, self.request.user)
        except ImportError:
            messages.error(self.request, f"{self.query.name}: {self.gone(name)}")
            return None
        return runs.start_run(asked, dict(self.query.parameters), query=self.query, again=again)

    def _run(self, pk: int) -> HttpResponse:
        run = self._start(pk)
        if run is None:
            return redirect(self.url(self.list_name))
        self.query.refresh_from_db()
        return render_results(self.request, run, query=self.query)


class TargetsFromResultsView(QueryKindMixin, View):
    """Make targets of chosen results, in the background."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        if not may_create_targets(request.user):
            return HttpResponse("You may not add targets.", status=403, content_type="text/plain")
        run = self._run_of(request)
        everything = "all" in request.POST
        ids = None if everything else request.POST.getlist(self.ids_field)
        if ids is not None and not ids:
            messages.warning(request, "No result was chosen: tick those that are to become targets.")
            return redirect(run)
        form = TargetsFromResultsForm(request.POST, user=request.user)
        if not form.is_valid():
            for name, problems in form.errors.items():
                messages.error(request, f"{name}: {' '.join(problems)}")
            return redirect(run)
        data = form.cleaned_data
        wanted = Wanted(
            group_ids=[group.pk for group in data.get("groups") or ()],
            permissions=data["permissions"] or None,
            list_name=data["list_name"],
            with_data="permissions" not in request.POST or data["with_data"],
            on_near=data["on_near"] or None,
            near_arcsec=data["near_arcsec"],
        )
        job = make_targets_later(run, request.user, ids, wanted)
        job.refresh_from_db()
        if not job.is_finished:
            return redirect(job)
        return self._done(request, run, job)

    def _run_of(self, request: HttpRequest) -> QueryRun:
        mine = runs.runs_for_user(request.user).filter(kind=self.kind)
        key = request.POST.get("run", "")
        if key.isdecimal():
            return get_object_or_404(mine, pk=key)
        query = request.POST.get("query_id", "")
        name = request.POST.get(self.provider_field, "")
        same = mine.filter(provider=name)
        if query.isdecimal():
            same = same.filter(query_id=query)
        run = same.first()
        if run is None:
            raise Http404("The results are gone; run the query again.")
        return run

    def _done(self, request: HttpRequest, run: QueryRun, job: Any) -> HttpResponse:
        """Tell how a job ended that was done at once, and lead to what it made."""
        for line in job.log_lines.all()[:20]:
            messages.warning(request, line.text)
        if job.state != job.State.DONE:
            messages.error(request, job.error)
            return redirect(run)
        made, there = job.result["created"], job.result["already_there"]
        left_out = job.result["left_out"]
        words = f"{made} target{'s' * (made != 1)} made, {there} there already"
        messages.success(request, f"{words}{f', {left_out} left out' if left_out else ''}.")
        if not made and not there:
            return redirect(run)
        is_one = made + there == 1  # the links of targets come first
        return redirect(job.result["links"][0]["url"] if is_one else reverse("targets:list"))
