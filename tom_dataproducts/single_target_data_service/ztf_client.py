"""The client of the ZTF forced-photometry service of IPAC: a form, and pages of HTML with one table.

References
----------
contracts/services.md 1.3; Masci et al. (2023), arXiv:2305.16279 (read 2026-11-21).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from tom_common.remote import RemoteBadReply, RemoteService, RemoteUnavailable
from tom_dataproducts.single_target_data_service.outcomes import BadKey, NotWhole, TakeLater

_SAME = 1.5e-6
_SUBMIT = "cgi-bin/batchfp.py/submit"
_LIST = "cgi-bin/getBatchForcedPhotometryRequests.cgi"
_BUSY = re.compile(r"database is busy", re.I)
_REFUSED = re.compile(
    r"(invalid|incorrect|wrong|unknown|not registered)[^<]{0,60}(password|e-?mail|user)", re.I
)


@dataclass(frozen=True)
class ZTFRequest:
    """A position (ICRS, degrees, at most 7 decimals) and a span of time (JD, UTC)."""

    ra_deg: float
    dec_deg: float
    jd_start: float
    jd_end: float


@dataclass(frozen=True)
class ListedRequest:
    """A request as the service lists it; without `address` there is no file, `exit_code` may say why."""

    number: str
    exit_code: int | None
    address: str


class ZTFClient:
    """The forced-photometry service of ZTF.

    Parameters
    ----------
    url : str
    site : (str, str)
        Name and password of the whole service, as its guide gives them.
    email, userpass : str
        What the service has given to the user.
    """

    def __init__(self, url: str, *, site: tuple[str, str], email: str, userpass: str) -> None:
        self._user = {"email": email, "userpass": userpass}
        accept = {"Accept": "*/*"}
        self._service = RemoteService(
            "ZTF", url, auth=site, headers=accept, tries=1, secrets=[userpass, email]
        )

    def submit(self, request: ZTFRequest) -> None:
        """Send a request; the service gives it no number.

        Raises
        ------
        TakeLater
            If the service says that it did not take it now.
        BadKey
            If it does not know the user.
        RemoteError
        """
        form = {
            "ra": json.dumps([request.ra_deg]),
            "dec": json.dumps([request.dec_deg]),
            "jdstart": json.dumps(request.jd_start),
            "jdend": json.dumps(request.jd_end),
            **self._user,
        }
        try:
            page = self._service.post_form_for_text(_SUBMIT, form)
        except RemoteUnavailable as error:
            if error.status == 429:
                raise TakeLater(str(error), error.retry_after_s or 120.0) from error
            raise
        if _BUSY.search(page):
            raise TakeLater("ZTF says that its database is busy.", 60.0)
        self._look_for_refusal(page)

    def listed(self, request: ZTFRequest) -> list[ListedRequest]:
        """Return the requests of the user for a position and time, done ones and others, the newest last.

        Raises
        ------
        NotWhole
            If the service is too busy to tell.
        BadKey, RemoteError
        """
        found: dict[str, ListedRequest] = {}
        for option in ("Pending jobs", "All recent jobs"):
            for row in self._rows(option):
                if _is_same(row, request):
                    listed = _listed(row)
                    found[listed.number] = listed
        return sorted(found.values(), key=lambda listed: (len(listed.number), listed.number))

    def file(self, address: str) -> bytes:
        """Return the file that a listed request leads to."""
        return self._service.get_bytes(address)

    def _rows(self, option: str) -> list[dict[str, str]]:
        params = {**self._user, "option": option, "action": "Query Database"}
        page = self._service.get_text(_LIST, params)
        if _BUSY.search(page):
            raise NotWhole("ZTF says that its database is busy.")
        if "zero records returned" in page.lower():
            return []
        self._look_for_refusal(page)
        rows = table_rows(page)
        if rows is None:
            raise RemoteBadReply("ZTF did not answer with a list of requests.")
        return rows

    def _look_for_refusal(self, page: str) -> None:
        if _REFUSED.search(page):
            raise BadKey("ZTF does not know this e-mail address with this password.")


def _is_same(row: dict[str, str], request: ZTFRequest) -> bool:
    wanted = {
        "ra": request.ra_deg,
        "dec": request.dec_deg,
        "startjd": request.jd_start,
        "endjd": request.jd_end,
    }
    try:
        return all(abs(float(row[name]) - value) < _SAME for name, value in wanted.items())
    except (KeyError, ValueError):
        return False


def _listed(row: dict[str, str]) -> ListedRequest:
    code = row.get("exitcode", "")
    return ListedRequest(
        number=row.get("reqid", ""),
        exit_code=int(code) if code.isdecimal() else None,
        address=row.get("lightcurve", ""),
    )


def table_rows(page: str) -> list[dict[str, str]] | None:
    """Return the rows of the table of a page, by the names in its head in lower case; None without one."""
    parser = _Table()
    parser.feed(page)
    parser.close()
    if not parser.rows:
        return None
    head = [name.lower() for name in parser.rows[0]]
    return [dict(zip(head, row, strict=False)) for row in parser.rows[1:] if len(row) == len(head)]


class _Table(HTMLParser):
    """Collects the cells of the tables of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self._in_cell = True
            if not self.rows:
                self.rows.append([])
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data.strip()
