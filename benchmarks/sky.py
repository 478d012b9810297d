"""Searches among a million targets: cones, names, lists, cross-match, as an ordinary user in five groups.

``python -m benchmarks.sky [--databases sqlite,postgresql] [--quick]``. Times of searches are those of one
process, database and Python together; pages come through one gunicorn worker. With ``BENCH_PEER`` the cone
search of TOM Toolkit runs among as many targets, 100,000.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.databases import (
    analyze,
    engine_versions,
    load_summaries,
    load_targets,
    load_user,
    run_python,
    scratch,
)
from benchmarks.report import Figure, options_of, print_heading, print_machine
from benchmarks.serving import serve

TARGETS, QUICK_TARGETS = 1_000_000, 20_000
PEER_TARGETS, QUICK_PEER_TARGETS = 100_000, 5_000
MATCHED, QUICK_MATCHED = 100_000, 5_000
ROUNDS, QUICK_ROUNDS = 41, 7
PAGE_ROUNDS = 21
TENTH_PRIVATE = ["OPEN"] * 60 + ["PUBLIC"] * 30 + ["PRIVATE"] * 10  # 100,000 of a million
CONES = (("10 arcsec", 10.0, 5.0), ("1 arcmin", 60.0, 5.0), ("1 deg", 3600.0, 10.0))
LISTS = {
    "newest": "",
    "by name": "sort=name",
    "by RA": "sort=ra",
    "by Dec, backwards": "sort=-dec",
    "by type": "sort=type",
    "changed last": "sort=-modified",
    "by brightness": "sort=last_mag",
    "by rate": "sort=rate",
    "by detections": "sort=-detections",
    "cone of 1 deg": "cone_search=123.4,21.3,1",
    "cone of 30 deg": "cone_search=123.4,21.3,30",
    "box": "box=10,40,-10,20",
    "polygon": "polygon=10 0, 30 -5, 35 20, 12 18",
    "box, by RA": "box=10,40,-10,20&sort=ra",
    "box, by brightness": "box=10,40,-10,20&sort=last_mag",
    "coverage map": "moc=5/1-300",
    "sidereal": "type=SIDEREAL",
    "moving": "type=NON_SIDEREAL",
    "private": "permissions=PRIVATE",
    "name begins": "query=stored77",
    "name contains": "name=red12345",
    "alias": "query=alias4711",
    "exact name": "name_fuzzy=STORED-4711",
    "tag": "key=class&value=ia",
    "class": "key=class",
}


def inside(targets: int, rounds: int, matched: int) -> dict[str, Any]:
    """Fill the database and measure what needs no page; tell the rest."""
    import django

    django.setup()
    from django.test import Client

    from tom_targets import selectors

    start = time.perf_counter()
    load_targets(targets, TENTH_PRIVATE)
    load_summaries()
    user = load_user()
    analyze()
    loaded_s = time.perf_counter() - start
    client = Client(headers={"Host": "localhost"})
    client.force_login(user)
    return {
        "loaded_s": loaded_s,
        "cookie": client.cookies["sessionid"].value,
        "cones": cones(lambda: selectors.visible_targets(user), rounds),
        "names": names(selectors.visible_targets(user), targets, rounds),
        "cross_match_s": cross_match(selectors.visible_targets(user), matched),
        "lists": {name: _queries_ms(client, f"/targets/?{query}") for name, query in LISTS.items()},
    }


def _times_ms(measured: Callable[[], Any], rounds: int) -> list[float]:
    for _ in range(3):
        measured()
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        measured()
        found.append((time.perf_counter() - start) * 1e3)
    return found


def cones(visible: Callable[[], Any], rounds: int) -> dict[str, list[float]]:
    """Measure cones around random positions, all over the sky."""
    import numpy as np

    from tom_targets.sky_search import cone

    random = np.random.default_rng(3)

    def one(radius_arcsec: float) -> None:
        ra, dec = random.uniform(0, 360), np.degrees(np.arcsin(random.uniform(-1, 1)))
        list(cone(visible(), ra_deg=ra, dec_deg=dec, radius_arcsec=radius_arcsec))

    return {name: _times_ms(lambda r=radius: one(r), rounds) for name, radius, _ in CONES}


def names(visible: Any, targets: int, rounds: int) -> dict[str, list[float]]:
    """Measure searches by name: exact, by beginning, by a part, in the one box, by an unknown one."""
    import numpy as np

    from tom_targets import one_box
    from tom_targets.models import Target
    from tom_targets.name_search import Place, named_like

    random = np.random.default_rng(4)

    def some() -> int:
        return int(random.integers(targets // 10, targets))

    return {
        "fuzzy name": _times_ms(lambda: list(Target.matches.match_fuzzy_name(f"Stored {some()}")), rounds),
        "name in the box": _times_ms(lambda: one_box.find(visible, f"stored-{some()}", limit=8), rounds),
        "beginning in the box": _times_ms(
            lambda: one_box.find(visible, f"stored{some() // 100}", limit=8), rounds
        ),
        "alias in the box": _times_ms(lambda: one_box.find(visible, f"alias{some()}", limit=8), rounds),
        "part of a name": _times_ms(
            lambda: list(named_like(visible, f"red{some()}", Place.ANYWHERE)[:26]), rounds
        ),
        "unknown name": _times_ms(lambda: one_box.find(visible, f"xyz{some()}", limit=8), rounds),
    }


def cross_match(visible: Any, count: int) -> float:
    """Measure the comparison of random positions with all targets, in seconds."""
    import numpy as np

    from tom_targets.cross_match import pairs_within

    random = np.random.default_rng(5)
    ra, dec = random.uniform(0, 360, count), np.degrees(np.arcsin(random.uniform(-1, 1, count)))
    start = time.perf_counter()
    pairs_within(visible, ra_deg=ra, dec_deg=dec, radius_arcsec=10.0)
    return time.perf_counter() - start


def _queries_ms(client: Any, url: str) -> float:
    """Return how long the queries of a page take, the median of five; counts are kept by then."""
    from django.db import connection

    totals = []

    def timed(execute: Any, *arguments: Any) -> Any:
        start = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            totals[-1] += (time.perf_counter() - start) * 1e3

    for _ in range(6):
        totals.append(0.0)
        with connection.execute_wrapper(timed):
            answer = client.get(url)
        if answer.status_code != 200:
            raise RuntimeError(f"{url}: {answer.status_code}")
    return sorted(totals[1:])[2]


def measure(kind: str, *, quick: bool) -> None:
    """Measure on one database, and print the figures."""
    targets, matched = (QUICK_TARGETS, QUICK_MATCHED) if quick else (TARGETS, MATCHED)
    rounds = QUICK_ROUNDS if quick else ROUNDS
    with scratch(kind) as environment:
        told = run_python(
            environment, "-m", "benchmarks.sky", "--inside", str(targets), str(rounds), str(matched)
        )
        facts = json.loads(told.splitlines()[-1])
        Figure("loading of the rows", [facts["loaded_s"]], "s", None, database=kind).show()
        for name, _, wanted in CONES:
            Figure(f"cone of {name}", facts["cones"][name], "ms", wanted, database=kind).show()
        for name, values in facts["names"].items():
            Figure(name, values, "ms", 10, database=kind).show()
        label = f"cross-match of {matched:,} positions"
        Figure(label, [facts["cross_match_s"]], "s", 10, database=kind).show()
        with serve(environment, facts["cookie"]) as server:
            pages = 3 if quick else PAGE_ROUNDS
            times, note = server.times_ms("/targets/search/?query=123.4+21.3+r%3D1deg", pages)
            Figure("page: cone of 1 deg", times, "ms", 60, database=kind, note=note).show()
            for name, query in LISTS.items():
                times, note = server.times_ms(f"/targets/?{query.replace(' ', '+')}", pages)
                Figure(f"list: {name}", times, "ms", 50, database=kind, note=note).show()
                Figure(f"list: {name}: queries", [facts["lists"][name]], "ms", 15, database=kind).show()


def peer(kind: str, *, quick: bool) -> None:
    """Measure ``match_cone_search`` of both sides on the same rows, in databases of their own."""
    from benchmarks.peer import peer_project

    count = QUICK_PEER_TARGETS if quick else PEER_TARGETS
    rounds = 3 if quick else 7
    with scratch(kind) as environment:
        told = run_python(environment, "-m", "benchmarks.sky", "--ours", str(count), str(rounds))
        ours = json.loads(told.splitlines()[-1])
    python = os.environ["BENCH_PEER"]
    with peer_project(python, kind) as (folder, environment):
        told = run_python(environment, "-c", _PEER, str(count), str(rounds), python=python, folder=folder)
        theirs = json.loads(told.splitlines()[-1])
    for name in ours:
        own = Figure(f"match_cone_search, {name}", ours[name], "ms", None, database=kind)
        other = Figure(f"peer: match_cone_search, {name}", theirs[name], "ms", None, database=kind)
        own.show()
        other.show()
        ratio = other.median / own.median
        Figure(f"times faster, {name}", [ratio], "", 50, more_is_better=True, database=kind).show()


def cone_ms(matches: Any, rounds: int) -> dict[str, list[float]]:
    """Measure ``match_cone_search`` at places where it is hard; works on both sides."""
    places = {
        "1 arcmin": (123.4, 21.3, 60.0),
        "1 deg": (123.4, 21.3, 3600.0),
        "Dec +89.9": (10.0, 89.9, 60.0),
    }
    return {
        name: _times_ms(lambda p=place: list(matches.match_cone_search(*p)), rounds)
        for name, place in places.items()
    }


def ours(count: int, rounds: int) -> dict[str, list[float]]:
    """Measure our side of the comparison."""
    import django

    django.setup()
    from tom_targets.models import Target

    load_targets(count)
    analyze()
    return cone_ms(Target.matches, rounds)


_PEER = """
import json, sys, time
import django
django.setup()
from tom_targets.models import Target
import random

