"""What ``settings`` computes from the environment: the database and the secret key."""

import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from django.core.exceptions import ImproperlyConfigured

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;"
    " PRAGMA cache_size=-65536; PRAGMA mmap_size=134217728"
)
_ENGINES = {
    "postgres": "django.db.backends.postgresql",
    "postgresql": "django.db.backends.postgresql",
    "mysql": "django.db.backends.mysql",
    "mariadb": "django.db.backends.mysql",
}


def database_settings(url: str, data_dir: Path) -> dict[str, Any]:
    """Return the ``DATABASES`` entry for a database URL.

    Parameters
    ----------
    url : str
        ``sqlite:///file``, ``postgres://user:password@host:port/name``, ``mariadb://...``, or empty for a
        SQLite file in `data_dir`.
    data_dir : Path
        Folder of the default SQLite file.

    Raises
    ------
    ImproperlyConfigured
        If the scheme is none of these, or the name of the database is missing.
    """
    if not url:
        return _sqlite(str(data_dir / "tom.sqlite3"))
    parts = urlparse(url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme == "sqlite" and name:
        return _sqlite(":memory:" if name == ":memory:" else unquote(parts.path[1:]))
    if parts.scheme not in {*_ENGINES, "sqlite"}:
        raise ImproperlyConfigured(
            f"DATABASE_URL has scheme {parts.scheme!r}; expected one of sqlite, postgres, mariadb"
        )
    if not name:
        raise ImproperlyConfigured(
            "DATABASE_URL names no database: expected scheme://user:password@host/name"
        )
    try:
        port = str(parts.port or "")
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL: {error}") from error
    entry: dict[str, Any] = {
        "ENGINE": _ENGINES[parts.scheme],
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": port,
        "CONN_MAX_AGE": int(os.environ.get("CONN_MAX_AGE", "60")),
        "CONN_HEALTH_CHECKS": True,
    }
    if entry["ENGINE"].endswith("postgresql"):
        # Compiling a query of a page takes 250 ms, running it 5.
        entry["OPTIONS"] = {"options": "-c jit=off"}
    if entry["ENGINE"].endswith("mysql"):
        import pymysql

        pymysql.version_info = (2, 2, 7, "final", 0)  # Django asks for this mysqlclient or newer
        pymysql.install_as_MySQLdb()
        entry["OPTIONS"] = {"charset": "utf8mb4", "init_command": "SET sql_mode='STRICT_TRANS_TABLES'"}
    return entry


def _sqlite(name: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        # Opening the file and reading its schema takes a tenth of a short request.
        "CONN_MAX_AGE": int(os.environ.get("CONN_MAX_AGE", "60")),
        "OPTIONS": {"init_command": _SQLITE_PRAGMAS, "transaction_mode": "IMMEDIATE", "timeout": 20},
    }


def broker_settings(redis_url: str, rabbitmq_url: str) -> dict[str, Any]:
    """Return ``DRAMATIQ_BROKER`` for the queue of background jobs: RabbitMQ if it has an address, else Redis.

    Parameters
    ----------
    redis_url : str
        ``redis://host:6379/0``.
    rabbitmq_url : str
        ``amqp://user:password@host:5672/``.
    """
    middleware = [
        "dramatiq.middleware.AgeLimit",
        "dramatiq.middleware.TimeLimit",
        "dramatiq.middleware.Callbacks",
        "dramatiq.middleware.Retries",
        "dramatiq.middleware.ShutdownNotifications",
        "django_dramatiq.middleware.DbConnectionsMiddleware",
    ]
    if rabbitmq_url:
        return {
            "BROKER": "dramatiq.brokers.rabbitmq.RabbitmqBroker",
            "OPTIONS": {"url": rabbitmq_url},
            "MIDDLEWARE": middleware,
        }
    return {
        "BROKER": "dramatiq.brokers.redis.RedisBroker",
        "OPTIONS": {"url": redis_url},
        "MIDDLEWARE": middleware,
    }


def list_of_json(name: str, text: str) -> list[dict[str, Any]]:
    """Return the list of dicts that an environment variable holds as JSON; an empty one holds none.

    Raises
    ------
    ImproperlyConfigured
        If it is something else.
    """
    try:
        found = json.loads(text or "[]")
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not JSON: {error}") from error
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise ImproperlyConfigured(f'{name} holds {text[:60]!r}; expected a list, [{{"NAME": "..."}}]')
    return found


def kept_secret_key(path: Path) -> str:
    """Return the secret key kept in a file, made on first use and readable by its owner only.

    Raises
    ------
    ImproperlyConfigured
        If the file cannot be read or written.
    """
    try:
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_once(path, secrets.token_urlsafe(64) + "\n")
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"cannot keep a secret key in {path}: {error.strerror}. Set SECRET_KEY, or TOM_DATA_DIR to a"
            " folder that you may write."
        ) from error


def _write_once(path: Path, text: str) -> None:
    """Write a file that others find whole or not at all; leave it alone where another process was first."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # for its owner only
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        os.unlink(draft)
