"""The TOM Toolkit on the same data, in the same run: its detail page, list, memory and ``manage.py check``.

``BENCH_PEER=/folder/bin/python python -m benchmarks.peer [--databases sqlite,postgresql] [--quick]``,
with the Python of an environment that holds ``tomtoolkit`` and ``gunicorn``. The peer's project is
written into a temporary folder; on SQLite both sides have a file, on PostgreSQL a database of the same
server.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import pages
from benchmarks.databases import (
    FIRST_POINT_US,
    GROUPS,
    LEVELS,
    ROOT,
    STEP_US,
    USER_NAME,
    engine_versions,
    run_python,
    scratch_database,
)
from benchmarks.report import Figure, options_of, print_heading, print_machine
from benchmarks.serving import Server, serve
from benchmarks.startup import QUICK_ROUNDS, ROUNDS, WANTED_S, check_seconds

SETTINGS = """
from pathlib import Path
from tom_common.default_settings import *

SECRET_KEY = "only for a measurement on loopback"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
TOM_NAME = "peer"
INSTALLED_APPS = TOMTOOLKIT_INSTALLED_APPS
MIDDLEWARE = TOMTOOLKIT_MIDDLEWARE
SITE_ID = 1
ROOT_URLCONF = "tom_common.urls"
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.debug", "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages"]},
}]
CRISPY_TEMPLATE_PACK = "bootstrap5"
DATABASES = {"default": %(database)r}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL, STATIC_ROOT = "/static/", %(folder)r + "/static"
MEDIA_URL, MEDIA_ROOT = "/data/", %(folder)r + "/data"
LOGIN_URL = "/accounts/login/"
CACHES = {"default": {
    "BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": %(folder)r + "/cache"}}
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
TARGET_TYPE = "SIDEREAL"
MATCH_MANAGERS = {}
FACILITIES = {}
TOM_FACILITY_CLASSES = []
DATA_PRODUCT_TYPES = {"photometry": ("photometry", "Photometry")}
DATA_PROCESSORS = {}
EXTRA_FIELDS = []
HOOKS = {}
AUTH_STRATEGY = "READ_ONLY"
OPEN_URLS = []
TARGET_PERMISSIONS_ONLY = True
TARGET_DEFAULT_PERMISSION = "PRIVATE"
TARGET_LIST_COLUMNS = ["name", "type", "observations", "saved_data"]
HINTS_ENABLED = False
SHOW_PAGINATION_INFO = True
PLOTLY_THEME = "plotly_white"
REST_FRAMEWORK = {
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination", "PAGE_SIZE": 100}
"""

WSGI = """
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
"""

MANAGE = """
import sys
from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""

# Runs under the peer's Python; its argument is JSON.
FILL = """
import json, sys
import django
django.setup()
from datetime import datetime, timedelta, UTC
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from guardian.models import GroupObjectPermission
from tom_dataproducts.models import PhotometryReducedDatum
from tom_targets.models import Target

given = json.loads(sys.argv[1])
levels, count = given["levels"], given["targets"]
Target.objects.bulk_create(
    [Target(name=f"stored{n}", type="SIDEREAL", permissions=levels[n % 100],
            ra=n * 137.508 % 360, dec=-89 + n * 0.0171 % 178) for n in range(count)],
    batch_size=2000)
first = Target.objects.order_by("pk").first()
start = datetime(1970, 1, 1, tzinfo=UTC)
PhotometryReducedDatum.objects.bulk_create(
    [PhotometryReducedDatum(
        target_id=first.pk,
        timestamp=start + timedelta(microseconds=given["first_us"] + n * given["step_us"]),
        brightness=18.0 + (n % 977) / 700, brightness_error=0.01 + (n % 91) / 1000, unit="mag",
        bandpass="gri"[n % 3], telescope="P48", instrument="ZTF", source_name="ZTF", exposure_time=30.0)
     for n in range(given["points"])],
    batch_size=2000)
user = User.objects.create_user(given["user"], email="bench@localhost", password="only-for-loopback-1")
groups = [Group.objects.create(name=f"bench {n}") for n in range(given["groups"])]
user.groups.add(*groups)
private = list(Target.objects.filter(permissions="PRIVATE").order_by("pk").values_list("pk", flat=True))
view = Permission.objects.get(content_type__app_label="tom_targets", codename="view_target")
GroupObjectPermission.objects.bulk_create(
    [GroupObjectPermission(group=group, permission=view, content_type=view.content_type, object_pk=str(pk))
     for n, group in enumerate(groups) for pk in private[n::2 * len(groups)]],
    batch_size=2000)
with connection.cursor() as cursor:
    cursor.execute("ANALYZE")
client = Client(headers={"Host": "localhost"})
client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
pages = {"list": reverse("targets:list"), "detail": reverse("targets:detail", args=[first.pk])}
facts = {}
for name, url in pages.items():
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url)
    if answer.status_code != 200:
        raise SystemExit(f"{url}: {answer.status_code}")
    facts[name] = {"url": url, "queries": len(queries), "bytes": len(answer.content)}
print(json.dumps({"cookie": client.cookies["sessionid"].value, "pages": facts}))
"""
PEER_ROUNDS = 7


@contextmanager
def peer_project(python: str, kind: str) -> Iterator[tuple[Path, dict[str, str]]]:
    """Write the peer's project, migrated; give its folder and the environment of its processes."""
    with tempfile.TemporaryDirectory(prefix="tom-bench-peer-") as folder, scratch_database(kind) as url:
        database = _database(url, folder)
        for name, text in (
            ("peer_settings.py", SETTINGS % {"database": database, "folder": folder}),
            ("peer_wsgi.py", WSGI),
            ("manage.py", MANAGE),
        ):
            Path(folder, name).write_text(text, encoding="utf-8")
        Path(folder, "static").mkdir()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "PYTHONPATH": folder,
            "DJANGO_SETTINGS_MODULE": "peer_settings",
            "PYTHONWARNINGS": "ignore",
            **{key: value for key, value in os.environ.items() if key.startswith("PG")},
        }
        run_python(environment, "manage.py", "migrate", "-v0", python=python, folder=Path(folder))
        yield Path(folder), environment


