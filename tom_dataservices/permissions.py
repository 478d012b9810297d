"""Who may see kept queries, classifications, and alert packets that could not be read."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from tom_targets.permissions import target_condition


def rejected_packets_for_user(user: Any, queryset: QuerySet) -> QuerySet:
    """Return the rejected packets of a queryset that a user may see."""
    if not (user.is_authenticated and user.is_active):
        return queryset.none()
    return queryset if user.is_superuser else queryset.filter(user=user)


def saved_queries_for_user(user: Any, queryset: QuerySet, action: str = "view") -> QuerySet:
    """Return the kept queries of a queryset that a user may see and run (``view``), or change and delete.

    Seen are the user's own, those shared with one of the user's groups, and those without an owner, which
    staff may change.
    """
    if not (user.is_authenticated and user.is_active):
        return queryset.none()
    if user.is_superuser:
        return queryset
    own = Q(user=user) | (Q(user=None) if action == "view" or user.is_staff else Q())
    if action != "view":
        return queryset.filter(own)
    return queryset.filter(own | Q(groups__in=user.groups.all())).distinct()


def classifications_for_user(user: Any, queryset: QuerySet) -> QuerySet:
    """Return the classifications of a queryset that a user may see: those of targets that the user sees."""
    condition = target_condition(user, "view_target", prefix="target__")
    return queryset if condition is None else queryset.filter(condition)
