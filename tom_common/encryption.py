"""Secrets of users at rest: text that is stored encrypted with a key made from ``SECRET_KEY``.

A web process and a background job can both read them; a dump of the database cannot. Keys of
``SECRET_KEY_FALLBACKS`` still decrypt, until ``manage.py rotate_encryption_key`` has written everything anew.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models
from django.forms.boundfield import BoundField

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, MultiFernet

_PURPOSE = b"tom_common.encryption.v1"


class _Marker(str):
    """Empty text with a meaning of its own: as a form's value it is falsy like any other empty text."""

    __slots__ = ()


KEEP = _Marker("")
CLEAR = _Marker("")


@lru_cache(maxsize=16)
def _fernet(secret: str) -> Fernet:
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(key))


def current_cipher() -> Fernet:
    """Return the cipher of ``SECRET_KEY``, with which everything new is encrypted."""
    return _fernet(settings.SECRET_KEY)


def all_ciphers() -> MultiFernet:
    """Return a cipher that encrypts with ``SECRET_KEY`` and decrypts with the fallback keys as well."""
    from cryptography.fernet import MultiFernet

    return MultiFernet([_fernet(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def encrypt(plaintext: str) -> bytes:
    """Encrypt text with the key made from ``SECRET_KEY``."""
    return current_cipher().encrypt(plaintext.encode())


def decrypt(ciphertext: bytes | memoryview | str) -> str:
    """Decrypt what `encrypt` made, with the current key or a fallback.

    Raises
    ------
    cryptography.fernet.InvalidToken
        If none of the keys fits, or the content was changed.
    """
    token = ciphertext.encode() if isinstance(ciphertext, str) else bytes(ciphertext)
    return all_ciphers().decrypt(token).decode()


class ClearableEncryptedInput(forms.PasswordInput):
    """Input of a secret that never shows the stored one; a check box clears it."""

    template_name = "tom_common/partials/clearable_encrypted_input.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs={"autocomplete": "new-password", **(attrs or {})}, render_value=False)

    def clear_name(self, name: str) -> str:
        """Return the name of the check box."""
        return f"{name}-clear"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Tell the template whether a secret is stored, and how the check box is called."""
        context = super().get_context(name, None, attrs)
        context["widget"]["is_stored"] = bool(value)
        context["widget"]["clear_name"] = self.clear_name(name)
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        """Return the typed text, or the wish to keep or to clear what is stored."""
        typed = super().value_from_datadict(data, files, name)
        if typed:
            return typed
        return CLEAR if data.get(self.clear_name(name)) else KEEP

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Return whether neither the input nor the check box was sent."""
        return name not in data and self.clear_name(name) not in data

    def use_required_attribute(self, initial: Any) -> bool:
        """Require an input in the browser only while nothing is stored."""
        return super().use_required_attribute(initial) and not initial


class EncryptedFormField(forms.CharField):
    """Field of a secret: sent empty, the stored secret stays."""

    widget = ClearableEncryptedInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("strip", True)
        super().__init__(**kwargs)
        self._is_stored = False

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> BoundField:
        """Learn whether a secret is stored before the value is judged."""
        self._is_stored = bool(form.get_initial_for_field(self, field_name))
        return super().get_bound_field(form, field_name)

    def clean(self, value: Any) -> Any:
        """Return new text, `KEEP` or `CLEAR`."""
        if value is CLEAR and not self.required:
            return CLEAR
        text = super().to_python(value)
        if not text and self._is_stored:
            return KEEP
        return super().clean(value) or KEEP

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether something was typed, or a stored secret is to be cleared."""
        return bool(initial) if data is CLEAR else bool(data)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Show after an error whether a secret is stored, not what was typed."""
        return initial


class EncryptedModelField(models.BinaryField):
    """Text that is stored encrypted; empty text and None are stored as NULL.

    Only ``isnull`` can be asked of it. Forms, dumps and ``model_to_dict`` see `REDACTED` in place of the
    secret.
    """

    REDACTED = "********"
    description = "Encrypted text"
    empty_values = (None, "", b"")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", True)
        super().__init__(*args, **kwargs)

    def get_lookup(self, lookup_name: str) -> Any:
        """Allow ``isnull`` only: two encryptions of one text differ."""
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: it can be asked for isnull, not for {lookup_name}")
        return super().get_lookup(lookup_name)

    def get_transform(self, lookup_name: str) -> Any:
        """Allow none."""
        raise FieldError(f"{self.name} is encrypted: it can be asked for isnull, not for {lookup_name}")

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        """Decrypt what is stored."""
        return None if value is None else decrypt(value)

    def to_python(self, value: Any) -> str | None:
        """Return text; what a dump holds in place of a secret is no secret."""
        return None if value in self.empty_values or value == self.REDACTED else str(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Encrypt text."""
        text = self.to_python(value)
        return super().get_db_prep_value(None if text is None else encrypt(text), connection, prepared)

    def value_from_object(self, obj: models.Model) -> str:
        """Return whether there is a secret, not the secret."""
        return self.REDACTED if getattr(obj, self.attname) else ""

    def value_to_string(self, obj: models.Model) -> str:
        """Return whether there is a secret, not the secret."""
        return self.value_from_object(obj)

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        """Take over what a form field returned."""
        if data is CLEAR:
            setattr(instance, self.attname, None)
        elif data and data != self.REDACTED:
            setattr(instance, self.attname, data)

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        """Return the form field of a secret."""
        kwargs.pop("max_length", None)
        return super(models.BinaryField, self).formfield(form_class=EncryptedFormField, **kwargs)


class EncryptedProperty:
    """Attribute that reads and writes a binary column through the cipher set on the instance as ``_cipher``.

    The form that plugins made for TOM Toolkit 2 use; ``tom_common.session_utils`` sets the cipher.

    Parameters
    ----------
    db_field_name : str
        Name of the column.
    """

    def __init__(self, db_field_name: str) -> None:
        self.db_field_name = db_field_name
        self.property_name = db_field_name

    def __set_name__(self, owner: type, name: str) -> None:
        self.property_name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Decrypt the column; '' where it is empty."""
        if instance is None:
            return self
        stored = getattr(instance, self.db_field_name)
        return self._cipher(instance).decrypt(bytes(stored)).decode() if stored else ""

    def __set__(self, instance: Any, value: str | None) -> None:
        """Encrypt into the column; empty text and None store None."""
        token = self._cipher(instance).encrypt(value.encode()) if value else None
        setattr(instance, self.db_field_name, token)

    def _cipher(self, instance: Any) -> Fernet | MultiFernet:
        cipher = getattr(instance, "_cipher", None)
        if cipher is None:
            raise AttributeError(
                f"{type(instance).__name__}.{self.property_name} is encrypted: read it with"
                " tom_common.session_utils.get_encrypted_field"
            )
        return cipher
