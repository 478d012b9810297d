"""What TOMs send each other: targets, measurements and files as JSON, and when two of them are the same.

Pure: rows in, plain values out. The other side may be a TOM Toolkit, whose answers hold less than ours: no
lists of a target, no limits of photometry.

References
----------
The REST API of TOM Toolkit 3.1.0, observed on 2026-11-21; plugin-api 6.8, 10.1, 10.2.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from tom_common import conf as common_conf
from tom_dataproducts.datum_shape import datum_as_dict
from tom_targets.derived import simplify_name
from tom_targets.models import BaseTarget
from tom_targets.serializers import TargetSerializer

NESTED = ("targetextra_set", "aliases", "target_lists", "groups")
_OURS = {"id", "created", "modified", "permissions", "shared_by", "shared_from", *NESTED}
_DIGITS = 9
KINDS = ("photometry", "spectroscopy", "astrometry")

Payload = dict[str, Any]
Identity = tuple[Any, ...]


def target_payload(
    target: BaseTarget, *, parts: Iterable[str], list_names: Iterable[str], user: Any
) -> Payload:
    """Return what makes a target on the other side.

    Parameters
    ----------
    target : BaseTarget
    parts : iterable of str
        ``aliases``, ``extras`` and ``lists`` go along if they are among them.
    list_names : iterable of str
        Lists there on which it is put.
    user : User or None
        Who shares it.
    """
    parts = set(parts)
    shown = TargetSerializer(target).data
    payload = {name: value for name, value in shown.items() if name not in ("id", "created", "modified")}
    payload |= {
        "groups": [],
        "aliases": [{"name": name} for name in alias_names(target)] if "aliases" in parts else [],
        "targetextra_set": extra_entries(target) if "extras" in parts else [],
        "target_lists": [{"name": name} for name in list_names] if "lists" in parts else [],
        "shared_by": user.get_username() if user is not None else "",
        "shared_from": common_conf.tom_name()[:200],
    }
    return payload


def alias_names(target: BaseTarget) -> list[str]:
    """Return the further names of a target."""
    return [alias.name for alias in target.aliases.all()]


def extra_entries(target: BaseTarget) -> list[dict[str, str]]:
    """Return the extra fields of a target, and the fields that only the target class of this project has."""
    entries = {extra.key: extra.value for extra in target.targetextra_set.all()}
    common = {field.name for field in BaseTarget._meta.concrete_fields}
    for field in target._meta.concrete_fields:
        value = getattr(target, field.attname, None)
        if field.name not in common and not field.primary_key and value not in (None, ""):
            entries.setdefault(field.name, str(value))
    return [{"key": key, "value": value} for key, value in entries.items()]


def facts(payload: Payload) -> Payload:
    """Return the fields of a target that describe it, without its name, its parts and its provenance."""
    return {name: value for name, value in payload.items() if name not in _OURS and name != "name"}


def is_empty(value: Any) -> bool:
    """Tell whether a field holds nothing."""
    return value is None or value == ""


def same_value(one: Any, other: Any) -> bool:
    """Tell whether two values of a field are the same; numbers to nine digits."""
    if is_number(one) and is_number(other):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return str(one) == str(other)


def is_number(value: Any) -> bool:
    """Tell whether a value of JSON is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def names_of(remote: Payload) -> list[str]:
    """Return all names of a target that the other side sent."""
    return [
        str(remote.get("name", "")),
        *(str(entry.get("name", "")) for entry in remote.get("aliases") or ()),
    ]


def bears_a_name(remote: Payload, names: Iterable[str]) -> bool:
    """Tell whether a target of the other side bears one of the names, case and separators apart."""
    wanted = {simplify_name(name) for name in names}
    return not wanted.isdisjoint(simplify_name(name) for name in names_of(remote))


# --- measurements


def datum_payload(row: Any, *, remote_target: int | None) -> Payload:
    """Return what makes a measurement on the other side; one without a source names this TOM."""
    payload = datum_as_dict(row)
    del payload["id"]
    payload |= {"data_product": None, "target": remote_target}
    if not payload["source_name"]:
        payload["source_name"] = common_conf.tom_name()[:100]
    if not payload["source_location"]:
        payload["source_location"] = f"shared by {common_conf.tom_name()}"[:200]
    return payload


def identity(datum: Payload) -> Identity:
    """Return what makes a measurement the same as another, of what both kinds of TOM tell."""
    kind = str(datum.get("data_type", "")).lower()
    value = datum.get("value")
    value = value if isinstance(value, dict) else {"": value}
    time = _time_us(datum.get("timestamp"))
    if kind == "photometry":
        brightness = value.get("brightness", value.get("magnitude"))
        band = value.get("bandpass", value.get("filter"))
        where = _text(value.get("instrument"))
        if brightness is None:  # a limit, of which a TOM Toolkit does not tell the number
            return (kind, time, _text(band), where, "limit", _rounded(value.get("limit")))
        return (kind, time, _text(band), where, _rounded(brightness))
    if kind == "spectroscopy":
        flux = value.get("flux")
        return (kind, time, *_apparatus(value), _digest(flux if isinstance(flux, list) else []))
    if kind == "astrometry":
        return (kind, time, *_apparatus(value), _rounded(value.get("ra")), _rounded(value.get("dec")))
    return (kind, time, json.dumps(value, sort_keys=True, default=str))


def _apparatus(value: Payload) -> tuple[str, str]:
    return _text(value.get("telescope")), _text(value.get("instrument"))


def is_known(datum: Payload, known: set[Identity]) -> bool:
    """Tell whether a measurement is among those whose identities are known."""
    found = identity(datum)
    return found in known or (found[-2:-1] == ("limit",) and (*found[:-1], _rounded(None)) in known)


def describe(datum: Payload) -> str:
    """Return a measurement in a few words: its time and what it is of."""
    value = datum.get("value")
    band = value.get("bandpass", "") if isinstance(value, dict) else ""
    return f"{datum.get('data_type')} of {datum.get('timestamp')}{' in ' + str(band) if band else ''}"


def _time_us(text: Any) -> Any:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return str(text)
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
    return round(found.timestamp() * 1e6)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _rounded(value: Any) -> str:
    try:
        return f"{float(value):.{_DIGITS}g}"
    except (TypeError, ValueError):
        return str(value)


def _digest(numbers: list[Any]) -> str:
    return hashlib.sha256(",".join(map(_rounded, numbers)).encode()).hexdigest()
