"""What one person is told of a change set: title, reason and counts, or less where a part of it is hidden.

Pages and the API show change sets through here. Titles and reasons are written by whoever made the change,
and may name targets that somebody else who sees a part of it must not know of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tom_common.history.models import ChangeSet
from tom_common.history.permissions import partly_hidden
from tom_common.history.words import set_titles


@dataclass(frozen=True)
class ToldSet:
    """A change set as one person is told of it.

    ``reason`` is empty, and the counts are None, where ``is_partial``: not all of it may be seen.
    """

    change_set: ChangeSet
    title: str
    reason: str
    subject_count: int | None
    change_count: int | None
    is_partial: bool


def tell(user: Any, change_sets: Sequence[ChangeSet], *, thorough: bool = False) -> list[ToldSet]:
    """Return change sets as a user may know them.

    Parameters
    ----------
    user : User or AnonymousUser
    change_sets : sequence of ChangeSet
        Of which the user may see at least a change.
    thorough : bool
        Look through long change sets as well, as for a page of one; in lists those of others that are long
        are taken to be partly hidden.
    """
    partial = partly_hidden(user, change_sets, thorough=thorough)
    titles = set_titles(change_sets)
    return [
        ToldSet(found, found.kind_text, "", None, None, True)
        if found.pk in partial
        else ToldSet(found, title, found.reason, found.subject_count, found.change_count, False)
        for found, title in zip(change_sets, titles, strict=True)
    ]


def reasons_for(user: Any, change_sets: Iterable[ChangeSet]) -> dict[int, str]:
    """Return the reasons of change sets that a user may read, by key."""
    with_reason = list({found.pk: found for found in change_sets if found.reason}.values())
    partial = partly_hidden(user, with_reason) if with_reason else set()
    return {found.pk: found.reason for found in with_reason if found.pk not in partial}
