"""Hermes of Las Cumbres Observatory: targets of community messages, and the data that the messages hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tom_common.astro.time import parse_mjd_utc
from tom_common.astro.typed_position import read_position
from tom_common.remote import RemoteBadReply, RemoteRejected
from tom_dataservices import conf
from tom_dataservices.clients.broker import (
    BrokerClient,
    BrokerObject,
    error_of,
    limit_of_flux,
    magnitude,
    number,
    point,
    refuse_error,
    text,
)
from tom_dataservices.clients.catalogue import orbit_fields
from tom_dataservices.clients.shapes import as_dict, as_list, as_rows
from tom_dataservices.exceptions import MissingDataException, NotConfiguredError, QueryServiceError

MAX_RADIUS_ARCSEC = 36_000.0
_MOST_PAGES = 500
_NJY_OF_MJY = 1e6
_SYSTEMS = {"AB mag": "Hermes", "Vega mag": "Hermes Vega"}


class Hermes(BrokerClient):
    """Reading of Hermes; the token (``api_key``) stands on the user's profile there.

    References
    ----------
    https://hermes.lco.global/api/v0/, and the server's source (LCOGT/hermes), read 2026.
    """

    name = "Hermes"
    base_url = "https://hermes.lco.global/api/v0/"
    info_url = "https://hermes.lco.global/"

    def setting(self, key: str, default: Any = None) -> Any:
        """Return a value of ``DATA_SERVICES["Hermes"]``, else of the settings that plugins use for Hermes."""
        found = super().setting(key) or conf.hermes_of_plugins().get(key) or default
        if key == "base_url" and "/api/" not in f"{found}/":
            return f"{str(found).rstrip('/')}/api/v0/"
        return found

    def targets(self, filters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield targets that messages are about, page by page.

        Parameters
        ----------
        filters : dict
            ``name``, ``name_exact``, ``cone_search`` (``"ra, dec, radius_deg"``), ``polygon_search``,
            ``event_id``.
        """
        return self._rows("targets/", filters)

    def messages(self, filters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield messages; ``target_name_exact`` and ``event_id`` among the filters."""
        return self._rows("messages/", filters)

    def _rows(self, path: str, filters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        service = self.service(headers={"Authorization": f"Token {self.key()}"})
        size, offset = self.rows_a_page(), 0
        for _ in range(_MOST_PAGES):
            try:
                said = service.get_json(path, {**filters, "limit": size, "offset": offset})
            except RemoteRejected as error:
                if error.status in (401, 403):
                    raise NotConfiguredError(
                        "Hermes does not accept the token of DATA_SERVICES['Hermes']: copy it anew there."
                    ) from error
                if error.status == 400:
                    words = error.detail or "it is not understood"
                    raise QueryServiceError(f"Hermes refuses the query: {words}.") from error
                raise
            refuse_error(self.name, said)
            rows = said.get("results") if isinstance(said, dict) else None
            if not isinstance(rows, list):
                raise RemoteBadReply("Hermes answered without its list of results.")
            yield from (row for row in rows if isinstance(row, dict))
            offset += len(rows)
            if not said.get("next") or not rows:
                return

    def object(self, name: str) -> BrokerObject:
        """Return a target with the data of all messages about it.

        Raises
        ------
        MissingDataException
            If no message is about it.
        """
        messages = list(self.messages({"target_name_exact": name}))
        about = [one for message in messages for one in _about(message, "targets", "name", name)]
        if not about:
            raise MissingDataException(f"Hermes has no message about {name}.")
        return hermes_object(about[-1], messages)


def asked(query: dict[str, Any]) -> dict[str, Any]:
    """Return the filters of ``targets`` for what a form wants."""
    names = ("name", "name_exact", "event_id", "polygon_search")
    found: dict[str, Any] = {key: query[key] for key in names if query.get(key)}
    if query.get("ra_deg") is not None:
        radius_deg = query["radius_arcsec"] / 3600.0
        found["cone_search"] = f"{query['ra_deg']}, {query['dec_deg']}, {radius_deg:.8f}"
    return found


def hermes_object(about: dict[str, Any], messages: list[dict[str, Any]]) -> BrokerObject:
    """Return a target, from the list of targets or from a message, as brokers' objects are given."""
    name = str(about["name"])
    points = [
        one
        for message in messages
        for row in _about(message, "photometry", "target_name", name)
        if (one := _point(row)) is not None
    ]
    newest = max((one for one in points if "mag" in one), key=lambda one: one["mjd"], default={})
    elements = as_dict(about.get("orbital_elements"))
    orbit = _orbit(elements) if number(elements.get("eccentricity")) is not None else {}
    ra, dec = _position(about)
    count = len(messages) or len(as_list(about.get("messages")))
    titles = [str(message["title"]) for message in messages if message.get("title")]
    return BrokerObject(
        object_id=name,
        name=name,
        ra_deg=ra,
        dec_deg=dec,
        mjd_utc=newest.get("mjd"),
        mag=newest.get("mag"),
        mag_err=newest.get("mag_err"),
        band=newest.get("band"),
        detections=sum("mag" in one for one in points) or None,
        aliases=tuple(str(one) for one in as_list(about.get("aliases")) if text(one)),
        extras={
            "redshift": number(about.get("redshift")),
            "host": text(about.get("host_name")),
            "host_redshift": number(about.get("host_redshift")),
            "hermes_messages": count or None,
            "hermes_newest_message": titles[-1] if titles else None,
        },
        points=tuple(points),
        url=f"{Hermes.info_url}query?target_name={name}",
        is_sidereal=not orbit,
        orbit=orbit,
    )


def _position(about: dict[str, Any]) -> tuple[float | None, float | None]:
    """Return a position in degrees; messages may hold it in hours and minutes, as it was sent."""
    told = [about.get("right_ascension", about.get("ra")), about.get("declination", about.get("dec"))]
    ra, dec = (number(one) for one in told)
    if ra is None and dec is None and all(text(one) for one in told):
        found = read_position(f"{told[0]} {told[1]}")
        return (found.ra_deg, found.dec_deg) if found is not None else (None, None)
    return ra, dec


def _about(message: dict[str, Any], part: str, key: str, name: str) -> list[dict[str, Any]]:
    rows = as_rows(as_dict(message.get("data")).get(part))
    return [row for row in rows if row.get(key) == name]


def _point(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return a measurement: AB or Vega magnitude or mJy, a limit where no brightness is given."""
    bright, error = number(row.get("brightness")), row.get("brightness_error")
    limit = number(row.get("limiting_brightness"))
    # A detection may carry a limit, in a unit of its own.
    key = "limiting_brightness_unit" if bright is None else "brightness_unit"
    unit = row.get(key) or row.get("brightness_unit") or row.get("limiting_brightness_unit") or "AB mag"
    if unit == "mJy":
        flux_err = number(error)
        brightness: dict[str, Any] = {
            "flux_njy": None if bright is None else bright * _NJY_OF_MJY,
            "flux_err_njy": None if flux_err is None else flux_err * _NJY_OF_MJY,
            "limit": None if limit is None else limit_of_flux(limit * _NJY_OF_MJY),
        }
    elif unit in _SYSTEMS:
        brightness = {"mag": magnitude(bright), "mag_err": error_of(error), "limit": magnitude(limit)}
    else:
        return None
    found = point(
        mjd=_mjd(row.get("date_obs")),
        band=text(row.get("bandpass")),
        survey=_SYSTEMS.get(unit, "Hermes"),
        **brightness,
    )
    if found is not None:
        found["telescope"] = text(row.get("telescope")) or ""
        found["instrument"] = text(row.get("instrument")) or ""
    return found


def _mjd(date: Any) -> float | None:
    """Return a date as Hermes writes it: ISO, Julian date, or MJD."""
    try:
        return parse_mjd_utc(str(date).strip()) if date not in (None, "") else None
    except ValueError:
        return None


def _orbit(elements: dict[str, Any]) -> dict[str, Any]:
    fields = orbit_fields(
        epoch_mjd=number(elements.get("epoch_of_elements")),
        e=number(elements.get("eccentricity")),
        inclination_deg=number(elements.get("orbital_inclination")),
        node_deg=number(elements.get("longitude_of_the_ascending_node")),
        peri_deg=number(elements.get("argument_of_the_perihelion")),
        a_au=number(elements.get("semimajor_axis")),
        q_au=number(elements.get("perihelion_distance")),
        tp_mjd=number(elements.get("epoch_of_perihelion")),
        mean_anomaly_deg=number(elements.get("mean_anomaly")),
    )
    return {key: value for key, value in fields.items() if key != "type" and value is not None}
