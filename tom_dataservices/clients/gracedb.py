"""GraceDB: gravitational-wave superevents and their sky maps, as everybody may read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tom_common.astro.time import mjd_tai_to_mjd_utc
from tom_common.remote import RemoteBadReply, RemoteRejected
from tom_dataservices.clients.broker import BrokerClient, BrokerObject, number, refuse_error, text
from tom_dataservices.exceptions import MissingDataException, QueryServiceError

GPS_EPOCH_MJD_TAI = 44244.0 + 19.0 / 86400.0
"""1980-01-06 00:00:00 UTC, when TAI was 19 s ahead."""
SKY_MAPS = ("Bilby.multiorder.fits", "bayestar.multiorder.fits", "cwb.multiorder.fits")
_MOST_PAGES = 200
_YEAR_S = 365.25 * 86400.0


class GraceDb(BrokerClient):
    """Public superevents; nobody has to be known to it.

    References
    ----------
    https://gracedb.ligo.org/documentation/, read 2026.
    """

    name = "GraceDB"
    base_url = "https://gracedb.ligo.org"
    info_url = "https://gracedb.ligo.org/"
    page_size = 50

    def superevents(self, words: str) -> Iterator[dict[str, Any]]:
        """Yield superevents that fit a query in GraceDB's own words, newest first, page by page."""
        size, start, before = self.rows_a_page(), 0, None
        for _ in range(_MOST_PAGES):
            said = self._said("api/superevents/", {"query": words, "count": size, "start": start})
            rows = said.get("superevents")
            if not isinstance(rows, list):
                raise RemoteBadReply("GraceDB answered without its list of superevents.")
            if rows and rows == before:
                raise RemoteBadReply("GraceDB gives the same page again: what follows it is not to be had.")
            before = rows
            yield from rows
            start += len(rows)
            links = said.get("links")
            if not rows or not (isinstance(links, dict) and links.get("next")):
                return

    def superevent(self, superevent_id: str) -> dict[str, Any]:
        """Return one superevent.

        Raises
        ------
        MissingDataException
            If there is none, or it is not public.
        """
        try:
            return self._said(f"api/superevents/{quote(superevent_id, safe='')}/", {})
        except RemoteRejected as error:
            if error.status in (403, 404):
                raise MissingDataException(f"GraceDB shows no superevent {superevent_id}.") from error
            raise

    def sky_map_name(self, superevent_id: str) -> tuple[str, int] | None:
        """Return the file of the best multi-order sky map and its version; None while there is none.

        A map that was made anew has the same name; the list tells its versions as ``name,0``, ``name,1``.
        """
        listed = self._said(f"api/superevents/{quote(superevent_id, safe='')}/files/", {})
        plain = [*SKY_MAPS, *sorted(one for one in listed if one.endswith(".multiorder.fits"))]
        name = next((one for one in plain if one in listed), None)
        if name is None:
            return None
        versions = (one.rpartition(",")[2] for one in listed if one.startswith(f"{name},"))
        return name, max((int(one) for one in versions if one.isdecimal()), default=0)

    def sky_map(self, superevent_id: str, name: str) -> bytes:
        """Return the newest version of a sky map."""
        return self.service().get_bytes(f"api/superevents/{quote(superevent_id, safe='')}/files/{name}")

    def _said(self, path: str, parameters: dict[str, Any]) -> dict[str, Any]:
        try:
            said = self.service().get_json(path, {**parameters, "format": "json"})
        except RemoteRejected as error:
            if error.status == 400:
                words = error.detail or "it is not understood"
                raise QueryServiceError(f"GraceDB refuses the query: {words}.") from error
            raise
        refuse_error(self.name, said)
        if not isinstance(said, dict):
            raise RemoteBadReply("GraceDB answered with something that is no object.")
        return said


def words_of(query: dict[str, Any]) -> str:
    """Return a query in GraceDB's own words for what a form wants; public superevents where it wants none."""
    words = [str(query["words"])] if query.get("words") else []
    words += [f"category: {query['category']}"] if query.get("category") else []
    words += [f"label: {query['label']}"] if query.get("label") else []
    if query.get("far_max") is not None:
        words.append(f"far < {float(query['far_max']):g}")
    low, high = (_gps_of_mjd_utc(query.get(key)) for key in ("mjd_min", "mjd_max"))
    if low is not None or high is not None:
        # The query language knows closed intervals of GPS seconds only.
        words.append(f"t_0: {low if low is not None else 0:.0f} .. {high if high is not None else 4e9:.0f}")
    return " ".join(words) or "is_public: True"


def superevent_object(said: dict[str, Any]) -> BrokerObject:
    """Return a superevent as brokers' objects are given; it is a region of the sky, and has no place.

    Raises
    ------
    RemoteBadReply
    """
    name = text(said.get("superevent_id"))
    if name is None:
        raise RemoteBadReply("GraceDB answered with a superevent without id.")
    event = said.get("preferred_event_data") or {}
    labels = [str(one) for one in said.get("labels") or ()]
    kind = " ".join(one for key in ("group", "search") if (one := text(event.get(key))))
    far_hz = number(said.get("far"))
    return BrokerObject(
        object_id=name,
        name=name,
        mjd_utc=_mjd_utc_of_gps(number(said.get("t_0"))),
        class_name="retracted" if "RETRACTED" in labels or "ADVNO" in labels else kind or None,
        classifier=text(event.get("pipeline")),
        aliases=(gw,) if (gw := text(said.get("gw_id"))) else (),
        extras={
            "kind": kind or None,
            "category": text(said.get("category")),
            "false_alarms_per_year": None if far_hz is None else float(f"{far_hz * _YEAR_S:.3g}"),
            "instruments": text(event.get("instruments")),
            "labels": ", ".join(labels),
        },
        url=f"{GraceDb.info_url}superevents/{name}/view/",
    )


def _mjd_utc_of_gps(gps_s: float | None) -> float | None:
    return None if gps_s is None else float(mjd_tai_to_mjd_utc(GPS_EPOCH_MJD_TAI + gps_s / 86400.0))


def _gps_of_mjd_utc(mjd_utc: float | None) -> float | None:
    from tom_common.astro.time import mjd_utc_to_mjd_tai

    return None if mjd_utc is None else (float(mjd_utc_to_mjd_tai(mjd_utc)) - GPS_EPOCH_MJD_TAI) * 86400.0
