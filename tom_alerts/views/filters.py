"""Pages of filters and watchlists: list, form, trial, switch."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.generic import TemplateView, View

from tom_alerts import filter_rules, filter_tests
from tom_alerts.expressions import (
    EXAMPLES,
    FIELDS,
    OPERATORS,
    OWN_FIELDS,
    Condition,
    ExpressionError,
    compiled,
    conditions_of,
    parse,
    written,
)
from tom_alerts.expressions.functions import FUNCTIONS
from tom_alerts.filter_choices import SEARCHED
from tom_alerts.filter_deletion import delete_filter
from tom_alerts.filter_forms import FilterForm
from tom_alerts.filter_models import AlertFilter, CandidateAction, Watchlist
from tom_alerts.permissions import shared_for_user
from tom_alerts.shown_values import columns_of
from tom_alerts.triage_selectors import waiting_counts
from tom_alerts.views.watchlists import watchlists_for
from tom_common.astro.time import mjd_utc_to_datetime
from tom_common.keyset import count_rows, keyset_page, pager

PAGE_SIZE = 50
_BLANK_ROWS = 2
FEW_WATCHLISTS = 10
_NAMES = {field.name for field in FIELDS}


class FilterListView(LoginRequiredMixin, TemplateView):
    """The filters and watchlists that one may see."""

    template_name = "tom_alerts/filter_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Count what waits at each filter of the page, all at once."""
        user = self.request.user
        rows = shared_for_user(user, AlertFilter.objects.all())
        page = keyset_page(
            rows.select_related("user", "watchlist").prefetch_related("groups"),
            sort="name",
            page_size=PAGE_SIZE,
            cursor=self.request.GET.get("cursor") or None,
        )
        counts = waiting_counts([one.pk for one in page.items])
        for one in page.items:
            one.waiting = counts.get(one.pk, 0)
        watchlists = watchlists_for(user)
        return super().get_context_data(
            filters=page.items,
            watchlists=list(watchlists[:FEW_WATCHLISTS]),
            watchlist_count=watchlists.count(),
            **pager(self.request, page, count_rows(rows), "filters"),
            **kwargs,
        )


def filter_or_404(request: HttpRequest, pk: int, action: str = "view") -> AlertFilter:
    """Return a filter that the visitor may see, or change."""
    return get_object_or_404(shared_for_user(request.user, AlertFilter.objects.all(), action), pk=pk)


class FilterView(LoginRequiredMixin, TemplateView):
    """One filter: what it says, how it did on past alerts, what it does, and the switch."""

    template_name = "tom_alerts/filter.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Show the newest trial, and whether it is of the filter as it is now."""
        one = filter_or_404(self.request, self.kwargs["pk"])
        test, may_be_on = filter_rules.standing(one)
        failed = CandidateAction.objects.filter(candidate__alert_filter=one, state="failed")
        span = [
            mjd_utc_to_datetime(mjd) if mjd is not None else None
            for mjd in ((test.oldest_mjd, test.newest_mjd) if test else ())
        ]
        examples, misses = filter_tests.shown_to(self.request.user, test) if test else ([], [])
        return super().get_context_data(
            filter=one,
            test=test,
            examples=examples,
            near_misses=misses,
            job=test.job if test else None,
            is_current=may_be_on,
            span=span if any(span) else None,
            columns=columns_of(examples[0]["values"]) if examples else [],
            miss_columns=columns_of(misses[0]["values"]) if misses else [],
            may_change=shared_for_user(
                self.request.user, AlertFilter.objects.filter(pk=one.pk), "change"
            ).exists(),
            action_words=[CandidateAction.Kind(kind).label for kind in one.actions()],
            failed=list(failed.select_related("candidate").defer("candidate__content").order_by("-pk")[:5]),
            counts=dict(one.candidates.order_by().values_list("state").annotate(count=Count("pk"))),
            **kwargs,
        )


def typed_conditions(data: Any) -> list[Condition]:
    """Return the rows of the form that say something."""
    columns = (data.getlist(f"condition_{name}") for name in ("field", "operator", "value"))
    return [Condition(*row) for row in zip(*columns, strict=False) if row[0]]


def rows_of(text: str) -> list[dict[str, Any]] | None:
    """Return an expression as rows for the form, with some blank ones; None where rows cannot say it."""
    try:
        rows = conditions_of(parse(text)) if text.strip() else []
    except ExpressionError:
        return None
    if rows is None:
        return None
    shown = [{**asdict(row), "is_own": row.field not in _NAMES} for row in rows]
    return [*shown, *[{"field": "", "operator": "<", "value": ""}] * _BLANK_ROWS]


def builder_context(text: str) -> dict[str, Any]:
    """Return what the builder of conditions shows for an expression."""
    return {
        "rows": rows_of(text),
        "field_list": FIELDS,
        "own_fields": OWN_FIELDS,
        "examples": EXAMPLES,
        "operators": OPERATORS,
        "functions": [function.text for function in FUNCTIONS.values()],
        **understood(text),
    }


