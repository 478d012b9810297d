"""Background tasks of tom_dataservices."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse

from tom_common.background import InputRefused, background_task, current_job
from tom_common.models import Job
from tom_common.turns import turn
from tom_dataservices.ingest import IngestOptions, IngestReport, ingest_packets
from tom_dataservices.made_targets import NotAllowedError, Wanted, access_for, targets_for
from tom_dataservices.models import QueryRun
from tom_dataservices.plugin_errors import PluginFailedError, plugin_reported
from tom_dataservices.providers import DataServiceProvider, provider
from tom_dataservices.result_curves import fetch_curves
from tom_dataservices.result_cutouts import fetch_cutouts, gives_cutouts
from tom_dataservices.runs import chosen, fetch_now, runs_for_user
from tom_dataservices.uploads import discard_uploads, local_copies
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user
from tom_targets.selectors import list_of_name, user_lists


@background_task(max_retries=2, time_limit_ms=6 * 3600 * 1000, queue="bulk")
def ingest_uploaded_alerts(
    folder: str,
    user_id: int,
    permissions: str = "PUBLIC",
    group_ids: list[int] | None = None,
    list_name: str = "",
    all_cutouts: bool = False,
    dry_run: bool = False,
    on_near: str = "create",
) -> dict[str, Any]:
    """Ingest the alert files of one upload with the rights of its user; safe to run twice."""
    user = get_user_model()._default_manager.get(pk=user_id)
    options = IngestOptions(
        user=user,
        permissions=permissions,
        group_ids=tuple(group_ids or ()),
        list_name=list_name,
        all_cutouts=all_cutouts,
        dry_run=dry_run,
        on_near=on_near,
        file_names_only=True,
    )
    job = current_job()
    told = told_near = 0

    def tell(report: IngestReport) -> None:
        nonlocal told, told_near
        job.check_cancelled()
        for reason in report.reasons[told:]:
            job.log(f"rejected: {reason}")
        told = len(report.reasons)
        for note in report.near_notes[told_near:]:
            job.log(f"near: {note}")
        told_near = len(report.near_notes)
        done = round(1000 * (report.fraction or 0.0))
        job.progress(done, 1000 if report.fraction is not None else None, report.summary())

    with local_copies(folder) as paths:
        report = ingest_packets(paths, options, on_progress=tell)
    tell(report)
    job.log(("dry run, nothing was changed: " if dry_run else "") + report.summary())
    discard_uploads(folder)
    if report.received == report.rejected:
        first = report.reasons[0] if report.reasons else "the files hold no alerts"
        raise InputRefused(f"No packet could be taken: {first}")
    result = report.as_dict()
    for name in ("reasons", "near_notes", "batches", "fraction"):  # the reasons stand in the log
        del result[name]
    target_list = list_of_name(list_name)
    url = target_list.get_absolute_url() if target_list else reverse("targets:list")
    return {**result, "links": [{"label": "Show the targets", "url": url}]}


@background_task(time_limit_ms=15 * 60 * 1000, title="Query", success_is_news_after_s=20.0)
def run_query(run_pk: int) -> dict[str, Any]:
    """Ask the service of a run and keep its answer; safe to run twice."""
    run = QueryRun.objects.filter(pk=run_pk).first()
    if run is None:
        raise InputRefused("The query was deleted.")
    job = current_job()

    def tell(count: int) -> None:
        job.check_cancelled()
        job.progress(count, None, f"{count} results so far")

    try:
        with turn(run.provider):
            fetch_now(run, tell)
    except PluginFailedError as error:
        raise InputRefused(str(error)) from error
    fetch_images_later(run, user=run.user)
    links = [{"label": "Show the results", "url": run.get_absolute_url()}]
    return {"results": run.found, "has_more": run.has_more, "links": links}


@background_task(time_limit_ms=15 * 60 * 1000, title="Catalogue", tells_end=False)
def run_query_quietly(run_pk: int) -> dict[str, Any]:
    """Do what `run_query` does, for a page that shows many of them: a service that fails is told there."""
    try:
        return run_query(run_pk)
    except InputRefused as error:
        return {"error": str(error)}


def fetch_images_later(run: QueryRun, *, user: Any) -> None:
    """Fetch images of the results of a run in a job of a user, None for nobody, if its service gives any."""
    if run.found:
        service = provider(run.kind, run.provider, run.user).picturing_service()
        if gives_cutouts(type(service)):
            fetch_result_cutouts.submit(
                user=user, title=f"Light curves and images of {run}"[:200], run_pk=run.pk
            )


@background_task(
    max_retries=1,
    time_limit_ms=10 * 60 * 1000,
    title="Light curves and images of results",
    queue="bulk",
    tells_end=False,  # they appear beside the results
)
def fetch_result_cutouts(run_pk: int) -> dict[str, Any]:
    """Fetch small light curves and images of the first results of a run; safe to run twice."""
    run = QueryRun.objects.filter(pk=run_pk).first()
    if run is None:
        raise InputRefused("The query was deleted.")
    job = current_job()

    def tell(what: str, count: int) -> None:
        job.check_cancelled()
        job.progress(count, None, f"{count} {what} so far")

    service = provider(run.kind, run.provider, run.user).picturing_service()
    curves, problem = 0, None
    try:
        curves = fetch_curves(run, service, partial(tell, "light curves"))
    except PluginFailedError as error:  # images may lie on another machine
        problem = error
    try:
        kept = fetch_cutouts(run, service, partial(tell, "images"))
    except PluginFailedError as error:
        problem = problem or error
    if problem is not None:
        raise InputRefused(str(problem)) from problem
    return {
        "curves": curves,
        "images": kept,
        "links": [{"label": "Show the results", "url": run.get_absolute_url()}],
    }


FEW = 10
"""Results of which targets are made in an interactive job: so many take seconds."""
_MOST_LINKS = 20


@background_task(time_limit_ms=15 * 60 * 1000, title="Targets from a query")
def targets_from_few_results(run_pk: int, user_id: int, **chosen_once: Any) -> dict[str, Any]:
    """Do what `targets_from_results` does, not waiting behind bulk work; safe to run twice."""
    run = QueryRun.objects.filter(pk=run_pk).first()
    with turn(run.provider if run is not None else ""):
        return _targets_from(run_pk, user_id, **chosen_once)


@background_task(time_limit_ms=3600 * 1000, title="Targets from a query", queue="bulk")
def targets_from_results(run_pk: int, user_id: int, **chosen_once: Any) -> dict[str, Any]:
    """Make targets of results of a run with the rights of a user; safe to run twice.

    Parameters
    ----------
    run_pk, user_id : int
    **chosen_once
        ``ids`` (all without), and the values of `Wanted`.
    """
    return _targets_from(run_pk, user_id, **chosen_once)


def make_targets_later(run: QueryRun, user: Any, ids: list[str] | None, wanted: Wanted) -> Job:
    """Have targets made of results of a run: at once of a few, of many (None: all) when it fits."""
    count = run.found if ids is None else len(ids)
    task = targets_from_few_results if count <= FEW else targets_from_results
    title = f"Targets from {run}"[:200]
    return task.submit(
        user=user, title=title, run_pk=run.pk, user_id=user.pk, ids=ids, **dataclasses.asdict(wanted)
    )


def _targets_from(run_pk: int, user_id: int, ids: list[str] | None = None, **values: Any) -> dict[str, Any]:
    user = get_user_model()._default_manager.get(pk=user_id)
    run = runs_for_user(user).filter(pk=run_pk).first()
    try:
        if run is None:
            access_for(user, Wanted())  # who may not add targets is told that
            raise InputRefused("The results are gone; run the query again.")
        report = targets_for(user, chosen(run, ids), Wanted(**values))
    except NotAllowedError as error:
        raise InputRefused(str(error)) from error
    except ImportError as error:
        gone = f"{run.provider} is not installed in this TOM any more: {error}" if run is not None else error
        raise InputRefused(str(gone)) from error
    job = current_job()
    for note in report.notes:
        job.log(note)
    if not report.all and not report.left_out:
        raise InputRefused(report.notes[0] if report.notes else "None of the results makes a target.")
    shown = Target.objects.in_bulk([target.pk for target in report.all[:_MOST_LINKS]])
    links = [{"label": target.name, "url": target.get_absolute_url()} for target in shown.values()]
    links.append({"label": "Show the results", "url": run.get_absolute_url()})
    lists = [one for one in user_lists(user) if one.name == values.get("list_name")]
    links += [{"label": f"List: {one.name}", "url": one.get_absolute_url()} for one in lists[:1]]
    return {
        "created": len(report.made),
        "already_there": len(report.there),
        "left_out": report.left_out,
        "data": report.data_rows,
        "links": links,
    }


@background_task(max_retries=1, time_limit_ms=15 * 60 * 1000, title="Data of a target")
def update_target_data(target_pk: int, service: str, user_id: int) -> dict[str, Any]:
    """Ask a data service for what it knows of a target, and store it; safe to run twice."""
    user = get_user_model()._default_manager.get(pk=user_id)
    target = targets_for_user(user, Target.objects.filter(pk=target_pk), "change_target").first()
    if target is None:
        raise InputRefused("The target is gone, or you may not add data to it any more.")
    asked = DataServiceProvider(service, user)
    try:
        with turn(service), plugin_reported(asked.title):
            rows = asked.update(target)
    except PluginFailedError as error:
        raise InputRefused(str(error)) from error
    return {"data": rows, "links": [{"label": target.name, "url": target.get_absolute_url()}]}
