"""Import of 100,000 rows of CSV beside stored targets, and export of as many, by an ordinary user.

``python -m benchmarks.transfer [--databases sqlite,postgresql] [--quick]``. The import goes from the file to
the report: parsed, validated, names and positions compared with all stored targets and with one another,
stored with aliases, extra fields, access of the user and history.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.databases import (
    USER_NAME,
    analyze,
    engine_versions,
    load_targets,
    load_user,
    run_python,
    scratch,
)
from benchmarks.report import Figure, options_of, print_heading, print_machine

STORED, QUICK_STORED = 100_000, 5_000
ROWS, QUICK_ROWS = 100_000, 5_000
WRONG_EVERY = 1000
EXPORTED = ("csv", "ecsv", "votable", "fits", "json", "starlist")


def write_csv(path: Path, rows: int) -> None:
    """Write targets all over the sky, every thousandth with a declination that is none."""
    import numpy as np

    random = np.random.default_rng(2)
    ra, dec = (
        random.uniform(0, 360, rows).tolist(),
        np.degrees(np.arcsin(random.uniform(-1, 1, rows))).tolist(),
    )
    with path.open("w") as file:
        file.write("name,type,ra,dec,epoch,pm_ra,pm_dec,parallax,classification\n")
        for number in range(rows):
            wrong = number % WRONG_EVERY == WRONG_EVERY - 1
            file.write(
                f"import {number},SIDEREAL,{ra[number]!r},{'north' if wrong else repr(dec[number])},2016.0,"
                f"{number % 100 / 10},{number % 37 / 10},{number % 11 / 10},SN Ia\n"
            )


def memory_mb() -> float:
    """Return the greatest resident memory of this process, in units of 10^6 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def own_mb() -> float:
    """Return the memory of this process now, without the parts of files that are mapped into it.

    SQLite maps up to 128 MiB of its file; the kernel counts what was read of it with the process, and takes
    it back when somebody needs the room.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) * 1024 / 1e6


def load(stored: int) -> dict[str, Any]:
    """Fill the database, in a process of its own: the memory of the import is measured in the next."""
    import django

    django.setup()
    load_targets(stored)
    load_user()
    analyze()
    return {}


def inside(rows: int) -> dict[str, Any]:
    """Import, export; return seconds and memory."""
    import django

    django.setup()
    from django.contrib.auth.models import User

    from tom_targets.models import Target
    from tom_targets.selectors import visible_targets
    from tom_targets.transfer.exporting import Export
    from tom_targets.transfer.importing import import_file
    from tom_targets.transfer.kept_files import sample_of
    from tom_targets.transfer.mapping import propose
    from tom_targets.transfer.options import ImportOptions
    from tom_targets.transfer.reading import open_table
    from tom_targets.transfer.writers import WRITERS

    user = User.objects.get(username=USER_NAME)
    found: dict[str, Any] = {"before_mb": memory_mb()}
    with tempfile.TemporaryDirectory(prefix="tom-bench-") as folder:
        path = Path(folder) / "targets.csv"
        write_csv(path, rows)
        start, used = time.perf_counter(), time.process_time()

        def opened() -> Any:
            return open_table(path, path.name, scratch=Path(folder))

        mapping = propose(opened().columns, sample_of(opened()))
        report = import_file(opened(), mapping, ImportOptions(), user=user, title="benchmark")
        found["import"] = [time.perf_counter() - start, time.process_time() - used]
    found["import_mb"] = memory_mb()
    found["counts"] = report.counts()
    if report.created + report.skipped + report.rejected != rows or report.rejected != rows // WRONG_EVERY:
        raise RuntimeError(f"wrong counts: {report.counts()}")
    analyze()
    found["exported"] = visible_targets(user).count()
    found["own_mb"] = found["own_most_mb"] = own_mb()
    for kind in EXPORTED:
        start, used = time.perf_counter(), time.process_time()
        export = Export(visible_targets(user), user=user)
        size = 0
        for chunk in WRITERS[kind][3](export):
            size += len(chunk)
            found["own_most_mb"] = max(found["own_most_mb"], own_mb())
        found[kind] = [time.perf_counter() - start, time.process_time() - used, size, len(export)]
    found["export_mb"] = memory_mb()
    found["targets"] = Target.objects.count()
    return found


def measure(kind: str, *, quick: bool) -> list[Figure]:
    """Measure on one database, print the figures, return them."""
    stored, rows = (QUICK_STORED, QUICK_ROWS) if quick else (STORED, ROWS)
    with scratch(kind) as environment:
        run_python(environment, "-m", "benchmarks.transfer", "--load", str(stored))
        told = run_python(environment, "-m", "benchmarks.transfer", "--inside", str(rows))
    facts = json.loads(told.splitlines()[-1])
    figures = list(_figures(facts, kind, stored, rows))
    for figure in figures:
        figure.show()
    return figures


def _figures(facts: dict[str, Any], kind: str, stored: int, rows: int):
    def figure(name: str, value: float, unit: str, wanted: float | None, **more: Any) -> Figure:
        return Figure(name, [value], unit, wanted, database=kind, **more)

    seconds, processor = facts["import"]
    note = f"processor time {rows / processor:,.0f}/s"
    yield figure(
        f"import, {rows:,} rows beside {stored:,}",
        rows / seconds,
        "/s",
        10_000,
        more_is_better=True,
        note=note,
    )
    yield figure("import: greatest memory", facts["import_mb"], "MB", 500)
    for one in EXPORTED:
        seconds, processor, size, count = facts[one]
        note = f"{count:,} targets, {size / 1e6:.1f} MB, processor time {count / processor:,.0f}/s"
        wanted = 20_000 if one == "csv" else None
        yield figure(f"export, {one}", count / seconds, "/s", wanted, more_is_better=True, note=note)
    grown = facts["export_mb"] - facts["import_mb"]
    note = f"{grown:.0f} with the pages of the database's file that are mapped"
    yield figure("exports: growth of the memory", facts["own_most_mb"] - facts["own_mb"], "MB", 50, note=note)


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] in (["--load"], ["--inside"]):
        print(json.dumps((load if sys.argv[1] == "--load" else inside)(int(sys.argv[2]))))
        return
    options = options_of(__doc__)
    print_machine(engine_versions(options.databases))
    print_heading()
    for kind in options.databases:
        measure(kind, quick=options.quick)


if __name__ == "__main__":
    main()
