"""What of files and measurements has a history. Called by the app's ``ready()``.

A file is a row of history; of measurements there is one row for each target and kind that one piece of work
brought, with the keys of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet

from tom_common.history import SET, Tracked, track
from tom_dataproducts import file_trash
from tom_dataproducts.models import (
    AstrometryReducedDatum,
    DataProduct,
    PhotometryReducedDatum,
    PointNote,
    ReducedDatum,
    SpectroscopyReducedDatum,
)
from tom_dataproducts.permissions import rows_with_grants


def register() -> None:
    """Give files and measurements a history."""
    track(
        Tracked(
            DataProduct,
            "target",
            "target_id",
            shown=("data", "data_product_type", "product_id"),
            natural=("product_id",),
            remove=remove_files,
            restore=file_trash.restore,
            why_not_back=file_trash.why_not_back,
            object_condition=_granted(DataProduct),
            words=("file", "files"),
            name_field="data",
        )
    )
    track(
        Tracked(
            PointNote,
            "target",
            "target_id",
            shown=("text", "band", "timestamp"),
            natural=("timestamp", "text"),
            words=("note on a point", "notes on points"),
            name_field="text",
        )
    )
    kinds: dict[type[Any], tuple[str, str]] = {
        PhotometryReducedDatum: ("photometry point", "photometry points"),
        SpectroscopyReducedDatum: ("spectrum", "spectra"),
        AstrometryReducedDatum: ("measured position", "measured positions"),
        ReducedDatum: ("other measurement", "other measurements"),
    }
    for model, words in kinds.items():
        track(
            Tracked(
                model,
                "target",
                "target_id",
                style=SET,
                natural=("target_id",),
                object_condition=_granted(model) if model._meta.permissions else None,
                words=words,
            )
        )


def _granted(model: type[Any]) -> Callable[[Any, str], QuerySet | None]:
    """Return who may see or change which rows of a model that may have grants of their own."""
    return lambda user, verb: rows_with_grants(user, model, verb)


def remove_files(pks: Sequence[int], user: Any) -> None:
    """Move files that a reverted change set brought to the trash, with what was measured from them."""
    from tom_dataproducts.services import delete_data_product

    for product in DataProduct.objects.filter(pk__in=pks):
        delete_data_product(product, user=user)
