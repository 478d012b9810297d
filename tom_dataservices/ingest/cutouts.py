"""Cutouts of alerts into data products: the newest set of each target, or all."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from tom_common.history import unrecorded
from tom_dataproducts import conf as data_conf
from tom_dataproducts.models import DataProduct, data_product_path
from tom_dataservices.packets.batch import AlertObject
from tom_targets.base_models import BaseTarget

_FILE_TYPE = "fits_file"


@dataclass(frozen=True)
class CutoutSet:
    """The cutouts that one alert brings to a target."""

    target_id: int
    survey: str
    alert: AlertObject

    def product_id(self, role: str) -> str:
        """Return the key that tells this cutout from all others."""
        return f"cutout:{self.survey}:{self.target_id}:{self.alert.alert_id}:{role}"


def newest_sets(sets: Iterable[CutoutSet]) -> list[CutoutSet]:
    """Return of each target the set of its newest alert."""
    newest: dict[int, CutoutSet] = {}
    for item in sets:
        best = newest.get(item.target_id)
        if best is None or item.alert.mjd_utc > best.alert.mjd_utc:
            newest[item.target_id] = item
    return list(newest.values())


def save_cutouts(sets: list[CutoutSet], *, keep_all: bool) -> int:
    """Store cutouts as data products and return how many are new.

    Unless all are kept, a target keeps only the set of its newest alert; older files go once the transaction
    holds.
    A file that an interrupted run left behind is used again. The history keeps none of it: cutouts come and
    go with the alerts.
    """
    if not sets:
        return 0
    with unrecorded():
        return _save(sets, keep_all=keep_all)


def _save(sets: list[CutoutSet], *, keep_all: bool) -> int:
    if not keep_all:
        sets = newest_sets(sets)
    wanted = {item.product_id(cutout.role) for item in sets for cutout in item.alert.cutouts}
    pks = sorted({item.target_id for item in sets})
    stored = _stored_cutouts(pks)
    present = {product.product_id for products in stored.values() for product in products} & wanted
    names = dict(BaseTarget.objects.filter(pk__in=pks).values_list("pk", "name"))
    rows: list[DataProduct] = []
    outdated: list[DataProduct] = []
    for item in sets:
        old = [product for product in stored.get(item.target_id, []) if product.product_id not in wanted]
        if not keep_all and any(_mjd(product) > item.alert.mjd_utc for product in old):
            continue
        rows.extend(
            _product(item, cutout, names[item.target_id])
            for cutout in item.alert.cutouts
            if item.product_id(cutout.role) not in present
        )
        if not keep_all:
            outdated.extend(old)
    DataProduct.objects.bulk_create(rows, batch_size=500)
    if outdated:
        DataProduct.objects.filter(pk__in=[product.pk for product in outdated]).delete()
        files = [product.data.name for product in outdated if product.data and product.data.name]
        transaction.on_commit(lambda: _delete_files(files))
    return len(rows)


def _stored_cutouts(pks: list[int]) -> dict[int, list[DataProduct]]:
    found: dict[int, list[DataProduct]] = {}
    for start in range(0, len(pks), 500):
        rows = DataProduct.objects.filter(
            target_id__in=pks[start : start + 500], product_id__startswith="cutout:"
        )
        for product in rows.only("pk", "target_id", "product_id", "data", "extra_data"):
            found.setdefault(product.target_id, []).append(product)
    return found


def _mjd(product: DataProduct) -> float:
    try:
        return float(json.loads(product.extra_data)["mjd_utc"])
    except (ValueError, KeyError, TypeError):
        return -math.inf


def _product(item: CutoutSet, cutout: Any, target_name: str) -> DataProduct:
    facts = {"cutout": cutout.role, "alert": item.alert.alert_id, "mjd_utc": item.alert.mjd_utc}
    kind = _FILE_TYPE if _FILE_TYPE in data_conf.data_product_types() else ""
    product = DataProduct(
        product_id=item.product_id(cutout.role),
        target=BaseTarget(pk=item.target_id, name=target_name),
        data_product_type=kind,
        extra_data=json.dumps(facts),
    )
    path = data_product_path(product, f"{item.survey}_{item.alert.alert_id}_{cutout.role}{cutout.extension}")
    if default_storage.exists(path) and default_storage.size(path) == len(cutout.content):
        product.data.name = path
    else:
        product.data.name = default_storage.save(path, ContentFile(cutout.content))
    return product


def _delete_files(names: list[str]) -> None:
    for name in names:
        default_storage.delete(name)
