"""Jobs and workers for the tests of background work."""

import datetime as dt
import time

from django.utils import timezone

from tom_common.job_owner import STALE_AFTER_S
from tom_common.job_worker import JobWorker
from tom_common.models import Job

State = Job.State


def run_due(count=1):
    worker = JobWorker()
    return sum(worker.run_one() for _ in range(count))


def abandoned(**changes):
    values = {
        "title": "abandoned",
        "task": "tom_common.tests.background_tasks.add",
        "arguments": {"args": [1], "kwargs": {}},
        "state": State.RUNNING,
        "worker": "elsewhere:1:x",
        "heartbeat_at": timezone.now() - dt.timedelta(seconds=STALE_AFTER_S + 1),
        "attempts": 1,
    }
    return Job.objects.create(**(values | changes))


def wait_for(claim, seconds=10):
    deadline = time.monotonic() + seconds
    while not claim() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert claim()


def state_of(job):
    return Job.objects.values_list("state", flat=True).get(pk=job.pk)
