"""Who may see and change filters and watchlists, and who sees and judges candidates."""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from tom_alerts.filter_models import AlertFilter, Watchlist
from tom_targets.permissions import target_condition


def _is_known(user: Any) -> bool:
    return bool(user and user.is_authenticated and user.is_active)


def shared_for_user(user: Any, queryset: QuerySet, action: str = "view") -> QuerySet:
    """Return the filters or watchlists of a queryset that a user may see (``view``), or change and delete.

    Seen are the user's own and those shared with one of the user's groups; changed are the own.
    """
    if not _is_known(user):
        return queryset.none()
    if user.is_superuser:
        return queryset
    if action != "view":
        return queryset.filter(user=user)
    groups = queryset.model.groups.through.objects.filter(group__in=user.groups.all())
    return queryset.filter(Q(user=user) | Q(pk__in=groups.values(f"{queryset.model._meta.model_name}_id")))


def with_watchlist_shown(filters: QuerySet) -> QuerySet:
    """Return filters with ``sees_watchlist``: whether the owner of each may see its watchlist still."""
    shares = Watchlist.groups.through.objects.filter(
        watchlist=OuterRef("watchlist"), group__user=OuterRef("user")
    )
    condition = (
        Q(watchlist=None) | Q(watchlist__user=F("user")) | Q(user__is_superuser=True) | Q(Exists(shares))
    )
    return filters.annotate(sees_watchlist=ExpressionWrapper(condition, output_field=BooleanField()))


def candidates_for_user(user: Any, queryset: QuerySet) -> QuerySet:
    """Return the candidates of a queryset that a user may see, and judge.

    Those of filters that the user sees; one that has become a target only if the user sees that target.
    """
    if not _is_known(user):
        return queryset.none()
    if user.is_superuser:
        return queryset
    rows = queryset.filter(alert_filter__in=shared_for_user(user, AlertFilter.objects.all()))
    condition = target_condition(user, "view_target", prefix="target__")
    return rows if condition is None else rows.filter(Q(target=None) | condition)
