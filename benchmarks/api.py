"""The REST API with 100,000 targets stored: how fast targets and data are listed, created.

``python -m benchmarks.api [--databases sqlite,postgresql] [--quick]``. One gunicorn sync worker, client on
loopback, token of an ordinary user in five groups, a new connection for each request; medians of several
rounds. "Processor time" is what the worker's processor alone would allow: on a machine that others use, too,
it is the steadier figure.
"""

import http.client
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.databases import analyze, engine_versions, load_targets, load_user, run_python, scratch
from benchmarks.report import Figure, options_of, print_heading, print_machine
from benchmarks.serving import Server, serve

STORED, QUICK_STORED = 100_000, 5_000
ROUNDS, QUICK_ROUNDS = 5, 2
SINGLES = 200
BULK = 5_000
POINTS = 10_000
LISTS = 41


def load(stored: int) -> str:
    """Fill the database; return the token of the user."""
    import django

    django.setup()
    from rest_framework.authtoken.models import Token

    load_targets(stored)
    user = load_user()
    analyze()
    return Token.objects.get(user=user).key


class Api:
    """Sends requests as a script does: a new connection each time."""

    def __init__(self, port, token):
        self.port, self.token = port, token

    def send(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:500]!r}")
        return json.loads(content)


class Rates:
    """Measures on one running server.

    Parameters
    ----------
    server : Server
    api : Api
    kind : str
        Of database.
    rounds : int
    """

    def __init__(self, server: Server, api: Api, kind: str, rounds: int) -> None:
        self.server, self.api, self.kind, self.rounds = server, api, kind, rounds
        self.stamp = f"{time.time():.0f}"

    def _rate(self, name: str, count: int, send: Callable[[int], Any], wanted: float) -> Figure:
        rates, before = [], self.server.cpu_s()
        for number in range(self.rounds):
            start = time.perf_counter()
            send(number)
            rates.append(count / (time.perf_counter() - start))
        used = (self.server.cpu_s() - before) / self.rounds
        note = f"processor time {count / used:,.0f}/s"
        return Figure(name, rates, "/s", wanted, more_is_better=True, database=self.kind, note=note)

    def _times(self, name: str, url: str, *, follow: bool = False) -> Figure:
        times, before = [], self.server.cpu_s()
        for _ in range(LISTS):
            start = time.perf_counter()
            page = self.api.send("GET", url)
            times.append(1000 * (time.perf_counter() - start))
            if follow:
                url = page["next"].partition(str(self.api.port))[2]
        note = f"processor time {1000 * (self.server.cpu_s() - before) / LISTS:.0f} ms"
        return Figure(name, times, "ms", 40, database=self.kind, note=note)

    def figures(self) -> Iterator[Figure]:
        """Measure one after the other."""
        send, stamp = self.api.send, self.stamp
        send("POST", "/api/targets/", _target(f"warm {stamp}", 1))

        def one_by_one(number: int) -> None:
            for row in range(SINGLES):
                send("POST", "/api/targets/", _target(f"single {stamp} {number} {row}", row))

        yield self._rate("POST /api/targets/ one by one", SINGLES, one_by_one, 150)

        def in_a_list(number: int) -> None:
            rows = [_target(f"bulk {stamp} {number} {row}", row) for row in range(BULK)]
            send("POST", "/api/targets/", rows)

        yield self._rate(f"POST /api/targets/ {BULK:,} in a list", BULK, in_a_list, 3_000)
        yield self._times("GET /api/targets/ 100 rows", "/api/targets/?limit=100")
        yield self._times("the same, following next", "/api/targets/?limit=100", follow=True)
        own = send("POST", "/api/targets/", _target(f"curve {stamp}", 2))["id"]

        def points(number: int) -> None:
            rows = [_point(own, number * POINTS + row) for row in range(POINTS)]
            send("POST", "/api/reduceddatums/", rows)

        yield self._rate(f"POST /api/reduceddatums/ {POINTS:,} in a list", POINTS, points, 8_000)
        yield self._times("GET /api/reduceddatums/ 100 rows", f"/api/reduceddatums/?target__id={own}")


def _target(name, number):
    return {
        "name": name,
        "type": "SIDEREAL",
        "ra": number * 0.0137 % 360,
        "dec": -89 + number * 0.00171 % 178,
    }


def _point(target, number):
    return {
        "target": target,
        "data_type": "photometry",
        "timestamp": f"2026-01-{1 + number // 86400 % 28:02}T{number // 3600 % 24:02}:{number // 60 % 60:02}:"
        f"{number % 60:02}.{number:06}Z",
        "source_name": "bench",
        "value": {"magnitude": 18 + number % 977 / 700, "error": 0.02, "filter": "gri"[number % 3]},
    }


def measure(kind: str, *, quick: bool) -> None:
    """Measure on one database, and print the figures."""
    with scratch(kind) as environment:
        stored = QUICK_STORED if quick else STORED
        token = run_python(environment, "-m", "benchmarks.api", "--load", str(stored)).split()[-1]
        with serve(environment, "") as server:
            rates = Rates(server, Api(server.port, token), kind, QUICK_ROUNDS if quick else ROUNDS)
            for figure in rates.figures():
                figure.show()


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--load"]:
        print(load(int(sys.argv[2])))
        return
    options = options_of(__doc__)
    print_machine(engine_versions(options.databases))
    print_heading()
    for kind in options.databases:
        measure(kind, quick=options.quick)


if __name__ == "__main__":
    main()
