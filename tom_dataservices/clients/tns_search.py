"""The Transient Name Server as a broker: its search, and all it knows of one transient."""

from __future__ import annotations

from typing import Any

from tom_common.astro.time import parse_mjd_utc
from tom_common.astro.typed_position import read_position
from tom_common.remote import RemoteBadReply, RemoteRejected
from tom_dataservices.clients.broker import (
    BrokerClient,
    BrokerObject,
    error_of,
    iso_utc,
    limit_of_flux,
    magnitude,
    mjd_of_jd,
    number,
    point,
    start_of,
    text,
)
from tom_dataservices.clients.shapes import as_dict, as_rows, name_in, plain_text
from tom_dataservices.clients.tns_connection import TnsConnection, bot_of
from tom_dataservices.exceptions import MissingDataException

MAX_RADIUS_ARCSEC = 36_000.0
_MJY, _JY = 1e6, 1e9
_BANDS = {"cyan": "c", "orange": "o", "clear": "clear", "other": "other"}


class TnsSearch(BrokerClient):
    """Search and objects of the server; the bot's number, name and key stand in ``DATA_SERVICES["TNS"]``.

    References
    ----------
    TNS APIs manual of 2024, https://www.wis-tns.org/content/tns-getting-started.
    """

    name = "TNS"
    base_url = "https://www.wis-tns.org"
    info_url = "https://www.wis-tns.org/"

    def __init__(self) -> None:
        self._connection: TnsConnection | None = None

    @property
    def connection(self) -> TnsConnection:
        """The connection of the bot.

        Raises
        ------
        NotConfiguredError
            If the settings lack the bot.
        """
        if self._connection is None:
            self._connection = TnsConnection(self.service, self.bot())
        return self._connection

    def bot(self) -> dict[str, Any]:
        """Return ``api_key``, ``bot_id`` and ``bot_name`` of the settings.

        Raises
        ------
        NotConfiguredError
            If one is missing.
        """
        return bot_of(self.setting)

    def search(self, question: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what the search finds: ``objname``, ``prefix`` and ``objid`` of each, no more.

        Raises
        ------
        RemoteBadReply
            If the answer is no list.
        """
        found = self.connection.ask("search", question)
        # A server that finds nothing answers with a list, or with an object of messages.
        if not isinstance(found, list | dict | None):
            raise RemoteBadReply(f"TNS did not answer with a list of transients, but with {start_of(found)}.")
        rows = found if isinstance(found, list) else []
        return [row for row in rows if isinstance(row, dict) and row.get("objname")]

    def object(self, objname: str) -> dict[str, Any]:
        """Return one transient with photometry and the list of its spectra.

        Raises
        ------
        MissingDataException
            If there is none of this name.
        """
        try:
            said = self.connection.ask("object", {"objname": objname, "photometry": "1", "spectra": "1"})
        except RemoteRejected as error:
            if error.status != 404 or not isinstance(error.said, dict):  # a page means a wrong address
                raise
            said = None
        if not isinstance(said, dict) or not isinstance(said.get("objname"), str):
            raise MissingDataException(f"TNS knows no transient named {objname}.")
        return said

    def classes(self) -> list[tuple[str, str]]:
        """Return the classes that the server knows as pairs of its number and the name."""
        said = self.connection.ask("values", {})
        listed = said.get("object_types") if isinstance(said, dict) else None
        return [(str(key), str(value)) for key, value in listed.items()] if isinstance(listed, dict) else []


def question(query: dict[str, Any]) -> dict[str, Any]:
    """Return what the search is asked for what a form wants; times become UTC dates."""
    plain = (
        "objname",
        "internal_name",
        "hostname",
        "redshift_min",
        "redshift_max",
        "reporting_groupid",
        "data_source_groupid",
    )
    asked: dict[str, Any] = {key: query[key] for key in plain if query.get(key) not in (None, "")}
    for key in ("objname", "internal_name"):
        if key in asked:
            asked[f"{key}_exact_match"] = "1" if query.get("exact") else "0"
    if query.get("ra_deg") is not None:
        asked |= {
            "ra": query["ra_deg"],
            "dec": query["dec_deg"],
            "radius": query["radius_arcsec"],
            "units": "arcsec",
        }
    if query.get("class_name"):
        asked["objtype"] = [query["class_name"]]
    wanted = {
        "discovery_mag_min": query.get("mag_min"),
        "discovery_mag_max": query.get("mag_max"),
        "classified_sne": "1" if query.get("classified") == "yes" else None,
        "unclassified_at": "1" if query.get("classified") == "no" else None,
        "include_frb": "1" if query.get("with_frb") else None,
        "spectra_count": "1" if query.get("has_spectra") else None,
        **_times(query),
    }
    return asked | {key: value for key, value in wanted.items() if value is not None}


def _times(query: dict[str, Any]) -> dict[str, str | None]:
    """Return the limits of the time of discovery, to the day, or since when a transient has changed."""
    start, end = (iso_utc(query.get(key)) for key in ("mjd_min", "mjd_max"))
    if query.get("time_of") == "changed":
        return {"public_timestamp": start and start.replace("T", " ").removesuffix("Z")}
    return {"discovery_date_start": start and start[:10], "discovery_date_end": end and end[:10]}


def named_object(row: dict[str, Any]) -> BrokerObject:
    """Return a row of the search, of which no more than the name is known."""
    name = f"{row.get('prefix') or row.get('name_prefix') or 'AT'} {row['objname']}"
    return BrokerObject(object_id=str(row["objname"]), name=name, url=page_of(row["objname"]))


def tns_transient(said: dict[str, Any]) -> BrokerObject:
    """Return an answer of ``get/object`` as brokers' objects are given."""
    points = [one for row in as_rows(said.get("photometry")) if (one := _point(row)) is not None]
    seen = [one for one in points if "limit" not in one]
    newest = max(seen, key=lambda one: one["mjd"], default={})
    class_name = name_in(said.get("object_type"))
    discovered = _mjd(said.get("discoverydate"))
    told = said.get("internal_names")
    names = told if isinstance(told, list) else str(told or "").split(",")
    internal = [name for one in names if (name := plain_text(one))]
    band = as_dict(said.get("discmagfilter")).get("name")
    spectra = as_rows(said.get("spectra"))
    ra_deg, dec_deg = _position(said)
    return BrokerObject(
        object_id=said["objname"],
        name=f"{text(said.get('name_prefix')) or 'AT'} {said['objname']}",
        ra_deg=ra_deg,
        dec_deg=dec_deg,
        mjd_utc=newest.get("mjd", discovered),
        mag=newest.get("mag", magnitude(said.get("discoverymag"))),
        mag_err=newest.get("mag_err"),
        band=newest.get("band") or text(band),
        class_name=class_name,
        classifier="TNS" if class_name else None,
        detections=len(seen) or None,
        aliases=tuple(dict.fromkeys(internal)),
        extras={
            "redshift": number(said.get("redshift")),
            "classification": class_name,
            "host": plain_text(said.get("hostname")),
            "host_redshift": number(said.get("host_redshift")),
            "discovery_date": text(said.get("discoverydate")),
            "discovery_mag": magnitude(said.get("discoverymag")),
            "discovery_filter": text(band),
            "reporting_group": name_in(said.get("reporting_group"), "group_name"),
            "discovery_data_source": name_in(said.get("discovery_data_source"), "group_name"),
            "days_from_last_non_detection": _days_from_last_limit(points, discovered),
            "tns_spectra": len(spectra) or None,
        },
        classifications=({"classifier": "TNS", "class_name": class_name},) if class_name else (),
        points=tuple(points),
        url=page_of(said["objname"]),
    )


def _position(said: dict[str, Any]) -> tuple[float | None, float | None]:
    """Return a position in degrees, read from hours and minutes where that is all there is."""
    ra, dec = number(said.get("radeg")), number(said.get("decdeg"))
    if None in (ra, dec) and text(said.get("ra")) and text(said.get("dec")):
        found = read_position(f"{said['ra']} {said['dec']}")
        return (found.ra_deg, found.dec_deg) if found is not None else (None, None)
    return ra, dec


def page_of(objname: str) -> str:
    """Return the page of a transient."""
    return f"{TnsSearch.info_url}object/{objname}"


def _point(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return a measurement; an empty ``flux`` beside a ``limflux`` is a limit. Other units are no points."""
    unit = name_in(row.get("flux_unit")) or ""
    system = {"ABMag": "AB", "VegaMag": "Vega"}.get(unit)
    factor = {"mJy": _MJY, "Jy": _JY}.get(unit)
    if system is None and factor is None:
        return None
    brightness: dict[str, Any]
    if system is not None:
        brightness = {"mag": magnitude(row.get("flux")), "mag_err": error_of(row.get("fluxerr"))}
        brightness["limit"] = magnitude(row.get("limflux"))
    else:
        flux, error = number(row.get("flux")), number(row.get("fluxerr"))
        brightness = {"flux_njy": None if flux is None else flux * (factor or 1.0)}
        brightness["flux_err_njy"] = None if error is None else error * (factor or 1.0)
        limit = number(row.get("limflux"))
        brightness["limit"] = None if limit is None else limit_of_flux(limit * (factor or 1.0))
    jd = mjd_of_jd(row.get("jd"))
    found = point(
        mjd=jd if jd is not None else _mjd(row.get("obsdate")),
        band=_band(name_in(row.get("filters"))),
        survey="TNS Vega" if system == "Vega" else "TNS",
        **brightness,
    )
    if found is not None:
        found["telescope"] = name_in(row.get("telescope")) or ""
        found["instrument"] = name_in(row.get("instrument")) or ""
    return found


def _band(name: Any) -> str | None:
    """Return the band of a filter as TNS writes it: ``g-ZTF``, ``orange-ATLAS``, ``G-Gaia``, ``Clear-``."""
    found = text(name)
    if found is None:
        return None
    start = found.partition("-")[0] or found
    return _BANDS.get(start.lower(), start)


def _mjd(date: Any) -> float | None:
    try:
        return parse_mjd_utc(str(date)) if date else None
    except ValueError:
        return None


def _days_from_last_limit(points: list[dict[str, Any]], discovered: float | None) -> float | None:
    if discovered is None:
        return None
    before = [one["mjd"] for one in points if "limit" in one and one["mjd"] <= discovered]
    return round(discovered - max(before), 3) if before else None
