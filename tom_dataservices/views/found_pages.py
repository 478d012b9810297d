"""Pages of what a query found: the results, more of them, the raw answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views import View

from tom_common.models import Job
from tom_dataservices import conf, runs
from tom_dataservices.duplicates import MAX_RADIUS_ARCSEC
from tom_dataservices.kept_answers import AnswerLostError, plain, unpacked
from tom_dataservices.models import QueryResult, QueryRun, ResultCutout
from tom_dataservices.plugin_errors import OF_OTHERS, PluginFailedError, plugin_reported
from tom_dataservices.providers import Provider, provider
from tom_dataservices.query_forms import TargetsFromResultsForm
from tom_dataservices.result_curves import gives_curves
from tom_dataservices.result_cutouts import ROLE, images_awaited
from tom_dataservices.result_pages import columns_of, result_rows
from tom_dataservices.saved_queries import query_of
from tom_targets import conf as targets_conf
from tom_targets.permissions import may_create_targets

ROWS_A_PAGE = 200
_GONE = "{} is not installed in this TOM any more: it cannot be asked."
_UNFINISHED = "The query has not come to its end: these are the results that there are."


class ResultsPage(LoginRequiredMixin, View):
    """The results of one run."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = get_object_or_404(runs.runs_for_user(request.user), pk=pk)
        return render_results(request, run)


class MoreView(LoginRequiredMixin, View):
    """Fetch further results of a run; or ask the same again."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = get_object_or_404(runs.runs_for_user(request.user), pk=pk)
        if "again" in request.POST:
            try:
                asked = provider(run.kind, run.provider, request.user)
            except ImportError:
                messages.error(request, _GONE.format(run.provider))
                return redirect(run)
            query = query_of(run, request.user)
            parameters = dict(run.parameters if query is None else query.parameters)
            return redirect(runs.start_run(asked, parameters, query=query, again=True))
        return redirect(runs.fetch_more(run))


def raw_result(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what the service said of one result, as JSON."""
    rows = QueryResult.objects.filter(run__in=runs.runs_for_user(request.user))
    result = get_object_or_404(rows, pk=pk)
    try:
        content = plain(unpacked(result.raw))
    except AnswerLostError as error:
        return HttpResponse(str(error), status=410, content_type="text/plain; charset=utf-8")
    return JsonResponse(content, safe=False, json_dumps_params={"indent": 2})


