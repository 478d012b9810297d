"""Readers of VOTable and FITS tables, by astropy, after looking at what would harm."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from tom_common.document_types import declares_document_type
from tom_targets.transfer.input_files import FITS, VOTABLE, FileError
from tom_targets.transfer.input_table import Chunk, InputColumn
from tom_targets.transfer.text_readers import check_columns

FITS_ESCAPED = "TOMESC"
"""Keyword of tables in which texts are escaped as in Python literals: FITS itself knows ASCII only."""
FITS_LONG_NAME = "TOMN"
"""Beginning of the keywords of column names that do not fit into a card."""


class _ColumnsReader:
    """A table that lies in memory, column by column."""

    format = ""

    def __init__(self, path: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of units and dates that do not concern us
            self._values, self.columns = self._read(path)
        check_columns([column.name for column in self.columns])
        self.row_count: int | None = len(next(iter(self._values.values()), ()))

    def _read(self, path: Path) -> tuple[dict[str, Any], list[InputColumn]]:
        raise NotImplementedError

    def chunks(self, size: int) -> Iterator[Chunk]:
        """Yield the rows."""
        for start in range(0, self.row_count or 0, size):
            part = {name: plain_column(values[start : start + size]) for name, values in self._values.items()}
            length = len(next(iter(part.values())))
            yield Chunk(range(start + 1, start + 1 + length), part)


class VOTableReader(_ColumnsReader):
    """The first table of a VOTable."""

    format = VOTABLE

    def _read(self, path: Path) -> tuple[dict[str, Any], list[InputColumn]]:
        _refuse_entities(path)
        from astropy.io import votable

        try:
            table = votable.parse(str(path), verify="ignore").get_first_table()
        except IndexError as error:
            raise FileError("The VOTable holds no table.") from error
        except Exception as error:  # noqa: BLE001  astropy raises what its parser raises
            raise FileError(f"The VOTable cannot be read: {_first_line(error)}") from error
        columns = [InputColumn(field.name or field.ID, str(field.unit or "")) for field in table.fields]
        array = table.array
        return {
            column.name: array[name] for column, name in zip(columns, array.dtype.names, strict=True)
        }, columns


class FitsReader(_ColumnsReader):
    """The first table extension of a FITS file."""

    format = FITS

    def _read(self, path: Path) -> tuple[dict[str, Any], list[InputColumn]]:
        from astropy.io import fits

        try:
            with fits.open(str(path), memmap=True, lazy_load_hdus=True) as hdus:
                table = next(
                    (hdu for hdu in hdus if isinstance(hdu, (fits.BinTableHDU, fits.TableHDU))), None
                )
                if table is None:
                    raise FileError("The FITS file holds no table.")
                promised = int(table.header["NAXIS1"]) * int(table.header["NAXIS2"])
                if promised > path.stat().st_size:
                    raise FileError(
                        f"The FITS file is cut off: its table should have {promised:,} bytes,"
                        f" the file has {path.stat().st_size:,}."
                    )
                ours = bool(table.header.get(FITS_ESCAPED))
                names = [
                    _unescaped(table.header.get(f"{FITS_LONG_NAME}{place}", one.name))
                    if ours
                    else str(one.name)
                    for place, one in enumerate(table.columns, 1)
                ]
                units = [str(one.unit or "") for one in table.columns]
                columns = [InputColumn(name, unit) for name, unit in zip(names, units, strict=True)]
                data = table.data
                found = {
                    name: _fits_values(table, data, one)
                    for name, one in zip(names, table.columns, strict=True)
                }
        except FileError:
            raise
        except Exception as error:  # noqa: BLE001  astropy raises what a broken header leads it to
            raise FileError(f"The FITS file cannot be read: {_first_line(error)}") from error
        return found, columns


def _fits_values(table: Any, data: Any, column: Any) -> Any:
    values = np.array(data[column.name]) if data is not None else np.empty(0)
    if column.null is not None and values.dtype.kind in "iu":
        return np.ma.masked_equal(values, column.null)
    if table.header.get(FITS_ESCAPED) and values.dtype.kind == "U":
        return np.array([_unescaped(str(text)) for text in values.tolist()], dtype=object)
    return values


def _unescaped(text: str) -> str:
    """Return a text of our own exports, in which what is not ASCII stands as in a Python literal."""
    if "\\" not in text:
        return text
    try:
        return text.encode("ascii").decode("unicode_escape")
    except UnicodeError:
        return text


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{(text[0] if text else type(error).__name__)[:300]}"


def _refuse_entities(path: Path) -> None:
    """Refuse XML that declares entities, which could unfold to any size."""
    with path.open("rb") as file:
        if declares_document_type(file):
            raise FileError("The VOTable declares XML entities or a document type, which is not taken.")


def plain_column(values: Any) -> Sequence[Any]:
    """Return a numpy column as float64 with NaN for gaps, or as a list of str with '' for gaps."""
    mask: Any = np.ma.getmaskarray(values) if np.ma.isMaskedArray(values) else None
    if mask is not None and mask.ndim > 1:
        mask = mask.reshape(len(mask), -1).all(axis=1)
    data = np.ma.getdata(values)
    if data.ndim > 1:
        texts = [" ".join(map(str, np.ravel(entry))) for entry in data]
    elif data.dtype.kind == "f":
        floats = data.astype(np.float64)
        if data.dtype.itemsize < 8:  # 18.2, not 18.200000762939453
            floats = np.array([float(str(value)) for value in data])
        return cast(Any, floats if mask is None else np.where(mask, np.nan, floats))
    elif data.dtype.kind == "b":
        texts = ["true" if value else "false" for value in data]
    else:
        texts = [_text(value) for value in data.tolist()]
    if mask is not None:
        texts = ["" if gone else text for text, gone in zip(texts, mask.tolist(), strict=True)]
    return texts


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").rstrip("\0 ")
    if isinstance(value, np.ndarray):
        return " ".join(map(str, np.ravel(value)))
    return "" if value is None else str(value).rstrip()
