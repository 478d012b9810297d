"""The deletion of many targets, one by one into the trash; called by the page of a selection and its job."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import ProtectedError

from tom_targets import trash
from tom_targets.models import BaseTarget, Target
from tom_targets.permissions import targets_for_user

_BATCH = 100


@dataclass
class Deletion:
    """What became of the targets: how many went, and the names of those that a plugin's rows need."""

    deleted: int = 0
    kept: list[str] = field(default_factory=list)


def delete_targets(
    pks: Sequence[int], *, user: Any, on_progress: Callable[[int], None] = lambda done: None
) -> Deletion:
    """Move targets to the trash, as far as a user may delete them now; those that are gone are passed over.

    Each is a transaction of its own, so that an interrupted deletion is completed by a second run.

    Parameters
    ----------
    pks : sequence of int
        Primary keys of targets.
    user : User
        Who deletes, and may restore.
    on_progress : callable
        Takes the number of targets looked at, after each; may raise to stop.
    """
    found = Deletion()
    for done, target in enumerate(_deletable(pks, user), start=1):
        try:
            trash.move_to_trash(target, user=user)
            found.deleted += 1
        except ProtectedError:
            found.kept.append(target.name)
        except BaseTarget.DoesNotExist:
            continue
        on_progress(done)
    trash.purge_expired()
    return found


def _deletable(pks: Sequence[int], user: Any) -> Iterator[Any]:
    for start in range(0, len(pks), _BATCH):
        batch = Target.objects.filter(pk__in=pks[start : start + _BATCH]).order_by("pk")
        yield from targets_for_user(user, batch, "delete_target")
