import pytest
from django.contrib.auth import get_user_model
from django.db import transaction

from tom_common import job_worker
from tom_common.tests import background_tasks as tasks


@pytest.fixture(autouse=True)
def _no_web_process(monkeypatch):
    """Forget that an earlier test of this process sent a real request: no other thread runs jobs."""
    monkeypatch.setattr(job_worker, "_web_process_pid", None)


@pytest.fixture(autouse=True)
def _fresh_tasks():
    tasks.calls.clear()
    tasks.release.clear()
    tasks.started.clear()
    yield
    tasks.release.set()


@pytest.fixture
def owner(db):
    return get_user_model().objects.create_user("owner")


@pytest.fixture
def at_once(db, monkeypatch):
    """Run what waits for a commit without waiting: emptying all tables after a real commit takes seconds."""
    monkeypatch.setattr(transaction, "on_commit", lambda function, **_: function())


@pytest.fixture
def thread_mode(settings, transactional_db):
    """Send to the worker thread; the tests run it themselves."""
    settings.TOM_BACKGROUND = "thread"
