"""Sesame of the CDS: asks SIMBAD, NED and VizieR for a name, in this order, and says who knew it."""

from __future__ import annotations

import re
from urllib.parse import quote
from xml.etree import ElementTree

from tom_common.document_types import declares_document_type
from tom_common.remote import RemoteBadReply
from tom_dataservices.clients.catalogue import Catalogue, CatalogueObject, as_number
from tom_dataservices.clients.simbad import squeezed

# What older servers write above it; it names a document type and declares nothing.
_DOCTYPE = re.compile(rb"<!DOCTYPE\s+sesame\s+SYSTEM\s+[\"'][^\"'<>\[\]]*[\"']\s*>", re.IGNORECASE)


class Sesame(Catalogue):
    """A resolver of names."""

    name = "Sesame"
    base_url = "https://cds.unistra.fr"
    info_url = "https://cds.unistra.fr/cgi-bin/Sesame"

    def named(self, term: str) -> CatalogueObject:
        """Return the object of a name as the first of the three services knows it."""
        found = self.service().get_bytes(f"cgi-bin/nph-sesame/-oxpI/SNV?{quote(term, safe='')}")
        if declares_document_type(_DOCTYPE.sub(b"", found, count=1)):
            raise RemoteBadReply("Sesame answered with XML that is not its own.")
        try:
            tree = ElementTree.fromstring(found)  # noqa: S314  without entities, see above
        except (ElementTree.ParseError, ValueError, LookupError) as error:  # the last two: of its encoding
            raise RemoteBadReply("Sesame answered with something that is no XML.") from error
        for resolver in tree.iter("Resolver"):
            ra, dec = as_number(resolver.findtext("jradeg")), as_number(resolver.findtext("jdedeg"))
            if ra is None or dec is None:
                continue
            name = squeezed(resolver.findtext("oname") or term)
            names = (squeezed(alias.text or "") for alias in resolver.findall("alias"))
            fields = {
                "type": "SIDEREAL",
                "ra": ra,
                "dec": dec,
                "epoch": 2000.0,
                "pm_ra": as_number(resolver.findtext("pm/pmRA")),
                "pm_dec": as_number(resolver.findtext("pm/pmDE")),
                "parallax": as_number(resolver.findtext("plx/v")),
            }
            extras = {
                "redshift": as_number(resolver.findtext("z/v")),
                "object_type": resolver.findtext("otype"),
                "resolver": (resolver.get("name") or "").partition("=")[2],
            }
            aliases = tuple(dict.fromkeys(one for one in names if one and one != name))
            return CatalogueObject(name, fields, aliases, extras, f"{self.info_url}?{quote(name)}")
        raise self.nothing(term)