random.seed(1)
import math
rows = []
for number in range(int(sys.argv[1])):
    rows.append(Target(name=f"stored{number}", type="SIDEREAL", ra=random.uniform(0, 360),
                       dec=math.degrees(math.asin(random.uniform(-1, 1)))))
Target.objects.bulk_create(rows, batch_size=2000)
places = {"1 arcmin": (123.4, 21.3, 60.0), "1 deg": (123.4, 21.3, 3600.0), "Dec +89.9": (10.0, 89.9, 60.0)}
found = {}
for name, place in places.items():
    times = []
    for _ in range(int(sys.argv[2]) + 1):
        start = time.perf_counter()
        list(Target.matches.match_cone_search(*place))
        times.append((time.perf_counter() - start) * 1e3)
    found[name] = times[1:]
print(json.dumps(found))
"""


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--inside"]:
        print(json.dumps(inside(*map(int, sys.argv[2:5]))))
        return
    if sys.argv[1:2] == ["--ours"]:
        print(json.dumps(ours(*map(int, sys.argv[2:4]))))
        return
    options = options_of(__doc__)
    print_machine(engine_versions(options.databases))
    print_heading()
    for kind in options.databases:
        measure(kind, quick=options.quick)
        if os.environ.get("BENCH_PEER"):
            peer(kind, quick=options.quick)


if __name__ == "__main__":
    main()
