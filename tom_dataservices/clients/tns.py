"""The Transient Name Server: objects by name, with the photometry that was reported."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from tom_dataservices.clients.catalogue import Catalogue, CatalogueObject, as_number
from tom_dataservices.clients.tns_connection import TnsConnection, bot_of

_PREFIX = re.compile(r"^(AT|SN|FRB|TDE|FBOT)\s*(?=\d{4})", re.IGNORECASE)


class TransientNameServer(Catalogue):
    """Official names and classifications of transients; needs a bot's number, name and key."""

    name = "TNS"
    base_url = "https://www.wis-tns.org"
    info_url = "https://www.wis-tns.org/"

    def lookup(self, term: str) -> CatalogueObject:
        """Return the transient of an official name, with or without its prefix, or of a survey's name."""
        name = term.strip()
        official = _PREFIX.sub("", name)
        if not re.match(r"^(\d{4}){1,2}[a-zA-Z]+$", official):
            found = self._ask("search", {"internal_name": name, "internal_name_exact_match": "1"})
            if not isinstance(found, list) or not found:
                raise self.nothing(term)
            official = str(found[0].get("objname", ""))
        said = self._ask("object", {"objname": official, "photometry": "1", "spectra": "0"})
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
    internal = str(said.get("internal_names") or "").split(",")
    fields = {
        "type": "SIDEREAL",
        "ra": as_number(said.get("radeg")),
        "dec": as_number(said.get("decdeg")),
        "epoch": 2000.0,
    }
    extras = {
        "redshift": as_number(said.get("redshift")),
        "classification": (said.get("object_type") or {}).get("name"),
        "host": said.get("hostname"),
        "discovery_date": said.get("discoverydate"),
        "discovery_mag": as_number(said.get("discoverymag")),
        "reporting_group": (said.get("reporting_group") or {}).get("group_name"),
    }
    return CatalogueObject(
        f"{prefix} {said['objname']}",
        fields,
        tuple(dict.fromkeys(one.strip() for one in internal if one.strip())),
        extras,
        f"https://www.wis-tns.org/object/{said['objname']}",
    )
