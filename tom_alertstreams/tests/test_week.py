"""A small week of alerts, replayed with kills, stores what one without harm does."""

import subprocess
import sys

import pytest

from benchmarks.databases import ROOT
from benchmarks.week import differences
from tests.services import needed

pytestmark = pytest.mark.once


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_week_with_kills_stores_what_a_calm_one_does(kind):
    needed("Kafka")
    if kind == "postgresql":
        needed("PostgreSQL")
    command = [
        sys.executable,
        "-m",
        "benchmarks.week",
        "--databases",
        kind,
        "--alerts",
        "210",
        "--kills",
        "7",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert f"{kind}: THE SAME ROWS" in done.stdout
    assert "7 kills of readstreams" in done.stdout
    assert "2 broker began anew" in done.stdout


def test_a_row_that_is_lost_or_doubled_is_a_difference():
    rows = {"points": ["a", "b", "b"], "letters": ["x"]}
    assert differences(rows, rows) == []
    assert differences(rows, {"points": ["b", "a"], "letters": ["x", "x"]}) == [
        "points: 1 rows missing, 0 too many",
        "  missing  b",
        "letters: 0 rows missing, 1 too many",
        "  too many x",
    ]
