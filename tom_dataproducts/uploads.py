"""Stores a file that a program uploaded, once for each ``product_id``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import Group
from django.db import IntegrityError

from tom_common.grants import grant_access
from tom_common.history import change_set
from tom_common.hooks import run_hook
from tom_dataproducts.file_names import safe_file_name
from tom_dataproducts.models import DataProduct
from tom_dataproducts.permissions import data_products_for_user, rows_have_own_permissions


class TakenError(Exception):
    """The ``product_id`` belongs to a file that the user may not see."""


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


def store_upload(
    values: dict[str, Any], *, user: Any, groups: Sequence[Group] = ()
) -> tuple[DataProduct, bool]:
    """Store a file and run the hook ``data_product_post_upload``.

    Parameters
    ----------
    values : dict
        Values of the fields of ``DataProduct``; ``data`` is the uploaded file.
    user : User
        Where files have permissions of their own, this user and the groups get them.
    groups : sequence of Group

    Returns
    -------
    (DataProduct, bool)
        The product, and whether it is new: another request may have stored the same ``product_id``.

    Raises
    ------
    TakenError
    """
    values = {**values, "product_id": values.get("product_id") or None}
    values["data"].name = safe_file_name(values["data"].name)
    product = DataProduct(**values)
    try:
        title = f"Upload of {values['data'].name}"
        with change_set(user, kind="upload", title=title):
            product.save()
            if rows_have_own_permissions():
                for holder in (user, *groups):
                    grant_access(holder, product)
            run_hook("data_product_post_upload", product)
    except Exception as error:
        _remove_file(product)
        if isinstance(error, IntegrityError) and (known := known_product(values["product_id"], user=user)):
            return known, False
        raise
    return product, True


def _remove_file(product: DataProduct) -> None:
    """Remove the file of a product that was not stored after all."""
    if product.data.name and getattr(product.data, "_committed", False):
        product.data.storage.delete(product.data.name)
