"""Stand-ins of the data services, the settings that lead to them, and people with a target."""

import pytest
from django.db import transaction

from tests.api.conftest import group, people  # noqa: F401  fixtures
from tests.standins.atlas import TOKEN, Atlas
from tests.standins.serving import running
from tom_common import jobs
from tom_common.grants import grant_access
from tom_common.models import Job
from tom_dataproducts.models import ServiceQuery
from tom_targets.tests.factories import SiderealTargetFactory

FOLDER = "tom_dataproducts.single_target_data_service"
QUICK = {"pace": 0.002}
STAYS = {"pm_ra": None, "pm_dec": None, "parallax": None}


@pytest.fixture(autouse=True)
def _waiting_jobs(settings, db, tmp_path, monkeypatch):
    """Leave jobs to a worker thread, whose part the tests play; what waits for a commit is done at once."""
    monkeypatch.setattr(transaction, "on_commit", lambda function, **_: function())
    settings.TOM_BACKGROUND = "thread"
    settings.TOM_BREAKER_FAILURES = 0
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def atlas(settings):
    with running(Atlas()) as found:
        path = f"{FOLDER}.atlas.AtlasForcedPhotometryService"
        config = {"class": path, "url": f"{found.url}/forcedphot", "api_key": TOKEN, **QUICK}
        settings.SINGLE_TARGET_DATA_SERVICES = {"ATLAS": config}
        yield found


@pytest.fixture
def target(people):  # noqa: F811
    found = SiderealTargetFactory(name="AT 2026abc", ra=65.00165, dec=-20.25, permissions="PRIVATE", **STAYS)
    grant_access(people["owner"], found)
    return found


@pytest.fixture
def work():
    """Give a function that runs jobs, also those that wait, until none is left or a query has ended."""

    def run(steps=30):
        for _ in range(steps):
            job = Job.objects.filter(state=Job.State.QUEUED).order_by("run_after", "pk").first()
            if job is None:
                return
            assert jobs.claim(job)
            jobs.run_claimed(job, monitored=False)

    return run


@pytest.fixture
def the_query():
    """Give a function that returns the only query there is."""
    return lambda: ServiceQuery.objects.select_related("target", "user").get()
