"""What may take long does not keep people waiting who asked for something short."""

from importlib import import_module
from pathlib import Path

import pytest

from tom_alerts.models import SentReport
from tom_common.background import BackgroundTask
from tom_common.job_worker import JobWorker
from tom_common.models import Job
from tom_dataproducts.models import ServiceQuery
from tom_targets.tests.factories import SiderealTargetFactory

ROOT = Path(__file__).resolve().parent.parent
LONGEST_INTERACTIVE_MS = 30 * 60 * 1000


def tasks():
    found = {}
    for path in ROOT.glob("tom_*/**/*.py"):
        if "tests" in path.parts or "\n@background_task(" not in path.read_text():
            continue
        module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        found |= {task.path: task for task in vars(module).values() if isinstance(task, BackgroundTask)}
    return found


@pytest.mark.once
def test_what_may_take_longer_than_half_an_hour_is_bulk_work():
    found = tasks()
    assert "tom_common.periodic.tidy" in found
    long = {path for path, task in found.items() if (task.time_limit_ms or 0) > LONGEST_INTERACTIVE_MS}
    assert "tom_targets.tasks.import_targets_file" in long
    assert {path for path in long if found[path].queue != "bulk"} == set()


def test_what_asks_outside_services_takes_turns(transactional_db, settings, monkeypatch, django_user_model):
    settings.TOM_BACKGROUND = "thread"
    monkeypatch.setattr("tom_common.turns.turns.take", lambda service: False)
    user = django_user_model.objects.create_superuser("boss")
    target = SiderealTargetFactory()
    query = ServiceQuery.objects.create(service="Atlas", target=target, user=user, product_type="photometry")
    report = SentReport.objects.create(
        kind=SentReport.Kind.HERMES, state=SentReport.State.QUEUED, target_id=target.pk, user=user
    )
    found = tasks()

    def send(path, **arguments):
        found[path].submit(user=user, title=path, **arguments)

    forced = "tom_dataproducts.single_target_data_service.tasks"
    send(f"{forced}.ask_service", query_id=query.pk)
    send(
        f"{forced}.withdraw_request",
        query_id=query.pk,
        mark="",
        remote_id="7",
        sent_at="2026-01-01T00:00:00+00:00",
    )
    send("tom_dataproducts.light_curve_tasks.fetch_dust", target_id=target.pk)
    send("tom_alerts.reports.value_lists.fetch_value_lists")
    send("tom_alerts.reports.tasks.send_report", report_pk=report.pk, user_id=user.pk)
    submission = {"target_pk": target.pk, "record_pk": None, "values": {}, "user_id": user.pk}
    send("tom_alerts.submission.submit_alert", broker="Hermes", **submission)
    jobs = Job.objects.filter(title__in=found)
    for _ in range(jobs.count()):
        assert JobWorker().run_one()
    states = {job.title: (job.state, job.message[:6], job.error) for job in jobs}
    assert states == {title: ("queued", "Waits ", "") for title in states}
    assert len(states) == 6
    report.refresh_from_db()
    assert report.state == SentReport.State.QUEUED
