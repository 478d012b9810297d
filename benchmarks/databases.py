"""Scratch databases for benchmarks: a SQLite file, or a PostgreSQL database that is made and dropped.

PostgreSQL is found as the tests find it (``TEST_POSTGRES_URL``, else the server of this machine).
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

ROOT = Path(__file__).resolve().parent.parent
GROUPS = 5
USER_NAME = "bench"
LEVELS = ["OPEN"] * 60 + ["PUBLIC"] * 20 + ["PRIVATE"] * 20  # of each 100 targets
FIRST_POINT_US = 1_767_225_600_000_000  # 2026-01-01 UTC
STEP_US = 427_800_000


class DatabaseMissingError(RuntimeError):
    """The server that was asked for does not answer."""


def postgres_url() -> str:
    """Give the address of a PostgreSQL server, with any database name."""
    from tests.services import postgres_url as found

    url = found()
    if url is None:
        raise DatabaseMissingError("no PostgreSQL server found; TEST_POSTGRES_URL names one")
    return url


def _execute(statements: Sequence[str], one: str = "SELECT 1") -> Any:
    """Run statements outside a transaction in the maintenance database; return the answer of the last."""
    import psycopg2

    parts = urlparse(postgres_url())
    connection = psycopg2.connect(
        dbname="postgres",
        user=parts.username,
        password=parts.password,
        host=parts.hostname,
        port=parts.port,
    )
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            cursor.execute(one)
            return cursor.fetchone()[0]
    finally:
        connection.close()


def engine_versions(databases: Sequence[str]) -> str:
    """Give the versions of the engines, for the line of the machine."""
    found = []
    if "sqlite" in databases:
        found.append(f"SQLite {sqlite3.sqlite_version}")
    if "postgresql" in databases:
        fsync = _execute([], "SHOW fsync")
        found.append(f"PostgreSQL {_execute([], 'SHOW server_version').split()[0]} (fsync {fsync})")
    return ", ".join(found)


@contextmanager
def scratch_database(kind: str) -> Iterator[str]:
    """Give the address of an empty PostgreSQL database, dropped afterwards; nothing for a SQLite file."""
    if kind == "sqlite":
        yield ""
        return
    name = f"tom_bench_{os.getpid()}"
    drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
    _execute([drop, f'CREATE DATABASE "{name}"'])
    try:
        yield f"{postgres_url().rpartition('/')[0]}/{name}"
    finally:
        _execute([drop])


@contextmanager
def scratch(kind: str) -> Iterator[dict[str, str]]:
    """Make an empty, migrated database; give the environment of a process that works on it."""
    with tempfile.TemporaryDirectory(prefix="tom-bench-") as folder, scratch_database(kind) as url:
        (Path(folder) / "static").mkdir()
        environment = {
            **{key: value for key, value in os.environ.items() if key != "REDIS_URL"},
            "DATABASE_URL": url,
            "TOM_ENV_FILE": os.devnull,
            "TOM_DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "tom_project.settings",
            "DEBUG": "false",
            "PYTHONPATH": str(ROOT),
        }
        manage(environment, "migrate", "-v0")
        yield environment


def manage(environment: dict[str, str], *arguments: str) -> str:
    """Run a management command; return what it prints."""
    return run_python(environment, str(ROOT / "manage.py"), *arguments)


def run_python(
    environment: dict[str, str], *arguments: str, python: str = sys.executable, folder: Path = ROOT
) -> str:
    """Run Python, in the project's folder unless another is named; its complaint ends the benchmark."""
    done = subprocess.run(
        [python, *arguments],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)[:200]}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


