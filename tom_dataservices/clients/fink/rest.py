"""What Fink's services for ZTF and for Rubin's LSST share: the questions, and how they refuse.

Both answer a flat list of rows whose keys bear a prefix: ``i:`` and ``r:`` fields of the survey, ``d:`` and
``f:`` of Fink, ``v:`` made at query time. Source: brokers.md 4.1 and 4.2, after the server's own code.
"""

from __future__ import annotations

import ast
import logging
import statistics
from collections.abc import Sequence
from typing import Any, ClassVar

from tom_common.remote import RemoteRejected
from tom_dataservices.clients.broker import BrokerClient, number
from tom_dataservices.exceptions import QueryServiceError

logger = logging.getLogger(__name__)

Row = dict[str, Any]
IDS_A_REQUEST = 50
MOST_ROWS = 10_000
"""What the server answers at most; it does not tell that it left rows out."""


class Fink(BrokerClient):
    """What both services share: the questions, and how they refuse."""

    page_size = 1000
    web_url: ClassVar[str]
    rows_given = 0
    """Rows of the last answer: one that has as many as were asked for is not all that there is."""

    def ask(self, path: str, **arguments: Any) -> list[Row]:
        """Return the rows of one endpoint; arguments that are None are left out.

        Asked by GET, which may be repeated. True is sent as the text that the server compares with.

        Raises
        ------
        QueryServiceError
            If Fink refuses the arguments.
        RemoteError
        """
        sent = {key: str(value) for key, value in arguments.items() if value is not None}
        try:
            rows = self.rows_of(self.service().get_json(path, sent))
        except RemoteRejected as error:
            raise self.refusal(error) from error
        self.rows_given = len(rows)
        return rows

    def ask_of(self, path: str, key: str, ids: Sequence[str], **arguments: Any) -> list[Row]:
        """Return the rows of several objects: asked for in halves where the answer is full."""
        rows = self.ask(path, **{key: ",".join(ids)}, **arguments)
        if len(rows) < MOST_ROWS:
            return rows
        if len(ids) == 1:
            logger.warning(
                "%s gives %s rows of %s at most: older ones are left out", self.name, len(rows), ids[0]
            )
            return rows
        middle_one = len(ids) // 2
        return [
            *self.ask_of(path, key, ids[:middle_one], **arguments),
            *self.ask_of(path, key, ids[middle_one:], **arguments),
        ]

    def refusal(self, error: RemoteRejected) -> Exception:
        """Return what a refusal says: plain text that looks like a Python dict."""
        if error.status != 400:
            return error
        said = error.detail
        try:
            found = ast.literal_eval(said)
            said = str(found["text"] if isinstance(found, dict) else found)
        except (ValueError, SyntaxError, KeyError):
            pass  # then the text speaks for itself
        return QueryServiceError(f"{self.name} refuses the query: {' '.join(said.split())[:500]}")

    def image(self, output_format: str = "PNG", **arguments: Any) -> bytes:
        """Return a cutout, as ``PNG`` or ``FITS``."""
        return self.service().get_bytes("cutouts", {**arguments, "output-format": output_format})

    def page_of(self, object_id: str) -> str:
        """Return the address of the object's page at Fink."""
        return f"{str(self.setting('web_url', self.web_url)).rstrip('/')}/{object_id}"


def middle(rows: list[Row], key: str) -> float | None:
    """Return the median of a field over rows."""
    values = [value for row in rows if (value := number(row.get(key))) is not None]
    return statistics.median_low(values) if values else None
