"""ALeRCE: version 1 of its interface for ZTF, and the newer one for LSST (brokers.md 5)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from tom_common.remote import RemoteBadReply, RemoteError, RemoteRejected, RemoteService
from tom_dataservices.clients.alerce_stamps import lsst_stamp, newest_with_stamp, places, ztf_stamp
from tom_dataservices.clients.broker import (
    BrokerClient,
    BrokerObject,
    error_of,
    id_text,
    is_negative,
    magnitude,
    mjd_utc_of_tai,
    number,
    pieces,
    point,
    refuse_error,
    start_of,
    text,
    whole,
)
from tom_dataservices.clients.fink.ztf import ZTF_BANDS
from tom_dataservices.clients.rubin_rows import NAME_PREFIX, flux_points
from tom_dataservices.exceptions import MissingDataException

logger = logging.getLogger(__name__)

Row = dict[str, Any]

FORCED_URL = "https://api.alerce.online/v2/lightcurve"
LSST_BANDS = {"6": "u", "1": "g", "2": "r", "3": "i", "4": "z", "5": "y"}
_IDS_A_REQUEST = 50
_KEPT_RANKING = 3
_TINY_DEG = 1e-9
"""In place of a coordinate of exactly 0, which switches the server's cone off."""


def limits(low: Any, high: Any, *, least: float = 0) -> list[Any] | None:
    """Return a range as the server reads it: least and most by their place, one value alone the least."""
    if high is not None:
        return [least if low is None else low, high]
    return None if low is None else [low]


def coordinate(value: float) -> str:
    """Return an angle in degrees as text that never is 0."""
    return f"{value if abs(value) >= _TINY_DEG else _TINY_DEG:.9f}"


class Alerce(BrokerClient):
    """What both interfaces share: pages of objects."""

    page_size = 100
    info_url = "https://alerce.online"

    def page_of(self, object_id: str) -> str:
        """Return the address of the object's page at ALeRCE."""
        return f"{str(self.setting('web_url', self.info_url)).rstrip('/')}/object/{object_id}"

    def pages(self, path: str, arguments: dict[str, Any]) -> Iterator[list[Row]]:
        """Yield the items of one page after the other, as long as the server says there is a next one."""
        page: int | None = 1
        sent = {key: value for key, value in arguments.items() if value not in (None, "")}
        while page is not None:
            said = self.service().get_json(path, {**sent, "page": page, "page_size": self.rows_a_page()})
            refuse_error(self.name, said)
            if not isinstance(said, dict) or not isinstance(said.get("items", []), list):
                raise RemoteBadReply(f"{self.name} did not answer with a page of objects: {start_of(said)}.")
            items = said.get("items") or []
            if items:
                yield items
            following = whole(said.get("next"))
            is_more = bool(said.get("has_next", following)) and following is not None and bool(items)
            page = following if is_more and following != page else None

    def _classes(self, path: str, arguments: Row) -> list[Row]:
        """Return the probabilities of an object; the service answers 404 where none was computed."""
        try:
            return self.rows(self.service().get_json(path, arguments))
        except RemoteRejected as error:
            if error.status != 404:
                raise
            return []

    def rows(self, said: Any, *keys: str) -> list[Row]:
        """Return the rows of an answer, which stand by themselves or below one of the keys."""
        for key in keys:
            if isinstance(said, dict) and key in said:
                said = said[key]
        return self.rows_of(said)


