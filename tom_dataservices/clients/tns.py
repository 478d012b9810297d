"""The Transient Name Server: objects by name, with the photometry that was reported."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from tom_common.astro.typed_position import TypedPosition
from tom_dataservices.clients.catalogue import AmbiguousNameError, Catalogue, CatalogueObject, as_number
from tom_dataservices.clients.shapes import name_in, plain_text
from tom_dataservices.clients.tns_connection import TnsConnection, bot_of

_PREFIX = re.compile(r"^(AT|SN|FRB|TDE|FBOT)\s*(?=\d{4})", re.IGNORECASE)


class TransientNameServer(Catalogue):
    """Official names and classifications of transients; needs a bot's number, name and key."""

    name = "TNS"
    base_url = "https://www.wis-tns.org"
    info_url = "https://www.wis-tns.org/"

    def named(self, term: str) -> CatalogueObject:
        """Return the transient of an official name, with or without its prefix, or of a survey's name."""
        official = _PREFIX.sub("", term)
        if not re.match(r"^(\d{4}){1,2}[a-zA-Z]+$", official):
            found = self._found({"internal_name": term, "internal_name_exact_match": "1"})
            if not found:
                raise self.nothing(term)
            official = found[0]
        return self._object(official, term)

    def at_place(self, place: TypedPosition, term: str) -> CatalogueObject:
        """Return the transient at a place; its search tells names without places, so there may be one only.

        Raises
        ------
        AmbiguousNameError
            If there are several.
        """
        radius = str(self.radius_arcsec(place))
        asked = {"ra": str(place.ra_deg), "dec": str(place.dec_deg), "radius": radius, "units": "arcsec"}
        found = self._found(asked)
        if not found:
            raise self.nothing(term)
        if len(found) > 1:
            raise AmbiguousNameError(self.name, term, [(one, "") for one in found])
        return self._object(found[0], term)

    def _found(self, data: dict[str, str]) -> list[str]:
        """Return the official names that a search finds; one that finds none may give an object."""
        found = self._ask("search", data)
        rows = found if isinstance(found, list) else []
        return [str(row["objname"]) for row in rows if isinstance(row, dict) and row.get("objname")]

    def _object(self, official: str, term: str) -> CatalogueObject:
        said = self._ask("object", {"objname": official, "photometry": "0", "spectra": "0"})
        if not isinstance(said, dict) or not isinstance(said.get("objname"), str):
            raise self.nothing(term)
        return tns_object(said)

    def _ask(self, what: str, data: dict[str, str]) -> Any:
        return self._connection.ask(what, data)

    @cached_property
    def _connection(self) -> TnsConnection:
        return TnsConnection(self.service, bot_of(self.setting))


def tns_object(said: dict[str, Any]) -> CatalogueObject:
    """Return the transient of an answer of ``get/object``."""
    prefix = str(said.get("name_prefix") or "AT")
    told = said.get("internal_names")
    internal = told if isinstance(told, list) else str(told or "").split(",")
    fields = {
        "type": "SIDEREAL",
        "ra": as_number(said.get("radeg")),
        "dec": as_number(said.get("decdeg")),
        "epoch": 2000.0,
    }
    extras = {
        "redshift": as_number(said.get("redshift")),
        "classification": name_in(said.get("object_type")),
        "host": plain_text(said.get("hostname")),
        "discovery_date": said.get("discoverydate"),
        "discovery_mag": as_number(said.get("discoverymag")),
        "reporting_group": name_in(said.get("reporting_group"), "group_name"),
    }
    return CatalogueObject(
        f"{prefix} {said['objname']}",
        fields,
        tuple(dict.fromkeys(name for one in internal if (name := plain_text(one)))),
        extras,
        f"https://www.wis-tns.org/object/{said['objname']}",
    )
