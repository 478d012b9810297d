"""Workers that are killed in the middle of everything: each query ends right, and is asked once."""

import os
import subprocess
import sys

import pytest

from tests.test_bare_settings import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.once]


@pytest.mark.parametrize("worker", ["run_jobs", "dramatiq"])
def test_queries_survive_their_worker(worker, request):
    environment = {**os.environ}
    if worker == "dramatiq":
        environment["REDIS_URL"] = request.getfixturevalue("redis_url")
    for variable in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "TEST_DATABASE_URL", "TOM_DATA_DIR"):
        environment.pop(variable, None)
    command = [sys.executable, "-m", "benchmarks.service_queries"]
    done = subprocess.run(
        [*command, "--worker", worker, "--queries", "8", "--kills", "2"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 tasks at the service, 0 of them asked twice; 40 points stored" in done.stdout
