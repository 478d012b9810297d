"""Parts of an answer that may have another shape than promised: taken as what they are, or as nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from tom_dataservices.clients.broker import text


def as_dict(value: Any) -> dict[str, Any]:
    """Return an object, an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a list; of one value that is none, a list of that, of no value an empty one."""
    if isinstance(value, list):
        return value
    return [] if value is None or value == "" else [value]


def as_rows(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, or of an object of numbered objects."""
    rows = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [row for row in rows if isinstance(row, dict)]


def name_in(value: Any, key: str = "name") -> str | None:
    """Return the name that an object with number and name tells, or a text that stands in its place."""
    return plain_text(value.get(key) if isinstance(value, dict) else value)


def plain_text(value: Any) -> str | None:
    """Return a text whose signs may be percent-encoded, as those of TNS are at times."""
    found = text(value)
    return None if found is None else text(unquote(found))
