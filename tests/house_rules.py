"""The rules every test lives by: no network, no skips in CI, seeded chance, files in a temporary folder.

A pytest plugin, loaded by ``conftest.py`` in the project's root.
"""

import ipaddress
import json
import os
import random
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import transaction
from django.test import SimpleTestCase
from hypothesis import settings as hypothesis_settings

SEED = 20_260_814
NIGHT = datetime(2026, 8, 14, 4, 0, tzinfo=UTC)

hypothesis_settings.register_profile("house", derandomize=True, deadline=None, database=None)
hypothesis_settings.load_profile("house")


class NetworkUseError(RuntimeError):
    """A test tried to reach another host."""


def _is_local(host) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in (None, "", "localhost", "localhost."):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _only_local(function):
    def guarded(self, address, *args):
        if self.family != socket.AF_UNIX and isinstance(address, tuple) and not _is_local(address[0]):
            raise NetworkUseError(f"a test may not reach {address!r}: use a stand-in server on localhost")
        return function(self, address, *args)

    return guarded


def _only_local_names(function):
    def guarded(host, *args, **kwargs):
        if not _is_local(host) and host != "0.0.0.0":  # noqa: S104  asked for by servers that listen
            raise NetworkUseError(f"a test may not look up {host!r}: use a stand-in server on localhost")
        return function(host, *args, **kwargs)

    return guarded


def pytest_configure(config):
    socket.socket.connect = _only_local(socket.socket.connect)
    socket.socket.connect_ex = _only_local(socket.socket.connect_ex)
    socket.getaddrinfo = _only_local_names(socket.getaddrinfo)


def _uses_database(item) -> bool:
    asked = {"db", "transactional_db", "live_server"}
    is_case = issubclass(getattr(item, "cls", None) or object, SimpleTestCase)
    return is_case or "django_db" in item.keywords or not asked.isdisjoint(getattr(item, "fixturenames", ()))


def pytest_collection_modifyitems(config, items):
    from django.db import connection

    here = Path(__file__).parent
    kept, left_out = [], []
    for item in items:
        if here / "e2e" in item.path.parents or here / "front_end" in item.path.parents:
            item.add_marker(pytest.mark.e2e)
        if _uses_database(item):
            item.add_marker(pytest.mark.database)
        engines = item.get_closest_marker("only_on")
        (left_out if engines and connection.vendor not in engines.args else kept).append(item)
    items[:] = kept
    if left_out:
        config.hook.pytest_deselected(items=left_out)


def _skipping_is_forbidden() -> bool:
    return os.environ.get("TOM_CI") == "1"


def _fail_instead(report) -> None:
    where = report.longrepr
    reason = where[2] if isinstance(where, tuple) else str(where)
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid}: skipping is forbidden here (TOM_CI=1). {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _skipping_is_forbidden():
        _fail_instead(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    if report.skipped and _skipping_is_forbidden():
        _fail_instead(report)
    return report


def pytest_terminal_summary(terminalreporter):
    counts = os.environ.get("TOM_TEST_COUNTS")
    if counts:
        number = {outcome: len(reports) for outcome, reports in terminalreporter.stats.items()}
        failed = number.get("failed", 0) + number.get("error", 0)
        passed = number.get("passed", 0) + number.get("xfailed", 0)
        found = {"passed": passed, "failed": failed, "skipped": number.get("skipped", 0)}
        Path(counts).write_text(json.dumps(found))


@pytest.fixture(autouse=True)
def _seeded_chance():
    """Start every test with the same random numbers."""
    import factory.random
    import numpy as np

    random.seed(SEED)
    np.random.seed(SEED)
    factory.random.reseed_random(SEED)


@pytest.fixture(autouse=True)
def _own_media_folder(settings, tmp_path):
    """Give every test a media folder of its own."""
    settings.MEDIA_ROOT = str(tmp_path / "media")


@pytest.fixture(autouse=True)
def _no_worker_is_left():
    """End the threads of a web process that a test has begun; the next test is no web process again."""
    yield
    worker = sys.modules.get("tom_common.job_worker")
    if worker is not None:
        worker._web_process_pid = None
        if worker._crew is not None and worker._crew.is_alive():
            worker._crew.stop(0.0)


@pytest.fixture
def night():
    """Stop the clock at `NIGHT` and give it, for tests of what depends on the time."""
    import time_machine

    with time_machine.travel(NIGHT, tick=False):
        yield NIGHT


@pytest.fixture
def at_once(monkeypatch):
    """Run what waits for a commit at once: jobs then end before the page answers, without a real commit."""
    monkeypatch.setattr(transaction, "on_commit", lambda call, using=None, robust=False: call())
