"""Run the tests on every database of this machine, and say loudly what could not be run (``make test``).

With ``TOM_CI=1`` nothing may be missing and no test may skip. The last line counts the tests of all runs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.services import FINDERS, HOW_TO_GET  # noqa: E402

NEVER = "not canary"


def missing_services() -> list[str]:
    """Give the names of what the tests could use and this machine does not offer."""
    return [name for name, find in FINDERS.items() if find() is None]


def pytest_run(title: str, markers: str, arguments: list[str], database: str = "") -> dict[str, int]:
    """Run pytest once, in as many processes as there are cores, and give its counts."""
    print(f"\n=== {title} ===", flush=True)
    with tempfile.TemporaryDirectory(prefix="tom-counts-") as scratch:
        counts = Path(scratch) / "counts.json"
        environment = {**os.environ, "TEST_DATABASE_URL": database, "TOM_TEST_COUNTS": str(counts)}
        environment.pop("DATABASE_URL", None)
        command = [sys.executable, "-m", "pytest", "-q", "-rs", "-n", "auto", "--dist", "worksteal"]
        command += ["--create-db", "-m", markers, *arguments]
        status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        found = json.loads(counts.read_text()) if counts.is_file() else {}
    passed, failed = found.get("passed", 0), found.get("failed", 0)
    if status and not failed:
        print(f"pytest ended with status {status} without a failed test", flush=True)
        failed = 1
    return {"passed": passed, "failed": failed, "skipped": found.get("skipped", 0)}


def smoke_run(url: str) -> dict[str, int]:
    """Migrate, load the demo and ask for the main pages on MariaDB."""
    print("\n=== smoke run on MariaDB ===", flush=True)
    status = subprocess.run([sys.executable, "tools/smoke.py", url], cwd=ROOT, check=False).returncode
    return {"passed": int(status == 0), "failed": int(status != 0), "skipped": 0}


def runs(options, arguments: list[str]):
    """Yield the counts of each run."""
    if options.only_browser:
        yield pytest_run("tests in a browser", f"{NEVER} and e2e", arguments)
        return
    yield pytest_run("tests on SQLite", NEVER, arguments)
    if url := FINDERS["PostgreSQL"]():
        second = f"{NEVER} and database and not e2e and not once"
        yield pytest_run("tests on PostgreSQL", second, arguments, database=url)
    if not arguments and (url := FINDERS["MariaDB"]()):
        yield smoke_run(url)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only-browser", action="store_true", help="only what drives a browser")
    options, arguments = parser.parse_known_args()
    missing = missing_services()
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for counts in runs(options, arguments):
        for outcome, number in counts.items():
            total[outcome] += number
    if missing:
        print("\n" + "!" * 78)
        for name in missing:
            print(f"!! NOT TESTED with {name}: it is not here. To get it: {HOW_TO_GET[name]}")
        print("!" * 78)
        if os.environ.get("TOM_CI") == "1":
            total["failed"] += len(missing)
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"\n{total['passed']} passed, {total['failed']} failed{skipped}", flush=True)
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
