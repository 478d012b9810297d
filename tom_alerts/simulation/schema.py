"""The Avro schema of a ZTF alert packet, version 4.02, in a file of our own; used to write packets.

Names and types are those of real packets (103 fields of the detection, 57 of a previous one, 29 of a forced
measurement), so that a reader written for ZTF takes ours. The schema holds no descriptions.
"""

import json
from functools import cache
from importlib import resources
from typing import Any

SCHEMA_FILE = "ztf_alert_402.avsc"
SCHEMA_VERSION = "4.02"


@cache
def alert_schema_json() -> str:
    """Return the schema as compact JSON text, as it stands in the head of every packet.

    Returns
    -------
    str
        JSON text without white space.
    """
    text = resources.files(__package__).joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    return json.dumps(json.loads(text), separators=(",", ":"))


def alert_schema() -> dict[str, Any]:
    """Return a fresh copy of the schema of a whole alert packet.

    Returns
    -------
    dict
        Avro schema as nested dictionaries and lists.
    """
    schema: dict[str, Any] = json.loads(alert_schema_json())
    return schema


def record_schema(name: str) -> dict[str, Any]:
    """Return the schema of one kind of record inside a packet.

    Parameters
    ----------
    name : str
        ``candidate``, ``prv_candidate``, ``fp_hist`` or ``cutout``.

    Returns
    -------
    dict
        Avro schema of that record.

    Raises
    ------
    KeyError
        If the packet holds no such record.
    """
    wanted = f"ztf.alert.{name}"
    for field in alert_schema()["fields"]:
        for branch in field["type"] if isinstance(field["type"], list) else [field["type"]]:
            items = branch.get("items", branch) if isinstance(branch, dict) else {}
            if items.get("name") == wanted:
                return dict(items)
    raise KeyError(name)
