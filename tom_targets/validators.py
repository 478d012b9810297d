"""What a target of each type has to have; asked by forms, the REST API and imports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tom_targets.field_names import (
    REQUIRED_NON_SIDEREAL_FIELDS,
    REQUIRED_NON_SIDEREAL_FIELDS_PER_SCHEME,
    REQUIRED_SIDEREAL_FIELDS,
)


def required_fields(target_type: str, scheme: str = "") -> list[str]:
    """Return the names of the fields that a target of a type, and of a scheme of elements, has to have.

    Parameters
    ----------
    target_type : str
        ``SIDEREAL`` or ``NON_SIDEREAL``; another type needs nothing.
    scheme : str
        A key of ``TARGET_SCHEMES``; only a non-sidereal target has one.
    """
    if target_type == "SIDEREAL":
        return list(REQUIRED_SIDEREAL_FIELDS)
    if target_type == "NON_SIDEREAL":
        return REQUIRED_NON_SIDEREAL_FIELDS + REQUIRED_NON_SIDEREAL_FIELDS_PER_SCHEME.get(scheme, [])
    return []


def missing_fields(values: Mapping[str, Any]) -> list[str]:
    """Return the names of required fields that are empty in the values of a target's fields.

    Parameters
    ----------
    values : mapping
        Values by field name; ``type`` and ``scheme`` decide what is required.
    """
    wanted = required_fields(str(values.get("type") or ""), str(values.get("scheme") or ""))
    return [name for name in wanted if values.get(name) in (None, "")]
