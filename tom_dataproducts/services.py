"""Writes of files and groups of files, and the move of generic measurements into the typed tables."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q

from tom_common.files import remove_unnamed
from tom_common.grants import grant_access
from tom_dataproducts import conf, file_trash
from tom_dataproducts.models import (
    DataProduct,
    DataProductGroup,
    ReducedDatum,
    try_parse_reduced_datum,
)

logger = logging.getLogger(__name__)
_TYPED_KINDS = ("photometry", "spectroscopy", "astrometry")
_BATCH = 1000


def delete_data_product(product: DataProduct, *, user: Any = None, for_good: bool = False) -> int | None:
    """Delete a file with what was measured from it; it can be brought back for ``TOM_FILE_TRASH_DAYS`` days.

    Parameters
    ----------
    product : DataProduct
    user : User, optional
        Who deletes; by default the user of the request or job.
    for_good : bool
        Keep nothing: the file itself goes once the deletion is certain.

    Returns
    -------
    int or None
        Key of the change set by which the deletion is undone, where it is known by now and can be.
    """
    if not for_good and conf.file_trash_days() > 0:
        return file_trash.move_to_trash(product, user=user)
    files = [(file.storage, file.name) for file in (product.data, product.thumbnail) if file and file.name]
    with transaction.atomic():
        product.delete()
        transaction.on_commit(lambda: remove_unnamed(files))
    return None


def feature_data_product(product: DataProduct, *, featured: bool) -> None:
    """Let a file stand for its target, instead of another of the same type; or no longer."""
    with transaction.atomic():
        if featured:
            DataProduct.objects.filter(
                target=product.target_id, data_product_type=product.data_product_type, featured=True
            ).exclude(pk=product.pk).update(featured=False)
        product.featured = featured
        product.save(update_fields=["featured", "modified"])


def create_group(form: Any, *, user: Any) -> DataProductGroup:
    """Store a new group of files; who makes it may change and delete it."""
    with transaction.atomic():
        group = form.save()
        grant_access(user, group, ["change_dataproductgroup", "delete_dataproductgroup"])
    return group


def add_to_group(group: DataProductGroup, products: Iterable[DataProduct]) -> int:
    """Put files into a group and return how many were not in it before."""
    known = set(group.dataproduct_set.values_list("pk", flat=True))
    new = [product for product in products if product.pk not in known]
    group.dataproduct_set.add(*new)
    return len(new)


@dataclass
class MoveReport:
    """What became of generic measurements: moved, left where they are, and why."""

    moved: int = 0
    left: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def leave(self, reason: str) -> None:
        """Count a row that stays."""
        self.left += 1
        self.reasons[reason] = self.reasons.get(reason, 0) + 1


def move_generic_data(*, dry_run: bool = False) -> MoveReport:
    """Move generic measurements of a typed kind into the tables of their kind.

    A row whose JSON does not make a valid typed row stays. One that a typed row repeats goes. Batches of a
    thousand rows, one transaction each: a run that was interrupted is completed by the next.
    """
    report = MoveReport()
    last = 0
    kinds = Q()
    for kind in _TYPED_KINDS:
        kinds |= Q(data_type__iexact=kind)
    while True:
        rows = list(ReducedDatum.objects.filter(kinds, pk__gt=last).order_by("pk")[:_BATCH])
        if not rows:
            return report
        last = rows[-1].pk
        with transaction.atomic():
            _move(rows, report, dry_run=dry_run)


def _move(rows: list[ReducedDatum], report: MoveReport, *, dry_run: bool) -> None:
    typed: dict[type[models.Model], list[models.Model]] = {}
    moved = []
    for row in rows:
        made, reason = _typed(row)
        if made is None:
            report.leave(reason)
            continue
        typed.setdefault(type(made), []).append(made)
        moved.append(row.pk)
    report.moved += len(moved)
    if dry_run:
        return
    for model, made_rows in typed.items():
        model._default_manager.bulk_create(made_rows, ignore_conflicts=True)
    ReducedDatum.objects.filter(pk__in=moved).delete()


def _typed(row: ReducedDatum) -> tuple[Any, str]:
    if not isinstance(row.value, dict):
        return None, "value is no JSON object"
    common = {
        name: getattr(row, name)
        for name in ("target_id", "data_product_id", "timestamp", "telescope", "instrument", "source_name")
    }
    common |= {"source_location": row.source_location, "reduction_version": row.reduction_version}
    target_id, product_id = common.pop("target_id"), common.pop("data_product_id")
    filled = {name: value for name, value in common.items() if value not in ("", None)}
    made = try_parse_reduced_datum({"data_type": row.data_type, **row.value, **filled})
    made.target_id, made.data_product_id = target_id, product_id
    try:
        made.clean_fields(exclude=["target", "data_product", "point_key", "flux_digest"])
    except (ValidationError, TypeError) as error:
        return None, f"not a valid {row.data_type.lower()} row: {_first_message(error)}"
    if row.data_type.lower() == "photometry" and made.brightness is None and made.limit is None:
        return None, "neither brightness nor limit"
    if row.data_type.lower() == "spectroscopy" and not made.flux:
        return None, "no flux"
    return made, ""


def _first_message(error: Exception) -> str:
    if isinstance(error, ValidationError) and hasattr(error, "message_dict"):
        name, messages = next(iter(error.message_dict.items()))
        return f"{name}: {messages[0]}"
    return str(error)
