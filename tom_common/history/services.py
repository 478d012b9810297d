"""What is done with the history: undoing a change set, taking away that of rows which were never real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Sum

from tom_common.history.encoding import chunks
from tom_common.history.models import Change, ChangeSet
from tom_common.history.permissions import why_not_revert
from tom_common.history.registry import RevertRefusedError
from tom_common.history.revert import MAX_PREVIEWED, revert
from tom_common.history.telling import tell
from tom_common.models import Job

MAX_RESTORED = 50
"""So many deleted files or targets are brought back in the request."""


@dataclass(frozen=True)
class Undone:
    """The change set that an undoing made, or the job that will do it; neither if nothing was left."""

    change_set: ChangeSet | None = None
    job: Job | None = None


def is_long(change_set: ChangeSet) -> bool:
    """Tell whether undoing a change set is work for a job: many changes, or many rows to bring back."""
    if change_set.change_count > MAX_PREVIEWED:
        return True
    kept = change_set.changes.filter(action=Change.Action.DELETE, object_pk__isnull=False).exclude(note="")
    found = kept.order_by().aggregate(count=Count("pk"), rows=Sum("row_count"))
    return found["count"] > MAX_RESTORED or (found["rows"] or 0) > MAX_PREVIEWED


def undo(change_set: ChangeSet, user: Any, *, reason: str = "") -> Undone:
    """Undo a change set, all or nothing: at once, or in a job if it is a long one.

    Parameters
    ----------
    change_set : ChangeSet
    user : User
    reason : str
        Shown in the history.

    Raises
    ------
    RevertRefusedError
        If something is in the way; the text says what. What is in the way of a long one, the job says.
    """
    if not is_long(change_set):
        return Undone(change_set=revert(change_set, user, reason=reason))
    from tom_common.history.tasks import revert_change_set  # the task does what stands here

    if refusal := why_not_revert(user, change_set):
        raise RevertRefusedError(refusal)
    title = f"Undo {tell(user, [change_set], thorough=True)[0].title}"[:200]
    return Undone(job=revert_change_set.submit(user=user, title=title, pk=change_set.pk, reason=reason))


def forget(subject_type: str, subject_ids: Sequence[int]) -> int:
    """Delete all history of some subjects, and the change sets that then hold nothing.

    Only for what was made up, such as the demo. Change sets of which a part is left count what is left.

    Parameters
    ----------
    subject_type : str
        For example ``target``.
    subject_ids : sequence of int

    Returns
    -------
    int
        Rows of history deleted.
    """
    deleted = 0
    with transaction.atomic():
        touched: set[int] = set()
        for some in chunks(list(subject_ids)):
            rows = Change.objects.filter(subject_type=subject_type, subject_id__in=list(some)).order_by()
            touched.update(rows.values_list("change_set", flat=True).distinct())
            deleted += rows.delete()[0]
        for sets in chunks(sorted(touched)):
            _count_again(list(sets))
    return deleted


def _count_again(change_sets: list[int]) -> None:
    left = Change.objects.filter(change_set__in=change_sets).order_by().values("change_set")
    counted = left.annotate(changes=Count("pk"), subjects=Count("subject_id", distinct=True)).values_list(
        "change_set", "changes", "subjects"
    )
    remaining = {pk: (changes, subjects) for pk, changes, subjects in counted}
    ChangeSet.objects.filter(pk__in=[pk for pk in change_sets if pk not in remaining]).delete()
    for pk, (changes, subjects) in remaining.items():
        ChangeSet.objects.filter(pk=pk).update(change_count=changes, subject_count=subjects)
