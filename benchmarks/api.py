"""The REST API with 100,000 targets stored: how fast targets and data are listed, created.

``python -m benchmarks.api`` measures on a SQLite file, with ``DATABASE_URL=postgres://...`` on a database
that it makes and drops. One gunicorn sync worker, client on loopback, token of an ordinary user in five
groups, a new connection for each request; medians of several rounds. The second figure of each line is what
the worker's processor time alone would allow: on a machine that others use, too, it is the steadier one.
"""

import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlparse

ROOT = Path(__file__).resolve().parent.parent
STORED = 100_000
ROUNDS = 5
SINGLES = 200
BULK = 5_000
POINTS = 10_000
LISTS = 41


def _prepare_database(url):
    """Make the database of a PostgreSQL URL anew; a SQLite file needs nothing."""
    if url.startswith("postgres"):
        import psycopg2

        parts = urlparse(url)
        admin = psycopg2.connect(
            dbname="postgres",
            user=parts.username,
            password=parts.password,
            host=parts.hostname,
            port=parts.port,
        )
        admin.autocommit = True
        name = parts.path.lstrip("/")
        with admin.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute(f'CREATE DATABASE "{name}"')
        admin.close()


def _drop_database(url):
    if url.startswith("postgres"):
        import psycopg2

        parts = urlparse(url)
        admin = psycopg2.connect(
            dbname="postgres",
            user=parts.username,
            password=parts.password,
            host=parts.hostname,
            port=parts.port,
        )
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{parts.path.lstrip("/")}"')
        admin.close()


def _fill():
    """Store the targets, an ordinary user in five groups with grants, and statistics; return the token."""
    import numpy as np
    from django.contrib.auth.models import Group, User
    from django.db import connection
    from rest_framework.authtoken.models import Token

    from tom_common.astro.sky_index import sky_index
    from tom_common.bulk import insert_new
    from tom_common.grants import grant_many
    from tom_targets.models import BaseTarget, TargetExtra, TargetName

    random = np.random.default_rng(1)
    ra = random.uniform(0, 360, STORED)
    dec = np.degrees(np.arcsin(random.uniform(-1, 1, STORED)))
    names = [f"stored {number}" for number in range(STORED)]
    levels = ["OPEN"] * 70 + ["PUBLIC"] * 15 + ["PRIVATE"] * 15
    insert_new(
        BaseTarget,
        {
            "name": names,
            "name_key": [name.replace(" ", "") for name in names],
            "type": ["SIDEREAL"] * STORED,
            "permissions": [levels[number % 100] for number in range(STORED)],
            "ra": ra,
            "dec": dec,
            "sky_index": sky_index(ra, dec),
        },
    )
    pks = list(BaseTarget.objects.order_by("pk").values_list("pk", flat=True))
    insert_new(TargetExtra, {"target_id": pks, "key": ["class"] * STORED, "value": ["SN Ia"] * STORED})
    aliases = [f"alias {number}" for number in range(STORED)]
    insert_new(
        TargetName,
        {"target_id": pks, "name": aliases, "name_key": [name.replace(" ", "") for name in aliases]},
    )
    user = User.objects.create_user("bench")
    groups = [Group.objects.create(name=f"bench {number}") for number in range(5)]
    user.groups.add(*groups)
    private = list(BaseTarget.objects.filter(permissions="PRIVATE").values_list("pk", flat=True))
    grant_many(groups[:1], BaseTarget, private, ["view_target", "change_target"])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
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


def _serve(environment):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            *(
                sys.executable,
                "-m",
                "gunicorn",
                "tom_project.wsgi",
                "--workers",
                "1",
                "--worker-class",
                "sync",
            ),
            *("--bind", f"127.0.0.1:{port}", "--log-level", "error", "--timeout", "300"),
        ],
        env=environment,
        cwd=ROOT,
    )
    for _ in range(200):
        time.sleep(0.1)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server, port
    raise RuntimeError("the server does not come up")


def _target(name, number):
    return {
        "name": name,
        "type": "SIDEREAL",
        "ra": number * 0.0137 % 360,
        "dec": -89 + number * 0.00171 % 178,
    }


