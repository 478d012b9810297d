"""The form in which a user gives the key for a service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from tom_common.encryption import CLEAR, EncryptedFormField


class KeyForm(forms.Form):
    """One field for each value; what is stored stays where a field is left empty."""

    def kept(self, stored: Mapping[str, str]) -> dict[str, str]:
        """Return the values to keep."""
        found = {}
        for name in self.fields:
            value = self.cleaned_data.get(name)
            if value is CLEAR:
                continue
            found[name] = str(value) if value else stored.get(name, "")
        return found


def key_form(service: Any) -> type[KeyForm]:
    """Return the class of the form for a service's own fields."""
    fields: dict[str, forms.Field] = {}
    for found in service.credential_fields:
        if not found.is_personal:
            continue
        kind = EncryptedFormField if found.is_secret else forms.CharField
        fields[found.name] = kind(
            label=found.label, required=False, max_length=300, help_text=found.help_text
        )
    return type("ServiceKeyForm", (KeyForm,), fields)
