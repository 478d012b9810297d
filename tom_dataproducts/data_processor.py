"""The interface of processors, which turn a file into measurements; public, extended by plugins.

``run_data_processor`` is what facilities and services call once they stored a file.
"""

from __future__ import annotations

import mimetypes
from typing import Any

from tom_dataproducts.exceptions import InvalidFileFormatException

mimetypes.add_type("image/fits", ".fits")
mimetypes.add_type("image/fits", ".fz")


class DataProcessor:
    """Reads one type of file. This class reads nothing: its files are kept as they are.

    Extend it and name the class in ``DATA_PROCESSORS`` under its type of data product.
    """

    FITS_MIMETYPES = ("image/fits", "application/fits")
    PLAINTEXT_MIMETYPES = ("text/plain", "text/csv")

    def process_data(self, data_product: Any) -> list[Any]:
        """Return the measurements of a file.

        Returns
        -------
        list
            Triples ``(time, value, source)`` of an aware ``datetime``, a dict of what was measured, and the
            name of the source; pairs ``(time, value)``; or unsaved rows of a model of measurements.

        Raises
        ------
        InvalidFileFormatException
            If the file is not what it should be.
        """
        return []

    def data_type_override(self) -> str:
        """Return the type of the measurements where it is not that of the file; else ''."""
        return ""


def run_data_processor(dp: Any, dp_type_override: str | None = None) -> list[Any]:
    """Read a file by the processor of its type, store what it holds, and return the new rows.

    What is stored already stays as it is. All is stored, or nothing.

    Parameters
    ----------
    dp : DataProduct
    dp_type_override : str, optional
        A key of ``DATA_PROCESSORS`` to take instead of the file's type.

    Raises
    ------
    InvalidFileFormatException
        If the file, or one of its rows, cannot be read; nothing is stored then.
    """
    from tom_dataproducts import processing

    report = processing.process_upload(dp, data_product_type=dp_type_override)
    if report.is_refused:
        raise InvalidFileFormatException(report.sentence)
    return report.new_rows()
