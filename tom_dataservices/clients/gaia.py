"""The catalogue of Gaia by the TAP service of its archive: a source number or a place in, the star out."""

from __future__ import annotations

import re
from typing import Any

from tom_common.astro.typed_position import TypedPosition, read_position
from tom_dataservices.clients.catalogue import Catalogue, CatalogueObject, as_number
from tom_dataservices.clients.tap import distance_to, first_row, in_circle, tap_rows
from tom_dataservices.exceptions import MissingDataException

# A source_id is at least 2**35: fewer digits are the number of something else.
_SOURCE = re.compile(r"^(?:gaia\s*)?(?P<release>e?dr[23])?\s*(?P<number>\d{11,19})$", re.IGNORECASE)
_COLUMNS = (
    "source_id, designation, ref_epoch, ra, dec, pmra, pmdec, parallax, parallax_error,"
    " phot_g_mean_mag, bp_rp, radial_velocity"
)


class Gaia(Catalogue):
    """Stars with parallax and proper motion, of Gaia's third data release or its second."""

    name = "Gaia"
    base_url = "https://gea.esac.esa.int"
    info_url = "https://gea.esac.esa.int/archive/"
    near_arcsec = 3.0

    def named(self, term: str) -> CatalogueObject:
        """Return the source of a number (``Gaia DR3 123...``), or the nearest one of a place in a name.

        The sources of EDR3 are those of DR3.
        """
        source = _SOURCE.match(term)
        if source is None:
            if place := read_position(term):
                return self.at_place(place, term)
            raise MissingDataException(f"{self.name} is asked for its source numbers and for places.")
        table = "gaiadr2" if (source["release"] or "").lower() == "dr2" else "gaiadr3"
        return self._first(self._ask(table, f"source_id = {source['number']}"), term)

    def at_place(self, place: TypedPosition, term: str) -> CatalogueObject:
        """Return the source nearest to a place."""
        radius_arcsec = self.radius_arcsec(place)
        near = in_circle("ra", "dec", ra_deg=place.ra_deg, dec_deg=place.dec_deg, radius_arcsec=radius_arcsec)
        rows = self._ask("gaiadr3", near, distance_to("ra", "dec", place))
        return self._first(rows, term)

    def _first(self, rows: list[dict[str, Any]], term: str) -> CatalogueObject:
        if not rows:
            raise self.nothing(term)
        return _source(rows[0])

    def _ask(self, release: str, condition: str, order: str = "") -> list[dict[str, Any]]:
        # ruwe is a column of the table since the third release only.
        columns = _COLUMNS + (", ruwe" if release != "gaiadr2" else "")
        adql = first_row(columns, f"{release}.gaia_source", condition, order=order)
        return tap_rows(self.service(), "tap-server/tap/sync", adql)


def _source(row: dict[str, Any]) -> CatalogueObject:
    name = str(row.get("designation") or f"Gaia DR3 {row['source_id']}")
    fields = {
        "type": "SIDEREAL",
        "ra": as_number(row.get("ra")),
        "dec": as_number(row.get("dec")),
        "epoch": as_number(row.get("ref_epoch")),
        "pm_ra": as_number(row.get("pmra")),
        "pm_dec": as_number(row.get("pmdec")),
        "parallax": as_number(row.get("parallax")),
    }
    extras = {
        "parallax_error": as_number(row.get("parallax_error")),
        "gaia_g_mag": as_number(row.get("phot_g_mean_mag")),
        "gaia_bp_rp": as_number(row.get("bp_rp")),
        "radial_velocity": as_number(row.get("radial_velocity")),
        "gaia_ruwe": as_number(row.get("ruwe")),
    }
    return CatalogueObject(name, fields, (), extras, Gaia.info_url)
