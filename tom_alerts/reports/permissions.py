"""Who may see reports and their content, and who may send them."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from tom_alerts.report_models import SentReport
from tom_targets.permissions import may, target_condition

VIEW, CONTENT, CHANGE = "view", "content", "change"


def reports_for_user(user: Any, queryset: QuerySet[SentReport], action: str = VIEW) -> QuerySet[SentReport]:
    """Return the reports of a queryset with which a user may do something.

    ``view``: that it was sent, when, by whom and with what end is seen by whoever sees the target; a preview
    by its author alone. ``content``: what stands in it is seen by its author and by those who may change the
    target. ``change``: editing, sending and throwing away are its author's, as long as the author may change
    the target. A superuser sees all.
    """
    if not (user.is_authenticated and user.is_active):
        return queryset.none()
    if user.is_superuser:
        return queryset
    own = Q(user=user)
    if action == CHANGE:
        return queryset.filter(own & _about(user, "change_target"))
    verb = "view_target" if action == VIEW else "change_target"
    return queryset.filter(own | (_about(user, verb) & ~Q(state=SentReport.State.PREVIEW)))


def _about(user: Any, action: str) -> Q:
    return target_condition(user, action, prefix="target__") or Q(target__isnull=False)


def may_report(user: Any, target: Any) -> bool:
    """Tell whether a user may report about a target: those who may change it."""
    return bool(user.is_authenticated and user.is_active and may(user, "change_target", target))
