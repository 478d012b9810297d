"""Reads uploaded files into measurements: at once or as a job, for the first time or again.

The format of a file is the business of ``formats``, storing its rows that of ``processing``; here is who may,
when, in which change set, and what is kept of it in ``DataUpload``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from django.db import transaction
from django.utils import timezone

from tom_common.grants import grant_many, groups_with_access, users_with_access
from tom_common.history import change_set
from tom_common.spreadsheets import no_formula
from tom_dataproducts import conf, processing
from tom_dataproducts.exceptions import InvalidFileFormatException
from tom_dataproducts.formats import (
    IMAGE,
    PHOTOMETRY,
    PICTURE,
    SPECTROSCOPY,
    FormatError,
    Mapping,
    Recognition,
    recognise,
)
from tom_dataproducts.models import DataProduct, DataUpload, ReducedDatum
from tom_dataproducts.permissions import rows_have_own_permissions
from tom_dataproducts.previews import Preview, preview_of
from tom_dataproducts.processing import processor_for

INLINE_BYTES = 1_000_000
READABLE_KINDS = (PHOTOMETRY, SPECTROSCOPY)
_KEPT = ("state", "mapping", "on_bad_rows", "report", "problems", "reading_set_pk", "finished")
_TYPES = {IMAGE: "fits_file", PICTURE: "image_file"}


@dataclass(frozen=True)
class Started:
    """A file that was read, or the job that reads it."""

    upload: DataUpload
    job: Any = None


def kind_of(data_product_type: str) -> str:
    """Return as what files of a type are read: ``photometry``, ``spectroscopy``, or '' where nobody asks."""
    kind = str(getattr(_processor_of(data_product_type), "kind", ""))
    return kind if kind in READABLE_KINDS else ""


def own_processor(data_product_type: str) -> str:
    """Return the name of the processor that reads files of a type by itself, without a mapping; else ''."""
    processor = _processor_of(data_product_type)
    return "" if processor is None or kind_of(data_product_type) else type(processor).__name__


def type_for(kind: str) -> str:
    """Return the type of data products for what a file was recognised as; '' for a plain file."""
    wanted = _TYPES.get(kind, kind)
    return wanted if wanted in conf.data_product_types() else ""


def _processor_of(data_product_type: str) -> Any:
    if data_product_type not in conf.data_processors():
        return None
    return processor_for(data_product_type)


def recognise_product(product: DataProduct, kind: str = "") -> Recognition:
    """Return what a stored file seems to be.

    Raises
    ------
    FormatError
        If it is empty, damaged, or not of the kind that is asked for.
    """
    with _opened(product) as file:
        return recognise(file, product.get_file_name(), kind or None)


def problems_of(product: DataProduct) -> list[str]:
    """Return what is odd or was assumed of a stored file, in sentences."""
    try:
        return recognise_product(product, kind_of(product.data_product_type)).problems
    except FormatError as error:
        return [str(error)]


def preview_product(product: DataProduct, mapping: Mapping) -> Preview:
    """Return what reading a stored file by a mapping gives.

    Raises
    ------
    FormatError
    """
    with _opened(product) as file:
        return preview_of(file, product.get_file_name(), mapping)


@contextmanager
def _opened(product: DataProduct) -> Iterator[BinaryIO]:
    size_of(product)
    with product.data.open("rb") as file:
        yield cast("BinaryIO", file)


def size_of(product: DataProduct) -> int:
    """Return the size of a stored file in bytes.

    Raises
    ------
    FormatError
        If there is no file, or it is gone from the storage.
    """
    if not product.data:
        raise FormatError("This data product has no file.")
    try:
        return int(product.data.size)
    except OSError as error:
        raise FormatError("The file is gone from the storage; upload it again.") from error


def upload_for(product: DataProduct, *, user: Any) -> DataUpload:
    """Return what is known of the upload of a file, made where it came in another way."""
    found, _ = DataUpload.objects.get_or_create(
        product=product, defaults={"user": user, "size": size_of(product), "state": DataUpload.State.KEPT}
    )
    return found


def start_reading(product: DataProduct, *, mapping: Mapping | None, on_bad_rows: str, user: Any) -> Started:
    """Read a file: at once if it is small, else as a job of the user.

    Parameters
    ----------
    product : DataProduct
        That the user may change; the caller has asked.
    mapping : Mapping, optional
        How it is read; by default as before, else as it is recognised.
    on_bad_rows : str
        ``all_or_nothing`` or ``good_rows``.
    user : User

    Raises
    ------
    FormatError
        If there is no file.
    """
    from tom_dataproducts.upload_tasks import read_uploaded_file  # the task calls this module

    size = size_of(product)
    upload = upload_for(product, user=user)
    if mapping is not None:
        upload.mapping = mapping.as_json()
    upload.on_bad_rows = on_bad_rows
    if size <= INLINE_BYTES:
        return Started(read_upload(upload, user=user))
    with transaction.atomic():
        upload.state = DataUpload.State.RUNNING
        upload.job = read_uploaded_file.submit(
            user=user, title=f"Reading of {product}", upload_id=upload.pk, user_id=user.pk
        )
        upload.save()
    upload = DataUpload.objects.select_related("product").get(pk=upload.pk)  # an inline job has ended by now
    return Started(upload, upload.job)


def read_upload(upload: DataUpload, *, user: Any, progress: processing.Progress | None = None) -> DataUpload:
    """Read a file by the mapping of its upload, in place of what was read from it before.

    What is stored is one change set and one transaction: what was there stays if the file cannot be read.

    Returns
    -------
    DataUpload
        With its new state and report.
    """
    product = upload.product
    try:
        mapping = _mapping_of(upload)
        with _type_taken(product, mapping, user):
            report = processing.process_upload(product, mapping, upload.on_bad_rows, progress, user=user)
            if report.is_refused:
                raise _RefusedError(report)
            _give_access(product)
    except _RefusedError as refusal:
        upload.report, upload.problems = refusal.report.as_json(), refusal.report.errors_as_json()
        fail(upload, refusal.report.sentence)
    except (FormatError, InvalidFileFormatException) as error:
        upload.report, upload.problems = {}, []
        fail(upload, str(error))
    else:
        upload.report, upload.problems = report.as_json(), report.errors_as_json()
        upload.state = DataUpload.State.DONE if report.kind else DataUpload.State.KEPT
        upload.reading_set_pk = report.change_set_pk or upload.reading_set_pk
        upload.finished = timezone.now()
        _keep(upload)
    return upload


def _mapping_of(upload: DataUpload) -> Mapping | None:
    """Return how a file is read, and keep it; None where its processor decides."""
    kind = kind_of(upload.product.data_product_type)
    if not upload.mapping and kind:
        upload.mapping = recognise_product(upload.product, kind).mapping().as_json()
    return Mapping.from_json(upload.mapping) if upload.mapping else None


def fail(upload: DataUpload, text: str) -> None:
    """Keep why a file could not be read."""
    upload.state, upload.finished = DataUpload.State.FAILED, timezone.now()
    upload.report = {**upload.report, "error": text}
    _keep(upload)


def _keep(upload: DataUpload) -> None:
    """Write what became of a reading; nothing if the file was thrown away meanwhile."""
    DataUpload.objects.filter(pk=upload.pk).update(**{name: getattr(upload, name) for name in _KEPT})


class _RefusedError(Exception):
    """Some rows are wrong, and all or nothing was asked for."""

    def __init__(self, report: processing.UploadReport) -> None:
        super().__init__(report.sentence)
        self.report = report


@contextmanager
def _type_taken(product: DataProduct, mapping: Mapping | None, user: Any) -> Iterator[None]:
    """Give a file the type as which it is read, if it has another, in one change set with what is read."""
    if mapping is None or kind_of(product.data_product_type) == mapping.kind:
        yield
        return
    if not type_for(mapping.kind):
        raise FormatError(f"This TOM has no data products of the type {mapping.kind!r}.")
    former = product.data_product_type
    try:
        with change_set(user, kind="upload", title=f"Measurements of {product}"):
            product.data_product_type = type_for(mapping.kind)
            product.save(update_fields=["data_product_type", "modified"])
            yield
    except BaseException:
        product.data_product_type = former
        raise


def _give_access(product: DataProduct) -> None:
    """Let those who have access to a file see the generic rows that came from it."""
    if not rows_have_own_permissions():
        return
    rows = list(ReducedDatum.objects.filter(data_product=product.pk).values_list("pk", flat=True))
    if not rows:
        return
    for verb in ("view", "change", "delete"):
        holders = [
            *users_with_access(product, f"{verb}_dataproduct"),
            *groups_with_access(product, f"{verb}_dataproduct"),
        ]
        grant_many(holders, ReducedDatum, rows, [f"{verb}_reduceddatum"])


def report_csv(upload: DataUpload) -> str:
    """Return the rows that were wrong as CSV."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("line", "column", "value", "reason"))
    for problem in upload.problems:
        texts = (no_formula(str(problem[name])) for name in ("column", "value", "reason"))
        writer.writerow((problem["line"], *texts))
    return buffer.getvalue()