class AlerceZtf(Alerce):
    """Objects of ZTF."""

    name = "ALeRCE"
    base_url = "https://api.alerce.online/ztf/v1"

    def search(self, *, ids: Iterable[str] = (), **arguments: Any) -> Iterator[BrokerObject]:
        """Yield objects, page by page; arguments are those of the server."""
        for some in list(pieces(ids, _IDS_A_REQUEST)) or [[]]:
            for items in self.pages("objects/", {**arguments, "oid": some or None}):
                for item in items:
                    found = self.object_of(item)
                    if found is not None:
                        yield found

    def known(self, object_id: str) -> BrokerObject:
        """Return an object with its light curve and classifications.

        Raises
        ------
        MissingDataException
        """
        service = self.service()
        try:
            item = service.get_json(f"objects/{quote(object_id)}")
            curve = service.get_json(f"objects/{quote(object_id)}/lightcurve")
        except RemoteRejected as error:
            if error.status == 404:
                raise MissingDataException(f"{self.name} knows no object {object_id}.") from error
            raise
        if not isinstance(item, dict) or not isinstance(curve, dict):
            raise RemoteBadReply(f"{self.name} did not answer with an object: {start_of(item)}.")
        found = self.object_of(item)
        if found is None:
            raise RemoteBadReply(f"{self.name} answered with an object without a name.")
        said = self._classes(f"objects/{quote(object_id)}/probabilities", {})
        points = [*light_curve(curve), *forced_points(self._forced(object_id))]
        alert = newest_with_stamp(curve.get("detections") or (), "candid")
        return replace(
            found,
            points=tuple(points),
            classifications=tuple(classes_of(said, found.mjd_utc)),
            cutouts=places(object_id, alert),
            cutouts_alert=alert,
        )

    def newest_images(self, object_id: str) -> dict[str, str]:
        """Return where the images of the newest alert of an object lie; lists do not tell it."""
        rows = self.rows_of(self.service().get_json(f"objects/{quote(object_id)}/detections"))
        return places(object_id, newest_with_stamp(rows, "candid"))

    def image(self, place: str, file_format: str) -> bytes:
        """Return an image as ``png`` or ``fits``."""
        return ztf_stamp(self, place, file_format)

    def _forced(self, object_id: str) -> list[Row]:
        """Return forced photometry, of another service; without it the rest is still worth having."""
        service = RemoteService(
            "ALeRCE forced photometry",
            str(self.setting("forced_url", FORCED_URL)),
            read_timeout_s=float(self.setting("timeout_s", self.timeout_s)),
        )
        try:
            return self.rows(service.get_json(f"forced-photometry/{quote(object_id)}"), "forced_photometry")
        except RemoteError as error:
            logger.warning("no forced photometry of %s: %s", object_id, error)
            return []

    def classifiers(self) -> list[tuple[str, str, list[str]]]:
        """Return name, version and classes of each classifier; the newest version of each name first."""
        found = [
            (
                str(row.get("classifier_name", "")),
                str(row.get("classifier_version", "")),
                [str(one) for one in row.get("classes") or ()],
            )
            for row in self.rows_of(self.service().get_json("classifiers/"))
        ]
        by_name: dict[str, list[tuple[str, str, list[str]]]] = {}
        for one in found:
            by_name.setdefault(one[0], []).append(one)
        return [
            one
            for versions in by_name.values()
            for one in sorted(versions, key=lambda one: version_key(one[1]), reverse=True)
        ]

    def object_of(self, item: Row) -> BrokerObject | None:
        """Return the object of an item of a list, which tells the classifier without its version."""
        oid = id_text(item.get("oid"))
        if oid is None:
            return None
        class_name, probability = text(item.get("class")), number(item.get("probability"))
        mjd = number(item.get("lastmjd"))
        classifier = text(item.get("classifier"))
        return BrokerObject(
            object_id=oid,
            name=oid,
            ra_deg=number(item.get("meanra")),
            dec_deg=number(item.get("meandec")),
            mjd_utc=mjd,
            class_name=class_name,
            score=probability,
            classifier=classifier,
            detections=whole(item.get("ndet")),
            extras={
                "alerce_class": class_name,
                "alerce_classifier": classifier,
                "alerce_probability": probability,
                "alerce_stellar": item.get("stellar") if isinstance(item.get("stellar"), bool) else None,
                "alerce_g_r_max": number(item.get("g_r_max")),
            },
            url=self.page_of(oid),
        )


