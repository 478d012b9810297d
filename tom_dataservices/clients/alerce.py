"""ALeRCE: version 1 of its interface for ZTF, and the newer one for LSST (brokers.md 5)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from tom_common.remote import RemoteBadReply, RemoteError, RemoteRejected, RemoteService
from tom_dataservices.clients.alerce_rows import (
    classes_of,
    forced_points,
    light_curve,
    lsst_points,
    version_key,
)
from tom_dataservices.clients.alerce_stamps import lsst_stamp, newest_with_stamp, places, ztf_stamp
from tom_dataservices.clients.broker import (
    BrokerClient,
    BrokerObject,
    id_text,
    mjd_utc_of_tai,
    number,
    pieces,
    refuse_error,
    start_of,
    text,
    whole,
)
from tom_dataservices.clients.rubin_rows import NAME_PREFIX
from tom_dataservices.exceptions import MissingDataException

logger = logging.getLogger(__name__)

Row = dict[str, Any]

FORCED_URL = "https://api.alerce.online/v2/lightcurve"
_IDS_A_REQUEST = 50
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


@dataclass(frozen=True)
class Curve:
    """What ALeRCE measured of an object: points, those withdrawn, and its newest images (`BrokerObject`)."""

    points: tuple[dict[str, Any], ...]
    withdrawn: tuple[dict[str, Any], ...]
    cutouts: dict[str, str]
    cutouts_alert: str


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
        except RemoteRejected as error:
            if error.status == 404:
                raise MissingDataException(f"{self.name} knows no object {object_id}.") from error
            raise
        if not isinstance(item, dict):
            raise RemoteBadReply(f"{self.name} did not answer with an object: {start_of(item)}.")
        curve = self.curve(object_id)
        found = self.object_of(item)
        if found is None:
            raise RemoteBadReply(f"{self.name} answered with an object without a name.")
        said = self._classes(f"objects/{quote(object_id)}/probabilities", {})
        return replace(
            found,
            points=(*curve.points, *forced_points(self._forced(object_id))),
            classifications=tuple(classes_of(said, found.mjd_utc)),
            cutouts=curve.cutouts,
            cutouts_alert=curve.cutouts_alert,
        )

    def curve(self, object_id: str) -> Curve:
        """Return detections and limits of an object, and where the images of its newest alert lie."""
        said = self.service().get_json(f"objects/{quote(object_id)}/lightcurve")
        if not isinstance(said, dict):
            raise RemoteBadReply(f"{self.name} did not answer with a light curve: {start_of(said)}.")
        alert = newest_with_stamp(self.rows_of(said.get("detections")), "candid")
        return Curve(tuple(light_curve(said)), (), places(object_id, alert), alert)

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
        found = next(self.search(ids=[object_id]), None)
        if found is None:
            raise MissingDataException(f"{self.name} knows no object {object_id}.")
        curve = self.curve(object_id)
        rows = self._classes("probability_api/probability", {"oid": object_id})
        classes = (*found.classifications, *classes_of(rows, found.mjd_utc))
        return replace(
            found,
            points=curve.points,
            withdrawn=curve.withdrawn,
            classifications=classes,
            cutouts=curve.cutouts,
            cutouts_alert=curve.cutouts_alert,
        )

    def curve(self, object_id: str) -> Curve:
        """Return detections and forced points of an object, and where the images of its newest alert lie."""
        asked = {"survey_id": "lsst", "oid": object_id}
        said = self.service().get_json("lightcurve_api/lightcurve", asked)
        if not isinstance(said, dict):
            raise RemoteBadReply(f"{self.name} did not answer with a light curve: {start_of(said)}.")
        detections = self.rows(said.get("detections"))
        forced = self.rows(said.get("forced_photometry"))
        alert = newest_with_stamp(detections, "measurement_id")
        return Curve(
            (*lsst_points(detections), *lsst_points(forced, forced=True)),
            (*lsst_points(detections, withdrawn=True), *lsst_points(forced, forced=True, withdrawn=True)),
            places(object_id, alert),
            alert,
        )

    def image(self, place: str, file_format: str) -> bytes:
        """Return an image as ``png`` or ``fits``."""
        return lsst_stamp(self, place, file_format)

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
