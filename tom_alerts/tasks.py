"""Background tasks of tom_alerts: filters tried, and what is done with candidates."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from tom_alerts.actions import act_on_due
from tom_alerts.filter_models import FilterTest
from tom_alerts.filter_tests import run_test
from tom_alerts.kept_alerts import forget_old_alerts
from tom_common.background import InputRefused, background_task, current_job
from tom_common.models import Job


@background_task(title="What filters do with candidates", queue="bulk", time_limit_ms=1800 * 1000)
def act() -> dict[str, Any]:
    """Do what is due with candidates; safe to run twice."""
    return act_on_due()


@background_task(title="Old alerts of candidates", queue="bulk", time_limit_ms=1800 * 1000)
def forget_alerts() -> dict[str, Any]:
    """Forget alerts that are kept with candidates for long enough; safe to run twice."""
    return {"forgotten": forget_old_alerts()}


def act_soon() -> None:
    """Have what is due done soon, once for however many batches ask for it before it begins."""
    if not Job.objects.filter(task=act.path, state=Job.State.QUEUED).exists():
        act.send()


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
