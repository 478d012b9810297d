"""SIMBAD by its TAP service: one ADQL statement for the object, one for its names, one for its distances."""

from __future__ import annotations

from typing import Any

from tom_common.astro.typed_position import TypedPosition
from tom_dataservices.clients.catalogue import Catalogue, CatalogueObject, as_number
from tom_dataservices.clients.tap import distance_to, first_row, in_circle, quoted, tap_rows

_COLUMNS = (
    "basic.oid, main_id, ra, dec, pmra, pmdec, plx_value, plx_err, rvz_redshift, rvz_radvel, otype, sp_type"
)
_NAMED = "SELECT {} FROM basic JOIN ident ON basic.oid = ident.oidref WHERE ident.id = {}"
_NAMES = "SELECT id FROM ident WHERE oidref = {}"
_DISTANCES = "SELECT dist, unit, minus_err, plus_err FROM mesDistance WHERE oidref = {}"
_PC = {"pc": 1.0, "kpc": 1e3, "Mpc": 1e6}


class Simbad(Catalogue):
    """The database of the Centre de Données astronomiques de Strasbourg; objects outside the Solar System."""

    name = "Simbad"
    base_url = "https://simbad.cds.unistra.fr"
    info_url = "https://simbad.cds.unistra.fr/simbad/"

    def named(self, term: str) -> CatalogueObject:
        """Return the object of any identifier, under this name; SIMBAD disregards case and blanks."""
        return self._object(self._ask(_NAMED.format(_COLUMNS, quoted(term))), term, term)

    def at_place(self, place: TypedPosition, term: str) -> CatalogueObject:
        """Return the object nearest to a place."""
        near = in_circle(
            "ra",
            "dec",
            ra_deg=place.ra_deg,
            dec_deg=place.dec_deg,
            radius_arcsec=self.radius_arcsec(place),
        )
        rows = self._ask(first_row(_COLUMNS, "basic", near, order=distance_to("ra", "dec", place)))
        return self._object(rows, term)

    def _object(self, rows: list[dict[str, Any]], term: str, wanted: str = "") -> CatalogueObject:
        if not rows:
            raise self.nothing(term)
        row = rows[0]
        oid = int(row["oid"])
        names = [squeezed(entry["id"]) for entry in self._ask(_NAMES.format(oid))]
        main = squeezed(row["main_id"])
        name = _as_written(wanted, [main, *names]) or main
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
            "radial_velocity": as_number(row.get("rvz_radvel")),
            "parallax_error": as_number(row.get("plx_err")),
            "object_type": row.get("otype"),
            "spectral_type": row.get("sp_type"),
        }
        aliases = tuple(dict.fromkeys(one for one in (main, *names) if one and _key(one) != _key(name)))
        return CatalogueObject(name, fields, aliases, extras, self.info_url + "sim-id?Ident=%40" + str(oid))

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


def _as_written(term: str, names: list[str]) -> str:
    """Return a typed name with the letters of the identifier that it means: ``m31`` is ``M31``."""
    same = next((name for name in names if _key(name) == _key(term)), "")
    letters = iter(same.replace(" ", ""))
    return "".join(one if one == " " else next(letters, "") for one in term) if same else term


def _key(name: str) -> str:
    return "".join(name.split()).lower()


def squeezed(name: str) -> str:
    """Return an identifier as people write it: single blanks, without ``NAME`` and ``V*`` before it."""
    text = " ".join(str(name).split())
    for prefix in ("NAME ", "V* "):
        text = text.removeprefix(prefix)
    return text
