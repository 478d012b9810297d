"""Star lists as observatories read them: name and position, one target a line, none without position."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

from tom_common.astro.angles import dec_to_dms, ra_to_hms
from tom_targets.transfer.exporting import Export

_LCO_FIELDS = (
    # header, place in the export; the names of the target of an observation request
    ("name", "name"),
    ("type", ""),
    ("ra", "ra"),
    ("dec", "dec"),
    ("proper_motion_ra", "pm_ra"),
    ("proper_motion_dec", "pm_dec"),
    ("parallax", "parallax"),
    ("epoch", "epoch"),
)


def _positions(export: Export) -> Iterator[list[dict[str, Any]]]:
    """Yield the values by field of the targets that have a position, in batches."""
    names = [column.name for column in export.columns]
    for rows in export.batches():
        found = [dict(zip(names, row, strict=True)) for row in rows]
        yield [one for one in found if one["ra"] is not None and one["dec"] is not None]


def _word(name: str) -> str:
    """Return a name without blanks: they separate the columns."""
    return "_".join(name.split())


def _lines(export: Export, write: Callable[[dict[str, Any]], str]) -> Iterator[bytes]:
    for batch in _positions(export):
        yield "".join(f"{write(one)}\n" for one in batch).encode()


def plain(export: Export) -> Iterator[bytes]:
    """Yield ``NAME hh:mm:ss.sss +dd:mm:ss.ss 2000.0``, with blanks between."""
    return _lines(
        export, lambda one: f"{_word(one['name']):<24} {ra_to_hms(one['ra'])} {dec_to_dms(one['dec'])} 2000.0"
    )


def keck(export: Export) -> Iterator[bytes]:
    """Yield the star list of Keck and Palomar: 16 characters of name, position with blanks, equinox."""

    def line(one: dict[str, Any]) -> str:
        ra = ra_to_hms(one["ra"], decimals=2).replace(":", " ")
        dec = dec_to_dms(one["dec"], decimals=1).replace(":", " ")
        return f"{_word(one['name'])[:15]:<16}{ra} {dec} 2000.0"

    return _lines(export, line)


def iobserve(export: Export) -> Iterator[bytes]:
    """Yield name, right ascension and declination with tabulators between, as iObserve reads them."""
    return _lines(
        export,
        lambda one: "\t".join(
            (
                " ".join(one["name"].split()),
                ra_to_hms(one["ra"], decimals=2),
                dec_to_dms(one["dec"], decimals=1),
            )
        ),
    )


def lco(export: Export) -> Iterator[bytes]:
    """Yield CSV with the fields of a target as the portal of Las Cumbres Observatory names them."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([header for header, _ in _LCO_FIELDS])
    yield buffer.getvalue().encode()
    for batch in _positions(export):
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(
            [_lco_value(one, header, place) for header, place in _LCO_FIELDS] for one in batch
        )
        yield buffer.getvalue().encode()


def _lco_value(one: dict[str, Any], header: str, place: str) -> Any:
    if header == "type":
        return "ICRS"
    value = one.get(place)
    if header == "name":
        return value.lstrip("=+-@\t\r")  # no formula; this list is for a portal, not for coming back
    if value is None:
        return 2000.0 if header == "epoch" else 0.0
    return value


STAR_LISTS = {
    "starlist": ("Star list, plain", "txt", "text/plain; charset=utf-8", plain),
    "keck": ("Star list, Keck and Palomar", "lst", "text/plain; charset=utf-8", keck),
    "iobserve": ("Star list, iObserve", "txt", "text/plain; charset=utf-8", iobserve),
    "lco": ("Star list, Las Cumbres (LCO)", "csv", "text/csv; charset=utf-8", lco),
}
