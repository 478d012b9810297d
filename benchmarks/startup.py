"""How long ``manage.py check`` takes, and how large the environment is that ``make setup`` makes.

``python -m benchmarks.startup [--quick]``. The size is that of the packages in ``requirements/run.lock``,
whatever else the environment that measures holds.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from benchmarks.databases import ROOT
from benchmarks.report import Figure, options_of, print_heading, print_machine

ROUNDS, QUICK_ROUNDS = 5, 2
WANTED_S = 2.0
WANTED_MB = 450


def check_seconds(python: str, manage: Path, environment: dict[str, str], rounds: int) -> list[float]:
    """Return the seconds of warm runs of ``manage.py check``."""
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        done = subprocess.run(
            [python, str(manage), "check"],
            env=environment,
            cwd=manage.parent,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        times.append(time.perf_counter() - start)
        if done.returncode:
            raise RuntimeError(f"manage.py check: {done.stdout[-1000:]}{done.stderr[-3000:]}")
    return times[1:]


def environment_mb() -> tuple[float, str]:
    """Return the size of the packages of the run-time lock, and a note on those not installed here."""
    names = re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", (ROOT / "requirements/run.lock").read_text(), re.M
    )
    size, absent = 0, []
    for name in names:
        try:
            files = distribution(name).files or []
        except PackageNotFoundError:
            absent.append(name)
            continue
        size += sum(
            path.stat().st_size for path in map(Path, (file.locate() for file in files)) if path.is_file()
        )
    note = f"{len(names) - len(absent)} packages"
    return size / 1e6, f"{note}; not installed: {', '.join(absent)}" if absent else note


def main() -> None:
    """Measure and print."""
    options = options_of(__doc__)
    print_machine()
    print_heading()
    with tempfile.TemporaryDirectory(prefix="tom-bench-") as folder:
        environment = {**os.environ, "TOM_ENV_FILE": os.devnull, "TOM_DATA_DIR": folder, "DEBUG": "false"}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        environment.pop("DATABASE_URL", None)
        rounds = QUICK_ROUNDS if options.quick else ROUNDS
        times = check_seconds(sys.executable, ROOT / "manage.py", environment, rounds)
    Figure("manage.py check", times, "s", WANTED_S).show()
    size, note = environment_mb()
    Figure("environment, packages of the run-time lock", [size], "MB", WANTED_MB, note=note).show()


if __name__ == "__main__":
    main()
