"""What state the database is in before the server starts, and how it is brought up to date (``make run``)."""

import sqlite3
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path


class StartError(Exception):
    """What keeps the TOM from starting, in one line that says what to do."""


class State(Enum):
    """How a database compares with the code."""

    NEW = "new"
    CURRENT = "current"
    OLDER = "older"


def name_of(connection) -> str:
    """Give a database's name as a person would write it, without its password."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return str(settings["NAME"])
    port = f":{settings['PORT']}" if settings["PORT"] else ""
    return f"{connection.vendor}://{settings['HOST'] or 'localhost'}{port}/{settings['NAME']}"


def _hint(connection) -> str:
    """Give what to do about a database that cannot be opened, where that can be told."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        folder = Path(name).absolute().parent
        return "" if folder.is_dir() else f": there is no folder {folder}"
    known = {"postgresql": f"createdb {name}", "mysql": f"mariadb -e 'CREATE DATABASE {name}'"}
    command = known[connection.vendor]
    return f": is the server running, and DATABASE_URL right? A new database is made by: {command}"


def _number(node_name: str) -> int:
    digits = node_name.partition("_")[0]
    return int(digits) if digits.isdigit() else 0


def _newer_nodes(loader) -> list[str]:
    """Give the applied migrations that lie beyond the last one this code knows of the same app."""
    last = {}
    for app, name in loader.disk_migrations:
        last[app] = max(last.get(app, 0), _number(name))
    return [
        f"{app}.{name}"
        for app, name in sorted(loader.applied_migrations)
        if app in last and (app, name) not in loader.disk_migrations and _number(name) > last[app]
    ]


def inspect(connection) -> tuple[State, int]:
    """Say how the database compares with the code, and how many migrations it lacks.

    Raises
    ------
    StartError
        If it cannot be reached, is no database of a TOM, or was made by newer code.
    """
    from django.db import DatabaseError
    from django.db.migrations.exceptions import InconsistentMigrationHistory
    from django.db.migrations.executor import MigrationExecutor

    where = name_of(connection)
    try:
        connection.ensure_connection()
        tables = set(connection.introspection.table_names())
        executor = MigrationExecutor(connection)
        executor.loader.check_consistent_history(connection)
    except InconsistentMigrationHistory as error:
        raise StartError(f"the database {where} does not fit this code: {error}") from error
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise StartError(f"the database {where} cannot be used: {reason}{_hint(connection)}") from error
    loader = executor.loader
    if newer := _newer_nodes(loader):
        raise StartError(
            f"the database {where} was made by a newer version of the TOM ({newer[-1]} is unknown here):"
            " update the code, or set DATABASE_URL to another database"
        )
    if not loader.applied_migrations:
        if tables:
            raise StartError(
                f"the database {where} holds tables of something else ({sorted(tables)[0]}, ...):"
                " set DATABASE_URL to a database of its own"
            )
        return State.NEW, len(loader.disk_migrations)
    missing = executor.migration_plan(loader.graph.leaf_nodes())
    return (State.OLDER, len(missing)) if missing else (State.CURRENT, 0)


def keep_copy(connection) -> Path | None:
    """Copy a SQLite database beside itself; other engines have their own tools."""
    if connection.vendor != "sqlite":
        return None
    source = Path(connection.settings_dict["NAME"])
    copy = source.with_name(f"{source.stem}-before-{datetime.now(UTC):%Y%m%dT%H%M%S}{source.suffix}")
    with sqlite3.connect(source) as old, sqlite3.connect(copy) as new:
        old.backup(new)
    return copy


def bring_up_to_date(connection) -> State:
    """Apply what the database lacks, keeping a copy of an older one, and say what state it was found in."""
    from django.core.management import call_command
    from django.db import DatabaseError

    state, missing = inspect(connection)
    if state is State.CURRENT:
        return state
    copy = None
    if state is State.NEW:
        print(f"Making the database {name_of(connection)} ...", flush=True)
    else:
        copy = keep_copy(connection)
        kept = f"; a copy is kept in {copy}" if copy else ""
        print(f"The database was made by an older version: applying {missing} migrations{kept}.", flush=True)
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except (DatabaseError, ValueError, LookupError) as error:
        back = f" The copy in {copy} is unharmed." if copy else ""
        reason = str(error).strip().splitlines()[0]
        raise StartError(f"the database could not be brought up to date: {reason}.{back}") from error
    return state
