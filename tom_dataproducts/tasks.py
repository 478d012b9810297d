"""Background tasks of tom_dataproducts."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import transaction

from tom_common.background import background_task, current_job
from tom_dataproducts.summaries import refresh_summaries

_WAIT_S = 60
_KEY = "tom_dataproducts.refresh_light_curves"


def __getattr__(name: str) -> Any:
    """Give ``atlas_query``, a public name; what it needs is not imported while Django starts."""
    if name != "atlas_query":
        raise AttributeError(f"module {__name__} has no attribute {name!r}")
    from tom_dataproducts.single_target_data_service.tasks import atlas_query

    return atlas_query


@background_task(max_retries=3, title="Summaries of light curves", queue="bulk")
def refresh_light_curves() -> int:
    """Compute the summaries of all light curves to which points came."""
    return refresh_summaries()


def refresh_soon(*, using: str, **kwargs: Any) -> None:
    """Send `refresh_light_curves` once the writing transaction holds, at most once a minute for all writes.

    It runs a minute later, so that whatever is written meanwhile is computed along. Receiver of
    ``photometry_written``.
    """
    transaction.on_commit(_send, using=using)


def _send() -> None:
    # The key goes before the job starts, so that no write falls between the two.
    if cache.add(_KEY, True, _WAIT_S - 5):
        refresh_light_curves.send_with_options(delay=_WAIT_S * 1000)


@background_task(time_limit_ms=6 * 3_600_000, title="Share with another TOM", queue="bulk")
def share_with_tom(request: dict[str, Any], user_id: int, dry_run: bool) -> dict[str, Any]:
    """Share targets or data with another TOM, or say what that would do."""
    from tom_dataproducts.sharing import services

    return services.run_request(request, user_id=user_id, dry_run=dry_run)


@background_task(max_retries=3, time_limit_ms=3_600_000, title="Share new data", queue="bulk")
def share_new_data(share_id: int, attempt: int = 1) -> str:
    """Send what a persistent share has not sent yet."""
    from tom_dataproducts.sharing import services

    return services.run_share(share_id, attempt)


@background_task(time_limit_ms=2 * 3_600_000, title="Deletion of files", queue="bulk")
def delete_many_products(pks: list[int], user_id: int) -> dict[str, Any]:
    """Delete files with the rights that a user has now; a second run does the rest."""
    from tom_dataproducts.bulk_files import delete_products
    from tom_dataproducts.file_trash import undo_url

    job, user = current_job(), get_user_model()._default_manager.get(pk=user_id)

    def tell(done: int) -> None:
        job.check_cancelled()
        job.progress(done, len(pks), f"{done:,} of {len(pks):,} files")

    done = delete_products(pks, user=user, on_progress=tell)
    url = undo_url(done.change_set_pk)
    return {"deleted": done.deleted, "links": [{"label": "Undo the deletion", "url": url}] if url else []}


@background_task(max_retries=1, time_limit_ms=1_800_000, title="Read FITS files", queue="bulk")
def read_fits_files(product_pks: list[int]) -> str:
    """Read headers and first images of FITS files, and make their thumbnails; those read already are left."""
    from tom_dataproducts.fits_images import services
    from tom_dataproducts.models import DataProduct

    done = failed = 0
    for product in DataProduct.objects.filter(pk__in=product_pks):
        if services.reading_of(product) is None:
            done += 1
            failed += bool(services.read_file(product).problem)
    return f"{done} files read, {failed} of them cannot be shown"


@background_task(max_retries=1, time_limit_ms=1_800_000, title="Draw an image of a FITS file")
def draw_fits_extension(extension_pk: int) -> None:
    """Make the preview of one extension."""
    from tom_dataproducts.fits_images import services
    from tom_dataproducts.models import FitsExtension

    extension = FitsExtension.objects.select_related("reading__data_product").filter(pk=extension_pk).first()
    if extension is not None:
        services.draw_extension(extension)


def read_fits_soon(products: Any, *, user: Any = None) -> int:
    """Have those FITS files read that were not, each asked for once in ten minutes; return how many."""
    from tom_dataproducts.file_selectors import unread_pictures
    from tom_dataproducts.models.fits_files import asked_key

    wanted = [
        product.pk for product in unread_pictures(products) if cache.add(asked_key(product.pk), True, 600)
    ]
    if wanted:
        read_fits_files.submit(user=user, product_pks=wanted)
    return len(wanted)


def draw_fits_soon(extension: Any, *, user: Any = None) -> bool:
    """Have an extension drawn, asked for once in ten minutes; return whether it was asked for now."""
    is_first = cache.add(f"tom_dataproducts.draw_fits.{extension.pk}", True, 600)
    if is_first:
        draw_fits_extension.submit(user=user, extension_pk=extension.pk)
    return is_first


def thumbnail_soon(*, product: Any, redraw: bool, **kwargs: Any) -> None:
    """Have the file of a product read, again if asked. Receiver of ``thumbnail_wanted``."""
    from tom_dataproducts.fits_images import services

    if redraw:
        services.forget(product)
    read_fits_soon([product])


@background_task(max_retries=1, time_limit_ms=2 * 3_600_000, title="Emptying of the trash", queue="bulk")
def purge_deleted_files() -> dict[str, int]:
    """Delete for good the files that were deleted long enough ago."""
    from tom_dataproducts import file_trash

    job, done = current_job(), 0
    while purged := file_trash.purge():
        job.check_cancelled()
        done += purged
    return {"deleted for good": done}


@background_task(time_limit_ms=6 * 3_600_000, title="Check of the storage", queue="bulk")
def check_stored_files() -> dict[str, int]:
    """Compare the storage of files with the rows that know them, and log the first hundred findings."""
    from tom_dataproducts.storage_check import check_storage

    job = current_job()
    found = 0

    def tell(kind: str, name: str, size: int) -> None:
        nonlocal found
        job.check_cancelled()
        found += 1
        if found <= 100:
            job.log(f"{kind}: {name}")

    return check_storage(tell).as_json()
