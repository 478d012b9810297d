"""NED, the NASA/IPAC Extragalactic Database, by its service ObjectLookup."""

from __future__ import annotations

from tom_common.remote import RemoteBadReply
from tom_dataservices.clients.catalogue import Catalogue, CatalogueObject, as_number

_ONE_OBJECT = 3


class Ned(Catalogue):
    """Galaxies and what lies beyond the Milky Way."""

    name = "NED"
    base_url = "https://ned.ipac.caltech.edu"
    info_url = "https://ned.ipac.caltech.edu/"

    def lookup(self, term: str) -> CatalogueObject:
        """Return the object of a name."""
        said = self.service().get_json("srs/ObjectLookup", {"name": term.strip(), "aliases": "true"})
        if not isinstance(said, dict) or "ResultCode" not in said:
            raise RemoteBadReply("NED answered without a result code.")
        if said["ResultCode"] != _ONE_OBJECT:
            raise self.nothing(term)
        found = said.get("Preferred") or {}
        place, redshift = found.get("Position") or {}, found.get("Redshift") or {}
        if as_number(place.get("RA")) is None or as_number(place.get("Dec")) is None:
            raise RemoteBadReply("NED answered without a position.")
        name = str(found.get("Name") or term)
        interpreted = str((said.get("Interpreted") or {}).get("Name") or "")
        names = [str(one.get("Name") if isinstance(one, dict) else one) for one in said.get("Aliases") or ()]
        return CatalogueObject(
            " ".join(name.split()),
            {
                "type": "SIDEREAL",
                "ra": as_number(place["RA"]),
                "dec": as_number(place["Dec"]),
                "epoch": 2000.0,
            },
            tuple(
                dict.fromkeys(" ".join(one.split()) for one in (interpreted, *names) if one and one != name)
            ),
            {
                "redshift": as_number(redshift.get("Value")),
                "redshift_error": as_number(redshift.get("Uncertainty")),
                "object_type": (found.get("ObjType") or {}).get("Value"),
            },
            f"{self.info_url}byname?objname={name}",
        )
