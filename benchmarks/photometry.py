"""Photometry from a file to points that a plot shows, and points by the API, beside many targets.

``python -m benchmarks.photometry [--databases sqlite,postgresql] [--quick]``. A file is stored as a data
product, read, stored with history, and the light curve of its target read back. The API runs in one gunicorn
sync worker; token of an ordinary user in five groups, a new connection for each request.
"""

import http.client
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.api import Api
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

TARGETS, QUICK_TARGETS = 100_000, 1_000
FILE_ROWS, MANY_ROWS, QUICK_ROWS = 10_000, 100_000, 1_000
THERE = 50_000
ROUNDS, SINGLES, IN_A_LIST = 5, 300, 10_000


def csv_of(rows: int, first: int = 0) -> bytes:
    """Return a table of magnitudes in three bands."""
    lines = ["mjd,filter,magnitude,error"]
    for number in range(first, first + rows):
        magnitude = 18 + number % 977 / 700
        time, error = 59000 + number * 0.013, 0.01 + number % 91 / 1000
        lines.append(f"{time:.5f},{'gri'[number % 3]},{magnitude:.4f},{error:.3f}")
    return "\n".join(lines).encode()


def inside(rows: int, targets: int) -> dict[str, Any]:
    """Fill the database, read files into it; return seconds by name, and a token and a target for the API."""
    import django

    django.setup()
    from django.core.files.base import ContentFile
    from rest_framework.authtoken.models import Token

    from tom_dataproducts.models import DataProduct
    from tom_dataproducts.processing import process_upload
    from tom_dataproducts.selectors import light_curve_columns
    from tom_targets.models import BaseTarget

    pks = load_targets(targets)
    user = load_user()
    load_points(pks[:ROUNDS], THERE)
    analyze()
    fresh = iter(BaseTarget.objects.filter(pk__in=pks[ROUNDS:500]).order_by("pk"))

    def upload(target: Any, content: bytes, expected: int) -> tuple[float, float]:
        start, used = time.perf_counter(), time.process_time()
        product = DataProduct(target=target, data_product_type="photometry")
        product.data.save("curve.csv", ContentFile(content), save=True)
        report = process_upload(product, user=user)
        seen = len(light_curve_columns(target))
        seconds, processor = time.perf_counter() - start, time.process_time() - used
        if report.stored != expected or seen < expected:
            raise RuntimeError(f"{report.sentence} {seen} are seen")
        return seconds, processor

    few, many = csv_of(rows), csv_of(10 * rows)
    upload(next(fresh), csv_of(10), 10)
    again = [next(fresh) for _ in range(ROUNDS)]
    found: dict[str, Any] = {"new": [upload(target, few, rows) for target in again]}
    found["again"] = [upload(target, few, 0) for target in again]
    full = BaseTarget.objects.filter(pk__in=pks[:ROUNDS])
    found["beside"] = [upload(target, few, rows) for target in full]
    large = [next(fresh) for _ in range(3)]
    found["many"] = [upload(target, many, 10 * rows) for target in large]
    found["many again"] = [upload(target, many, 0) for target in large]
    found["token"] = Token.objects.get_or_create(user=user)[0].key
    return found


def measure(kind: str, *, quick: bool) -> None:
    """Measure on one database and print the figures."""
    rows, targets = (QUICK_ROWS, QUICK_TARGETS) if quick else (FILE_ROWS, TARGETS)
    with scratch(kind) as environment:
        told = run_python(environment, "-m", "benchmarks.photometry", "--inside", str(rows), str(targets))
        facts = json.loads(told.splitlines()[-1])
        for figure in _file_figures(facts, kind, rows):
            figure.show()
        with serve(environment, "") as server:
            for figure in _api_figures(server, facts["token"], kind, targets):
                figure.show()


def _file_figures(facts: dict[str, Any], kind: str, rows: int) -> Iterator[Figure]:
    few, many = rows / FILE_ROWS * 0.8, rows / FILE_ROWS * 6.0
    for name, label, wanted in (
        ("new", f"CSV of {rows:,} rows until they are seen", few),
        ("again", "the same file again", few),
        ("beside", f"the same, {THERE:,} points stored", few),
        ("many", f"CSV of {10 * rows:,} rows", many),
        ("many again", "the same file again", many),
    ):
        clock, processor = zip(*facts[name], strict=True)
        note = f"processor time {sorted(processor)[len(processor) // 2]:.2f} s"
        yield Figure(label, clock, "s", wanted, database=kind, note=note)


def _rate(server: Server, act: Callable[[], Any], count: int) -> tuple[float, float]:
    """Return rows a second by the clock, and by the worker's processor."""
    cpu, start = server.cpu_s(), time.perf_counter()
    act()
    return count / (time.perf_counter() - start), count / max(server.cpu_s() - cpu, 0.01)


def _point(target: int, number: int) -> dict[str, Any]:
    return {
        "target": target,
        "data_type": "photometry",
        "timestamp": f"2026-01-{1 + number // 86400 % 28:02}T{number // 3600 % 24:02}:{number // 60 % 60:02}:"
        f"{number % 60:02}.{number:06}Z",
        "source_name": "bench",
        "value": {"magnitude": 18 + number % 977 / 700, "error": 0.02, "filter": "gri"[number % 3]},
    }


def _post(server: Server, token: str, content: str) -> None:
    """Send what is written already: writing JSON is the client's work."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    connection.request("POST", "/api/reduceddatums/", content, headers)
    answer = connection.getresponse()
    told = answer.read()
    connection.close()
    if answer.status != 201:
        raise RuntimeError(f"{answer.status} {told[:500]!r}")


def _api_figures(server: Server, token: str, kind: str, targets: int) -> Iterator[Figure]:
    api = Api(server.port, token)
    own = api.send("POST", "/api/targets/", {"name": "curve", "type": "SIDEREAL", "ra": 10.0, "dec": 5.0})[
        "id"
    ]
    api.send("POST", "/api/reduceddatums/", _point(own, 999_999))

    def figure(label: str, rates: list[tuple[float, float]], wanted: float) -> Figure:
        clock, processor = zip(*rates, strict=True)
        note = f"{sorted(processor)[len(processor) // 2]:,.0f}/s of processor time"
        return Figure(label, clock, "/s", wanted, more_is_better=True, database=kind, note=note)

    rates = []
    for number in range(ROUNDS):
        rows = json.dumps([_point(own, number * IN_A_LIST + row) for row in range(IN_A_LIST)])
        rates.append(_rate(server, lambda: _post(server, token, rows), IN_A_LIST))  # noqa: B023
    yield figure(f"POST /api/reduceddatums/, {IN_A_LIST:,} in a list", rates, 20_000)
    rates = []
    for number in range(ROUNDS):
        points = [json.dumps(_point(own, 500_000 + number * SINGLES + row)) for row in range(SINGLES)]
        rates.append(_rate(server, lambda: [_post(server, token, point) for point in points], SINGLES))  # noqa: B023
    yield figure(f"the same one by one, {targets:,} targets", rates, 200)


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--inside"]:
        print(json.dumps(inside(int(sys.argv[2]), int(sys.argv[3]))))
        return
    options = options_of(__doc__)
    print_machine(engine_versions(options.databases))
    print_heading()
    for kind in options.databases:
        measure(kind, quick=options.quick)


if __name__ == "__main__":
    main()
