"""What processors return, of either generation, as unsaved rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError

from tom_dataproducts.exceptions import InvalidFileFormatException
from tom_dataproducts.models import REDUCED_DATUM_MODELS, try_parse_reduced_datum


def rows_of(results: Sequence[Any], product: Any, data_type: str) -> list[Any]:
    """Return results of a processor as unsaved rows of the right models.

    Parameters
    ----------
    results : sequence
        Triples ``(time, value, source)``, pairs ``(time, value)``, or unsaved rows of measurements.
    product : DataProduct
        The file that they are of.
    data_type : str
        Their type.

    Raises
    ------
    InvalidFileFormatException
        If one is of another shape, or no valid row.
    """
    rows = []
    for number, result in enumerate(results, 1):
        row = result if isinstance(result, REDUCED_DATUM_MODELS) else _row(result, data_type, number)
        row.target_id, row.data_product_id = product.target_id, product.pk
        row.timestamp = _aware(row.timestamp, number)
        try:
            row.clean_fields(exclude=["target", "data_product", "point_key", "flux_digest"])
        except ValidationError as error:
            name, messages = next(iter(error.message_dict.items()))
            raise InvalidFileFormatException(f"Measurement {number}: {name}: {messages[0]}") from error
        rows.append(row)
    return rows


def _row(result: Any, data_type: str, number: int) -> Any:
    try:
        moment, value, *rest = result
        source = rest[0] if rest else ""
    except (TypeError, ValueError) as error:
        raise InvalidFileFormatException(
            f"Measurement {number} is neither (time, value, source) nor a row: {result!r:.200}"
        ) from error
    return try_parse_reduced_datum(
        {"data_type": data_type, "timestamp": moment, "source_name": source or "", "value": value}
    )


def _aware(moment: Any, number: int) -> datetime:
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    converted = getattr(moment, "to_datetime", None)  # astropy's Time
    if converted is not None:
        return converted(timezone=UTC)
    raise InvalidFileFormatException(f"Measurement {number}: {moment!r:.80} is no time.")
