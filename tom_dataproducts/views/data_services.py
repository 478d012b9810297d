"""Pages of single-target data services: the form of each, the queries and their state, the keys of users."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.views.generic import FormView, TemplateView, View

from tom_common.keyset import count_rows, keyset_page, pager
from tom_common.remote import RemoteError, reported
from tom_dataproducts.models import ServiceQuery
from tom_dataproducts.single_target_data_service import credentials, overview, own_services, queries
from tom_dataproducts.single_target_data_service.key_forms import key_form
from tom_dataproducts.single_target_data_service.layouts import has_crispy_templates
from tom_dataproducts.single_target_data_service.remote_data_service import RemoteDataService
from tom_dataproducts.single_target_data_service.single_target_data_service import (
    SingleTargetDataServiceException,
    get_service_class,
)
from tom_targets.selectors import target_or_404
from tom_targets.views.mixins import RefusedMixin

PAGE_SIZE = 50
LOG_LINES_SHOWN = 200


class SingleTargetDataServiceQueryView(RefusedMixin, FormView):
    """Ask a service about the target ``?target_id=``."""

    template_name = "tom_dataproducts/single_target_data_service_form.html"
    own_query, was_open = None, False

    def dispatch(self, request, *args, **kwargs):
        asked = request.POST.get("target_id") or request.GET.get("target_id") or ""
        if not asked.isdecimal() or len(asked) > 18:
            raise Http404("The address names no target: expected ?target_id=...")
        self.target, allowed = target_or_404(request.user, int(asked), "change_target")
        if not allowed:
            return self.refuse(request, "You may see this target, but not add data to it.")
        try:
            self.service = get_service_class(kwargs["service"])()
        except ImportError as error:
            raise Http404(f"There is no such data service. {error}") from error
        self.service.user = request.user
        return super().dispatch(request, *args, **kwargs)

    @property
    def is_ours(self):
        return isinstance(self.service, RemoteDataService)

    def get_form_class(self):
        return self.service.get_form()

    def get_initial(self):
        offered = getattr(self.service, "get_initial", None)
        more = offered(self.target) if offered is not None else {}
        return {**more, "service": self.service.name, "target_id": self.target.pk}

    def get_context_data(self, **kwargs):
        form = kwargs.get("form") or self.get_form()
        note = getattr(self.service, "position_note", None)
        return super().get_context_data(
            **self.service.get_context_data(),
            **{**kwargs, "form": form},
            query_form=form,
            target=self.target,
            service_label=overview.service_label(self.service.name),
            waits_here=not self.is_ours and own_services.needs_the_page(self.service, form),
            by_layout=getattr(form, "has_own_layout", False) and has_crispy_templates(),
            missing=self.service.missing(self.request.user) if self.is_ours else "",
            key_url=overview.key_url(self.service) if self.is_ours else "",
            position_note=note(self.target) if note is not None else "",
            back_url=self.target.get_absolute_url(),
        )

    def form_valid(self, form):
        if int(form.cleaned_data["target_id"]) != self.target.pk:
            form.add_error(None, "The form is about another target than the page: open it again.")
            return self.form_invalid(form)
        try:
            self.ask(form)
        except (SingleTargetDataServiceException, RemoteError) as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, self.success_message())
        return redirect(self.get_success_url())

    def ask(self, form):
        """Ask by a job; while the page waits where only the page can."""
        if self.is_ours:
            self.service.query_service(form.cleaned_data)
        elif own_services.needs_the_page(self.service, form):
            with reported(self.service.name):
                self.service.query_service(form.cleaned_data)
        else:
            self.own_query, self.was_open = queries.start_own_query(
                self.service, form, target=self.target, user=self.request.user
            )

    def success_message(self):
        query = self.own_query
        if query is None:
            return self.service.get_success_message()
        if self.was_open:
            return f"{self.service.name} is being asked the same already: here is that query."
        if query.is_open:
            name = self.service.name
            return f"{name} is asked in the background: the section Survey services tells how it goes."
        return query.message

    def get_success_url(self):
        if getattr(self.service, "was_open", False):
            return self.service.query.get_absolute_url()
        if self.own_query is not None and self.was_open:
            return self.own_query.get_absolute_url()
        is_going_on = self.is_ours or (self.own_query is not None and self.own_query.is_open)
        fragment = "#data-services" if is_going_on else ""
        return f"{self.target.get_absolute_url()}?tab=photometry{fragment}"


class ServiceQueryListView(LoginRequiredMixin, TemplateView):
    """Queries, newest first; ``?state=`` keeps those in one state."""

    template_name = "tom_dataproducts/service_query_list.html"

    def get_context_data(self, **kwargs):
        rows = overview.listed_queries(self.request.user)
        state = self.request.GET.get("state", "")
        if state in ServiceQuery.State:
            rows = rows.filter(state=state)
        page = keyset_page(
            rows.select_related("user", "target", "product"),
            sort="-pk",
            page_size=PAGE_SIZE,
            cursor=self.request.GET.get("cursor") or None,
        )
        found = overview.prepared(page.items, self.request.user)
        return super().get_context_data(
            queries=found,
            states=ServiceQuery.State.choices,
            state=state,
            is_moving=any(query.is_open for query in found),
            **pager(self.request, page, count_rows(rows), "queries"),
            **kwargs,
        )


class ServiceQueryView(LoginRequiredMixin, TemplateView):
    """One query. What changes stands in a part that the page fetches again while it is open."""

    template_name = "tom_dataproducts/service_query.html"

    def get_context_data(self, **kwargs):
        query = overview.query_or_404(self.request.user, self.kwargs["pk"])
        lines = []
        if query.may_change and query.job is not None:
            lines = list(query.job.log_lines.order_by("-pk")[: LOG_LINES_SHOWN + 1])
        return super().get_context_data(
            query=query,
            target=query.target,
            asked=asked_rows(query),
            log_lines=lines[:LOG_LINES_SHOWN][::-1],
            log_is_cut=len(lines) > LOG_LINES_SHOWN,
            ask_url=overview.ask_url(query.service, query.target_id),
            **kwargs,
        )


class ServiceQueryStatusView(ServiceQueryView):
    """The part of the page that changes."""

    template_name = "tom_dataproducts/partials/service_query_status.html"


class _QueryChangeView(LoginRequiredMixin, View):
    http_method_names = ("post",)

    def post(self, request, pk):
        query = overview.query_or_404(request.user, pk)
        if not query.may_change:
            raise PermissionDenied("Only who made this query, and staff, can change it.")
        self.change(request, query)
        return redirect(query.get_absolute_url())


class ServiceQueryRetryView(_QueryChangeView):
    def change(self, request, query):
        try:
            is_asked = queries.retry_query(query, send_anew=request.POST.get("send_anew") == "1")
        except SingleTargetDataServiceException as error:
            messages.warning(request, str(error))
            return
        if is_asked:
            messages.success(request, f"{query.label} is asked again.")
        else:
            messages.info(request, "There is nothing to try again.")


class ServiceQueryCancelView(_QueryChangeView):
    def change(self, request, query):
        if queries.cancel_query(query):
            messages.success(request, "The query is cancelled.")
        else:
            messages.info(request, "The query has ended already.")


class DataServiceListView(LoginRequiredMixin, TemplateView):
    """The services, what is missing before they can be asked, and whose key is used."""

    template_name = "tom_dataproducts/data_service_list.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        broken = overview.broken_services() if user.is_staff else []
        return super().get_context_data(lines=overview.service_lines(user), broken=broken, **kwargs)


class DataServiceKeyView(LoginRequiredMixin, FormView):
    """The user's own key for a service; what is stored is never shown."""

    template_name = "tom_dataproducts/data_service_key.html"

    def dispatch(self, request, *args, **kwargs):
        try:
            self.service = get_service_class(kwargs["service"])()
        except ImportError as error:
            raise Http404("There is no such data service.") from error
        if not isinstance(self.service, RemoteDataService) or not overview.key_url(self.service):
            raise Http404("This service asks for no key.")
        return super().dispatch(request, *args, **kwargs)

    def get_form_class(self):
        return key_form(self.service)

    def get_initial(self):
        return credentials.own_secrets(self.request.user, self.service.name)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            service_label=self.service.label(),
            key_help=self.service.key_help,
            has_site_key=bool(self.site_keys()),
            cancel_url=reverse("dataproducts:data-service-list"),
            **kwargs,
        )

    def site_keys(self):
        """Return whether the settings hold a key that everybody may use."""
        given = [found for found in self.service.credential_fields if found.is_personal]
        return all(credentials.usable(self.service.config.get(found.setting)) for found in given)

    def form_valid(self, form):
        kept = form.kept(self.get_initial())
        credentials.store_secrets(self.request.user, self.service.name, kept)
        words = "is stored, encrypted" if kept else "is forgotten"
        messages.success(self.request, f"Your key for {self.service.label()} {words}.")
        return redirect("dataproducts:data-service-list")


def asked_rows(query):
    """Return (words, value) of what is sent to the service."""
    task = query.parameters.get("task")
    values = task if isinstance(task, dict) else {k: v for k, v in query.parameters.items() if k != "task"}
    return [
        (name, value)
        for name, value in values.items()
        if value is not None and not isinstance(value, dict | list) and name != "position_key"
    ]
