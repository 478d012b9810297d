"""Who may see and change observation records: as their target allows, or by grants of their own."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from tom_common.grants import granted
from tom_targets import conf as targets_conf
from tom_targets.permissions import target_condition

_TARGET_ACTION = {"view": "view_target", "change": "change_target", "delete": "change_target"}


def observations_for_user(user: Any, queryset: QuerySet, action: str = "view_observationrecord") -> QuerySet:
    """Return the observation records of a queryset with which a user may do something.

    A record follows its target: who sees the target sees it, who may change the target may change and delete
    it. Where ``TARGET_PERMISSIONS_ONLY`` is False a grant on the record itself is needed besides.

    Raises
    ------
    ValueError
        For an unknown action.
    """
    codename = action.rpartition(".")[2]
    verb, _, noun = codename.partition("_")
    if verb not in _TARGET_ACTION or noun != "observationrecord":
        raise ValueError(f"unknown action {action!r}; expected view_, change_ or delete_observationrecord")
    condition = target_condition(user, _TARGET_ACTION[verb], prefix="target__")
    rows = queryset if condition is None else queryset.filter(condition)
    if targets_conf.permissions_only() or (user and user.is_authenticated and user.is_superuser):
        return rows
    if not (user and user.is_authenticated and user.is_active):
        return rows.none()
    return rows.filter(granted(user, codename, queryset.model))
