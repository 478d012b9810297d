"""VizieR by its TAP service: the table is chosen by how a name is written; variable stars for any other."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tom_common.astro.typed_position import TypedPosition, read_position
from tom_dataservices.clients.catalogue import Catalogue, CatalogueObject, as_number
from tom_dataservices.clients.tap import distance_to, first_row, in_circle, quoted, tap_rows


@dataclass(frozen=True)
class _Table:
    """A table of VizieR: which names it knows, and which of its columns are what for us.

    ``condition`` makes the ADQL condition of a name that fits ``pattern``; ``named`` the name of a row.
    ``fields`` and ``extras`` lead from our names to its columns; numbers of places are ICRS deg, mas, mas/yr.
    """

    table: str
    title: str
    pattern: re.Pattern[str]
    condition: Callable[[re.Match[str]], str]
    named: Callable[[dict[str, Any]], str]
    fields: dict[str, str]
    extras: dict[str, str]
    epoch: float = 2000.0
    also: tuple[str, ...] = field(default=())

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys([*self.also, *self.fields.values(), *self.extras.values()]))


_J2000 = {"ra": "RAJ2000", "dec": "DEJ2000"}
_VSX = _Table(
    "B/vsx/vsx",
    "AAVSO Variable Star Index",
    re.compile(r"^(?:V\*\s*)?(?P<name>.+)$"),
    lambda found: f'"Name" = {quoted(found["name"])}',
    lambda row: str(row["Name"]),
    _J2000,
    {
        "variable_type": "Type",
        "period_d": "Period",
        "mag_max": "max",
        "mag_min": "min",
        "spectral_type": "Sp",
    },
    also=("Name",),
)
_TWOMASS = _Table(
    "II/246/out",
    "2MASS All-Sky Catalog of Point Sources",
    re.compile(r"^2MASS\s*J?(?P<name>\d{8}[+-]\d{7})$", re.IGNORECASE),
    lambda found: f'"2MASS" = {quoted(found["name"])}',
    lambda row: f"2MASS J{row['2MASS']}",
    _J2000,
    {"mag_j": "Jmag", "mag_h": "Hmag", "mag_k": "Kmag"},
    also=("2MASS",),
)
_TABLES = (
    _Table(
        "I/311/hip2",
        "Hipparcos, the new reduction",
        re.compile(r"^HIP\s*(?P<name>\d{1,6})$", re.IGNORECASE),
        lambda found: f'"HIP" = {int(found["name"])}',
        lambda row: f"HIP {row['HIP']}",
        {"ra": "RArad", "dec": "DErad", "pm_ra": "pmRA", "pm_dec": "pmDE", "parallax": "Plx"},
        {"parallax_error": "e_Plx", "mag_hp": "Hpmag", "b_v": "B-V"},
        epoch=1991.25,
        also=("HIP",),
    ),
    _Table(
        "I/259/tyc2",
        "Tycho-2",
        re.compile(r"^TYC\s*(?P<a>\d{1,4})-(?P<b>\d{1,5})-(?P<c>\d)$", re.IGNORECASE),
        lambda found: f'"TYC1" = {int(found["a"])} AND "TYC2" = {int(found["b"])} AND "TYC3" = {found["c"]}',
        lambda row: f"TYC {row['TYC1']}-{row['TYC2']}-{row['TYC3']}",
        {"ra": "RAmdeg", "dec": "DEmdeg", "pm_ra": "pmRA", "pm_dec": "pmDE"},
        {"mag_bt": "BTmag", "mag_vt": "VTmag"},
        also=("TYC1", "TYC2", "TYC3"),
    ),
    _TWOMASS,
    _Table(
        "II/328/allwise",
        "AllWISE",
        re.compile(r"^(?:ALL)?WISEA?\s*(?P<name>J\d{6}\.\d{2}[+-]\d{6}\.\d)$", re.IGNORECASE),
        lambda found: f'"AllWISE" = {quoted(found["name"].upper())}',
        lambda row: f"WISEA {row['AllWISE']}",
        _J2000,
        {"mag_w1": "W1mag", "mag_w2": "W2mag", "mag_w3": "W3mag", "mag_w4": "W4mag"},
        also=("AllWISE",),
    ),
    _VSX,
)


class Vizier(Catalogue):
    """Published catalogues of the Centre de Données astronomiques de Strasbourg."""

    name = "VizieR"
    base_url = "https://tapvizier.cds.unistra.fr"
    info_url = "https://vizier.cds.unistra.fr/"
    near_arcsec = 3.0

    def named(self, term: str) -> CatalogueObject:
        """Return the object of a name: HIP, TYC, 2MASS and WISEA numbers, else the name of a variable star.

        A place in a name is taken as a typed one.
        """
        for table in _TABLES:
            if table is _VSX and (place := read_position(term)):
                return self.at_place(place, term)
            if found := table.pattern.match(term):
                rows = self._ask(table, table.condition(found))
                if rows:
                    return self._object(table, rows[0])
                break
        raise self.nothing(term)

    def at_place(self, place: TypedPosition, term: str) -> CatalogueObject:
        """Return the nearest variable star, or else the nearest 2MASS source."""
        radius_arcsec = self.radius_arcsec(place)
        for table in (_VSX, _TWOMASS):
            ra, dec = (f'"{table.fields[key]}"' for key in ("ra", "dec"))
            near = in_circle(ra, dec, ra_deg=place.ra_deg, dec_deg=place.dec_deg, radius_arcsec=radius_arcsec)
            rows = self._ask(table, near, distance_to(ra, dec, place))
            if rows:
                return self._object(table, rows[0])
        raise self.nothing(term)

    def _ask(self, table: _Table, condition: str, order: str = "") -> list[dict[str, Any]]:
        columns = ", ".join(f'"{name}"' for name in table.columns)
        adql = first_row(columns, f'"{table.table}"', condition, order=order)
        return tap_rows(self.service(), "TAPVizieR/tap/sync", adql)

    def _object(self, table: _Table, row: dict[str, Any]) -> CatalogueObject:
        fields: dict[str, Any] = {ours: as_number(row.get(column)) for ours, column in table.fields.items()}
        fields |= {"type": "SIDEREAL", "epoch": table.epoch}
        extras = {ours: _plain(row.get(column)) for ours, column in table.extras.items()}
        extras["vizier_catalogue"] = table.title
        url = f"{self.info_url}viz-bin/VizieR-3?-source={quote(table.table, safe='')}"
        return CatalogueObject(" ".join(table.named(row).split()), fields, (), extras, url)


def _plain(value: Any) -> Any:
    """Return a value without the blanks that pad text; numbers as they are."""
    return value.strip() if isinstance(value, str) else value
