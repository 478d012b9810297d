"""Persistent shares: who may see and end them, make one, list them with how they are doing."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from tom_targets.models import BaseTarget, PersistentShare, Target
from tom_targets.permissions import target_condition, targets_for_user
from tom_targets.sharing_port import sharing_gateway

MAX_SHOWN = 500


def shares_for_user(user: Any, queryset: QuerySet[PersistentShare]) -> QuerySet[PersistentShare]:
    """Return the persistent shares that a user may see, make and end: those of targets he may change."""
    condition = target_condition(user, "change_target", prefix="target__")
    return queryset if condition is None else queryset.filter(condition)


def may_share(user: Any, target: BaseTarget) -> bool:
    """Tell whether a user may share a target with other TOMs: who may change it may."""
    rows = Target._default_manager.filter(pk=target.pk)
    return targets_for_user(user, rows, "change_target").exists()


def make_share(*, target: BaseTarget, destination: str, user: Any, existing: bool) -> PersistentShare:
    """Share a target's new data with another TOM from now on.

    Parameters
    ----------
    target : BaseTarget
    destination : str
        Key of ``DATA_SHARING``.
    user : User
        Who answers for it: only what this user may see goes out.
    existing : bool
        Whether what is there already is sent now.
    """
    with transaction.atomic():
        share, is_new = PersistentShare.objects.get_or_create(
            target_id=target.pk, destination=destination, defaults={"user": user}
        )
        if is_new or existing:
            sharing_gateway().share_persistently(share, existing=existing)
    return share


def listed_shares(user: Any, target: BaseTarget | None = None) -> list[PersistentShare]:
    """Return the newest persistent shares that a user may see, with ``label`` and ``doing``; two queries.

    Parameters
    ----------
    user : User
    target : BaseTarget, optional
        Only those of this target.
    """
    rows = shares_for_user(user, PersistentShare.objects.select_related("target", "user"))
    if target is not None:
        rows = rows.filter(target=target.pk)
    found = list(rows.order_by("-created", "-pk")[:MAX_SHOWN])
    if not found:
        return []
    gateway = sharing_gateway()
    states = gateway.states(found)
    known = dict(gateway.destinations())
    for share in found:
        share.label = gateway.label_of(share.destination)  # type: ignore[attr-defined]
        share.doing = states.get(share.pk)  # type: ignore[attr-defined]
        share.is_set_up = share.destination in known  # type: ignore[attr-defined]
    return found
