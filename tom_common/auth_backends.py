"""The authentication backend that stands first: it lets nobody guess passwords at full speed."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from tom_common.login_throttle import client_address, wait_seconds


class LoginThrottleBackend:
    """Refuse a password, right or wrong, while its account has to wait; else let the next backend answer.

    It knows no users and no permissions, so it lacks the other methods of a backend on purpose.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> None:
        """Return None, which asks the next backend.

        Raises
        ------
        PermissionDenied
            If too many wrong passwords came for this account from this address.
        """
        if request is not None and username and wait_seconds(username, client_address(request)):
            raise PermissionDenied("too many wrong passwords")
