"""Reads photometry: tables of any kind that ``formats`` knows. Public."""

from __future__ import annotations

from typing import Any

from tom_common.astro.time import unix_us_to_datetime
from tom_dataproducts.data_processor import DataProcessor
from tom_dataproducts.formats import FormatError, Mapping, PhotometryTable, read_photometry
from tom_dataproducts.values import NEGATIVE_KEY


class PhotometryProcessor(DataProcessor):
    """Reads points of photometry.

    Attributes
    ----------
    layouts : tuple of str
        Names of the layouts that are accepted; empty: all.
    """

    kind = "photometry"
    layouts: tuple[str, ...] = ()

    def read(self, data_product: Any, mapping: Mapping | None = None) -> PhotometryTable:
        """Return the points of a file as columns.

        Raises
        ------
        FormatError
        """
        with data_product.data.open("rb") as file:
            return read_photometry(file, data_product.get_file_name(), mapping, layouts=self.layouts)

    def process_data(self, data_product: Any) -> list[Any]:
        """Return the points as triples (time, value, source); see ``DataProcessor``.

        Raises
        ------
        FormatError
            If the file, or one of its rows, cannot be read.
        """
        table = self.read(data_product)
        if table.bad_rows:
            raise FormatError(f"{table.bad_rows:,} rows cannot be read; the first: {table.errors[0]}.")
        return triples(table)


def triples(table: PhotometryTable) -> list[tuple[Any, dict[str, Any], str]]:
    """Return points as processors return them: (time, value, source)."""
    found = []
    for row in range(len(table)):
        value: dict[str, Any] = {"filter": table.band[row], "unit": table.unit[row]}
        for name, column in (
            ("magnitude", table.brightness),
            ("error", table.error),
            ("limit", table.limit),
            ("exposure_time", table.exposure_s),
        ):
            number = float(column[row])
            if number == number:
                value[name] = number
        for name in ("telescope", "instrument", "reduction_version"):
            if text := getattr(table, name)[row]:
                value[name] = text
        if table.negative[row]:
            value[NEGATIVE_KEY] = True
        value |= {name: column[row] for name, column in table.notes.items() if column[row]}
        found.append((unix_us_to_datetime(int(table.time_us[row])), value, table.source[row]))
    return found
