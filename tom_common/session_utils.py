"""Encrypted attributes of models made for TOM Toolkit 2, on the key of ``SECRET_KEY``.

There a user's password was the key, kept in the session; here the user of a row and the key are not tied, so
that a background job can use the credentials of its user. The names and what they return are the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db.models import Model

from tom_common.encryption import all_ciphers

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, MultiFernet

logger = logging.getLogger(__name__)


@contextmanager
def with_cipher(instance: Model, cipher: Fernet | MultiFernet | None = None) -> Iterator[None]:
    """Let the encrypted attributes of an instance be read and written inside the block."""
    instance._cipher = cipher or all_ciphers()  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del instance._cipher  # type: ignore[attr-defined]


def get_encrypted_field(user: Any, instance: Model, name: str) -> str | None:
    """Return an encrypted attribute of a model instance.

    Parameters
    ----------
    user : User
        Whose secret it is.
    instance : Model
    name : str
        Name of the `EncryptedProperty`.

    Returns
    -------
    str or None
        '' where nothing is stored, None where it cannot be decrypted with any of our keys.
    """
    from cryptography.fernet import InvalidToken

    with with_cipher(instance):
        try:
            return getattr(instance, name)
        except InvalidToken:
            logger.warning(
                "%s of %s (user %s) cannot be decrypted with our keys", name, type(instance).__name__, user
            )
            return None


def set_encrypted_field(user: Any, instance: Model, name: str, value: str | None) -> bool:
    """Set an encrypted attribute of a model instance, without saving it; return True."""
    with with_cipher(instance):
        setattr(instance, name, value)
    return True
