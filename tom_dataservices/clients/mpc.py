"""The Minor Planet Center's orbits, by its service get-orb."""

from __future__ import annotations

from typing import Any

from tom_common.remote import RemoteBadReply, RemoteUnavailable
from tom_dataservices.clients.catalogue import Catalogue, CatalogueObject, as_number, orbit_fields
from tom_dataservices.clients.small_bodies import SmallBody, asked_for, is_meant, read_small_body

_COMET_TYPES = {10, 11}


class MinorPlanetCenter(Catalogue):
    """Asteroids and comets, with the newest published orbit."""

    name = "MPC"
    other_names = ("MPC Explorer",)
    base_url = "https://data.minorplanetcenter.net"
    info_url = "https://www.minorplanetcenter.net/db_search"

    def named(self, term: str) -> CatalogueObject:
        """Return the body of a number or designation; a GET that carries JSON, as the service wants it."""
        said = self.service().get_json("api/get-orb", body={"desig": asked_for(term)})
        if not isinstance(said, list) or not said:
            raise RemoteBadReply("MPC answered with something that is no list.")
        found = said[0] if isinstance(said[0], dict) else {}
        orbit = found.get("mpc_orb")
        if isinstance(orbit, list):
            orbit = orbit[0] if orbit else None
        if not orbit:
            if isinstance(said[-1], int) and said[-1] >= 500:
                raise RemoteUnavailable(f"MPC has a problem of its own (status {said[-1]}): ask again later.")
            raise self.nothing(term)
        body = orbit_object(orbit)
        if not is_meant(term, body.name):
            raise self.nothing(term)
        return body


def orbit_object(orbit: dict[str, Any]) -> CatalogueObject:
    """Return the body of a block ``mpc_orb``; coefficients are found by name.

    Raises
    ------
    RemoteBadReply
        If the block lacks what an orbit needs.
    """
    try:
        comet = orbit["COM"]
        value = dict(zip(comet["coefficient_names"], comet["coefficient_values"], strict=True))
        names = dict(orbit["designation_data"])
        epoch_mjd = as_number(orbit["epoch_data"]["epoch"])
    except (KeyError, TypeError, ValueError) as error:
        raise RemoteBadReply("MPC answered without the elements of an orbit.") from error
    kind = (orbit.get("categorization") or {}).get("object_type_int")
    body = _body(names)
    is_comet = kind in _COMET_TYPES or body.is_comet
    fields = orbit_fields(
        epoch_mjd=epoch_mjd,
        e=as_number(value.get("e")),
        inclination_deg=as_number(value.get("i")),
        node_deg=as_number(value.get("node")),
        peri_deg=as_number(value.get("argperi")),
        q_au=as_number(value.get("q")),
        tp_mjd=as_number(value.get("peri_time")),
        is_comet=is_comet,
    )
    magnitude = orbit.get("magnitude_data") or {}
    fields |= {"abs_mag": as_number(magnitude.get("H")), "slope": as_number(magnitude.get("G"))}
    extras = {
        "object_type": (orbit.get("categorization") or {}).get("object_type_str"),
        "orbit_type": (orbit.get("categorization") or {}).get("orbit_subtype_str"),
        "orbit_uncertainty": (orbit.get("orbit_fit_statistics") or {}).get("U_param"),
    }
    others = (*body.aliases, *(names.get("unpacked_secondary_provisional_designations") or ()))
    aliases = tuple(dict.fromkeys(str(one) for one in others if one and str(one) != body.full_name))
    return CatalogueObject(body.full_name, fields, aliases, extras, MinorPlanetCenter.info_url)


def _body(names: dict[str, Any]) -> SmallBody:
    """Return what a block ``designation_data`` calls a body; a comet's name may hold its designation."""
    number = str(names.get("permid") or "")
    given = str(names.get("iau_name") or names.get("name") or "")
    designation = str(names.get("unpacked_primary_provisional_designation") or "")
    if (whole := read_small_body(given)) is not None:
        number, designation = number or whole.number, designation or whole.designation
        given = whole.name
    if not (number or given or designation):
        raise RemoteBadReply("MPC answered without a name of the body.")
    return SmallBody(number, given, designation)
