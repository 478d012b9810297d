"""Background tasks of tom_alerts: filters tried, and what is done with candidates."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse

from tom_alerts.actions import act_on_due
from tom_alerts.filter_deletion import delete_with_candidates
from tom_alerts.filter_models import AlertFilter, FilterTest
from tom_alerts.filter_tests import run_test
from tom_alerts.kept_alerts import forget_old_alerts
from tom_alerts.permissions import shared_for_user
from tom_alerts.telling import mail
from tom_common.background import InputRefused, background_task, current_job
from tom_common.models import Job


@background_task(title="What filters do with candidates", queue="bulk", time_limit_ms=1800 * 1000)
def act() -> dict[str, Any]:
    """Do what is due with candidates; safe to run twice."""
    return act_on_due()


@background_task(max_retries=30, time_limit_ms=120 * 1000, title="Mail about candidates", queue="bulk")
def mail_news(filter_pk: int, user_pk: int, candidate_pks: list[int]) -> dict[str, Any]:
    """Mail a user about new candidates of a filter; sent again for hours while no server takes it."""
    one = AlertFilter.objects.filter(pk=filter_pk).first()
    user = get_user_model()._default_manager.filter(pk=user_pk).first()
    is_sent = one is not None and user is not None and mail(one, user, candidate_pks)
    return {"sent": int(is_sent)}


@background_task(title="Old alerts of candidates", queue="bulk", time_limit_ms=1800 * 1000)
def forget_alerts() -> dict[str, Any]:
    """Forget alerts that are kept with candidates for long enough; safe to run twice."""
    return {"forgotten": forget_old_alerts()}


def act_soon() -> None:
    """Have what is due done soon, once for however many batches ask for it before it begins."""
    if not Job.objects.filter(task=act.path, state=Job.State.QUEUED).exists():
        act.send()


@background_task(time_limit_ms=2 * 3600 * 1000, title="Deletion of a filter", queue="bulk")
def delete_filter_soon(filter_pk: int, user_id: int) -> dict[str, Any]:
    """Delete a filter and its candidates with the rights that a user has now; a second run does the rest."""
    job = current_job()
    user = get_user_model()._default_manager.get(pk=user_id)
    one = shared_for_user(user, AlertFilter.objects.filter(pk=filter_pk), "change").first()
    if one is None:
        raise InputRefused("The filter is gone, or you may not delete it any more.")
    total = one.candidates.count()

    def tell(done: int) -> None:
        job.check_cancelled()
        job.progress(done, total, f"{done:,} of {total:,} candidates")

    deleted = delete_with_candidates(one, tell)
    job.progress(deleted, deleted, f"the filter and its {deleted:,} candidates are deleted")
    return {"deleted": deleted, "links": [{"label": "Filters", "url": reverse("alerts:filters")}]}


@background_task(time_limit_ms=900 * 1000, title="Test of a filter")
def try_filter(test_pk: int) -> dict[str, Any]:
    """Try a filter on past alerts; safe to run twice."""
    test = FilterTest.objects.select_related("alert_filter__user").filter(pk=test_pk).first()
    if test is None:
        raise InputRefused("The filter was deleted.")
    job = current_job()

    def tell(count: int) -> None:
        job.check_cancelled()
        job.progress(count, None, f"{count:,} alerts so far")

    run_test(test, tell)
    if test.error:
        raise InputRefused(test.error)
    links = [{"label": "Show the result", "url": reverse("alerts:filter", args=[test.alert_filter_id])}]
    return {"sampled": test.sampled, "passed": test.passed, "links": links}
