"""Lasair: the interface for LSST and that of the frozen ZTF archive (brokers.md 7).

Both are asked in SQL for lists of objects, and for one object by its number or name. They have separate
accounts, each with a limit of calls an hour: a list of objects is one call, never one an object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from tom_common.remote import RemoteBadReply, RemoteRejected, RemoteService, RemoteUnavailable
from tom_dataservices.clients.broker import (
    BrokerClient,
    BrokerObject,
    id_text,
    number,
    pieces,
    refuse_error,
    start_of,
    text,
)
from tom_dataservices.exceptions import MissingDataException, NotConfiguredError, QueryServiceError

Row = dict[str, Any]

SHERLOCK = "sherlock_classifications"
TNS = "crossmatch_tns"
LONGEST = {"selected": 4096, "tables": 1024, "conditions": 4096}
IMAGE_DOMAIN = ".lsst.ac.uk"
_IDS_A_REQUEST = 100


class Lasair(BrokerClient):
    """What both systems share."""

    page_size = 1000
    id_column: ClassVar[str]
    columns: ClassVar[Sequence[str]]
    web_url: ClassVar[str]

    def service(self, **options: Any) -> RemoteService:
        """Return the connection, with the token of the settings."""
        return super().service(headers={"Authorization": f"Token {self.key()}"}, **options)

    def ask(self, path: str, arguments: Row) -> Any:
        """Return the answer to a question; refusals are told as sentences.

        Raises
        ------
        NotConfiguredError
            If the token is not accepted.
        QueryServiceError
            If the query is refused, or the limit of calls is reached.
        """
        try:
            said = self.service().get_json(path, {**arguments, "format": "json"})
        except RemoteRejected as error:
            if error.status in (401, 403):
                raise NotConfiguredError(
                    f"{self.name} does not accept the token of DATA_SERVICES[{self.name!r}] "
                    f"(status {error.status})."
                ) from error
            if error.status == 400:
                raise QueryServiceError(f"{self.name} refuses the query: {error.detail}") from error
            raise
        except RemoteUnavailable as error:
            if error.status == 429:
                raise QueryServiceError(
                    f"{self.name} takes no more calls of this account for now: an ordinary one has 100 an "
                    "hour. Try again later, or ask Lasair for a larger limit."
                ) from error
            raise
        refuse_error(self.name, said)
        return said

    def page_of(self, object_id: str) -> str:
        """Return the address of the object's page at Lasair."""
        return f"{str(self.setting('web_url', self.web_url)).rstrip('/')}/objects/{object_id}/"

    def select(
        self,
        conditions: Sequence[str],
        *,
        tables: Sequence[str] = (),
        columns: Sequence[str] = (),
        order: str = "",
        most: int | None = None,
    ) -> Iterator[Row]:
        """Yield the rows of an SQL query, page by page.

        Parameters
        ----------
        conditions : sequence of str
            Joined by AND.
        tables : sequence of str
            Besides ``objects``.
        columns : sequence of str
            Besides those that every object needs.
        order : str
            What the rows are sorted by; they are in no order without.
        most : int, optional
            How many rows there can be: once they are there, no further page is asked for.

        Raises
        ------
        QueryServiceError
            If the query is longer than Lasair takes.
        """
        where = " AND ".join(f"({one})" for one in conditions)
        asked = {
            "selected": ", ".join(dict.fromkeys((*self.columns, *columns))),
            "tables": ", ".join(dict.fromkeys(("objects", *tables))),
            "conditions": f"{where} ORDER BY {order}" if order else where,
        }
        for part, longest in LONGEST.items():
            if len(asked[part]) > longest:
                raise QueryServiceError(
                    f"{self.name} takes at most {longest:,} characters of {part}; the query has "
                    f"{len(asked[part]):,}."
                )
        limit, offset = self.rows_a_page(), 0
        while True:
            rows = self.rows_of(self.ask("query/", {**asked, "limit": limit, "offset": offset}))
            yield from rows
            offset += len(rows)
            if len(rows) < limit or (most is not None and offset >= most):
                return

    def around(self, *, ra_deg: float, dec_deg: float, radius_arcsec: float) -> dict[str, float | None]:
        """Return the ids of the objects in a cone with their distance, arcsec, nearest first."""
        said = self.ask(
            "cone/", {"ra": ra_deg, "dec": dec_deg, "radius": radius_arcsec, "requestType": "all"}
        )
        if isinstance(said, dict):  # the form of LSST; that of ZTF is the list alone
            said = said.get("objects", [])
        found = {
            object_id: number(row.get("separation"))
            for row in self.rows_of(said)
            if (object_id := id_text(row.get("object")))
        }
        return dict(sorted(found.items(), key=lambda item: item[1] if item[1] is not None else 1e9))

    def by_ids(
        self,
        ids: Iterable[str],
        *,
        conditions: Sequence[str] = (),
        tables: Sequence[str] = (),
        columns: Sequence[str] = (),
    ) -> Iterator[BrokerObject]:
        """Yield objects by their ids, a hundred a call, in the order of the ids; see `select`."""
        for some in pieces(ids, _IDS_A_REQUEST):
            listed = ", ".join(self.literal(one) for one in some)
            wanted = [f"objects.{self.id_column} IN ({listed})", *conditions]
            rows = self.select(wanted, tables=tables, columns=columns, most=len(some))
            found = {one.object_id: one for row in rows if (one := self.object_of(row)) is not None}
            yield from (found[one] for one in some if one in found)

    def literal(self, object_id: str) -> str:
        """Return an id as SQL has it."""
        return quoted(object_id)

    def object_of(self, row: Row) -> BrokerObject | None:
        """Return the object of a row of a query."""
        raise NotImplementedError

    def one(self, object_id: str, **arguments: Any) -> Row:
        """Return all that Lasair has of one object.

        Raises
        ------
        MissingDataException
        """
        try:
            said = self.ask("object/", {"objectId": object_id, **arguments})
        except RemoteRejected as error:
            if error.status == 404:
                raise MissingDataException(f"{self.name} knows no object {object_id}.") from error
            raise
        if isinstance(said, list):
            said = said[0] if said else {}
        if not said:
            raise MissingDataException(f"{self.name} knows no object {object_id}.")
        if not isinstance(said, dict):
            raise RemoteBadReply(f"{self.name} did not answer with an object: {start_of(said)}.")
        return said

    def image(self, address: str) -> bytes:
        """Return an image of an alert from where Lasair says that it lies, FITS.

        The token is not sent: images lie beside the interface, on a machine of Lasair.

        Raises
        ------
        RemoteBadReply
            If they are said to lie anywhere else.
        """
        parts = urlsplit(address)
        ours = urlsplit(str(self.setting("base_url", self.base_url)))
        is_theirs = parts.scheme == "https" and (parts.hostname or "").endswith(IMAGE_DOMAIN)
        if not is_theirs and (parts.scheme, parts.netloc) != (ours.scheme, ours.netloc):
            raise RemoteBadReply(f"{self.name} says that an image lies at {parts.netloc or 'no address'}.")
        timeout_s = float(self.setting("timeout_s", self.timeout_s))
        service = RemoteService(
            f"{self.name} images", f"{parts.scheme}://{parts.netloc}", read_timeout_s=timeout_s
        )
        return service.get_bytes(address)


