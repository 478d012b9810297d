"""NED, the NASA/IPAC Extragalactic Database: names by its service ObjectLookup, places by its cone search."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from tom_common.astro.typed_position import TypedPosition
from tom_common.document_types import declares_document_type
from tom_common.remote import RemoteBadReply
from tom_dataservices.clients.catalogue import AmbiguousNameError, Catalogue, CatalogueObject, as_number

_AMBIGUOUS, _ONE_OBJECT = 1, 3
_NAME, _RA, _DEC = ("Object Name",), ("RA", "RA(deg)"), ("DEC", "DEC(deg)")
_DISTANCE = ("Distance (arcmin)", "Separation", "Separation/Distance (arcmin)")


class Ned(Catalogue):
    """Galaxies and what lies beyond the Milky Way."""

    name = "NED"
    base_url = "https://ned.ipac.caltech.edu"
    info_url = "https://ned.ipac.caltech.edu/"

    def named(self, term: str) -> CatalogueObject:
        """Return the object of a name."""
        said = self.service().get_json("srs/ObjectLookup", {"name": term, "aliases": "true"})
        if not isinstance(said, dict) or "ResultCode" not in said:
            raise RemoteBadReply("NED answered without a result code.")
        if as_number(said["ResultCode"]) != _ONE_OBJECT:
            meant = _names(_dict(said, "Interpreted").get("Aliases"))
            if as_number(said["ResultCode"]) == _AMBIGUOUS and meant:
                raise AmbiguousNameError(self.name, term, [(name, "") for name in meant])
            raise self.nothing(term)
        found = _dict(said, "Preferred")
        place, redshift = _dict(found, "Position"), _dict(found, "Redshift")
        name = " ".join(str(found.get("Name") or term).split())
        interpreted = str(_dict(said, "Interpreted").get("Name") or "")
        names = _names([interpreted, *_names(found.get("Aliases") or said.get("Aliases"))])
        return self._object(
            name,
            place.get("RA"),
            place.get("Dec"),
            tuple(one for one in names if one != name),
            {
                "redshift": as_number(redshift.get("Value")),
                "redshift_error": as_number(redshift.get("Uncertainty")),
                "object_type": _dict(found, "ObjType").get("Value"),
            },
        )

    def at_place(self, place: TypedPosition, term: str) -> CatalogueObject:
        """Return the object nearest to a place."""
        parameters = {
            "search_type": "Near Position Search",
            "in_csys": "Equatorial",
            "in_equinox": "J2000.0",
            "lon": f"{place.ra_deg:.7f}d",
            "lat": f"{place.dec_deg:.7f}d",
            "radius": f"{self.radius_arcsec(place) / 60.0:.6f}",
            "of": "xml_main",
            "img_stamp": "NO",
            "extend": "no",
            "list_limit": "0",
            "hconst": "73",
            "omegam": "0.27",
            "omegav": "0.73",
            "corr_z": "1",
            "out_csys": "Equatorial",
            "out_equinox": "J2000.0",
            "obj_sort": "Distance to search center",
        }
        rows = _rows(self.service().get_bytes("cgi-bin/objsearch", parameters))
        if not rows:
            raise self.nothing(term)
        nearest = min(rows, key=_separation)
        extras = {
            "redshift": as_number(nearest.get("Redshift")),
            "object_type": nearest.get("Type"),
        }
        name = " ".join((_first(nearest, _NAME) or "").split())
        return self._object(name, _first(nearest, _RA), _first(nearest, _DEC), (), extras)

    def _object(
        self, name: str, ra: Any, dec: Any, aliases: tuple[str, ...], extras: dict[str, Any]
    ) -> CatalogueObject:
        ra_deg, dec_deg = as_number(ra), as_number(dec)
        if ra_deg is None or dec_deg is None:
            raise RemoteBadReply("NED answered without a position.")
        fields = {"type": "SIDEREAL", "ra": ra_deg, "dec": dec_deg, "epoch": 2000.0}
        url = f"{self.info_url}byname?objname={quote(name, safe='')}"
        return CatalogueObject(name, fields, aliases, extras, url)


def _dict(said: dict[str, Any], key: str) -> dict[str, Any]:
    found = said.get(key)
    return found if isinstance(found, dict) else {}


def _names(listed: Any) -> list[str]:
    """Return names of a list of texts, or of objects with a name."""
    texts = (one.get("Name") if isinstance(one, dict) else one for one in listed or ())
    return list(dict.fromkeys(" ".join(str(one).split()) for one in texts if one))


def _rows(content: bytes) -> list[dict[str, str]]:
    """Return the rows of the first table of a VOTable; none where its parameter ``Error`` says why.

    Columns are known by name: recordings call them ``RA(deg)``, the service of today ``RA``.
    """
    if declares_document_type(content):
        raise RemoteBadReply("NED answered with XML that declares a document type; it is not read.")
    try:
        tree = ElementTree.fromstring(content)  # noqa: S314  without entities, see above
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # the last two: of its encoding
        raise RemoteBadReply("NED answered with something that is no VOTable.") from error
    for node in tree.iter():
        node.tag = str(node.tag).rpartition("}")[2]
    if not tree.tag == "VOTABLE":
        raise RemoteBadReply("NED answered with something that is no VOTable.")
    table = next(tree.iter("TABLE"), None)
    if table is None:
        return []
    columns = [str(field.get("name")) for field in table.iter("FIELD")]
    return [
        dict(zip(columns, ((cell.text or "").strip() for cell in row.iter("TD")), strict=False))
        for row in table.iter("TR")
    ]


def _first(row: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((row[name] for name in names if row.get(name)), None)


def _separation(row: dict[str, str]) -> float:
    found = as_number(_first(row, _DISTANCE))
    return float("inf") if found is None else found
