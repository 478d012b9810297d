"""Rows a second that ``insert_new`` stores in the photometry table, new ones and known ones.

``DATABASE_URL=postgres:///tom python -m benchmarks.bulk_insert [rows]`` makes a test database, measures,
drops it.
"""

import os
import statistics
import sys
import time

import django

POINTS_OF_A_TARGET = 500
REPEATS = 5
BATCH = 10_000


def _photometry(target_pks, rows, round_number):
    """Columns of `rows` points, spread over the targets as alerts spread them."""
    import numpy as np

    number = np.arange(rows) + round_number * rows
    target = np.asarray(target_pks)[number % len(target_pks)]
    magnitude = np.random.default_rng(round_number).uniform(15, 21, rows)
    return {
        "target_id": target,
        "timestamp": 1_786_000_000_000_000 + number * 1_000_003,
        "point_key": number + 1,
        "brightness": magnitude,
        "brightness_error": np.full(rows, 0.05),
        "limit": np.full(rows, np.nan),
        "unit": ["mag"] * rows,
        "bandpass": ["g" if one % 2 else "r" for one in number],
        "telescope": ["P48"] * rows,
        "instrument": ["ZTF"] * rows,
        "source_name": ["ZTF"] * rows,
        "exposure_time": np.full(rows, 30.0),
    }


def _rate(model, columns):
    from tom_common.bulk import insert_new

    start = time.perf_counter()
    counts = insert_new(model, columns, batch_size=BATCH)
    return len(columns["point_key"]) / (time.perf_counter() - start), counts


def main(rows: int = 100_000) -> None:
    """Measure and print."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.db import connection

    from tom_common.bulk import insert_new
    from tom_dataproducts.models import PhotometryReducedDatum
    from tom_targets.models import Target

    name = connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        names = [f"bench {i}" for i in range(max(1, rows // POINTS_OF_A_TARGET))]
        insert_new(Target, {"name": names, "type": ["SIDEREAL"] * len(names)})
        pks = list(Target.objects.values_list("pk", flat=True))
        new, known = [], []
        for number in range(REPEATS):
            columns = _photometry(pks, rows, number)
            rate, counts = _rate(PhotometryReducedDatum, columns)
            new.append(rate)
            rate, again = _rate(PhotometryReducedDatum, columns)
            known.append(rate)
            if (counts.inserted, again.duplicate) != (rows, rows):
                raise SystemExit(f"wrong counts: {counts} {again}")
        print(
            f"{connection.vendor}: new {statistics.median(new):,.0f} rows/s,"
            f" known {statistics.median(known):,.0f} rows/s (medians of {REPEATS} x {rows:,} rows)"
        )
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
