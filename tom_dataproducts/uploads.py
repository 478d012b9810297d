"""Stores files that a person or a program uploaded: once for each ``product_id``, once for each content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.db import IntegrityError, connections

from tom_common.files import size_text
from tom_common.grants import grant_access
from tom_common.history import change_set
from tom_common.hooks import run_hook
from tom_dataproducts import conf
from tom_dataproducts.file_contents import why_not_of_type
from tom_dataproducts.file_names import safe_file_name
from tom_dataproducts.models import DataProduct, DataUpload
from tom_dataproducts.permissions import data_products_for_user, rows_have_own_permissions
from tom_targets.models import BaseTarget

_BLOCK = 1_000_000
_HEAD = 4096


class TakenError(Exception):
    """The ``product_id`` belongs to a file that the user may not see."""


class UploadRefusedError(ValueError):
    """A file is not taken; the text names it, says why, and may be shown."""


@dataclass(frozen=True)
class StoredUpload:
    """A file that is stored: now (``is_new``), or before."""

    product: DataProduct
    is_new: bool

    @property
    def upload(self) -> DataUpload | None:
        """What is known of its upload; None if it came in another way."""
        return DataUpload.objects.filter(product=self.product).first()


def known_product(product_id: str | None, *, user: Any) -> DataProduct | None:
    """Return the stored file with a ``product_id``, or None.

    Raises
    ------
    TakenError
        If there is one that the user may not see.
    """
    if not product_id:
        return None
    rows = DataProduct.objects.filter(product_id=product_id)
    found = data_products_for_user(user, rows).first()
    if found is None and rows.exists():
        raise TakenError(product_id)
    return found


def check_size(file: Any) -> None:
    """Refuse a file that is empty or too large.

    Raises
    ------
    UploadRefusedError
    """
    if file.size == 0:
        raise UploadRefusedError(f"{file.name} is empty (0 bytes).")
    if file.size > conf.upload_max_bytes():
        raise UploadRefusedError(too_large_text(file.name))


def check_content(file: Any, data_product_type: str) -> None:
    """Refuse a file that is not what its type says.

    Raises
    ------
    UploadRefusedError
    """
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    if reason := why_not_of_type(head, file.name, data_product_type):
        raise UploadRefusedError(reason)


def too_large_text(name: str) -> str:
    """Say that a file is larger than what is taken."""
    limit = size_text(conf.upload_max_bytes())
    return (
        f"{name} is larger than {limit}, the most that is taken. The administrator of this TOM can raise"
        " TOM_DATA_UPLOAD_MAX_MB."
    )


def digest_of(file: Any) -> str:
    """Return the SHA-256 of a file as hexadecimal text; read block by block, whatever its size."""
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(_BLOCK):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()


def same_file(values: dict[str, Any], digest: str, *, user: Any) -> DataProduct | None:
    """Return the file of the same content and type that the target has already, if the user may see it."""
    same = DataProduct.objects.filter(
        target=values["target"].pk,
        data_product_type=values.get("data_product_type", ""),
        upload__digest=digest,
    )
    return data_products_for_user(user, same).order_by("pk").first()


def store_upload(values: dict[str, Any], *, user: Any, groups: Sequence[Group] = ()) -> StoredUpload:
    """Store a file and run the hook ``data_product_post_upload``.

    The file lies in the storage before the row is written, and is taken away again if that fails.

    Parameters
    ----------
    values : dict
        Values of the fields of ``DataProduct``; ``data`` is the uploaded file.
    user : User
        Where files have permissions of their own, this user and the groups get them.
    groups : sequence of Group

    Returns
    -------
    StoredUpload
        Not new where the target has the same content already, or another request stored the ``product_id``.

    Raises
    ------
    TakenError, UploadRefusedError
    """
    values = {**values, "product_id": values.get("product_id") or None}
    file = values.pop("data")
    check_size(file)
    check_content(file, values.get("data_product_type", ""))
    digest = digest_of(file)
    if not values["product_id"] and (known := same_file(values, digest, user=user)):
        return StoredUpload(known, is_new=False)
    product = DataProduct(**values)
    name = safe_file_name(file.name)
    product.data.save(name, file, save=False)
    stored_name = str(product.data.name)
    try:
        known = _store_row(product, digest, file.size, title=f"Upload of {name}", user=user, groups=groups)
    except IntegrityError:
        _remove_file(product, stored_name)
        if known := known_product(values["product_id"], user=user):
            return StoredUpload(known, is_new=False)
        raise
    except BaseException:
        _remove_file(product, stored_name)
        raise
    if known is not None:
        _remove_file(product, stored_name)
        return StoredUpload(known, is_new=False)
    return StoredUpload(product, is_new=True)


def _store_row(
    product: DataProduct, digest: str, size: int, *, title: str, user: Any, groups: Sequence[Group]
) -> DataProduct | None:
    """Store the row of a file, and return the file of the same content if one came in meanwhile instead."""
    with change_set(user, kind="upload", title=title) as changes:
        _lock(product.target_id)
        facts = {"target": product.target, "data_product_type": product.data_product_type}
        if not product.product_id and (known := same_file(facts, digest, user=user)):
            return known
        product.save()
        upload = DataUpload(product=product, user=user, digest=digest, size=size, state=DataUpload.State.KEPT)
        if rows_have_own_permissions():
            for holder in (user, *groups):
                grant_access(holder, product)
        run_hook("data_product_post_upload", product)
        changes.flush()
        upload.upload_set_pk = changes.pk
        upload.save()
    return None


def _lock(target_id: int) -> None:
    """Let nobody else store a file of the same target until this transaction ends."""
    no_key = connections["default"].features.has_select_for_no_key_update
    BaseTarget.objects.select_for_update(no_key=no_key).filter(pk=target_id).values_list("pk").first()


def _remove_file(product: DataProduct, name: str) -> None:
    """Remove the file of a product that was not stored after all."""
    product.data.storage.delete(name)
