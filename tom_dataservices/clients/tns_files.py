"""Files of the daily list of the Transient Name Server: ZIPs of one CSV, fetched whole and read row by row.

There is one of all public transients, made after midnight UTC, and one of the changes of each day, kept for a
month (brokers.md 8). Neither counts against the limit of questions to the interface.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import urlencode

from tom_common.remote import RemoteBadReply, RemoteRejected, RemoteService
from tom_dataservices.clients.tns_connection import marker_of
from tom_dataservices.clients.tns_search import TnsSearch
from tom_dataservices.exceptions import MissingDataException, NotConfiguredError

ALL = "tns_public_objects.csv.zip"
_FOLDER = "system/files/tns_public_objects/"
_LONGEST_S = 1800.0
_LARGEST_CSV_BYTES = 2_000_000_000
_HEADER = {"objid", "name", "ra", "declination", "lastmodified"}


def name_of_day(day: dt.date) -> str:
    """Return the name of the file of the changes of a day (UTC)."""
    return f"tns_public_objects_{day:%Y%m%d}.csv.zip"


class TnsFiles(TnsSearch):
    """The files, which want the bot and its key as questions do."""

    def fetch(self, name: str) -> bytes:
        """Return a file.

        Raises
        ------
        MissingDataException
            If it is not there (yet).
        NotConfiguredError
            If the settings lack the bot, or TNS does not accept it.
        RemoteError
        """
        bot = self.bot()
        headers = {
            "User-Agent": marker_of(bot),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "*/*",
        }
        service: RemoteService = self.service(
            headers=headers, secrets=[str(bot["api_key"])], whole_timeout_s=_LONGEST_S
        )
        try:
            return service.post_bytes(_FOLDER + name, urlencode({"api_key": bot["api_key"]}).encode())
        except RemoteRejected as error:
            if error.status == 404:
                raise MissingDataException(f"TNS has no file {name}.") from error
            if error.status == 401:
                raise NotConfiguredError(
                    "TNS does not accept the bot of DATA_SERVICES['TNS'] (status 401)."
                ) from error
            raise


def rows_of(file: IO[bytes], name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file of the list, a ZIP or the CSV itself, one by one.

    Raises
    ------
    RemoteBadReply
        If it is neither, or has other columns.
    """
    start = file.read(4)
    file.seek(0)
    if start != b"PK\x03\x04":
        yield from _csv_rows(file, name)
        return
    try:
        with zipfile.ZipFile(file) as archive:
            inside = [one for one in archive.infolist() if one.filename.endswith(".csv")]
            if len(inside) != 1 or inside[0].file_size > _LARGEST_CSV_BYTES:
                raise RemoteBadReply(f"{name} does not hold one CSV file of a reasonable size.")
            with archive.open(inside[0]) as content:
                yield from _csv_rows(content, name)
    except (zipfile.BadZipFile, EOFError) as error:
        raise RemoteBadReply(f"{name} is no ZIP file that can be read: {error}.") from error


def _csv_rows(file: IO[bytes], name: str) -> Iterator[dict[str, Any]]:
    reader = csv.reader(io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline=""))
    try:
        header: list[str] = []
        for _, row in zip(range(3), reader, strict=False):  # a line with the span of time comes first
            header = [one.strip().lower() for one in row]
            if set(header) >= _HEADER:
                break
        else:
            raise RemoteBadReply(f"{name} has no header of the list of TNS among its first lines.")
        for row in reader:
            if row:
                yield dict(zip(header, row, strict=False))
    except csv.Error as error:
        raise RemoteBadReply(f"{name} is no CSV file that can be read: {error}.") from error