def classifications(sherlock: str | None, tns_type: str | None, mjd_utc: float | None) -> tuple[Row, ...]:
    """Return what Sherlock and the TNS take an object for."""
    told = (("Sherlock", sherlock), ("TNS", tns_type))
    return tuple(
        {"classifier": classifier, "class_name": name, "mjd_utc": mjd_utc}
        for classifier, name in told
        if name
    )


def annotation(row: Row, mjd_utc: float | None) -> Row:
    """Return the classification of an annotator."""
    return {
        "classifier": text(row.get("topic")),
        "version": text(row.get("version")),
        "class_name": text(row.get("classification")),
        "mjd_utc": mjd_utc,
    }


def tns_name(row: Row) -> str | None:
    """Return the name at the TNS with its prefix."""
    name = text(row.get("tns_name"))
    return f"{text(row.get('tns_prefix')) or 'AT'} {name}" if name else None


def quoted(words: str) -> str:
    """Return a text as SQL has it."""
    return "'" + words.replace("\\", "\\\\").replace("'", "''") + "'"


def first_row(found: Any) -> Row:
    """Return the first row of what may be a list of rows, one row, or nothing."""
    if isinstance(found, list):
        found = found[0] if found else {}
    return found if isinstance(found, dict) else {}


def images_of(urls: Any) -> dict[str, str]:
    """Return where the images of an alert lie, by role."""
    known = urls if isinstance(urls, dict) else {}
    return {
        kind.lower(): str(known[kind]) for kind in ("Science", "Template", "Difference") if known.get(kind)
    }
