"""Ten thousand points: the light-curve endpoint, exports, and the summaries of many targets.

``DATABASE_URL=postgres:///tom python -m benchmarks.light_curve`` makes a test database, measures, drops it;
without ``DATABASE_URL`` it is a SQLite file. Times are of the whole request inside the server process
(middleware, session, permissions, answer), medians; the first column is without compression.
"""

import os
import statistics
import time
from datetime import UTC, datetime, timedelta

import django

POINTS = 10_000
REPEATS = 21
MANY_TARGETS, FEW_POINTS = 1000, 50
BIG_TARGETS = 20
START = datetime(2026, 1, 1, tzinfo=UTC)


def _median_ms(function, repeats=REPEATS):
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def _points(target_pk, count):
    from tom_dataproducts.models import PhotometryReducedDatum

    return [
        PhotometryReducedDatum(
            target_id=target_pk,
            timestamp=START + timedelta(minutes=7.13 * number),
            bandpass="gri"[number % 3],
            brightness=18.0 + (number % 977) / 700,
            brightness_error=0.01 + (number % 91) / 1000,
            unit="mag",
            telescope="P48",
            instrument="ZTF",
            source_name="ZTF",
            value={"candid": str(10**18 + number)},
            point_key=number + 1,
        )
        for number in range(count)
    ]


def _make_targets(count, points):
    from tom_dataproducts.models import PhotometryReducedDatum
    from tom_targets.models import Target

    targets = [Target(name=f"bench {points} {number}", permissions="PUBLIC") for number in range(count)]
    targets = Target.objects.bulk_create(targets)
    rows = [row for target in targets for row in _points(target.pk, points)]
    PhotometryReducedDatum.objects.bulk_create(rows, batch_size=2000)
    return [target.pk for target in targets]


def _measure_endpoint(pk):
    from django.contrib.auth.models import Group, User
    from django.test import Client
    from django.urls import reverse

    user = User.objects.create_user("bench")
    for number in range(5):
        user.groups.add(Group.objects.create(name=f"bench {number}"))
    client = Client(headers={"Host": "localhost"})
    client.force_login(user)
    url = reverse("dataproducts:photometry", args=[pk])
    answer = client.get(url)
    zipped = client.get(url, headers={"Accept-Encoding": "gzip"})
    csv_url = reverse("dataproducts:photometry-csv", args=[pk])
    table = b"".join(client.get(csv_url))
    measured = (
        (f"JSON of {POINTS} points", lambda: client.get(url), len(answer.content)),
        (
            "the same, compressed",
            lambda: client.get(url, headers={"Accept-Encoding": "gzip"}),
            len(zipped.content),
        ),
        ("the same, unchanged", lambda: client.get(url, headers={"If-None-Match": answer["ETag"]}), 0),
        ("CSV", lambda: b"".join(client.get(csv_url)), len(table)),
    )
    for label, request, size in measured:
        print(f"  {label:24} {_median_ms(request):7.1f} ms {size:>8} B")


def _measure_exports(pks):
    from django.contrib.auth.models import User

    from tom_dataproducts.exports import Export, available_writers
    from tom_targets.models import Target

    user = User.objects.create_superuser("bench export")
    rows = len(pks) * POINTS
    for form, writer in available_writers().items():
        start = time.perf_counter()
        size = sum(
            len(chunk)
            for chunk in writer.write(Export(Target.objects.filter(pk__in=pks), user=user, kind="photometry"))
        )
        took_s = time.perf_counter() - start
        print(f"  export as {form:8} {rows / took_s:>9,.0f} rows/s {size / 1e6:8.1f} MB of {rows:,} rows")


def _measure_summaries(label, pks, repeats):
    from tom_dataproducts.summaries import mark_stale, refresh_summaries

    marked = _median_ms(lambda: mark_stale(pks), repeats)
    computed = _median_ms(lambda: refresh_summaries(pks), repeats)
    print(f"  {label}: mark stale {marked:.1f} ms, refresh {computed:.1f} ms")


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.db import connection

    name = connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        print(f"{connection.vendor}")
        big = _make_targets(BIG_TARGETS, POINTS)
        many = _make_targets(MANY_TARGETS, FEW_POINTS)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        _measure_endpoint(big[0])
        _measure_exports(big)
        _measure_summaries(f"{MANY_TARGETS} targets of {FEW_POINTS} points", many, 5)
        _measure_summaries(f"{BIG_TARGETS} targets of {POINTS} points", big, 5)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