@contextmanager
def indices_made_afterwards(tables: Sequence[str]) -> Iterator[None]:
    """Take the indices of tables away while they are filled, those of unique columns excepted."""
    from django.db import connection

    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        if is_sqlite:
            cursor.execute(
                "SELECT name, sql, type FROM sqlite_master WHERE sql NOT LIKE 'CREATE UNIQUE%%'"
                " AND type IN ('index', 'trigger') AND tbl_name IN (SELECT value FROM json_each(%s))",
                [json.dumps(tables)],
            )
        else:
            cursor.execute(
                "SELECT indexname, indexdef, 'index' FROM pg_indexes"
                " WHERE tablename = ANY(%s) AND indexdef NOT LIKE 'CREATE UNIQUE%%'",
                [list(tables)],
            )
        found = cursor.fetchall()
        for name, _, kind in found:
            cursor.execute(f"DROP {kind} {connection.ops.quote_name(name)}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            if not is_sqlite:
                cursor.execute("SET maintenance_work_mem = '256MB'")
            for _, statement, _ in found:
                cursor.execute(statement)
            for name, _, kind in found:
                if kind == "trigger" and name.endswith("_added"):  # of the search for parts of a name
                    search = name.removesuffix("_added")
                    cursor.execute(f"INSERT INTO {search}({search}) VALUES ('rebuild')")


def load_targets(count: int, levels: Sequence[str] = tuple(LEVELS)) -> list[int]:
    """Store targets all over the sky, each with a class and an alias, without history; return their keys."""
    from tom_common.history import unrecorded
    from tom_targets.models import BaseTarget, TargetExtra, TargetName

    tables = [model._meta.db_table for model in (BaseTarget, TargetExtra, TargetName)]
    with unrecorded(), indices_made_afterwards(tables):
        return _load_targets(count, levels)


def _load_targets(count: int, levels: Sequence[str]) -> list[int]:
    import numpy as np

    from tom_common.astro.sky_index import sky_index
    from tom_common.bulk import insert_new
    from tom_targets.models import BaseTarget, TargetExtra, TargetName

    random = np.random.default_rng(1)
    ra, dec = random.uniform(0, 360, count), np.degrees(np.arcsin(random.uniform(-1, 1, count)))
    names = [f"stored{number}" for number in range(count)]
    columns = {
        "name": names,
        "name_key": names,
        "type": ["SIDEREAL"] * count,
        "permissions": [levels[number % 100] for number in range(count)],
        "ra": ra,
        "dec": dec,
        "sky_index": sky_index(ra, dec),
    }
    insert_new(BaseTarget, columns)
    pks = list(BaseTarget.objects.order_by("pk").values_list("pk", flat=True))
    insert_new(TargetExtra, {"target_id": pks, "key": ["class"] * count, "value": ["SN Ia"] * count})
    aliases = [f"alias{number}" for number in range(count)]
    insert_new(TargetName, {"target_id": pks, "name": aliases, "name_key": aliases})
    return pks


def load_points(target_pks: Sequence[int], count: int) -> None:
    """Store as many points for each target: detections in three bands, and refresh the summaries."""
    import numpy as np

    from tom_common.bulk import insert_new
    from tom_dataproducts.models import PhotometryReducedDatum
    from tom_dataproducts.summaries import mark_stale, refresh_summaries

    rows = count * len(target_pks)
    number = np.tile(np.arange(count), len(target_pks))
    columns = {
        "target_id": np.repeat(np.asarray(target_pks), count),
        "timestamp": FIRST_POINT_US + number * STEP_US,
        "point_key": number + 1,
        "brightness": 18.0 + (number % 977) / 700,
        "brightness_error": 0.01 + (number % 91) / 1000,
        "limit": np.full(rows, np.nan),
        "unit": ["mag"] * rows,
        "bandpass": ["gri"[one % 3] for one in number],
        "telescope": ["P48"] * rows,
        "instrument": ["ZTF"] * rows,
        "source_name": ["ZTF"] * rows,
        "exposure_time": np.full(rows, 30.0),
    }
    insert_new(PhotometryReducedDatum, columns)
    mark_stale(list(target_pks))
    refresh_summaries(list(target_pks))


def load_summaries(every: int = 3) -> None:
    """Store summaries of light curves for every third target, without the points."""
    import datetime as dt

    import numpy as np

    from tom_common.bulk import insert_new
    from tom_dataproducts.models.summary import LightCurveSummary
    from tom_targets.models import BaseTarget

    pks = list(BaseTarget.objects.order_by("pk").values_list("pk", flat=True))[::every]
    random = np.random.default_rng(6)
    now_us = int(dt.datetime.now(dt.UTC).timestamp()) * 1_000_000
    columns = {
        "target_id": pks,
        "point_count": [40] * len(pks),
        "detection_count": random.geometric(0.2, len(pks)),
        "last_detection": now_us - random.integers(0, 300 * 86_400_000_000, len(pks)),
        "last_mag": random.normal(19.5, 1.2, len(pks)),
        "rate_mag_per_day": random.normal(0.0, 0.1, len(pks)),
        "is_stale": [False] * len(pks),
    }
    with indices_made_afterwards([LightCurveSummary._meta.db_table]):
        insert_new(LightCurveSummary, columns)


def load_user() -> Any:
    """Make the ordinary user in five groups, each of which sees a fifth of half the private targets."""
    from django.contrib.auth.models import Group, User

    from tom_common.grants import grant_many
    from tom_targets.models import BaseTarget

    user = User.objects.create_user(USER_NAME)
    groups = [Group.objects.create(name=f"bench {number}") for number in range(GROUPS)]
    user.groups.add(*groups)
    private = list(
        BaseTarget.objects.filter(permissions="PRIVATE").order_by("pk").values_list("pk", flat=True)
    )
    for number, group in enumerate(groups):
        grant_many([group], BaseTarget, private[number :: 2 * GROUPS], ["view_target"])
    return user


def analyze() -> None:
    """Give the planner its statistics, as a database that has run for a while has them."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
