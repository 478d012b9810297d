"""Who sends a request to the REST API with a token; used by all its views."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from rest_framework import authentication
from rest_framework.authtoken.models import Token

from tom_common.queries import user_of_token


class TokenAuthentication(authentication.TokenAuthentication):
    """That of the REST framework, with the one statement of each request put together once.

    A project with token models of its own, or users of several tables, is answered as the framework does.
    """

    def authenticate_credentials(self, key: str) -> tuple[Any, Any]:
        """Return the user and the token.

        Raises
        ------
        AuthenticationFailed
            If nobody has the token, or its user is not active.
        """
        if self.get_model() is not Token or get_user_model()._meta.parents:
            return super().authenticate_credentials(key)
        user = user_of_token(key)
        if user is None or not user.is_active:
            return super().authenticate_credentials(key)  # says what is wrong
        token = Token.from_db(user._state.db, ("key", "user_id"), (key, user.pk))
        token.user = user
        return user, token
