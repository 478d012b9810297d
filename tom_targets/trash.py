"""Deleting a target so that it can be undone: all that would go with it is kept, compressed, in one row.

What goes is asked of Django's own deletion collector: an app that hangs rows on a target needs no code here.
Files stay where they are until the row is purged. No receiver of ``post_delete`` may therefore delete a file
of a target; whoever deletes a single file on purpose does it by a service.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.files.storage import Storage
from django.db import IntegrityError, models
from django.db.models.deletion import Collector
from django.utils import timezone

from tom_common.files import is_named, remove_unnamed
from tom_common.history import change_set, tracked_for, unrecorded
from tom_targets import conf
from tom_targets.models import BaseTarget, Target, TrashedTarget
from tom_targets.signals import target_rows_moved
from tom_targets.trash_content import (
    file_names,
    insert_part,
    model_of,
    pack,
    point_again,
    unpack,
)
from tom_targets.trash_rows import (
    collect_generic,
    collected_keys,
    moved_back,
    words_for,
)

logger = logging.getLogger(__name__)


class RestoreClashError(Exception):
    """A deleted target cannot come back as things are; the text says what is in the way."""


@dataclass
class Restored:
    """What came back: the target, and how many rows could not, by the plural of their kind."""

    target: BaseTarget
    row_count: int = 0
    left_out: dict[str, int] = field(default_factory=dict)


# --- into the trash


def move_to_trash(target: BaseTarget, *, user: Any = None) -> TrashedTarget:
    """Delete a target and keep it with all that hangs on it, in one transaction.

    Parameters
    ----------
    target : BaseTarget
    user : User, optional
        Who deletes; this user may restore it.

    Raises
    ------
    BaseTarget.DoesNotExist
        If somebody else deleted it meanwhile.
    ProtectedError
        If a plugin's rows forbid the deletion.
    """
    using = target._state.db or "default"
    with change_set(user, kind="delete", title=f"{target.name} deleted", using=using) as changes:
        trashed, collector = archive(target, user=user)
        if followed := tracked_for(type(target)):
            name, note = {"name": target.name}, {"trash": trashed.pk}
            changes.said(
                followed, "delete", target.pk, target.pk, before=name, note=note, row_count=trashed.row_count
            )
        collector.delete()
    return trashed


def archive(
    target: BaseTarget, *, user: Any = None, merged_into: BaseTarget | None = None
) -> tuple[TrashedTarget, Collector]:
    """Keep a target with all that hangs on it, and return what would delete it; called in a transaction.

    Parameters
    ----------
    target : BaseTarget
    user : User, optional
        Who deletes or merges.
    merged_into : BaseTarget, optional
        The target to which the rows are going to be moved.

    Raises
    ------
    BaseTarget.DoesNotExist, ProtectedError
        As ``move_to_trash``.
    """
    using = target._state.db or "default"
    # The lock keeps others from hanging rows on the target between reading and deleting them.
    BaseTarget._base_manager.using(using).select_for_update().get(pk=target.pk)
    collector = Collector(using=using, origin=target)
    collector.collect([target])
    collect_generic(collector, using)
    content, row_count = pack(collector, using)
    trashed = TrashedTarget.objects.using(using).create(
        target_pk=target.pk,
        name=target.name,
        merged_into_pk=None if merged_into is None else merged_into.pk,
        deleted_by=user if user is not None and user.is_authenticated else None,
        content=content,
        row_count=row_count,
    )
    return trashed, collector


def what_goes_with(target: BaseTarget) -> list[str]:
    """Return what is deleted together with a target, for example ``["10,000 photometry points"]``."""
    using = target._state.db or "default"
    collector = Collector(using=using, origin=target)
    collector.collect([target])
    collect_generic(collector, using)
    counted: dict[Any, int] = defaultdict(int)
    for model, _ in collected_keys(collector):
        counted[model._meta.concrete_model] += 1
    return [
        f"{count:,} {words_for(model)[count != 1]}"
        for model, count in counted.items()
        if not (issubclass(model, BaseTarget) or model._meta.auto_created)
    ]


# --- out of the trash


def restore(trashed: TrashedTarget) -> Restored:
    """Bring a deleted target back with all its rows under their old keys, all or nothing.

    A row that points at something deleted since loses that pointer, or is left out where it needs it (the
    grant of a user who is gone); the result counts these.

    Raises
    ------
    RestoreClashError
        If the key, the name or an alias belongs to another target now.
    """
    content = unpack(trashed.content)
    using = trashed._state.db or "default"
    left_out: dict[str, int] = defaultdict(int)
    archived = []
    for part in content["models"]:
        if model := model_of(part["model"]):
            archived.append((model, part))
        else:
            left_out[part["model"]] += len(part["rows"])
    try:
        title = f"{trashed.name} restored"
        with change_set(kind="restore", title=title, using=using) as changes, unrecorded():
            _refuse_clash(trashed, archived)
            restored: dict[type[models.Model], set[Any]] = {}
            for model, part in archived:
                rows_to_make = moved_back(model, part, trashed, using)
                insert_part(model, rows_to_make, restored, left_out, using)
            point_again(content, using)
            target = Target._base_manager.using(using).get(pk=trashed.target_pk)
            if trashed.merged_into_pk is not None:
                moved = [trashed.merged_into_pk, trashed.target_pk]
                target_rows_moved.send(sender=Target, target_pks=moved)
            trashed.delete()
            if followed := tracked_for(type(target)):
                name, note = {"name": target.name}, {"restored": True, "left_out": dict(left_out)}
                changes.said(followed, "create", target.pk, target.pk, after=name, note=note)
    except IntegrityError as error:
        logger.exception("target %s cannot be restored", trashed.name)
        raise RestoreClashError(f"{trashed.name} cannot come back: the database says {error}") from error
    return Restored(target, sum(len(pks) for pks in restored.values()), dict(left_out))


def _refuse_clash(trashed: TrashedTarget, archived: list[tuple[type[models.Model], dict[str, Any]]]) -> None:
    if trashed.merged_into_pk is not None:
        # Its names belong to the target that it was merged into; that one is set back after this.
        bearer = BaseTarget._base_manager.filter(pk=trashed.merged_into_pk, name=trashed.name)
        bearer.update(name=f"{trashed.name[:80]} (merged {trashed.pk})")
        return
    if BaseTarget._base_manager.filter(pk=trashed.target_pk).exists():
        raise RestoreClashError(f"{trashed.name} cannot come back: another target has its key now.")
    for model, part in archived:
        if model is not BaseTarget and "name_key" not in part["columns"]:
            continue
        at = part["columns"].index("name")
        for name in (row[at] for row in part["rows"]):
            other = Target.matches.match_name(name).first()
            if other is not None:
                raise RestoreClashError(
                    f"{trashed.name} cannot come back: {name} is now a name of the target {other.name}."
                    " Rename that one first."
                )


# --- for good


def expired() -> models.QuerySet[TrashedTarget]:
    """Return the deleted targets that have been kept long enough (``TOM_TRASH_DAYS``)."""
    limit = timezone.now() - timedelta(days=conf.trash_days())
    return TrashedTarget.objects.filter(deleted_at__lt=limit)


def purge_expired(limit: int = 20) -> tuple[int, int]:
    """Delete for good some targets that were kept long enough; called whenever something is deleted."""
    return purge(expired()[:limit])


def purge(trashed: Iterable[TrashedTarget]) -> tuple[int, int]:
    """Delete trashed targets for good, with the files that neither a row nor another one names.

    Returns
    -------
    (int, int)
        Targets and files deleted.
    """
    targets, files = 0, []
    for row in trashed:
        files += [(column.storage, name) for column, name in file_names(unpack(row.content))]
        row.delete()
        targets += 1
    return targets, remove_unneeded(files)


def remove_unneeded(files: Iterable[tuple[Storage, str]]) -> int:
    """Remove those files that no row names, and that no trashed target would bring back; return how many."""
    left = {name: storage for storage, name in files if not is_named(name)}
    if left:  # a merge keeps the files of its targets, which the trash may hold a second time
        for name in trashed_files():
            left.pop(name, None)
    return remove_unnamed((storage, name) for name, storage in left.items())


def trashed_files() -> Iterator[str]:
    """Yield the names of the files that trashed targets would bring back; they are nobody's meanwhile."""
    for content in TrashedTarget.objects.order_by("pk").values_list("content", flat=True).iterator(100):
        yield from (str(name) for _, name in file_names(unpack(content)))