def _database(url: str, folder: str) -> dict[str, Any]:
    """Return Django's settings of a database; the peer's own defaults for SQLite."""
    from urllib.parse import urlparse

    if not url:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/db.sqlite3"}
    parts = urlparse(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username or "",
        "PASSWORD": parts.password or "",
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
    }


def peer_facts(python: str, folder: Path, environment: dict[str, str], targets: int) -> dict[str, Any]:
    """Fill the peer's database with the rows of ours; return what its own process can tell."""
    given = {
        "levels": LEVELS,
        "targets": targets,
        "points": pages.POINTS,
        "groups": GROUPS,
        "user": USER_NAME,
        "first_us": FIRST_POINT_US,
        "step_us": STEP_US,
    }
    told = run_python(environment, "-c", FILL, json.dumps(given), python=python, folder=folder)
    return json.loads(told.splitlines()[-1])


def measure(python: str, kind: str, *, quick: bool) -> None:
    """Measure ours, then the peer, print the peer's figures and how many times ours they are."""
    targets = pages.QUICK_TARGETS if quick else pages.TARGETS
    ours = {figure.name: figure for figure in pages.measure(kind, quick=quick)}
    with peer_project(python, kind) as (folder, environment):
        facts = peer_facts(python, folder, environment, targets)
        with serve(
            environment, facts["cookie"], python=python, application="peer_wsgi", folder=folder
        ) as server:
            for figure in _figures(server, facts, kind, targets, quick=quick):
                _compare(figure, ours.get(figure.name.removeprefix("peer: ")))


def _figures(
    server: Server, facts: dict[str, Any], kind: str, targets: int, *, quick: bool
) -> Iterator[Figure]:
    found = facts["pages"]
    for page, name in (
        ("list", f"target list, first of {targets:,} targets"),
        ("detail", f"target detail, {pages.POINTS:,} points"),
    ):
        queries = [found[page]["queries"]]
        yield Figure(f"peer: {name.partition(',')[0]}: queries", queries, "", database=kind)
        times, note = server.times_ms(found[page]["url"], 2 if quick else PEER_ROUNDS, warm=1)
        yield Figure(f"peer: {name}", times, "ms", database=kind, note=note)
    size = [found["detail"]["bytes"] / 1000]
    yield Figure("peer: target detail: HTML", size, "kB", database=kind)
    rate, note = server.pages_per_second(found["detail"]["url"], pages.RATE_SECONDS)
    yield Figure("peer: target detail, one client", [rate], "/s", database=kind, note=note)
    yield Figure("peer: memory of the worker after load", [server.memory_mb()], "MB", database=kind)


def _compare(peer: Figure, ours: Figure | None) -> None:
    if ours is not None and min(peer.median, ours.median) > 0:
        more = peer.median / ours.median
        text = f"{more:.2g} times ours" if more >= 1 else f"ours is {1 / more:.2g} times it"
        peer.note = ", ".join(filter(None, (text, peer.note)))
    peer.show()


def measure_check(python: str, *, quick: bool) -> None:
    """Measure ``manage.py check`` of both."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    with tempfile.TemporaryDirectory(prefix="tom-bench-") as folder:
        environment = {**os.environ, "TOM_ENV_FILE": os.devnull, "TOM_DATA_DIR": folder, "DEBUG": "false"}
        environment.pop("DATABASE_URL", None)
        ours = Figure(
            "manage.py check",
            check_seconds(sys.executable, ROOT / "manage.py", environment, rounds),
            "s",
            WANTED_S,
        )
    ours.show()
    with peer_project(python, "sqlite") as (peer_folder, peer_environment):
        times = check_seconds(python, peer_folder / "manage.py", peer_environment, rounds)
    _compare(Figure("peer: manage.py check", times, "s"), ours)


def main() -> None:
    """Measure and print."""
    options = options_of(__doc__)
    python = os.environ.get("BENCH_PEER")
    if not python:
        raise SystemExit("BENCH_PEER names the Python of an environment with tomtoolkit; it is not set")
    print_machine(engine_versions(options.databases))
    asked = [python, "-c", "from importlib.metadata import version; print(version('tomtoolkit'))"]
    told = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True)
    print(f"peer: tomtoolkit {told.stdout.strip()}", flush=True)
    print_heading()
    started = time.perf_counter()
    measure_check(python, quick=options.quick)
    for kind in options.databases:
        measure(python, kind, quick=options.quick)
    print(f"took {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
