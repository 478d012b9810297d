"""A night for 1,000 targets at 5 sites, and one target through the form.

``DATABASE_URL=postgres:///tom python -m benchmarks.visibility`` makes a test database, measures, drops it;
without ``DATABASE_URL`` it is a SQLite file. Times are of the whole request inside the server process
(middleware, session, permissions, answer). ``--full`` measures the form with 1,000,000 targets stored.
"""

import os
import statistics
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import django
import numpy as np

from benchmarks.report import Figure, options_of, print_heading, print_machine

TARGETS, SITES = 1000, ("ogg", "lsc", "tfn", "cpt", "coj")
STORED, MANY_STORED, QUICK_STORED = 100_000, 1_000_000, 2000
ROUNDS, QUICK_ROUNDS = 21, 3
FORMSETS = {
    f"{prefix}-{name}": "0"
    for prefix in ("aliases", "targetextra_set")
    for name in ("TOTAL_FORMS", "INITIAL_FORMS")
}


def measure(
    name: str, function: Callable[[int], object], rounds: int, wanted: float | None, database: str = "-"
) -> None:
    """Time some rounds after one that warms up, and show the median; `function` gets the round's number."""
    function(0)
    times, processor = [], []
    for number in range(1, rounds + 1):
        start, used = time.perf_counter(), time.process_time()
        function(number)
        processor.append(1000 * (time.process_time() - used))
        times.append(1000 * (time.perf_counter() - start))
    note = f"processor time {statistics.median(processor):.1f} ms"
    Figure(name, times, "ms", wanted, database=database, note=note).show()


def make_targets(count: int) -> list[int]:
    """Store targets all over the sky, by the thousand, and return the keys of the first thousand."""
    from tom_targets.models import Target

    rng = np.random.default_rng(26)
    ra, dec = rng.uniform(0, 360, count), np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    first: list[int] = []
    for start in range(0, count, 5000):
        rows = [
            Target(name=f"bench {i}", type="SIDEREAL", ra=ra[i], dec=dec[i], permissions="PUBLIC")
            for i in range(start, min(start + 5000, count))
        ]
        made = Target.objects.bulk_create(rows)
        first = first or [row.pk for row in made[:TARGETS]]
    return first


def mathematics(rounds: int) -> None:
    """Measure the computation alone: with the sky of each night new, and known."""
    from tom_common.astro.visibility import Bodies, Limits, night_and_sky, summarize_night
    from tom_observations.sites import facility_sites

    rng = np.random.default_rng(26)
    bodies = Bodies.fixed(rng.uniform(0, 360, TARGETS), np.degrees(np.arcsin(rng.uniform(-1, 1, TARGETS))))
    sites = [site for site in facility_sites() if site.code in SITES]
    day, limits = date(2026, 11, 21), Limits()

    def new_night(number: int) -> None:
        for site in sites:
            summarize_night(bodies, site, day + timedelta(days=number), limits)

    def known_night(number: int) -> None:
        for site in sites:
            summarize_night(bodies, site, day, limits)

    night_and_sky.cache_clear()
    what = f"{TARGETS:,} targets x {len(sites)} sites"
    measure(f"{what}, a new night", new_night, rounds, 2000)
    measure(f"{what}, a night known", known_night, rounds, 2000)


def logged_in() -> tuple[Any, Any]:
    """Return a client of an ordinary user in five groups."""
    from django.contrib.auth.models import Group, User
    from django.test import Client

    user = User.objects.create_user("bench")
    for number in range(5):
        user.groups.add(Group.objects.create(name=f"bench {number}"))
    client = Client(headers={"Host": "localhost"})
    client.force_login(user)
    return client, user


def pages(client: Any, user: Any, keys: list[int], database: str, rounds: int) -> None:
    """Measure the page of a list, its CSV, and the section of one target."""
    from django.urls import reverse

    from tom_common.grants import grant_access
    from tom_targets.models import TargetList

    chosen = TargetList.objects.create(name="bench")
    chosen.targets.add(*keys)
    grant_access(user, chosen, ["view_targetlist"])
    query = {"site": SITES, "targetlist__name": chosen.pk}
    table, section = reverse("observations:visibility"), reverse("targets:section", args=[keys[0], "tonight"])
    answer = client.get(table, query)
    if f"of {len(keys)}</span>" not in answer.content.decode():
        raise RuntimeError(f"the table does not hold {len(keys)} targets: status {answer.status_code}")
    headers = {"HX-Request": "1"}
    for name, get, wanted in (
        (
            f"page of {len(keys):,} targets x {len(SITES)} sites",
            lambda number: client.get(table, query),
            2000,
        ),
        ("section Tonight of a target", lambda number: client.get(section, headers=headers), None),
    ):
        measure(name, get, rounds, wanted, database)


def form(client: Any, database: str, rounds: int, stored: int) -> None:
    """Measure one target through the form, with names, duplicates and position checked."""
    from django.urls import reverse

    url = reverse("targets:create")

    def create(number: int) -> None:
        data = {
            "type": "SIDEREAL",
            "permissions": "PRIVATE",
            "name": f"SN 2026 form{number}",
            "ra": f"{number * 7.77 % 24:.0f}:34:56.7",
            "dec": f"{-80 + number * 1.37:.4f}",
            **FORMSETS,
        }
        answer = client.post(url, data)
        if answer.status_code != 302:
            raise RuntimeError(f"the form was not accepted: {answer.status_code}")

    measure(f"one target through the form, {stored:,} stored", create, rounds, 30, database)


def main() -> None:
    """Measure and print."""
    options = options_of(__doc__, full="a million targets stored")
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    stored = QUICK_STORED if options.quick else MANY_STORED if options.full else STORED
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.db import connection

    print_machine()
    print_heading()
    mathematics(rounds)
    name = connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        keys = make_targets(stored)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        client, user = logged_in()
        pages(client, user, keys, connection.vendor, rounds)
        form(client, connection.vendor, rounds, stored)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
