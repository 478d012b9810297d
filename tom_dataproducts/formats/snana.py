"""SNANA's pairs of FITS files: HEAD tells objects, PHOT holds the light curves of all of them in a row.

References
----------
Kessler et al. (2009), doi:10.1086/605984; files of the ELAsTiCC2 challenge: each light curve of a PHOT file
ends with a row of MJD -777, PTROBS_MIN and PTROBS_MAX of HEAD count its rows from 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tom_dataproducts.formats.layouts import layout_of
from tom_dataproducts.formats.lazy_astropy import fits
from tom_dataproducts.formats.opening import head_of, is_fits
from tom_dataproducts.formats.raw_tables import RawTable, numbers_of
from tom_dataproducts.formats.recognition import FormatError
from tom_dataproducts.formats.tables import fits_file

_END = -777.0
_HEAD_COLUMNS = {"snid", "ra", "ptrobs_min", "ptrobs_max"}
_NAMED = 3
_ROWS = re.compile(r"\s*(\d{1,12})\s*-\s*(\d{1,12})\s*")


@dataclass(frozen=True)
class SnanaObject:
    """One object of a HEAD file: names, ICRS degrees (NaN where not told), its first and last row, from 1."""

    names: tuple[str, ...]
    ra_deg: float
    dec_deg: float
    first_row: int
    last_row: int


@dataclass(frozen=True)
class SnanaHead:
    """A HEAD file: its objects, and the name of the PHOT file with their light curves."""

    phot_file: str
    objects: list[SnanaObject]

    def sentence(self) -> str:
        """Return what it is and what to do with it."""
        shown = ", ".join(one.names[0] for one in self.objects[:_NAMED] if one.names)
        more = ", ..." if len(self.objects) > _NAMED else ""
        count = f"{len(self.objects):,} object{'' if len(self.objects) == 1 else 's'}"
        return (
            f"It is a HEAD file of SNANA with {count} ({shown}{more}); the light curves are in"
            f" {self.phot_file or 'its PHOT file'}: upload both together."
        )


def head_in(hdus: fits.HDUList) -> SnanaHead | None:
    """Return the objects of an open FITS file, None if it is no HEAD file."""
    for hdu in hdus[1:]:
        columns = {str(column.name).lower(): column.name for column in getattr(hdu, "columns", None) or ()}
        if columns.keys() >= _HEAD_COLUMNS:
            return SnanaHead(str(hdus[0].header.get("PHOTFILE") or "").strip(), _objects(hdu.data, columns))
    return None


def _objects(data: Any, columns: dict[str, str]) -> list[SnanaObject]:
    def numbers(*names: str) -> Any:
        found = next((columns[name] for name in names if name in columns), None)
        return np.full(len(data), np.nan) if found is None else np.asarray(data[found], np.float64)

    texts = [data[columns[name]] for name in ("snid", "iauc") if name in columns]
    places = zip(
        numbers("ra"),
        numbers("dec", "decl"),
        numbers("ptrobs_min").astype(int).tolist(),
        numbers("ptrobs_max").astype(int).tolist(),
        strict=True,
    )
    return [
        SnanaObject(
            tuple(name for text in texts if (name := str(text[row]).strip()) not in ("", "NULL", "NONE")),
            float(ra),
            float(dec),
            first,
            last,
        )
        for row, (ra, dec, first, last) in enumerate(places)
    ]


def head_of_file(file: BinaryIO) -> SnanaHead | None:
    """Return the objects of a file, None if it is no HEAD file.

    Raises
    ------
    FormatError
        If it is FITS and broken.
    """
    if not is_fits(head_of(file)):
        return None
    with fits_file(file) as hdus:
        return head_in(hdus)


def is_phot(file: BinaryIO) -> bool:
    """Tell whether a file is FITS with light curves of SNANA.

    Raises
    ------
    FormatError
        If it is FITS and broken.
    """
    if not is_fits(head_of(file)):
        return False
    with fits_file(file) as hdus:
        names = [[column.name for column in getattr(hdu, "columns", None) or ()] for hdu in hdus[1:]]
    layouts = [layout_of(some) for some in names if some]
    return any(layout is not None and layout.name == "snana" for layout in layouts)


def ends_of(table: RawTable) -> NDArray[np.bool_] | None:
    """Return which rows of a table of SNANA only end a light curve; None for other tables."""
    layout = layout_of(table.names)
    column = next((name for name in table.names if name.lower() == "mjd"), None)
    if layout is None or layout.name != "snana" or column is None:
        return None
    return np.asarray(numbers_of(table.column(column)).values == _END, dtype=np.bool_)


def object_count(table: RawTable) -> int:
    """Return how many light curves stand in a table one after another."""
    ends = ends_of(table)
    if ends is None or not len(ends):
        return 1
    begins = ~ends & np.concatenate(([True], ends[:-1]))
    return int(begins.sum())


def several_text(count: int) -> str:
    """Return what to do with a file of several light curves."""
    return (
        f"The file holds the light curves of {count:,} objects of SNANA; which rows are whose is told by its"
        " HEAD file: upload both together, or say which rows to read."
    )


def chosen_rows(table: RawTable, rows: Any) -> RawTable:
    """Return the rows of a table that are to be read.

    Parameters
    ----------
    table : RawTable
    rows : str
        First and last row, from 1: ``1-309``; all of them if it is empty.

    Raises
    ------
    FormatError
        If it names no rows of the table, or nothing is named and the table holds several light curves.
    """
    kept = np.ones(len(table), bool)
    if rows not in (None, ""):
        found = _ROWS.fullmatch(str(rows))
        if found is None or not 1 <= int(found[1]) <= int(found[2]) <= len(table):
            raise FormatError(
                f"{rows!r} are no rows of the file; expected the first and the last of 1-{len(table)}."
            )
        kept[:] = False
        kept[int(found[1]) - 1 : int(found[2])] = True
    elif (count := object_count(table)) > 1:
        raise FormatError(several_text(count))
    ends = ends_of(table)
    if ends is not None:
        kept &= ~ends
    return table if kept.all() else _taken(table, np.flatnonzero(kept))


def _taken(table: RawTable, places: NDArray[np.intp]) -> RawTable:
    columns = [
        column[places] if isinstance(column, np.ndarray) else [column[row] for row in places.tolist()]
        for column in table.columns
    ]
    lines = table.lines[places]
    inside = set(lines.tolist())
    errors = [error for error in table.errors if error.line in inside or not len(lines)]
    return RawTable(
        table.names,
        columns,
        lines,
        units=table.units,
        comments=table.comments,
        meta=table.meta,
        errors=errors,
        bad_rows=table.bad_rows,
        problems=table.problems,
        layout=table.layout,
    )
