"""Who may see alert packets that could not be read: their uploader and superusers."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet


def rejected_packets_for_user(user: Any, queryset: QuerySet) -> QuerySet:
    """Return the rejected packets of a queryset that a user may see."""
    if not (user.is_authenticated and user.is_active):
        return queryset.none()
    return queryset if user.is_superuser else queryset.filter(user=user)
