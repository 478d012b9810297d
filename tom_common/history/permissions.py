"""Who may see what of the history, and who may undo it.

One sees changes of what one may see: of targets and lists that are there. Of what is gone the author and
superusers see the changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from tom_common.history.models import Change, ChangeSet
from tom_common.history.registry import PAIR, Tracked, all_subjects, all_tracked, subject_of_type

LOOKED_THROUGH = 200  # changes of one set of somebody else's that a list looks through
LOOKED_THROUGH_ALONE = 20_000  # the same for the page of one set


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
    """Return the condition of what has an owner besides its subject, and is hidden by that.

    What is gone, and many rows that were noted as one, can be asked no more: their author sees them.
    """
    hidden = Q(pk__in=[])
    for tracked in all_tracked():
        permitted = tracked.object_condition and tracked.object_condition(user, "view")
        if permitted is None:
            continue
        unseen = Q(model_label=tracked.label) & ~Q(Exists(permitted.filter(pk=OuterRef("object_pk"))))
        if tracked.style != PAIR and _is_known(user):
            there = tracked.root._base_manager.filter(pk=OuterRef("object_pk")).order_by()
            unseen &= ~(Q(change_set__author=user.pk) & ~Q(Exists(there)))
        hidden |= unseen
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


def partly_hidden(user: Any, change_sets: Iterable[ChangeSet], *, thorough: bool = False) -> set[int]:
    """Return the keys of those change sets of which a user may not see everything.

    A set of somebody else's that is too long to be looked through is among them. That a merge ended a target
    is seen by those who see the one it went into, which bears its name.

    Parameters
    ----------
    user : User or AnonymousUser
    change_sets : iterable of ChangeSet
    thorough : bool
        Look through up to `LOOKED_THROUGH_ALONE` changes of each, not only `LOOKED_THROUGH`.
    """
    if _is_super(user):
        return set()
    others = [found for found in change_sets if not _is_known(user) or found.author_id != user.pk]
    most = LOOKED_THROUGH_ALONE if thorough else LOOKED_THROUGH
    hidden = {found.pk for found in others if found.change_count > most}
    short = [found.pk for found in others if found.change_count <= most]
    if short:
        ended = Q(change_set__kind="merge", action=Change.Action.DELETE, note__contains='"merged_into"')
        unseen = Change.objects.filter(~(_seen(user) & ~_hidden_pairs(user)) & ~ended, change_set__in=short)
        hidden.update(unseen.order_by().values_list("change_set", flat=True).distinct())
    return hidden


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
    return _why_not_subjects(user, change_set, is_author) or _why_not_objects(user, change_set)


def _why_not_subjects(user: Any, change_set: ChangeSet, is_author: bool) -> str:
    seen_suffices = [tracked.label for tracked in all_tracked() if tracked.needs == "view"]
    kinds = change_set.changes.order_by().values_list("subject_type", "model_label").distinct()
    asked = {(name, "view" if label in seen_suffices else "change") for name, label in kinds}
    for name, needs in sorted(asked):
        subject = subject_of_type(name)
        if subject is None:
            continue
        changes = change_set.changes.filter(subject_type=name)
        wanted = Q(model_label__in=seen_suffices)
        of_kind = changes.filter(wanted if needs == "view" else ~wanted).order_by().values("subject_id")
        there = subject.model()._base_manager.filter(pk__in=of_kind).order_by()
        known = there.count()
        if subject.for_user(user, needs, there).count() < known:
            verb = "change" if needs == "change" else "see"
            return f"It touched {subject.words[1]} that you may not {verb}."
        if not is_author and of_kind.distinct().count() > known:
            return f"It touched {subject.words[1]} that are gone; only its author may bring them back."
    return ""


def _object_model(tracked: Tracked) -> Any:
    """Return the model whose rows ``object_pk`` names: what a pair is in, else the row itself."""
    if tracked.style == PAIR:
        return tracked.root._meta.get_field(tracked.object_field).related_model
    return tracked.root


def _why_not_objects(user: Any, change_set: ChangeSet) -> str:
    for tracked in all_tracked():
        permitted = tracked.object_condition and tracked.object_condition(user, "change")
        if permitted is None:
            continue
        changes = change_set.changes.filter(model_label=tracked.label, object_pk__isnull=False)
        touched = changes.order_by().values("object_pk")
        there = _object_model(tracked)._base_manager.filter(pk__in=touched).count()
        if there and permitted.filter(pk__in=touched).count() < there:
            return f"It touched {tracked.words[1]} that you may not change."
    return ""


def _is_known(user: Any) -> bool:
    return bool(user and user.is_authenticated and user.is_active)


def _is_super(user: Any) -> bool:
    return _is_known(user) and user.is_superuser
