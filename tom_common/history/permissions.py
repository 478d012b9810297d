"""Who may see what of the history, and who may undo it.

One sees changes of what one may see: of targets and lists that are there. Of what is gone the author and
superusers see the changes.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from tom_common.history.models import Change, ChangeSet
from tom_common.history.registry import PAIR, all_subjects, all_tracked, subject_of_type


def changes_for_user(user: Any, changes: QuerySet) -> QuerySet:
    """Return those of the changes that a user may see.

    Parameters
    ----------
    user : User or AnonymousUser
    changes : QuerySet of Change
    """
    if _is_super(user):
        return changes
    condition = _seen(user)
    if _is_known(user):
        condition |= Q(change_set__author=user.pk)
    return changes.filter(condition & ~_hidden_pairs(user))


def _seen(user: Any) -> Q:
    condition = Q(pk__in=[])
    for subject in all_subjects():
        rows = subject.for_user(user, "view", subject.model()._base_manager.order_by())
        condition |= Q(Exists(rows.filter(pk=OuterRef("subject_id")))) & Q(subject_type=subject.name)
    return condition


def _hidden_pairs(user: Any) -> Q:
    """Return the condition of places on lists that the user does not know of."""
    hidden = Q(pk__in=[])
    for tracked in all_tracked():
        if tracked.style == PAIR and tracked.object_condition is not None:
            known = tracked.object_condition(user, "view").filter(pk=OuterRef("object_pk"))
            hidden |= Q(model_label=tracked.label) & ~Q(Exists(known))
    return hidden


def change_sets_for_user(user: Any, change_sets: QuerySet) -> QuerySet:
    """Return those of the change sets of which a user may see a change, and the user's own."""
    if _is_super(user):
        return change_sets
    seen = Change.objects.filter(_seen(user) & ~_hidden_pairs(user), change_set=OuterRef("pk")).order_by()
    condition = Q(Exists(seen))
    if _is_known(user):
        condition |= Q(author=user.pk)
    return change_sets.filter(condition)


def why_not_revert(user: Any, change_set: ChangeSet) -> str:
    """Return why a user may not undo a change set; empty if he may.

    The author and the staff may, if they may change everything that it touched.
    """
    if change_set.is_reverted:
        return "It was undone already."
    if not _is_known(user):
        return "Log in first."
    is_author = change_set.author_id == user.pk
    if not (is_author or user.is_staff or user.is_superuser):
        return "Only its author and the staff may undo it."
    if user.is_superuser:
        return ""
    for name in change_set.changes.order_by().values_list("subject_type", flat=True).distinct():
        subject = subject_of_type(name)
        if subject is None:
            continue
        of_kind = change_set.changes.filter(subject_type=name).order_by().values("subject_id")
        there = subject.model()._base_manager.filter(pk__in=of_kind).order_by()
        known = there.count()
        if subject.for_user(user, "change", there).count() < known:
            return f"It touched {subject.words[1]} that you may not change."
        if not is_author and of_kind.distinct().count() > known:
            return f"It touched {subject.words[1]} that are gone; only its author may bring them back."
    return _why_not_pairs(user, change_set)


def _why_not_pairs(user: Any, change_set: ChangeSet) -> str:
    for tracked in all_tracked():
        if tracked.style != PAIR or tracked.object_condition is None:
            continue
        touched = change_set.changes.filter(model_label=tracked.label).order_by().values("object_pk")
        container: Any = tracked.root._meta.get_field(tracked.object_field).related_model
        there = container._base_manager.filter(pk__in=touched).count()
        if there and tracked.object_condition(user, "change").filter(pk__in=touched).count() < there:
            return f"It touched {tracked.words[1]} that you may not change."
    return ""


def _is_known(user: Any) -> bool:
    return bool(user and user.is_authenticated and user.is_active)


def _is_super(user: Any) -> bool:
    return _is_known(user) and user.is_superuser
