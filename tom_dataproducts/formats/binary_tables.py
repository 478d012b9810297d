"""Tables that astropy reads: FITS, VOTable; and ECSV, of which the header only is its own."""

from __future__ import annotations

import io
import re
import warnings
from typing import Any

import numpy as np

from tom_common.document_types import declares_document_type
from tom_dataproducts.formats.lazy_astropy import fits, units, votable, yaml
from tom_dataproducts.formats.raw_tables import RawTable, unique_names
from tom_dataproducts.formats.recognition import FormatError
from tom_dataproducts.formats.text_tables import read_text_table

_ECSV_TABLE = re.compile(r"#\s*%ECSV")


def is_ecsv(text: str) -> bool:
    """Tell whether a text is ECSV."""
    return bool(_ECSV_TABLE.match(text))


def read_ecsv(text: str, *, max_rows: int | None = None) -> RawTable:
    """Return the table of an ECSV file: its rows as text, units and time scales of its header.

    Raises
    ------
    FormatError
        If the header is no YAML, or there are no rows.
    """
    header = []
    for line in text.split("\n", 5000)[:5000]:
        if not line.startswith("#"):
            break
        header.append(line[2:])
    try:
        told = yaml.load("\n".join(line for line in header if not line.startswith("%ECSV")))
    except Exception as error:  # noqa: BLE001  the YAML of strangers may raise anything in astropy's constructors
        raise FormatError(f"The header of the ECSV file cannot be read: {error}") from error
    if not isinstance(told, dict):
        raise FormatError("The file begins as ECSV, but its header is none.")
    table = read_text_table(text, max_rows=max_rows)
    columns = {
        str(column.get("name")): column for column in told.get("datatype") or [] if isinstance(column, dict)
    }
    for place, name in enumerate(table.names):
        unit = columns.get(name, {}).get("unit")
        if isinstance(unit, str | units.UnitBase):
            table.units[place] = str(unit)
    table.layout = "ecsv"
    table.comments = []
    meta = told.get("meta")
    pairs = meta.items() if isinstance(meta, dict) else meta if isinstance(meta, list) else ()
    told = {str(pair[0]): pair[1] for pair in pairs if isinstance(pair, tuple) and len(pair) == 2}
    # Plain values only: what nests may be nested in itself a thousandfold, and grow when it is written.
    table.meta = {key: value for key, value in told.items() if isinstance(value, str | int | float)}
    _take_scale(table, told.get("__serialized_columns__"))
    return table


def _take_scale(table: RawTable, serialized: Any) -> None:
    """Take the time scale that astropy keeps with a column of times."""
    for told in serialized.values() if isinstance(serialized, dict) else ():
        scale = told.get("scale") if isinstance(told, dict) else None
        if isinstance(scale, str) and told.get("__class__") == "astropy.time.core.Time":
            table.meta["time_scale"] = scale


def read_votable(raw: bytes) -> RawTable:
    """Return the first table of a VOTable.

    Raises
    ------
    FormatError
        If it is no VOTable, says an error, or holds no table.
    """
    if declares_document_type(raw):
        raise FormatError("The VOTable declares a document type or entities; such files are not read.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = votable.parse(io.BytesIO(raw), verify="ignore")
            found = parsed.get_first_table()
            content = found.to_table(use_names_over_ids=True)
    except (IndexError, ValueError, TypeError, OSError, KeyError, SyntaxError) as error:
        raise FormatError(f"The VOTable cannot be read: {' '.join(str(error).split())[:300]}") from error
    except Exception as error:  # noqa: BLE001  astropy's warnings are raised where the XML is broken
        raise FormatError(f"The VOTable cannot be read: {' '.join(str(error).split())[:300]}") from error
    names, problems = unique_names([str(name) for name in content.colnames])
    columns = [_plain_column(content[name]) for name in content.colnames]
    table = RawTable(
        names=names,
        columns=columns,
        lines=np.arange(1, len(content) + 1),
        units=[str(content[name].unit or "") for name in content.colnames],
        problems=problems,
        layout="votable",
    )
    for system in getattr(parsed, "iter_timesys", lambda: ())():
        table.meta["time_scale"] = str(getattr(system, "timescale", "") or "")
    return table


def _plain_column(column: Any) -> Any:
    """Return a column of an astropy table as an array without mask: NaN or '' where there is nothing."""
    data = np.ma.asarray(column)
    if data.ndim > 1:
        return np.array(["" for _ in range(len(data))])
    if data.dtype.kind in "fiub":
        if not np.ma.is_masked(data):
            return np.ma.getdata(data)
        return np.ma.filled(data.astype(np.float64), np.nan)
    return ["" if value is np.ma.masked or value is None else str(value) for value in data.tolist()]


def read_fits_table(hdu: fits.BinTableHDU | fits.TableHDU) -> RawTable:
    """Return the table of an extension of a FITS file; columns of arrays are left out.

    Raises
    ------
    FormatError
        If its bytes are not what its header says.
    """
    names, columns, units = [], [], []
    try:
        for column in hdu.columns:
            data = np.asarray(hdu.data[column.name])
            if data.ndim != 1:
                continue
            names.append(column.name)
            columns.append(_native(data, column))
            units.append(str(column.unit or ""))
    except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
        raise FormatError(f"The table of the FITS file cannot be read: {error}") from error
    names, problems = unique_names(names)
    table = RawTable(
        names=names,
        columns=columns,
        lines=np.arange(1, (len(columns[0]) if columns else 0) + 1),
        units=units,
        problems=problems,
        layout="fits table",
    )
    if scale := hdu.header.get("TIMESYS"):
        table.meta["time_scale"] = str(scale)
    return table


def _native(data: Any, column: Any) -> Any:
    if data.dtype.kind in "SU":
        return (
            [str(value).strip() for value in np.char.decode(data, "latin-1").tolist()]
            if (data.dtype.kind == "S")
            else [str(value).strip() for value in data.tolist()]
        )
    if data.dtype.kind in "iu" and column.null is not None:
        return np.where(data == column.null, np.nan, data.astype(np.float64))
    return data.astype(data.dtype.newbyteorder("=")) if data.dtype.kind in "fiub" else data
