"""What is done with many files at once: choosing them, deleting them, sending them as one archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple, cast

from django.db.models import QuerySet
from django.http import QueryDict

from tom_common.history import change_run
from tom_dataproducts import services
from tom_dataproducts.filters import DataProductFilter
from tom_dataproducts.models import DataProduct, DataProductGroup
from tom_dataproducts.permissions import data_products_for_user
from tom_dataproducts.zip_stream import Entry, zip_stream

_BATCH = 100
NOTE_COLUMNS = ("key", "product id", "target", "type", "stored as")


class Deletion(NamedTuple):
    """How many files were deleted, and the key of the change set by which that is undone."""

    deleted: int
    change_set_pk: int | None


def chosen_products(
    user: Any, action: str, *, pks: Sequence[str], everything: bool, query_string: str
) -> QuerySet[DataProduct]:
    """Return the files of a selection with which a user may do something.

    Parameters
    ----------
    user : User or AnonymousUser
    action : str
        ``view_dataproduct``, ``change_dataproduct`` or ``delete_dataproduct``.
    pks : sequence of str
        Keys of the ticked files; what is no key is passed over.
    everything : bool
        Whether all files are meant that the list shows under its filters.
    query_string : str
        The filters of the list.
    """
    rows = data_products_for_user(user, DataProduct.objects.all(), action)
    if everything:
        filterset = DataProductFilter(QueryDict(query_string), queryset=rows, user=user)
        return filterset.qs if filterset.is_valid() else rows.none()
    return rows.filter(pk__in=_keys(pks))


def _keys(texts: Sequence[str]) -> list[int]:
    return [int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 19]


def take_out(group: DataProductGroup, pks: Sequence[str], *, user: Any) -> int:
    """Take files that a user sees out of a group that the user may change; return how many.

    Parameters
    ----------
    group : DataProductGroup
    pks : sequence of str
        Keys of files; what is no key is passed over.
    user : User
    """
    rows = group.dataproduct_set.filter(pk__in=_keys(pks))
    found = list(data_products_for_user(user, rows))
    group.dataproduct_set.remove(*found)
    return len(found)


def delete_products(
    pks: Sequence[int], *, user: Any, on_progress: Callable[[int], None] = lambda done: None
) -> Deletion:
    """Delete files with what was measured from them, as far as a user may now.

    Batches of a hundred, a transaction each: an interrupted deletion is completed by a second run. All of it
    is one change set.
    """
    title = f"Deletion of {len(pks)} file{'' if len(pks) == 1 else 's'}"
    run = change_run(user, kind="bulk", title=title)
    deleted = 0
    for start in range(0, len(pks), _BATCH):
        batch = DataProduct.objects.filter(pk__in=pks[start : start + _BATCH])
        products = list(data_products_for_user(user, batch, "delete_dataproduct").order_by("pk"))
        if products:
            with run.part():
                for product in products:
                    services.delete_data_product(product, user=user)
        deleted += len(products)
        on_progress(min(start + _BATCH, len(pks)))
    return Deletion(deleted, run.pk)


def archive_of(products: QuerySet[DataProduct]) -> Iterator[bytes]:
    """Yield a zip archive of the files of some products, a folder for each target."""
    rows = products.select_related("target").order_by("target_id", "pk").iterator(chunk_size=500)
    return zip_stream((_entry(product) for product in rows), note_columns=NOTE_COLUMNS)


def _entry(product: DataProduct) -> Entry:
    def open_file() -> BinaryIO:
        if not product.data or not product.data.name:
            raise FileNotFoundError(2, "this data product has no file")
        return cast(BinaryIO, product.data.storage.open(product.data.name, "rb"))

    return Entry(
        folder=product.target.name,
        name=product.get_file_name() or f"data product {product.pk}",
        stored=product.created,
        open=open_file,
        note=(
            str(product.pk),
            product.product_id or "",
            product.target.name,
            product.data_product_type,
            product.data.name or "",
        ),
    )