class AlerceLsst(Alerce):
    """Objects of Rubin's LSST; its times are TAI."""

    name = "ALeRCE LSST"
    base_url = "https://api-lsst.alerce.online"
    info_url = "https://lsst.alerce.online"

    def page_of(self, object_id: str) -> str:
        """Return the address of the object's page at ALeRCE's explorer for LSST."""
        return f"{super().page_of(object_id)}?survey=lsst"

    def search(self, *, ids: Iterable[str] = (), **arguments: Any) -> Iterator[BrokerObject]:
        """Yield objects, page by page; arguments are those of the server."""
        for some in list(pieces(ids, _IDS_A_REQUEST)) or [[]]:
            asked = {"survey": "lsst", **arguments, "oid": some or None}
            for items in self.pages("object_api/list_objects", asked):
                yield from (found for item in items if (found := self.object_of(item)) is not None)

    def known(self, object_id: str) -> BrokerObject:
        """Return an object with its detections and forced photometry.

        Raises
        ------
        MissingDataException
        """
        service = self.service()
        found = next(self.search(ids=[object_id]), None)
        if found is None:
            raise MissingDataException(f"{self.name} knows no object {object_id}.")
        said = service.get_json("lightcurve_api/lightcurve", {"survey_id": "lsst", "oid": object_id})
        if not isinstance(said, dict):
            raise RemoteBadReply(f"{self.name} did not answer with a light curve: {start_of(said)}.")
        detections = self.rows(said.get("detections"))
        forced = self.rows(said.get("forced_photometry"))
        rows = self._classes("probability_api/probability", {"oid": object_id})
        classes = (*found.classifications, *classes_of(rows, found.mjd_utc))
        alert = newest_with_stamp(detections, "measurement_id")
        return replace(
            found,
            points=(*self._points(detections), *self._points(forced, forced=True)),
            withdrawn=(
                *self._points(detections, withdrawn=True),
                *self._points(forced, forced=True, withdrawn=True),
            ),
            classifications=classes,
            cutouts=places(object_id, alert),
            cutouts_alert=alert,
        )

    def newest_images(self, object_id: str) -> dict[str, str]:
        """Return where the images of the newest alert of an object lie; lists do not tell it."""
        asked = {"survey_id": "lsst", "oid": object_id}
        rows = self.rows(self.service().get_json("lightcurve_api/detections", asked), "detections")
        return places(object_id, newest_with_stamp(rows, "measurement_id"))

    def image(self, place: str, file_format: str) -> bytes:
        """Return an image as ``png`` or ``fits``."""
        return lsst_stamp(self, place, file_format)

    def _points(
        self, rows: list[Row], *, forced: bool = False, withdrawn: bool = False
    ) -> list[dict[str, Any]]:
        made = []
        for row in rows:
            bands = {
                **LSST_BANDS,
                **{str(key): str(name) for key, name in (row.get("band_map") or {}).items()},
            }
            made += flux_points(
                [row], "measurement_id", time="mjd", bands=bands, forced=forced, withdrawn=withdrawn
            )
        return made

    def classifiers(self) -> list[tuple[str, str, list[str]]]:
        """Return name, version and classes of each classifier."""
        rows = self.rows(self.service().get_json("classifier_api/classifiers"), "items", "classifiers")
        return [
            (
                str(row.get("classifier_name", "")),
                str(row.get("classifier_version", "")),
                [str(one) for one in row.get("classes") or ()],
            )
            for row in rows
        ]

    def object_of(self, item: Row) -> BrokerObject | None:
        """Return the object of an item of a list."""
        oid = id_text(item.get("oid"))
        if oid is None:
            return None
        class_name, probability = text(item.get("class_name")), number(item.get("probability"))
        classifier, version = text(item.get("classifier_name")), text(item.get("classifier_version"))
        mjd = mjd_utc_of_tai(item.get("lastmjd"))
        said = {
            "classifier": classifier,
            "version": version,
            "class_name": class_name,
            "probability": probability,
            "mjd_utc": mjd,
        }
        return BrokerObject(
            object_id=oid,
            name=f"{NAME_PREFIX}{oid}",
            ra_deg=number(item.get("meanra")),
            dec_deg=number(item.get("meandec")),
            mjd_utc=mjd,
            class_name=class_name,
            score=probability,
            classifier=classifier,
            detections=whole(item.get("n_det")),
            aliases=(oid,),
            extras={
                "alerce_class": class_name,
                "alerce_classifier": classifier,
                "alerce_probability": probability,
                "alerce_forced": whole(item.get("n_forced")),
            },
            classifications=(said,) if class_name and mjd is not None else (),
            url=self.page_of(oid),
        )


def light_curve(said: Row) -> Iterator[dict[str, Any]]:
    """Yield the points of a light curve: difference magnitudes with their sign, and limits."""
    for row in said.get("detections") or ():
        made = point(
            mjd=number(row.get("mjd")),
            band=ZTF_BANDS.get(whole(row.get("fid")) or 0),
            mag=magnitude(row.get("magpsf")),
            mag_err=error_of(row.get("sigmapsf")),
            negative=is_negative(row.get("isdiffpos")),
            measurement=id_text(row.get("candid")),
            ra_deg=number(row.get("ra")),
            dec_deg=number(row.get("dec")),
        )
        if made is not None:
            yield made
    for row in said.get("non_detections") or ():
        made = point(
            mjd=number(row.get("mjd")),
            band=ZTF_BANDS.get(whole(row.get("fid")) or 0),
            limit=magnitude(row.get("diffmaglim")),
        )
        if made is not None:
            yield made


def forced_points(rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Yield forced difference magnitudes with their sign."""
    for row in rows:
        made = point(
            mjd=number(row.get("mjd")),
            band=ZTF_BANDS.get(whole(row.get("fid")) or 0),
            mag=magnitude(row.get("mag")),
            mag_err=error_of(row.get("e_mag")),
            negative=is_negative(row.get("isdiffpos")),
            forced=True,
        )
        if made is not None:
            yield made


def classes_of(rows: Iterable[Row], mjd_utc: float | None) -> list[dict[str, Any]]:
    """Return the likeliest classes of each classifier, as of the newest detection."""
    return [
        {
            "classifier": text(row.get("classifier_name")),
            "version": text(row.get("classifier_version")),
            "class_name": text(row.get("class_name")),
            "probability": number(row.get("probability")),
            "mjd_utc": mjd_utc,
        }
        for row in rows
        if (whole(row.get("ranking")) or 1) <= _KEPT_RANKING
    ]


def version_key(version: str) -> tuple[int, ...]:
    """Return the numbers of a version for comparing: 1.10 comes after 1.9."""
    return tuple(int(digits) for digits in re.findall(r"\d+", version))
