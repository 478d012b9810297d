"""The job that asks one service for the data of many targets."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from tom_alerts import data_updates
from tom_common.background import InputRefused, background_task, current_job
from tom_targets.models import Target, TargetList
from tom_targets.permissions import target_lists_for_user


@background_task(title="Data of targets", queue="bulk", time_limit_ms=6 * 3600 * 1000)
def update_service_data(
    kind: str,
    service: str,
    user_id: int | None = None,
    list_pk: int | None = None,
    target_pk: int | None = None,
    force: bool = False,
    any_source: bool = False,
) -> dict[str, Any]:
    """Ask a service about the targets of a list, or about one or all of those whose data it gave.

    With `any_source` also about targets without data of it.

    Safe to run twice: who was asked a moment ago is left alone.
    """
    user = get_user_model()._default_manager.get(pk=user_id) if user_id else None
    targets: Any = Target.objects.all()
    if target_pk is not None:
        targets = targets.filter(pk=target_pk)
    elif list_pk is not None:
        lists = TargetList.objects.filter(pk=list_pk)
        found = (target_lists_for_user(user, lists) if user else lists).first()
        if found is None:
            raise InputRefused("The list is gone, or you may not see it any more.")
        targets = targets.filter(targetlist=found)
    if list_pk is None and not any_source:
        targets = data_updates.fed_by(service, targets)
    job = current_job()

    def tell(report: data_updates.UpdateReport, total: int) -> None:
        job.check_cancelled()
        job.progress(report.asked + report.skipped, total, report.summary())

    try:
        report = data_updates.update(kind, service, targets, user=user, force=force, tell=tell)
    except ImportError as error:
        raise InputRefused(str(error)) from error
    for note in report.notes:
        job.log(note)
    if report.failed and report.failed == report.asked:
        raise InputRefused(report.notes[0])
    return {
        "asked": report.asked,
        "left_alone": report.skipped,
        "data": report.rows,
        "failed": report.failed,
    }
