"""Reads: the files, cutouts and groups of files that a user may see."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404

from tom_common.grants import GrantProbe
from tom_dataproducts.models import DataProduct, DataProductGroup, FitsReading
from tom_dataproducts.permissions import data_products_for_user, groups_for_user, rows_of_visible_target

CUTOUT_PREFIX = "cutout:"
CUTOUT_ROLES = ("science", "reference", "difference")
_MAX_CUTOUTS = 300


@dataclass(frozen=True)
class Cutout:
    """A cutout of an alert: what it shows, of which alert, when (MJD, UTC; None if unknown)."""

    product: DataProduct
    role: str
    alert: str
    mjd_utc: float | None


def visible_products(user: Any) -> QuerySet:
    """Return the data products that a user may see; ``may_change`` tells whether the user may change it."""
    return with_rights(data_products_for_user(user, DataProduct.objects.all()), user)


def with_rights(products: QuerySet, user: Any) -> QuerySet:
    """Return data products with ``may_change``, which tells whether a user may change each."""
    changeable = data_products_for_user(
        user, DataProduct.objects.filter(pk=OuterRef("pk")), "change_dataproduct"
    )
    return products.annotate(
        may_change=ExpressionWrapper(Q(GrantProbe(changeable.values("pk")[:1])), BooleanField())
    )


def product_or_404(user: Any, pk: int) -> DataProduct:
    """Return a data product with ``may_change``, with its target.

    Raises
    ------
    Http404
        If there is none that the user may see.
    """
    product = visible_products(user).select_related("target").filter(pk=pk).first()
    if product is None:
        raise Http404("There is no such data product, or you may not see it.")
    return product


def files_of(target: Any, *, user: Any) -> QuerySet:
    """Return the data products of a target that a user may see, newest first, with ``may_change``."""
    return visible_products(user).filter(target=target.pk).order_by("-created", "-pk")


def files_url(target: Any) -> str:
    """Return the address of the files on the page of a target."""
    return f"{target.get_absolute_url()}?tab=manage-data#manage-data"


def cutouts_of(target: Any, *, user: Any) -> list[Cutout]:
    """Return the cutouts of the newest alert of a target: science, reference, difference, if there.

    The target is one that the user sees. One query, whatever the number of sets that are kept.
    """
    rows = rows_of_visible_target(
        user, DataProduct.objects.filter(target=target.pk, product_id__startswith=CUTOUT_PREFIX)
    )
    found = [cutout for product in rows.order_by("-pk")[:_MAX_CUTOUTS] if (cutout := _cutout(product))]
    if not found:
        return []
    newest = max(found, key=lambda cutout: (cutout.mjd_utc or 0.0, cutout.product.pk))
    of_alert = {cutout.role: cutout for cutout in found if cutout.alert == newest.alert}
    return [of_alert[role] for role in CUTOUT_ROLES if role in of_alert]


def _cutout(product: DataProduct) -> Cutout | None:
    try:
        facts = json.loads(product.extra_data)
        mjd = facts.get("mjd_utc")
        return Cutout(product, str(facts["cutout"]), str(facts["alert"]), None if mjd is None else float(mjd))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def unread_pictures(products: Iterable[DataProduct]) -> list[DataProduct]:
    """Return those of some data products that are FITS files and were not read since they changed."""
    pictures = [product for product in products if product.has_picture]
    if not pictures:
        return []
    readings = FitsReading.objects.filter(data_product__in=[product.pk for product in pictures])
    read = dict(readings.values_list("data_product", "source"))
    return [product for product in pictures if read.get(product.pk) != source_of(product)]


def source_of(product: DataProduct) -> str:
    """Return what tells one content of a product's file from another: its name, since none is overwritten."""
    return str(product.data.name)[:300]


def visible_groups(user: Any) -> QuerySet:
    """Return the groups of files that a user may see, with the number of ``visible_files`` in each."""
    through = DataProduct.group.through
    seen = data_products_for_user(user, DataProduct.objects.all()).values("pk")
    counts = (
        through.objects.filter(dataproductgroup=OuterRef("pk"), dataproduct__in=seen)
        .order_by()
        .values("dataproductgroup")
        .annotate(number=Count("pk"))
        .values("number")
    )
    groups = groups_for_user(user, DataProductGroup.objects.all())
    return groups.annotate(visible_files=Coalesce(Subquery(counts), 0)).order_by("-created", "-pk")


def group_or_404(user: Any, pk: int, action: str = "view_dataproductgroup") -> DataProductGroup:
    """Return a group of files with which a user may do something.

    Raises
    ------
    Http404
        If there is none.
    """
    group = groups_for_user(user, DataProductGroup.objects.all(), action).filter(pk=pk).first()
    if group is None:
        raise Http404("There is no such group of files, or it is not yours.")
    return group
