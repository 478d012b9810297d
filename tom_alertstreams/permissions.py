"""Who may see how streams do, and the messages that could not be used."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet


def may_see_streams(user: Any) -> bool:
    """Return whether a user may see which streams are read and how they do."""
    return bool(user.is_authenticated and user.is_active)


def dead_letters_for_user(user: Any, queryset: QuerySet, action: str = "view") -> QuerySet:
    """Return the dead letters of a queryset that a user may see (``view``), replay (``change``) or discard.

    A message belongs to nobody: all of them are for staff, and for whoever holds the permission
    ``view_deadletter``, ``change_deadletter`` or ``delete_deadletter``; nobody else sees any.
    """
    return queryset if may_handle_dead_letters(user, action) else queryset.none()


def may_handle_dead_letters(user: Any, action: str = "view") -> bool:
    """Return whether a user may do something with dead letters: ``view``, ``change`` or ``delete``."""
    if not (user.is_authenticated and user.is_active):
        return False
    return bool(user.is_staff or user.is_superuser or user.has_perm(f"tom_alertstreams.{action}_deadletter"))
