"""Ingest of simulated ZTF packets by ``manage.py ingest_alerts``, each time into an empty database.

``python -m benchmarks.ingest [--databases sqlite,postgresql] [--quick] [--full]``. Packets are made by
``benchmarks.make_packets`` (schema 4.02, 20 previous and 10 forced points of which 3 are new, 20 alerts an
object), and kept in the folder for temporary files. Rates are of the whole process, start and decoding
included; the note tells what the processor time alone would allow, and the rate without the time of a run of
20 alerts, which is nearly all start.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.databases import ROOT, engine_versions, run_python, scratch
from benchmarks.report import Figure, options_of, print_heading, print_machine

PLAIN, PLAIN_QUICK, PLAIN_FULL = 20_000, 1_000, 200_000
WITH_CUTOUTS, WITH_CUTOUTS_QUICK = 3_000, 200
ROUNDS, ROUNDS_QUICK = 3, 1
WANTED_PLAIN = {"postgresql": 1000, "sqlite": 500}
WANTED_CUTOUTS = 150
WANTED_MEMORY_MB = 400


@dataclass(frozen=True)
class Run:
    """What a process cost, and what it said."""

    seconds: float
    cpu_s: float
    memory_mb: float
    output: str


def packets(count: int, *, cutouts: bool) -> Path:
    """Return an archive of packets, made where it is not there yet or the tool is newer."""
    folder = Path(tempfile.gettempdir()) / "tom-bench-packets"
    folder.mkdir(exist_ok=True)
    path = folder / f"ztf-{count}{'-cutouts' if cutouts else ''}.tar"
    tool = ROOT / "benchmarks" / "make_packets.py"
    if not path.exists() or path.stat().st_mtime < tool.stat().st_mtime:
        unfinished = path.with_name(f"unfinished-{os.getpid()}-{path.name}")
        arguments = [str(tool), str(count), str(unfinished), *(["--cutouts"] if cutouts else [])]
        run_python(dict(os.environ), *arguments)
        unfinished.replace(path)
    return path


def ingest(environment: dict[str, str], path: Path) -> Run:
    """Run the command in a process of its own, which tells its greatest memory when it ends."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "ingest_alerts", str(path)],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"ingest_alerts {path.name}:\n{output[-3000:]}")
    return Run(
        time.perf_counter() - start,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * 1024 / 1e6,
        output,
    )


def check(environment: dict[str, str], count: int) -> None:
    """Refuse to report a rate of packets that did not arrive: 20 alerts make an object of 107 points."""
    script = (
        "import django; django.setup()\n"
        "from tom_dataproducts.models import PhotometryReducedDatum as P\n"
        "from tom_targets.models import BaseTarget as T\n"
        "print(T.objects.count(), P.objects.count())"
    )
    targets, points = map(int, run_python(environment, "-c", script).split()[-2:])
    if (targets, points) != (count // 20, count // 20 * 107):
        raise RuntimeError(f"{count} packets gave {targets} targets and {points} points")


def measure(kind: str, count: int, rounds: int, *, cutouts: bool) -> list[Figure]:
    """Ingest one archive into as many empty databases as there are rounds."""
    path = packets(count, cutouts=cutouts)
    runs = []
    with scratch(kind) as environment:
        start_s = ingest(environment, packets(20, cutouts=False)).seconds
    for _ in range(rounds):
        with scratch(kind) as environment:
            runs.append(ingest(environment, path))
            check(environment, count)
    wanted = WANTED_CUTOUTS if cutouts else WANTED_PLAIN[kind]
    what = f"{count:,} alerts {'with' if cutouts else 'without'} cutouts"
    rates = [count / run.seconds for run in runs]
    note = f"{count / min(run.cpu_s for run in runs):,.0f}/s of processor time"
    quickest_s = min(run.seconds for run in runs)
    if quickest_s > 2 * start_s:
        note += f", {(count - 20) / (quickest_s - start_s):,.0f}/s after the start"
    memory = [run.memory_mb for run in runs]
    figures = [
        Figure(f"ingest {what}", rates, "/s", wanted, more_is_better=True, database=kind, note=note),
        Figure(f"memory, {what}", memory, "MB", WANTED_MEMORY_MB, database=kind),
    ]
    for figure in figures:
        figure.show()
    return figures


def main() -> None:
    """Measure and print."""
    options = options_of(__doc__, full="200,000 alerts in one round instead of 20,000 in three")
    print_machine(engine_versions(options.databases))
    print_heading()
    for kind in options.databases:
        if options.quick:
            measure(kind, PLAIN_QUICK, ROUNDS_QUICK, cutouts=False)
            measure(kind, WITH_CUTOUTS_QUICK, ROUNDS_QUICK, cutouts=True)
        elif options.full:
            measure(kind, PLAIN_FULL, 1, cutouts=False)
        else:
            measure(kind, PLAIN, ROUNDS, cutouts=False)
            measure(kind, WITH_CUTOUTS, ROUNDS, cutouts=True)


if __name__ == "__main__":
    main()
