"""SIMBAD by its TAP service: one ADQL statement for the object, one for its names, one for its distances."""

from __future__ import annotations

from typing import Any

from tom_dataservices.clients.catalogue import Catalogue, CatalogueObject, as_number
from tom_dataservices.clients.tap import tap_rows

_OBJECT = (
    "SELECT basic.oid, main_id, ra, dec, pmra, pmdec, plx_value, rvz_redshift, otype, sp_type"
    " FROM basic JOIN ident ON basic.oid = ident.oidref WHERE ident.id = '{}'"
)
_NAMES = "SELECT id FROM ident WHERE oidref = {}"
_DISTANCES = "SELECT dist, unit, minus_err, plus_err FROM mesDistance WHERE oidref = {}"
_PC = {"pc": 1.0, "kpc": 1e3, "Mpc": 1e6}


class Simbad(Catalogue):
    """The database of the Centre de Données astronomiques de Strasbourg; objects outside the Solar System."""

    name = "Simbad"
    base_url = "https://simbad.cds.unistra.fr"
    info_url = "https://simbad.cds.unistra.fr/simbad/"

    def lookup(self, term: str) -> CatalogueObject:
        """Return the object of any identifier; SIMBAD itself disregards case and blanks."""
        rows = self._ask(_OBJECT.format(term.strip().replace("'", "''")))
        if not rows:
            raise self.nothing(term)
        row = rows[0]
        oid = int(row["oid"])
        names = [squeezed(entry["id"]) for entry in self._ask(_NAMES.format(oid))]
        main = squeezed(row["main_id"])
        fields = {
            "type": "SIDEREAL",
            "ra": as_number(row.get("ra")),
            "dec": as_number(row.get("dec")),
            "epoch": 2000.0,
            "pm_ra": as_number(row.get("pmra")),
            "pm_dec": as_number(row.get("pmdec")),
            "parallax": as_number(row.get("plx_value")),
            **self._distance(oid),
        }
        extras = {
            "redshift": as_number(row.get("rvz_redshift")),
            "object_type": row.get("otype"),
            "spectral_type": row.get("sp_type"),
        }
        aliases = tuple(dict.fromkeys(name for name in names if name and name != main))
        return CatalogueObject(main, fields, aliases, extras, self.info_url + "sim-id?Ident=%40" + str(oid))

    def _distance(self, oid: int) -> dict[str, float | None]:
        """Return the first distance whose unit is known, in pc, and its error: the mean of both sides."""
        for row in self._ask(_DISTANCES.format(oid)):
            factor = _PC.get(str(row.get("unit") or "").strip())
            value = as_number(row.get("dist"))
            if factor is None or value is None:
                continue
            sides = [abs(side) for key in ("minus_err", "plus_err") if (side := as_number(row.get(key)))]
            error = factor * sum(sides) / len(sides) if sides else None
            return {"distance": factor * value, "distance_err": error}
        return {}

    def _ask(self, adql: str) -> list[dict[str, Any]]:
        return tap_rows(self.service(), "simbad/sim-tap/sync", adql)


def squeezed(name: str) -> str:
    """Return an identifier as people write it: single blanks, without ``NAME`` and ``V*`` before it."""
    text = " ".join(str(name).split())
    for prefix in ("NAME ", "V* "):
        text = text.removeprefix(prefix)
    return text
