"""The stand-ins that get reports, people, and a target with a light curve and a spectrum."""

import datetime as dt

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction

from tests.standins import reports as standins
from tom_common import jobs
from tom_common.grants import grant_access
from tom_common.models import Job
from tom_dataproducts.models import PhotometryReducedDatum, SpectroscopyReducedDatum
from tom_targets.tests.factories import SiderealTargetFactory

NIGHT = dt.datetime(2026, 11, 20, 4, 30, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _waiting_jobs(settings, db, monkeypatch):
    """Leave jobs to a worker thread, whose part the tests play; what waits for a commit is done at once."""
    monkeypatch.setattr(transaction, "on_commit", lambda function, **_: function())
    settings.TOM_BACKGROUND = "thread"
    settings.TOM_BREAKER_FAILURES = 0
    settings.DATA_SERVICES = {}


@pytest.fixture
def tns(settings):
    with standins.tns() as state:
        settings.DATA_SERVICES = {**settings.DATA_SERVICES, "TNS": state.settings()}
        yield state


@pytest.fixture
def hermes(settings):
    with standins.hermes() as state:
        settings.DATA_SERVICES = {**settings.DATA_SERVICES, "Hermes": state.settings()}
        yield state


@pytest.fixture
def people(db):
    made = {
        name: User.objects.create_user(name, password="pw", first_name=name.title(), last_name="Sky")
        for name in ("owner", "reader", "stranger")
    }
    made["superuser"] = User.objects.create_superuser("superuser", password="pw")
    made["group"] = Group.objects.create(name="team")
    made["owner"].profile.affiliation = "ESO"
    made["owner"].profile.save()
    return made


@pytest.fixture
def target(people):
    made = SiderealTargetFactory(name="ZTF26aaaaaab", ra=150.1, dec=2.2, permissions="PRIVATE")
    grant_access(people["owner"], made)
    grant_access(people["reader"], made, ["view_target"])
    for hours, values in (
        (-48, {"limit": 20.1}),
        (-24, {"limit": 20.5}),
        (0, {"brightness": 19.12, "brightness_error": 0.1}),
        (24, {"brightness": 18.4, "brightness_error": 0.05}),
        (48, {"limit": 19.9}),
    ):
        PhotometryReducedDatum.objects.create(
            target=made,
            timestamp=NIGHT + dt.timedelta(hours=hours),
            bandpass="g",
            instrument="ZTF-Cam",
            telescope="P48",
            source_name="Fink",
            exposure_time=30.0,
            **values,
        )
    return made


@pytest.fixture
def spectrum(target):
    return SpectroscopyReducedDatum.objects.create(
        target=target,
        timestamp=NIGHT + dt.timedelta(hours=30),
        instrument="EFOSC2",
        telescope="NTT",
        wavelength=[4000.0, 5000.0, 6000.0],
        flux=[1.0, 2.5, 1.5],
        wavelength_unit="Angstrom",
    )


@pytest.fixture
def as_owner(people, client):
    client.force_login(people["owner"])
    return client


@pytest.fixture
def work():
    """Give a function that runs jobs, also those that wait, one after the other."""

    def run(steps=30):
        for _ in range(steps):
            job = Job.objects.filter(state=Job.State.QUEUED).order_by("run_after", "pk").first()
            if job is None:
                return
            assert jobs.claim(job)
            jobs.run_claimed(job, monitored=False)

    return run
