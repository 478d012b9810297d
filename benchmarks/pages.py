"""Pages of an ordinary user in five groups: target list over 100,000 targets, target of 10,000 points.

``python -m benchmarks.pages [--databases sqlite,postgresql] [--quick]``. One gunicorn sync worker, ``DEBUG``
off, client on loopback with a session cookie, a new connection for each request.
"""

import json
import sys
import time
from typing import Any

from benchmarks.databases import (
    analyze,
    engine_versions,
    load_points,
    load_targets,
    load_user,
    run_python,
    scratch,
)
from benchmarks.report import Figure, options_of, print_heading, print_machine
from benchmarks.serving import Server, serve

TARGETS, QUICK_TARGETS = 100_000, 5_000
POINTS = 10_000
FEW_POINTS, WITH_FEW_POINTS = 50, 500  # so that sparklines of the first page have something to show
PAGES_ON, QUICK_PAGES_ON = 1000, 100
ROUNDS, QUICK_ROUNDS = 41, 7
RATE_SECONDS, QUICK_RATE_SECONDS = 5.0, 1.0


def inside(targets: int, pages_on: int) -> dict[str, Any]:
    """Fill the database, and find out in this process what a client cannot see: queries, cursors, sizes."""
    import django

    django.setup()
    from django.http import QueryDict
    from django.test import Client
    from django.urls import reverse

    from tom_common.keyset import keyset_page
    from tom_targets import list_state, selectors

    start = time.perf_counter()
    pks = load_targets(targets)
    load_points(pks[:1], POINTS)
    load_points(pks[-WITH_FEW_POINTS:], FEW_POINTS)
    user = load_user()
    analyze()
    loaded_s = time.perf_counter() - start
    visible = selectors.visible_targets(user)
    size = selectors.PAGE_SIZE
    page = selectors.target_page(
        visible, sort=list_state.chosen_sort(QueryDict("")), cursor=None, page_size=size
    )
    cursor = _cursor_of(keyset_page, page, visible, size * pages_on)
    client = Client(headers={"Host": "localhost"})
    client.force_login(user)
    urls = {
        "list": reverse("targets:list"),
        "far": f"{reverse('targets:list')}?cursor={cursor}",
        "detail": reverse("targets:detail", args=[pks[0]]),
        "data": reverse("dataproducts:photometry", args=[pks[0]]),
    }
    pages = {name: {"url": url, **_look(client, url)} for name, url in urls.items()}
    return {"cookie": client.cookies["sessionid"].value, "loaded_s": loaded_s, "pages": pages}


def _cursor_of(keyset_page: Any, first: Any, visible: Any, rows: int) -> str:
    """Return the cursor of the page that begins after as many rows, in the order of the first page."""
    from django.http import QueryDict

    from tom_targets import list_state
    from tom_targets.tables import sort_expression

    sort = sort_expression(list_state.chosen_sort(QueryDict("")))
    if first.next_cursor is None:
        raise RuntimeError("the list has one page only")
    return keyset_page(visible, sort=sort, page_size=1, offset=rows - 1).next_cursor


def _look(client: Any, url: str) -> dict[str, int]:
    """Return number of queries and size of a page, warm."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url)
    if answer.status_code != 200:
        raise RuntimeError(f"{url}: {answer.status_code}")
    return {"queries": len(queries), "bytes": len(answer.content)}


def measure(kind: str, *, quick: bool) -> list[Figure]:
    """Measure on one database, print the figures, return them."""
    targets = QUICK_TARGETS if quick else TARGETS
    pages_on = QUICK_PAGES_ON if quick else PAGES_ON
    with scratch(kind) as environment:
        told = run_python(environment, "-m", "benchmarks.pages", "--inside", str(targets), str(pages_on))
        facts = json.loads(told.splitlines()[-1])
        with serve(environment, facts["cookie"]) as server:
            figures = list(_figures(server, facts, kind, targets, pages_on, quick=quick))
    for figure in figures:
        figure.show()
    return figures


def _figures(server: Server, facts: dict[str, Any], kind: str, targets: int, pages_on: int, *, quick: bool):
    rounds = QUICK_ROUNDS if quick else ROUNDS
    pages = facts["pages"]

    def figure(name: str, values: list[float], unit: str, wanted: float | None, **more: Any) -> Figure:
        return Figure(name, values, unit, wanted, database=kind, **more)

    for page, name, wanted_ms, queries in (
        ("list", f"target list, first of {targets:,} targets", 40, 10),
        ("far", f"target list, {pages_on:,} pages further", 40, 10),
        ("detail", f"target detail, {POINTS:,} points", 50, 20),
        ("data", f"light-curve data, {POINTS:,} points", 50, None),
    ):
        times, note = server.times_ms(pages[page]["url"], rounds)
        yield figure(name, times, "ms", wanted_ms, note=note)
        yield figure(
            f"{name.partition(',')[0]}: queries", [pages[page]["queries"]], "", queries and queries + 1
        )
    yield figure("target detail: HTML", [pages["detail"]["bytes"] / 1000], "kB", 120)
    rate, note = server.pages_per_second(
        pages["detail"]["url"], QUICK_RATE_SECONDS if quick else RATE_SECONDS
    )
    yield figure("target detail, one client", [rate], "/s", 20, more_is_better=True, note=note)
    yield figure("memory of the worker after load", [server.memory_mb()], "MB", 160)
    yield figure("loading of the rows", [facts["loaded_s"]], "s", None)


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--inside"]:
        print(json.dumps(inside(*map(int, sys.argv[2:4]))))
        return
    options = options_of(__doc__)
    print_machine(engine_versions(options.databases))
    print_heading()
    for kind in options.databases:
        measure(kind, quick=options.quick)


if __name__ == "__main__":
    main()