class Worker:
    """The one worker process of the server, whose processor time is counted."""

    def __init__(self, server):
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        self.stat = Path(f"/proc/{children[0]}/stat")

    def cpu_s(self):
        user, system = self.stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _timed(worker, act):
    """Return seconds by the clock, and by the worker's processor."""
    before, start = worker.cpu_s(), time.perf_counter()
    act()
    return time.perf_counter() - start, worker.cpu_s() - before


def _median(pairs):
    return [statistics.median(column) for column in zip(*pairs, strict=True)]


def _print_rate(label, count, pairs, wanted):
    clock, cpu = _median(pairs)
    print(
        f"  {label:40} {count / clock:7.0f} /s  ({count / cpu:.0f} /s of processor time; wanted: {wanted})",
        flush=True,
    )


def _measure(api, worker):
    stamp = f"{time.time():.0f}"
    api.send("POST", "/api/targets/", _target(f"warm {stamp}", 1))
    pairs = []
    for number in range(ROUNDS):
        bodies = [_target(f"single {stamp} {number} {row}", row) for row in range(SINGLES)]
        pairs.append(_timed(worker, lambda: [api.send("POST", "/api/targets/", body) for body in bodies]))  # noqa: B023
    _print_rate("POST /api/targets/ one by one", SINGLES, pairs, "150")
    pairs = []
    for number in range(ROUNDS):
        bodies = [_target(f"bulk {stamp} {number} {row}", row) for row in range(BULK)]
        pairs.append(_timed(worker, lambda: api.send("POST", "/api/targets/", bodies)))  # noqa: B023
    _print_rate(f"POST /api/targets/ {BULK:,} in a list", BULK, pairs, "3,000")
    _measure_lists(api, worker)
    own = api.send("POST", "/api/targets/", _target(f"curve {stamp}", 2))["id"]
    pairs = []
    for number in range(ROUNDS):
        rows = [_point(own, number * POINTS + row) for row in range(POINTS)]
        pairs.append(_timed(worker, lambda: api.send("POST", "/api/reduceddatums/", rows)))  # noqa: B023
    _print_rate(f"POST /api/reduceddatums/ {POINTS:,} in a list", POINTS, pairs, "8,000")
    _measure_list(api, worker, "GET  /api/reduceddatums/ 100 rows", f"/api/reduceddatums/?target__id={own}")


def _measure_lists(api, worker):
    _measure_list(api, worker, "GET  /api/targets/ 100 rows", "/api/targets/?limit=100")
    _measure_list(api, worker, "the same, following next", "/api/targets/?limit=100", follow=True)


def _measure_list(api, worker, label, start, *, follow=False):
    url, times = start, []
    before = worker.cpu_s()
    for _ in range(LISTS):
        begun = time.perf_counter()
        page = api.send("GET", url)
        times.append(1000 * (time.perf_counter() - begun))
        if follow:
            url = page["next"].partition(str(api.port))[2]
    cpu = 1000 * (worker.cpu_s() - before) / LISTS
    print(
        f"  {label:40} {statistics.median(times):7.1f} ms  ({cpu:.1f} ms of processor time; wanted: 40)",
        flush=True,
    )


def _point(target, number):
    return {
        "target": target,
        "data_type": "photometry",
        "timestamp": f"2026-01-{1 + number // 86400 % 28:02}T{number // 3600 % 24:02}:{number // 60 % 60:02}:"
        f"{number % 60:02}.{number:06}Z",
        "source_name": "bench",
        "value": {"magnitude": 18 + number % 977 / 700, "error": 0.02, "filter": "gri"[number % 3]},
    }


def main() -> None:
    """Measure and print."""
    url = os.environ.get("DATABASE_URL", "")
    with tempfile.TemporaryDirectory(prefix="tom-bench-") as folder:
        os.environ.update(
            TOM_ENV_FILE=os.devnull,
            TOM_DATA_DIR=folder,
            DJANGO_SETTINGS_MODULE="tom_project.settings",
            DEBUG="false",
        )
        _prepare_database(url)
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        token = _fill()
        print(f"{connection.vendor}, {STORED:,} targets stored")
        connection.close()
        server, port = _serve(os.environ.copy())
        try:
            _measure(Api(port, token), Worker(server))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)
            _drop_database(url)


if __name__ == "__main__":
    main()
