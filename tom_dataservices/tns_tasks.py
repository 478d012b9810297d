"""The periodic task that reads the daily list of TNS and completes targets by it."""

from __future__ import annotations

from typing import Any

from tom_common.background import InputRefused, background_task, current_job
from tom_common.remote import RemoteError
from tom_dataservices import conf, tns_completion, tns_list
from tom_dataservices.exceptions import MissingDataException, NotConfiguredError


def wanted() -> dict[str, bool]:
    """Return what the settings ask for: ``daily_list`` and ``complete_targets``, both off without."""
    found = conf.data_service_settings("TNS") or {}
    return {name: bool(found.get(name)) for name in ("daily_list", "complete_targets")}


@background_task(title="Daily list of TNS", queue="bulk", time_limit_ms=2 * 3600 * 1000)
def read_tns_list() -> dict[str, Any]:
    """Read what TNS has made since the last time, and complete targets by it; safe to run twice.

    Does nothing unless the settings ask for it.
    """
    asked = wanted()
    if not asked["daily_list"]:
        return {"read": 0}
    job = current_job()

    def tell(words: str) -> None:
        job.check_cancelled()
        job.progress(0, None, words)

    try:
        report = tns_list.read_new_files(tell=tell)
    except (NotConfiguredError, MissingDataException, RemoteError) as error:
        raise InputRefused(str(error)) from error
    for reason in report.reasons:
        job.log(f"left out: {reason}")
    found: dict[str, Any] = {"rows": report.rows, "changed": report.changed, "left_out": report.rejected}
    if asked["complete_targets"] and tns_list.covered_until() is not None:
        completed = tns_completion.complete_targets(tell=lambda one: tell(one.summary()))
        for note in completed.notes:
            job.log(note)
        found |= {"names": completed.names, "classifications": completed.classes}
    return found
