"""Statements that the ORM could write, but takes longer to put together than a database to run.

Each request of a program to the REST API runs them. Called by ``api_auth``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connections, router
from rest_framework.authtoken.models import Token


def user_of_token(key: str) -> Any:
    """Return the user to whom a token of the REST API belongs, active or not, or None.

    Leans on the primary keys of both tables.

    Parameters
    ----------
    key : str
        As it was sent.
    """
    user = get_user_model()
    using = router.db_for_read(Token)
    rows = user._base_manager.using(using).raw(_user_of_token(user, connections[using].vendor), [key])
    return next(iter(rows), None)


@cache
def _user_of_token(user: Any, vendor: str) -> str:
    quote = "`{}`" if vendor == "mysql" else '"{}"'
    token = Token._meta
    names = {
        "users": user._meta.db_table,
        "pk": user._meta.pk.column,
        "tokens": token.db_table,
        "holder": token.get_field("user").column,
        "key": token.get_field("key").column,
    }
    quoted = {name: quote.format(value) for name, value in names.items()}
    return (
        "SELECT {users}.* FROM {tokens} JOIN {users} ON {users}.{pk} = {tokens}.{holder}"
        " WHERE {tokens}.{key} = %s".format(**quoted)
    )
