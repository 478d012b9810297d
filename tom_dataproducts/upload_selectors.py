"""Reads of uploads: those that wait, those of a user, and what is known of the upload of one file."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from tom_dataproducts.models import REDUCED_DATUM_MODELS, DataProduct, DataUpload
from tom_dataproducts.permissions import data_products_for_user

_WAITING = (DataUpload.State.WAITING, DataUpload.State.FAILED, DataUpload.State.RUNNING)
_KINDS = {
    "photometryreduceddatum": ("photometry point", "photometry points"),
    "spectroscopyreduceddatum": ("spectrum", "spectra"),
    "astrometryreduceddatum": ("measured position", "measured positions"),
    "reduceddatum": ("other measurement", "other measurements"),
}


def _visible_uploads(user: Any) -> QuerySet:
    seen = data_products_for_user(user, DataProduct.objects.all())
    rows = DataUpload.objects.filter(product__in=seen.order_by().values("pk"))
    return rows.select_related("product__target", "user").defer("problems")


def waiting_uploads(target: Any, *, user: Any) -> QuerySet:
    """Return the uploads of a target that were not read yet, or could not be; newest first."""
    return _visible_uploads(user).filter(product__target=target.pk, state__in=_WAITING)


def uploads_of(user: Any) -> QuerySet:
    """Return what a user uploaded and may still see, newest first."""
    return _visible_uploads(user).filter(user=user.pk)


def upload_of(product: DataProduct) -> DataUpload | None:
    """Return what is known of the upload of a file; None if it came in another way."""
    return DataUpload.objects.select_related("user").filter(product=product.pk).first()


def stored_counts(product: DataProduct) -> list[tuple[str, str]]:
    """Return how many measurements of each kind came from a file, and of what; kinds without any left out."""
    counts = []
    for model in REDUCED_DATUM_MODELS:
        count = model._default_manager.filter(data_product=product.pk).count()
        if count:
            one, many = _KINDS[str(model._meta.model_name)]
            counts.append((f"{count:,}", one if count == 1 else many))
    return counts


def change_sets_of(upload: DataUpload | None) -> list[Any]:
    """Return the change sets that stored a file and what was read from it last, the newest first."""
    from tom_common.history.models import ChangeSet  # has a table: not for projects without tom_common

    if upload is None:
        return []
    keys = {key for key in (upload.upload_set_pk, upload.reading_set_pk) if key is not None}
    return list(ChangeSet.objects.filter(pk__in=keys).order_by("-pk"))