def result_cutout(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer with the image that was kept of a result."""
    rows = ResultCutout.objects.filter(result__run__in=runs.runs_for_user(request.user))
    image = get_object_or_404(rows, result=pk, role=ROLE, note="")
    answer = HttpResponse(bytes(image.content), content_type="image/png")
    answer["Cache-Control"] = "private, max-age=604800, immutable"
    return answer


def plugin_failed(request: HttpRequest, title: str, text: str, *, status: int = 502) -> HttpResponse:
    """Answer with a page that names a plugin and says what is wrong with it."""
    return render(
        request, "tom_dataservices/plugin_failed.html", {"title": title, "text": text}, status=status
    )


def render_results(request: HttpRequest, run: QueryRun, *, query: Any = None) -> HttpResponse:
    """Answer with the page of a run's results; those that are there while it is still asking.

    A page that asks again while nothing came meanwhile (``have``) is answered with status 204: it stays.
    """
    try:
        asked = provider(run.kind, run.provider, request.user)
    except ImportError:  # what it found is shown all the same
        asked = None
        run.error = run.error or _GONE.format(run.provider)
    is_moving = run.is_asking
    have = f"{run.found}-{run.job.state}" if is_moving else ""
    if is_moving and request.GET.get("have") == have:
        return HttpResponse(status=204)
    if run.finished is None and not is_moving:  # it may have ended since the row was read
        run.refresh_from_db(fields=["finished", "found", "has_more", "feedback", "error"])
        if run.finished is None and not run.error:
            run.error = (run.job.error if run.job is not None else "") or _UNFINISHED
    near_arcsec = _near_arcsec(request)
    page, pages, limit = _page(request, run, is_moving=is_moving)
    pictured = _pictured(asked)
    rows = result_rows(
        run, request.user, first=(page - 1) * ROWS_A_PAGE, limit=limit, near_arcsec=near_arcsec
    )
    context = {
        "page": page,
        "pages": pages,
        "first_shown": rows[0].result.number + 1 if rows else 0,
        "last_shown": rows[-1].result.number + 1 if rows else 0,
        "run": run,
        "title": asked.title if asked is not None else run.provider,
        "query": query or run,
        "rows": rows,
        "columns": columns_of(rows),
        "is_moving": is_moving,
        "have": have,
        "waits": run.job.message if is_moving and run.job.state == Job.State.QUEUED else "",
        "images_awaited": not is_moving and images_awaited(run, rows, pictured),
        "has_curves": gives_curves(pictured) or any(len(row.values.get("points") or ()) > 1 for row in rows),
        "is_full": run.wanted >= runs.MOST_RESULTS,
        "feedback": run.feedback,
        "targets_form": TargetsFromResultsForm(user=request.user, near_arcsec=near_arcsec),
        "near_arcsec": near_arcsec,
        "known_count": sum(bool(row.known) and row.target is None for row in rows),
        "made_count": sum(row.target is not None for row in rows),
        "may_create": asked is not None and may_create_targets(request.user),
        "change_url": "" if asked is None else _form_url(asked, run),
        "new_count": run.results.filter(is_new=True).count() if run.query_id is not None else 0,
    }
    if asked is None:
        return render(request, "tom_dataservices/query_result.html", context)
    try:
        with plugin_reported(asked.title, letting=OF_OTHERS):
            template, extra = asked.result_page(run, rows)
            return render(request, template, {**context, **extra})
    except PluginFailedError as error:
        template, extra = asked.plain_result_page(run, rows)
        return render(request, template, {**context, **extra, "plugin_error": str(error)})


def _pictured(asked: Provider | None) -> Any:
    """Return the class of the service that gives images and light curves; None without, or if it fails."""
    if asked is None:
        return None
    try:
        with plugin_reported(asked.title, letting=OF_OTHERS):
            return type(asked.picturing_service())
    except PluginFailedError:  # logged there, and told by the page of results
        return None


def _form_url(asked: Provider, run: QueryRun) -> str:
    """Return the address of the form with what a run asked; empty where the kind has no such page.

    That of a kept query is its own, for whoever may change it.
    """
    address, field = asked.form_address
    query = query_of(run, asked.user, "change") if address else None
    if query is not None:
        return reverse(address.replace(":create", ":update"), args=[query.pk])
    return f"{reverse(address)}?{urlencode({field: run.provider, 'run': run.pk})}" if address else ""


def _page(request: HttpRequest, run: QueryRun, *, is_moving: bool) -> tuple[int, int, int]:
    """Return which page is asked for, how many there are, and how many rows it shows.

    While results come in, it is the first with as many rows as it had before more were asked for.
    """
    if is_moving:
        shown = conf.results_shown()
        return 1, 1, min(ROWS_A_PAGE, max(shown, run.wanted - shown))
    pages = max(1, -(-run.found // ROWS_A_PAGE))
    typed = request.GET.get("page", "")
    page = int(typed) if typed.isdecimal() and len(typed) < 7 else 1
    return min(max(1, page), pages), pages, ROWS_A_PAGE


def _near_arcsec(request: HttpRequest) -> float:
    """Return within what distance hits are told: as the address says, else as the settings do."""
    try:
        wanted = float(request.GET.get("near", ""))
    except ValueError:
        wanted = -1.0
    if 0.0 <= wanted <= MAX_RADIUS_ARCSEC:
        return wanted
    return targets_conf.duplicate_radius_arcsec()
