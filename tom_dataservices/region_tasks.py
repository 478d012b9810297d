"""The task that keeps the sky maps of results as regions; only GraceDB has such results."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from tom_common.background import InputRefused, background_task, current_job
from tom_common.remote import RemoteRejected
from tom_common.turns import turn
from tom_dataservices.plugin_errors import PluginFailedError, plugin_reported
from tom_dataservices.providers import provider
from tom_dataservices.runs import chosen, runs_for_user


@background_task(max_retries=1, time_limit_ms=30 * 60 * 1000, title="Sky maps as regions")
def keep_sky_maps(run_pk: int, user_id: int, ids: list[str], percent: float) -> dict[str, Any]:
    """Keep the sky maps of results of a run as regions, and write it beside them; safe to run twice."""
    user = get_user_model()._default_manager.get(pk=user_id)
    run = runs_for_user(user).filter(pk=run_pk).first()
    if run is None:
        raise InputRefused("The results are gone; run the query again.")
    try:
        service = provider(run.kind, run.provider, user).picturing_service()
    except ImportError as error:
        raise InputRefused(f"{run.provider} is not installed in this TOM any more: {error}") from error
    if not getattr(service, "gives_regions", False):
        raise InputRefused(f"Results of {run.provider} have no sky maps.")
    job = current_job()
    results = list(chosen(run, ids))
    links = []
    with turn(run.provider):
        for number, result in enumerate(results, start=1):
            job.check_cancelled()
            try:
                with plugin_reported(service.name, letting=(RemoteRejected,)):
                    kept = service.keep_region(result.result_id, percent)
            except RemoteRejected as error:  # one may be hidden by now: the others are kept
                job.log(f"{result.name}: {error}")
                continue
            except PluginFailedError as error:
                raise InputRefused(str(error)) from error
            job.log(f"{result.name}: {kept.words}")
            extras = {**(result.values.get("extras") or {}), **kept.facts()}
            result.values = {**result.values, "extras": extras}
            result.save(update_fields=["values"])
            if kept.region is not None:
                links.append({"label": kept.region.name, "url": kept.region.get_absolute_url()})
            job.progress(number, len(results), f"{len(links)} regions kept")
    links.append({"label": "Show the results", "url": run.get_absolute_url()})
    return {"regions": len(links) - 1, "without_map": len(results) - len(links) + 1, "links": links}
