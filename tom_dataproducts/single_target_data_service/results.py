"""Keeps what a service gave as a data product, and stores its points."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.core.files.base import ContentFile

from tom_dataproducts.models import DataProduct, ServiceQuery
from tom_dataproducts.uploads import store_upload


@dataclass(frozen=True)
class StoredResult:
    """What became of a file: counts, a sentence, and why it could not be read, if so."""

    words: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    error: str = ""


def store_result(query: ServiceQuery, service: Any, file: Any) -> tuple[DataProduct, StoredResult]:
    """Store the file of a query once, however often it is fetched, and the points in it.

    The raw file is kept before it is read: what cannot be read is not lost.

    Parameters
    ----------
    query : ServiceQuery
    service : RemoteDataService
    file : ResultFile
    """
    from tom_dataproducts import processing  # reads all formats: not while Django starts
    from tom_dataproducts.exceptions import InvalidFileFormatException

    values = {
        "target": query.target,
        "data_product_type": query.product_type,
        "product_id": f"query-{query.pk}-{query.mark}",
        "data": ContentFile(file.content, name=file.name),
        "extra_data": f"{service.label()}: {query.words}",
    }
    product = store_upload(values, user=query.user).product
    try:
        report = processing.process_upload(product, on_bad_rows=processing.GOOD_ROWS, user=query.user)
    except InvalidFileFormatException as error:
        return product, StoredResult(error=str(error))
    facts = report.as_json()
    return product, StoredResult(words=report.sentence, facts=facts)