def understood(text: str) -> dict[str, Any]:
    """Return what is wrong with an expression, with the part around the place; or that nothing is."""
    if not text.strip():
        return {"error": ""}
    try:
        fields = compiled(text).fields
    except ExpressionError as error:
        at = error.place - 1
        around = (text[max(0, at - 30) : at], text[at : at + 1] or "▁", text[at + 1 : at + 31])
        return {"error": str(error), "around": around}
    return {"error": "", "used_fields": fields}


class FilterFormView(LoginRequiredMixin, View):
    """Makes a filter, or changes one of one's own."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Find the filter of the address."""
        if not request.user.is_authenticated:
            return self.handle_no_permission()  # type: ignore[return-value]
        pk = kwargs.get("pk")
        self.one = filter_or_404(request, pk, "change") if pk else None
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the form; ``?query=broker:3`` begins a filter of a kept query."""
        initial = {"source": request.GET["query"]} if "query" in request.GET else {}
        form = FilterForm(user=request.user, instance=self.one, initial=initial)
        return self.show(request, form, self.one.expression if self.one else "")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Store the filter, or write the rows into the expression."""
        data = request.POST
        if "use_conditions" in data:
            data = data.copy()
            try:
                data["expression"] = written(typed_conditions(data))
            except ExpressionError as error:
                messages.error(request, f"Condition {error.place}: {error.reason}.")
            form = FilterForm(user=request.user, instance=self.one, initial=data.dict())
            form.initial.update({name: data.getlist(name) for name in ("groups", "target_groups")})
            return self.show(request, form, data["expression"])
        form = FilterForm(data, user=request.user, instance=self.one)
        if not form.is_valid():
            return self.show(request, form, data.get("expression", ""))
        one = form.save()
        if one.is_on:
            messages.success(request, "The filter was changed; it goes on.")
        else:
            filter_tests.start_test(one, user=request.user)
            messages.success(request, "The filter was stored and is tried on past alerts now.")
        return redirect(one)

    def show(self, request: HttpRequest, form: FilterForm, text: str) -> HttpResponse:
        """Show the form with the rows that an expression makes."""
        context = {"form": form, "filter": self.one, **builder_context(text)}
        return render(request, "tom_alerts/filter_form.html", context)


class ExpressionView(LoginRequiredMixin, View):
    """Tells while one types what is understood: of the rows (``?from=rows``), or of the expression."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer with the parts of the form that change."""
        if request.GET.get("from") != "rows":
            context = builder_context(request.POST.get("expression", ""))
            return render(request, "tom_alerts/partials/expression_rows.html", {**context, "is_swap": True})
        try:
            text = written(typed_conditions(request.POST))
        except ExpressionError as error:
            problem = f"Condition {error.place}: {error.reason}."
            return render(request, "tom_alerts/partials/expression_state.html", {"error": problem})
        context = {"text": text, "is_swap": True, **understood(text)}
        return render(request, "tom_alerts/partials/expression_text.html", context)


class FilterChoicesView(LoginRequiredMixin, View):
    """Finds what can be chosen in the form of a filter or watchlist by parts of its name."""

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Answer with options; the script keeps what is chosen already."""
        if kind not in SEARCHED:
            raise Http404(f"There is no kind of choice {kind!r}.")
        find, before = SEARCHED[kind]
        choices = find(self._owner(kind), request.GET.get("q", "")[:200])
        more = choices.total - len(choices.found)
        context = {"options": [*before, *choices.found], "more": more, "is_empty": not choices.found}
        return render(request, "tom_alerts/partials/choices.html", context)

    def _owner(self, kind: str) -> Any:
        asked = self.request.GET.get("of", "")
        if not asked.isdecimal() or len(asked) > 18:
            return self.request.user
        model = Watchlist if kind == "watched_list" else AlertFilter
        rows = shared_for_user(self.request.user, model._default_manager.all(), "change")
        return get_object_or_404(rows.select_related("user"), pk=int(asked)).user


class FilterActionView(LoginRequiredMixin, View):
    """Tries a filter, switches it on or off, or deletes it."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, pk: int, action: str) -> HttpResponse:
        """Do what the address says."""
        one = filter_or_404(request, pk, "change")
        if action == "test":
            filter_tests.start_test(one, user=request.user)
        elif action == "on" and filter_rules.switch_on(one):
            messages.success(request, f"{one} is on: what it lets through waits on the page of triage.")
        elif action == "on":
            messages.error(request, filter_rules.NOT_TRIED)
        elif action == "off":
            filter_rules.switch_off(one)
            messages.success(request, f"{one} is off. Its candidates stay.")
        elif action == "delete":
            job = delete_filter(one, user=request.user)
            if job is not None:
                return redirect(job.get_absolute_url())
            messages.success(request, f"The filter {one} and its candidates were deleted; targets stay.")
            return redirect("alerts:filters")
        return redirect(one)
