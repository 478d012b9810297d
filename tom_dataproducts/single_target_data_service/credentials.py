"""Keys for data services: a user's own, stored encrypted, or else those of the settings. Shown nowhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tom_dataproducts.models import ServiceCredential


@dataclass(frozen=True)
class CredentialField:
    """One value that a service asks for.

    `setting` is its key in the service's dict in the settings. Where `is_personal` is False it belongs to the
    whole TOM and users cannot give it.
    """

    name: str
    label: str
    setting: str
    help_text: str = ""
    is_secret: bool = True
    is_personal: bool = True
    is_needed: bool = True


def usable(value: Any) -> str:
    """Return a key of the settings, empty where it only holds the place of one, such as 'not set'."""
    text = "" if value is None else str(value).strip()
    return "" if " " in text else text


_KEPT = "_data_service_secrets"


def own_secrets(user: Any, service: str) -> dict[str, str]:
    """Return the values that a user has stored for a service; asked for once for all services."""
    if user is None or not getattr(user, "is_authenticated", False):
        return {}
    kept = user.__dict__.get(_KEPT)
    if kept is None:
        rows = ServiceCredential.objects.filter(user=user)
        kept = {row.service: json.loads(str(row.secrets)) for row in rows if row.secrets}
        user.__dict__[_KEPT] = kept
    return kept.get(service, {})


def store_secrets(user: Any, service: str, values: Mapping[str, str]) -> None:
    """Keep a user's values for a service; without any, forget them."""
    user.__dict__.pop(_KEPT, None)
    kept = {name: value for name, value in values.items() if value}
    if not kept:
        ServiceCredential.objects.filter(user=user, service=service).delete()
        return
    ServiceCredential.objects.update_or_create(
        user=user, service=service, defaults={"secrets": json.dumps(kept)}
    )


def credentials_for(cls: Any, config: Mapping[str, Any], user: Any) -> dict[str, str]:
    """Return what a service is asked with: the user's own values where all personal ones are there.

    Parameters
    ----------
    cls : type
        The service; its ``credential_fields`` say what there is.
    config : mapping
        Its dict in the settings.
    user : User or None

    Returns
    -------
    dict
        Value by name of the field; empty text for what nobody gave.
    """
    found = {field.name: usable(config.get(field.setting)) for field in cls.credential_fields}
    personal = [field.name for field in cls.credential_fields if field.is_personal]
    own = own_secrets(user, cls.name) if personal else {}
    if personal and all(own.get(name) for name in personal):
        found |= {name: own[name] for name in personal}
    return found
