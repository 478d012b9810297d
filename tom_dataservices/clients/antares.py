"""ANTARES: loci of ZTF and Rubin with tags and light curves, by either generation of its interface."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from tom_common.astro.angles import dec_to_dms, ra_to_hms
from tom_common.remote import RemoteBadReply, RemoteRejected, RemoteService
from tom_dataservices.clients.broker import (
    BrokerClient,
    BrokerObject,
    error_of,
    id_text,
    magnitude,
    number,
    point,
    refuse_error,
    text,
    whole,
)
from tom_dataservices.clients.shapes import as_dict, as_list
from tom_dataservices.exceptions import MissingDataException, QueryServiceError

MAX_RADIUS_ARCSEC = 3600.0
NEWEST_FIRST = "-properties.newest_alert_observation_time"
_SURVEYS = {1: "ZTF", 2: "ZTF", 3: "DECam", 4: "LSST"}
IMAGE_DOMAIN = ".noirlab.edu"
_MOST_PAGES = 2000


class Antares(BrokerClient):
    """The loci of ANTARES; nobody has to be known to it.

    ``DATA_SERVICES["ANTARES"]["api_version"]`` chooses the generation, 2 by default; the shapes of both are
    read in any case.

    References
    ----------
    https://antares.noirlab.edu, interface v1 (JSON:API) and v2 (plain JSON), read autumn 2026; that images
    are PNG, and ids of Rubin's alerts ``lsst:<diaSourceId>``: documentation of ``antares-client``, and the
    broker module of SkyPortal, read November 2026.
    """

    name = "ANTARES"
    base_url = "https://api.antares.noirlab.edu"
    info_url = "https://antares.noirlab.edu/"
    page_size = 100

    @property
    def version(self) -> int:
        """Generation of the interface, 1 or 2."""
        return 1 if str(self.setting("api_version", 2)).lstrip("v") == "1" else 2

    def loci(self, elasticsearch: dict[str, Any], *, sort: str = NEWEST_FIRST) -> Iterator[dict[str, Any]]:
        """Yield loci that fit a query of Elasticsearch, page by page, all in one shape.

        Parameters
        ----------
        elasticsearch : dict
            With the one key ``query``.
        sort : str
            A property, with a minus before it for the largest first.

        Raises
        ------
        RemoteError
        QueryServiceError
            If ANTARES refuses the query.
        """
        size = self.rows_a_page()
        query = json.dumps(elasticsearch)
        if self.version == 1:
            parameters: dict[str, Any] | None = {
                "sort": sort,
                "elasticsearch_query[locus_listing]": query,
                "page[limit]": size,
                "page[offset]": 0,
            }
        else:
            parameters = {"limit": size, "sort": sort, "elasticsearch_query": query}
        path = f"v{self.version}/loci"
        for _ in range(_MOST_PAGES):
            said = self._said(path, parameters)
            rows = said.get("data")
            if not isinstance(rows, list):
                raise RemoteBadReply("ANTARES answered without a list of loci.")
            yield from (read_locus(row) for row in rows)
            following = as_dict(said.get("links")).get("next")
            if not following or not rows or following == path:
                return
            path, parameters = str(following), None

    def locus(self, locus_id: str) -> dict[str, Any]:
        """Return one locus with its light curve.

        Raises
        ------
        MissingDataException
            If there is none of this id.
        RemoteError
        """
        try:
            said = self._said(f"v{self.version}/loci/{locus_id}")
        except RemoteRejected as error:
            if error.status == 404:
                raise MissingDataException(f"ANTARES knows no locus {locus_id}.") from error
            raise
        return read_locus(said["data"] if "data" in said else said)

    def tags(self) -> list[tuple[str, int]]:
        """Return the tags that loci bear, and how many loci bear each, the most frequent first."""
        said = self._said(f"v{self.version}/loci/statistics")
        data = said.get("data", said)
        data = data.get("attributes", data) if isinstance(data, dict) else {}
        tags = data.get("tags", data)
        counts = {str(key): whole(value) for key, value in tags.items()} if isinstance(tags, dict) else {}
        return sorted(((key, count or 0) for key, count in counts.items()), key=lambda pair: -pair[1])

    def thumbnails(self, alert_id: str) -> dict[str, str]:
        """Return where the images of an alert lie, by kind: science, template, difference; empty without.

        Raises
        ------
        RemoteError
        """
        try:
            said = self._said(f"v{self.version}/alerts/{quote(alert_id, safe=':')}/thumbnails")
        except RemoteRejected as error:
            if error.status == 404:
                return {}
            raise
        found = said.get("data")
        rows = found if isinstance(found, list) else [found]
        kinds = [row.get("attributes") or row for row in rows if isinstance(row, dict)]
        return {str(row.get("thumbnail_type")): str(row["src"]) for row in kinds if text(row.get("src"))}

    def image(self, address: str) -> bytes:
        """Return an image of an alert from where ANTARES says that it lies: PNG, or FITS.

        Raises
        ------
        RemoteBadReply
            If that is no machine of ANTARES, nor one of the setting ``image_hosts``.
        RemoteError
        """
        ours = urlsplit(str(self.setting("base_url", self.base_url)))
        parts = urlsplit(urljoin(ours.geturl(), address))
        host = parts.hostname or ""
        is_theirs = parts.scheme == "https" and (
            host.endswith(IMAGE_DOMAIN) or host in self.setting("image_hosts", ())
        )
        if not is_theirs and (parts.scheme, parts.netloc) != (ours.scheme, ours.netloc):
            raise RemoteBadReply(
                f"ANTARES says that an image lies at {parts.netloc or 'no address'}: to fetch images from"
                " there, name the machine in image_hosts of DATA_SERVICES['ANTARES']."
            )
        timeout_s = float(self.setting("timeout_s", self.timeout_s))
        service = RemoteService(
            "ANTARES images", f"{parts.scheme}://{parts.netloc}", read_timeout_s=timeout_s
        )
        return service.get_bytes(parts.geturl())

    def _said(self, path: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            said = self.service().get_json(path, parameters)
        except RemoteRejected as error:
            if error.status == 400:
                raise QueryServiceError(
                    f"ANTARES refuses the query: {error.detail or 'it is not understood'}."
                ) from error
            raise
        refuse_error(self.name, said)
        if not isinstance(said, dict):
            raise RemoteBadReply("ANTARES answered with something that is no object.")
        return said


def cone(*, ra_deg: float, dec_deg: float, radius_arcsec: float, version: int) -> dict[str, Any]:
    """Return the condition of a circle, on either half of the sky, as a generation writes it."""
    radius = f"{radius_arcsec / 3600.0:.8f} degree"
    if version == 1:
        return {"sky_distance": {"distance": radius, "htm16": {"center": f"{ra_deg:.8f} {dec_deg:.8f}"}}}
    hours = "{}h{}m{}s".format(*ra_to_hms(ra_deg, decimals=4).split(":"))
    degrees = "{}d{}m{}s".format(*dec_to_dms(dec_deg, decimals=3).replace("−", "-").split(":"))
    return {"sky_distance": {"radius": radius, "location": f"{hours} {degrees}"}}


def elasticsearch_query(query: dict[str, Any], *, version: int) -> dict[str, Any]:
    """Return the query of Elasticsearch that asks for what a form wants.

    Parameters
    ----------
    query : dict
        ``ztf_ids``, ``rubin_ids``, ``tags``, ``catalogs`` (lists); ``ra_deg``, ``dec_deg``,
        ``radius_arcsec``; ``detections_min`` and ``_max``, ``mag_min`` and ``_max``, ``mjd_min`` and
        ``_max``; ``elasticsearch`` (dict, a query of the user's own, which has to fit besides).
    version : int
        Generation of the interface.
    """
    filters: list[dict[str, Any]] = []
    terms = (
        ("ztf_ids", "properties.ztf_object_id"),
        ("rubin_ids", "properties.survey.lsst.dia_object_id"),
        ("tags", "tags"),
        ("catalogs", "catalogs"),
    )
    filters += [{"terms": {field: query[key]}} for key, field in terms if query.get(key)]
    ranges = (
        ("detections", "num_mag_values"),
        ("mag", "newest_alert_magnitude"),
        ("mjd", "newest_alert_observation_time"),
    )
    for key, field in ranges:
        limits = {"gte": query.get(f"{key}_min"), "lte": query.get(f"{key}_max")}
        limits = {end: value for end, value in limits.items() if value is not None}
        if limits:
            filters.append({"range": {f"properties.{field}": limits}})
    if query.get("ra_deg") is not None:
        place = {key: query[key] for key in ("ra_deg", "dec_deg", "radius_arcsec")}
        filters.append(cone(**place, version=version))
    if query.get("elasticsearch"):
        filters.append(query["elasticsearch"].get("query", query["elasticsearch"]))
    return {"query": {"bool": {"filter": filters[0] if len(filters) == 1 else filters}}}


def antares_object(locus: dict[str, Any]) -> BrokerObject:
    """Return a locus as brokers' objects are given."""
    known = locus["properties"]
    survey = as_dict(known.get("survey"))
    rubin = as_dict(survey.get("lsst") or known.get("survey.lsst"))
    ztf = as_dict(survey.get("ztf"))
    ztf_ids = [known.get("ztf_object_id"), *as_list(ztf.get("id") or known.get("survey.ztf.id"))]
    ztf_ids = list(dict.fromkeys(found for one in ztf_ids if (found := text(one))))
    rubin_ids = as_list(rubin.get("dia_object_id") or known.get("survey.lsst.dia_object_id"))
    rubin_names = [f"LSST-P-DO-{found}" for one in rubin_ids if (found := id_text(one))]
    names = [*ztf_ids, *rubin_names, locus["id"]]
    points = light_curve(locus.get("lightcurve"))
    newest = max((one for one in points if "mag" in one), key=lambda one: one["mjd"], default={})
    alert_id = _alert_with_images(known)
    newest_mag = magnitude(known.get("newest_alert_magnitude"))
    tags = [str(tag) for tag in locus["tags"]]
    return BrokerObject(
        object_id=locus["id"],
        name=names[0],
        ra_deg=number(locus["ra"]),
        dec_deg=number(locus["dec"]),
        mjd_utc=number(known.get("newest_alert_observation_time")) or newest.get("mjd"),
        mag=newest.get("mag") if newest_mag is None else newest_mag,
        band=newest.get("band"),
        detections=whole(known.get("num_mag_values")),
        class_name=", ".join(tags[:3]) or None,
        classifier="tags",
        aliases=tuple(dict.fromkeys(names[1:])),
        extras={
            "antares_tags": ", ".join(tags),
            "antares_catalogs": ", ".join(str(one) for one in locus["catalogs"]),
            "antares_gw_events": ", ".join(_event(one) for one in locus["grav_wave_events"]),
            "solar_system_name": text(known.get("ztf_ssnamenr")),
        },
        classifications=tuple(
            {
                "classifier": "tags",
                "class_name": tag,
                "mjd_utc": number(known.get("newest_alert_observation_time")),
            }
            for tag in tags
        ),
        points=tuple(points),
        cutouts={role: alert_id for role in ("science", "template", "difference")} if alert_id else {},
        url=f"{Antares.info_url}loci/{locus['id']}",
    )


def light_curve(table: Any) -> list[dict[str, Any]]:
    """Return the points of a locus: detections, and upper limits where a row has nothing but a limit.

    Raises
    ------
    RemoteBadReply
        If the table lacks its columns.
    """
    rows = list(csv.DictReader(io.StringIO(table))) if isinstance(table, str) and table.strip() else []
    if rows and "ant_mjd" not in rows[0]:
        raise RemoteBadReply("ANTARES answered with a light curve without the column ant_mjd.")
    found = (_point(row) for row in rows)
    return [one for one in found if one is not None]


def _point(row: dict[str, Any]) -> dict[str, Any] | None:
    band = text(row.get("ant_passband"))
    survey = whole(row.get("ant_survey")) or 1
    number_of_alert = str(row.get("alert_id") or "").rpartition(":")[2]
    return point(
        mjd=number(row.get("ant_mjd")),
        # ANTARES writes ZTF's r as R.
        band="r" if band == "R" and survey in (1, 2) else band,
        mag=magnitude(row.get("ant_mag")),
        mag_err=error_of(row.get("ant_magerr")),
        limit=magnitude(row.get("ant_maglim")),
        negative=None,  # the table has no isdiffpos
        measurement=number_of_alert if number_of_alert.isdecimal() else None,
        ra_deg=number(row.get("ant_ra")),
        dec_deg=number(row.get("ant_dec")),
        survey=_SURVEYS.get(survey, "ANTARES"),
    )


def read_locus(row: Any) -> dict[str, Any]:
    """Return a locus of any shape: an item of v1 or v2, or one alone of either, its properties in one map.

    Raises
    ------
    RemoteBadReply
        If it lacks id or place.
    """
    if not isinstance(row, dict):
        raise RemoteBadReply("ANTARES answered with a locus that is no object.")
    inner = as_dict(row.get("locus") or row.get("attributes") or row)
    found = inner.get("locus_id") or row.get("id") or inner.get("id")
    if not found or "ra" not in inner or "dec" not in inner:
        raise RemoteBadReply("ANTARES answered with a locus without id or place.")
    kinds = ("properties", "internal_properties", "user_properties")
    properties = {key: value for kind in kinds for key, value in as_dict(inner.get(kind)).items()}
    return {
        "id": str(found),
        "ra": inner["ra"],
        "dec": inner["dec"],
        "properties": properties,
        "tags": as_list(inner.get("tags")),
        "catalogs": as_list(inner.get("catalogs")),
        "grav_wave_events": as_list(inner.get("grav_wave_events")),
        "lightcurve": inner.get("lightcurve"),
    }


def _alert_with_images(known: dict[str, Any]) -> str | None:
    """Return the id of the newest alert, of the brightest where that is an upper limit: it has no images."""
    told = (text(known.get(key)) for key in ("newest_alert_id", "brightest_alert_id"))
    return next((one for one in told if one and "upper_limit" not in one), None)


def _event(one: Any) -> str:
    return str(one.get("gracedb_id") or one.get("id") or one) if isinstance(one, dict) else str(one)
