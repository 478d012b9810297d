"""Deleting a file so that it can be undone: its rows are kept packed, and the file itself stays for a while.

The way back is the history: who undoes the change set of the deletion brings rows and file back. Called by
``services.delete_data_product``, the history, and the periodic purge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import orjson
from django.db import models, transaction
from django.db.models import QuerySet
from django.db.models.deletion import Collector
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from tom_common.history import RevertRefusedError, change_set, tracked_for, unrecorded
from tom_dataproducts import conf
from tom_dataproducts.models import (
    REDUCED_DATUM_MODELS,
    DataProduct,
    LightCurveSummary,
    ReducedDatum,
    TrashedFile,
)
from tom_targets.models import BaseTarget, TrashedTarget
from tom_targets.trash import remove_unneeded
from tom_targets.trash_content import insert_part, model_of, pack, point_again, unpack
from tom_targets.trash_rows import chunks, collect_generic, words_for

_BATCH = 100


def move_to_trash(product: DataProduct, *, user: Any = None) -> int | None:
    """Delete a data product, and keep it with all that hangs on it, in one transaction.

    Parameters
    ----------
    product : DataProduct
    user : User, optional
        Who deletes; by default the user of the request or job.

    Returns
    -------
    int or None
        Key of the change set by which the deletion is undone; None if the product was gone, or where an outer
        change set is still open.
    """
    using = product._state.db or "default"
    with change_set(user, kind="delete", title=f"{product} deleted", using=using) as changes:
        # The lock keeps others from hanging rows on it between reading and deleting them.
        rows = DataProduct.objects.using(using).filter(pk=product.pk)
        stored = rows.select_for_update().first()
        if stored is None:
            return None
        touched = rows._light_curve_targets()
        collector = Collector(using=using, origin=stored)
        collector.collect([stored])
        collect_generic(collector, using)
        content, row_count = pack(collector, using)
        known = user is not None and getattr(user, "is_authenticated", False)
        trashed = TrashedFile.objects.using(using).create(
            product_pk=stored.pk,
            target_pk=stored.target_id,
            product_id=stored.product_id or "",
            data=stored.data.name or None,
            thumbnail=stored.thumbnail.name or None,
            deleted_by=user if known else None,
            content=content,
            row_count=row_count,
        )
        if followed := tracked_for(DataProduct):
            note = {"trash": trashed.pk}
            before, owner = _shown(stored), stored.target_id
            changes.said(followed, "delete", stored.pk, owner, before=before, note=note, row_count=row_count)
        with unrecorded():
            collector.delete()
        LightCurveSummary.objects.using(using).mark_stale(touched)
    return changes.pk


def _shown(product: DataProduct) -> dict[str, Any]:
    return {
        "data": product.data.name or "",
        "data_product_type": product.data_product_type,
        "product_id": product.product_id,
    }


def undo_url(change_set_pk: int | None) -> str:
    """Return the address of the page that undoes a deletion; '' where there is none, or nothing to undo."""
    if not change_set_pk or conf.file_trash_days() <= 0:
        return ""
    try:
        return reverse("change-set-revert", args=[change_set_pk])
    except NoReverseMatch:  # a project without the pages of the history
        return ""


def why_not_back(notes: Sequence[dict[str, Any]]) -> list[str]:
    """Return for each of some hundred deleted files why it cannot come back; nothing if it can."""
    pks = [note.get("trash") for note in notes]
    kept = TrashedFile.objects.defer("content").in_bulk([pk for pk in pks if pk])
    targets = {trashed.target_pk for trashed in kept.values()}
    gone = targets - set(BaseTarget._base_manager.filter(pk__in=targets).values_list("pk", flat=True))
    reasons = _where_targets_went(gone)
    product_ids = {trashed.product_id for trashed in kept.values()} - {""}
    taken = set(
        DataProduct.objects.filter(product_id__in=product_ids).values_list("product_id", flat=True)
        if product_ids
        else ()
    )

    def reason(pk: int | None) -> str:
        if not pk:
            return ""
        if pk not in kept:
            return f"it was deleted more than {conf.file_trash_days()} days ago, and is gone."
        if kept[pk].target_pk in gone:
            return reasons[kept[pk].target_pk]
        if kept[pk].product_id in taken:
            return f"another file has its product_id {kept[pk].product_id} now."
        return ""

    return [reason(pk) for pk in pks]


def _where_targets_went(pks: set[int]) -> dict[int, str]:
    """Return for targets that are gone what to do first. No other target is named: it may be a hidden one."""
    reasons = dict.fromkeys(pks, "its target was deleted for good.")
    if pks:
        rows = TrashedTarget.objects.filter(target_pk__in=pks).order_by("pk")
        for pk, merged_into in rows.values_list("target_pk", "merged_into_pk"):
            reasons[pk] = (
                "its target was deleted; bring that back first."
                if merged_into is None
                else "its target was merged into another; undo that first."
            )
    return reasons


def restore(note: dict[str, Any], user: Any) -> None:
    """Bring a file back that was moved to the trash, with its rows under their old keys.

    Raises
    ------
    RevertRefusedError
        If it is not there any more, or something is in its way.
    """
    with transaction.atomic():
        # The lock keeps the purge from taking it meanwhile; where that came first, the answer says so.
        trashed = TrashedFile.objects.select_for_update().filter(pk=note.get("trash")).first()
        reason = why_not_back([note])[0]
        if trashed is None or reason:
            raise RevertRefusedError(f"The file cannot come back: {reason or 'it was not kept.'}")
        _restore(trashed, user)


def _restore(trashed: TrashedFile, user: Any) -> None:
    using = trashed._state.db or "default"
    content = unpack(trashed.content)
    restored: dict[type[models.Model], set[Any]] = {}
    left_out: dict[str, int] = defaultdict(int)
    with change_set(user, kind="restore", title=f"{trashed.data.name} restored", using=using) as changes:
        with unrecorded():
            for part in content["models"]:
                if model := model_of(part["model"]):
                    # A measurement that came again with another file is left to that one.
                    is_measured = model in REDUCED_DATUM_MODELS
                    if model is ReducedDatum:
                        part = _without_known(part, left_out, using)
                    insert_part(model, part, restored, left_out, using, skip_known=is_measured)
                else:
                    left_out[part["model"]] += len(part["rows"])
            point_again(content, using)
        product = DataProduct.objects.using(using).get(pk=trashed.product_pk)
        touched = DataProduct.objects.using(using).filter(pk=product.pk)._light_curve_targets()
        LightCurveSummary.objects.using(using).mark_stale(touched)
        trashed.delete()
        if followed := tracked_for(DataProduct):
            told = {"restored": True, "left_out": dict(left_out)}
            changes.said(followed, "create", product.pk, product.target_id, after=_shown(product), note=told)


def _without_known(part: dict[str, Any], left_out: dict[str, int], using: str) -> dict[str, Any]:
    """Leave out measurements of any kind that were stored again: no constraint of the database tells them."""
    names = ("target_id", "data_type", "timestamp", "value")
    if not set(names) <= set(part["columns"]):
        return part
    places = [part["columns"].index(name) for name in names]
    read = [ReducedDatum._meta.get_field(name).to_python for name in names]

    def sameness(values: Iterable[Any]) -> tuple[Any, ...]:
        *plain, value = values
        return (*plain, orjson.dumps(value, option=orjson.OPT_SORT_KEYS))

    kept = []
    for chunk in chunks(part["rows"]):
        keys = [sameness(to(row[at]) for to, at in zip(read, places, strict=True)) for row in chunk]
        there = ReducedDatum._base_manager.using(using).filter(
            target__in={key[0] for key in keys}, timestamp__in={key[2] for key in keys}
        )
        known = set(map(sameness, there.values_list(*names)))
        kept += [row for row, key in zip(chunk, keys, strict=True) if key not in known]
    if missing := len(part["rows"]) - len(kept):
        left_out[words_for(ReducedDatum)[1]] += missing
    return {**part, "rows": kept}


def expired() -> QuerySet[TrashedFile]:
    """Return the deleted files that were kept long enough (``TOM_FILE_TRASH_DAYS``)."""
    return TrashedFile.objects.filter(deleted_at__lt=timezone.now() - timedelta(days=conf.file_trash_days()))


def purge(limit: int = _BATCH) -> int:
    """Delete for good some files that were kept long enough; return how many. Safe to run twice."""
    with transaction.atomic():
        # The lock keeps a deletion from being undone meanwhile; who undoes one takes it, too.
        rows = list(expired().defer("content").select_for_update().order_by("pk")[:limit])
        files = [
            (file.storage, file.name)
            for row in rows
            for file in (row.data, row.thumbnail)
            if file and file.name
        ]
        TrashedFile.objects.filter(pk__in=[row.pk for row in rows]).delete()
        transaction.on_commit(lambda: remove_unneeded(files))
    return len(rows)
