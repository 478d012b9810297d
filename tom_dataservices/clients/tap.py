"""One ADQL statement sent to a service of the Table Access Protocol, its table read from JSON."""

from __future__ import annotations

from typing import Any

from tom_common.astro.typed_position import TypedPosition
from tom_common.remote import RemoteBadReply, RemoteService

_FIRST = "SELECT TOP 1 {} FROM {} WHERE {}"


def tap_rows(service: RemoteService, path: str, adql: str, *, most: int = 1000) -> list[dict[str, Any]]:
    """Return the rows that a statement finds, each a dict by column name.

    Parameters
    ----------
    service : RemoteService
    path : str
        Of its synchronous queries, such as ``simbad/sim-tap/sync``.
    adql : str
    most : int
        Most rows that are asked for.

    Raises
    ------
    RemoteError
        If the service does not answer, or not with a table.

    References
    ----------
    IVOA Table Access Protocol 1.1, sections 2.2 and 3.
    """
    said = service.ask_form(
        path,
        {"REQUEST": "doQuery", "LANG": "ADQL", "FORMAT": "json", "MAXREC": str(most), "QUERY": adql},
    )
    try:
        names = [column["name"] for column in said["metadata"]]
        return [dict(zip(names, row, strict=True)) for row in said["data"]]
    except (KeyError, TypeError, ValueError) as error:
        raise RemoteBadReply(f"{service.name} answered without the table that was asked for.") from error


def quoted(text: str) -> str:
    """Return a text as ADQL writes it, its quotes doubled."""
    return "'" + text.replace("'", "''") + "'"


def in_circle(ra: str, dec: str, *, ra_deg: float, dec_deg: float, radius_arcsec: float) -> str:
    """Return the condition that the columns `ra`, `dec` (deg) lie in a circle (ICRS)."""
    circle = f"CIRCLE('ICRS', {ra_deg!r}, {dec_deg!r}, {radius_arcsec / 3600.0!r})"
    return f"1 = CONTAINS(POINT('ICRS', {ra}, {dec}), {circle})"


def distance_to(ra: str, dec: str, place: TypedPosition) -> str:
    """Return the distance of the columns `ra`, `dec` (deg) from a place, in deg (ICRS)."""
    return f"DISTANCE(POINT('ICRS', {ra}, {dec}), POINT('ICRS', {place.ra_deg!r}, {place.dec_deg!r}))"


def first_row(columns: str, table: str, condition: str, *, order: str = "") -> str:
    """Return the statement that finds the first row, of the least `order` if there is one.

    All parts are ADQL; what users type goes through `quoted` before.
    """
    columns = f"{columns}, {order} AS dist" if order else columns
    return _FIRST.format(columns, table, condition) + (" ORDER BY dist" if order else "")
