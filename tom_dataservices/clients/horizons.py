"""JPL Horizons: osculating elements of any body of the Solar System, for now."""

from __future__ import annotations

import csv
import re
import time

from tom_common.remote import RemoteBadReply, RemoteUnavailable
from tom_dataservices.clients.catalogue import (
    AmbiguousNameError,
    Catalogue,
    CatalogueObject,
    as_number,
    mjd_of_jd_or_mjd,
    orbit_fields,
)
from tom_dataservices.clients.small_bodies import is_meant, read_small_body

_UNIX_EPOCH_JD = 2440587.5
_DAY_S = 86400.0
_MAJOR_BODY = "major body"
_MAGNITUDES = {
    "H": re.compile(r"\bH= *([-\d.]+)"),
    "G": re.compile(r"\bG= *([-\d.]+)"),
    "M1": re.compile(r"\bM1= *([-\d.]+)"),
    "K1": re.compile(r"\bk1= *([-\d.]+)"),
}


class Horizons(Catalogue):
    """Planets, moons, asteroids, comets, spacecraft."""

    name = "JPL Horizons"
    base_url = "https://ssd.jpl.nasa.gov"
    info_url = "https://ssd.jpl.nasa.gov/horizons/"

    def named(self, term: str) -> CatalogueObject:
        """Return the body of a name, designation or number, with its elements of now."""
        now_jd = _UNIX_EPOCH_JD + time.time() / _DAY_S
        parameters = {
            "format": "text",
            "EPHEM_TYPE": "ELEMENTS",
            "MAKE_EPHEM": "YES",
            "OUT_UNITS": "AU-D",
            "COMMAND": f"'{command(term)}'",
            "CENTER": "'500@10'",
            "CSV_FORMAT": "YES",
            "ELEM_LABELS": "YES",
            "OBJ_DATA": "YES",
            "REF_SYSTEM": "ICRF",
            "REF_PLANE": "ECLIPTIC",
            "TP_TYPE": "ABSOLUTE",
            "TLIST": f"{now_jd:.6f}",
        }
        body = self.read(self.service().get_text("api/horizons.api", parameters), term)
        if not is_meant(term, body.name):
            raise self.nothing(term)
        return body

    def read(self, text: str, term: str) -> CatalogueObject:
        """Return the body that an answer describes; errors, which come with status 200, are raised."""
        if "$$SOE" not in text:
            raise self._refusal(text, term)
        head, _, rest = text.partition("$$SOE")
        labels = [label.strip() for label in head.rstrip().rstrip("*").rstrip().splitlines()[-1].split(",")]
        rows = list(csv.reader(rest.partition("$$EOE")[0].strip().splitlines()))
        if not rows or len(rows[0]) < len(labels) - 1:
            raise RemoteBadReply("JPL Horizons answered without a row of elements.")
        value = dict(zip(labels, (cell.strip() for cell in rows[0]), strict=False))
        named = re.search(r"Target body name: *(.*?) *\{", text)
        if named is None:
            raise RemoteBadReply("JPL Horizons answered without the name of the body.")
        name = " ".join(named.group(1).split())
        magnitude = {
            key: as_number(found.group(1)) if (found := pattern.search(head)) else None
            for key, pattern in _MAGNITUDES.items()
        }
        body = read_small_body(name)
        is_comet = body is not None and body.is_comet
        fields = orbit_fields(
            epoch_mjd=mjd_of_jd_or_mjd(value.get("JDTDB")),
            e=as_number(value.get("EC")),
            inclination_deg=as_number(value.get("IN")),
            node_deg=as_number(value.get("OM")),
            peri_deg=as_number(value.get("W")),
            a_au=as_number(value.get("A")),
            q_au=as_number(value.get("QR")),
            tp_mjd=mjd_of_jd_or_mjd(value.get("Tp")),
            mean_anomaly_deg=as_number(value.get("MA")),
            motion_deg_per_day=as_number(value.get("N")),
            is_comet=is_comet,
            is_planet=bool(re.search(r"\(\d99\)$", name)),
        )
        major = re.fullmatch(r"(.+) \(-?\d+\)", name)
        if major:  # a planet, a moon, a spacecraft; what its text calls H is no magnitude
            name, magnitude = major.group(1), dict.fromkeys(magnitude)
        period_d = as_number(value.get("PR"))
        fields |= {
            "ephemeris_period": period_d,
            "ephemeris_epoch": fields["epoch_of_elements"],
            "abs_mag": magnitude["M1"] if is_comet else magnitude["H"],
            "slope": magnitude["K1"] if is_comet else magnitude["G"],
        }
        if body is None:
            return CatalogueObject(name, fields, (), {}, self.info_url)
        return CatalogueObject(body.full_name, fields, body.aliases, {}, self.info_url)

    def _refusal(self, text: str, term: str) -> Exception:
        if "No matches found" in text or "no matches found" in text:
            return self.nothing(term)
        if "Multiple major-bodies" in text or "Matching small-bodies" in text:
            return AmbiguousNameError(self.name, term, _choices(text))
        for line in text.splitlines():
            if re.search(r"Cannot |No ephemeris|INPUT ERROR|not allowed|error", line, re.IGNORECASE):
                return RemoteBadReply(f"JPL Horizons says: {line.strip()[:200]}")
        if "busy" in text.lower():
            return RemoteUnavailable("JPL Horizons is busy; ask again in a minute.")
        return RemoteBadReply("JPL Horizons answered without a table.")


def command(term: str) -> str:
    """Return how Horizons is asked for a term: names as they are, comets by their newest apparition.

    Without a semicolon it looks for planets, moons and spacecraft first.
    """
    text = " ".join(term.replace("'", "").replace('"', "").replace(";", "").split())
    if text.startswith(f"{_MAJOR_BODY} "):
        return text.removeprefix(f"{_MAJOR_BODY} ")
    if text.isdigit():  # a number, or the record of a comet's apparition; 199 to 999 are planets
        return text if text.endswith("99") and len(text) == 3 else f"{text};"
    body = read_small_body(text)
    if body is None:
        return text
    if body.number.isdigit():
        return f"{body.number};"
    if body.is_comet and not body.number.endswith("I"):
        return f"DES={body.asked_for}; CAP; NOFRAG;"
    return f"DES={body.asked_for};"


def _choices(text: str) -> list[tuple[str, str]]:
    """Return what a table of several bodies offers: records of small bodies, or numbers of major ones."""
    before = f"{_MAJOR_BODY} " if "Multiple major-bodies" in text else ""
    rows = []
    for line in text.splitlines():
        found = re.match(r"^\s*(-?\d+)\s{2,}(\S.*?)\s*$", line)
        if found:
            rows.append((before + found.group(1), " ".join(found.group(2).split())[:80]))
    return rows
