"""JPL Scout: unconfirmed near-Earth objects, hours old, with samples of the orbits they may have."""

from __future__ import annotations

import logging
import statistics
from typing import Any

from tom_common.remote import RemoteBadReply
from tom_dataservices.clients.alone import alone
from tom_dataservices.clients.catalogue import (
    Catalogue,
    CatalogueObject,
    as_number,
    mjd_of_jd_or_mjd,
    orbit_fields,
)
from tom_dataservices.exceptions import QueryServiceError

logger = logging.getLogger(__name__)

KNOWN_VERSION = "1.3"
ORBIT_SAMPLES = 100
DEFAULT_SLOPE = 0.15
_ELEMENTS = ("epoch", "ec", "qr", "tp", "om", "w", "inc")


class Scout(Catalogue):
    """Objects of the NEO Confirmation Page that have no designation yet.

    References
    ----------
    https://ssd-api.jpl.nasa.gov/doc/scout.html, version 1.3: one request at a time, please.
    """

    name = "Scout"
    base_url = "https://ssd-api.jpl.nasa.gov"
    info_url = "https://cneos.jpl.nasa.gov/scout/"

    def summary(self) -> list[dict[str, Any]]:
        """Return the rows of all objects that Scout has now, as it writes them.

        Raises
        ------
        RemoteError
        """
        said = self._said({})
        rows = said.get("data", [] if str(said.get("count")) == "0" else None)
        if not isinstance(rows, list):
            raise RemoteBadReply("Scout answered without its list of objects.")
        return rows

    def named(self, term: str) -> CatalogueObject:
        """Return the object of a temporary designation, on the most typical of the orbits it may have."""
        said = self._said({"tdes": term.strip(), "orbits": "1", "n-orbits": str(ORBIT_SAMPLES)})
        if not isinstance(said.get("objectName"), str):
            raise self.nothing(term)
        return scout_object(said)

    def _said(self, parameters: dict[str, str]) -> dict[str, Any]:
        with alone(self.name):
            said = self.service().get_json("scout.api", parameters)
        if not isinstance(said, dict):
            raise RemoteBadReply("Scout answered with something that is no object.")
        error = str(said.get("error") or "")
        if "not exist" in error or "not found" in error:
            return {}
        if error:
            raise QueryServiceError(f"Scout answered: {error}.")
        signature = said.get("signature")
        version = signature.get("version") if isinstance(signature, dict) else None
        if version != KNOWN_VERSION:
            logger.warning("Scout answers in version %s, this TOM knows %s", version, KNOWN_VERSION)
        return said


def scout_object(said: dict[str, Any]) -> CatalogueObject:
    """Return the object of an answer that holds orbits.

    The elements are those of one sample, since the middle of each element apart is no orbit: the sample that
    lies nearest to the medians of perihelion distance, eccentricity and inclination.

    Raises
    ------
    QueryServiceError
        If Scout has no orbit of it yet.
    """
    name = said["objectName"]
    samples = _samples(said.get("orbits"))
    if not samples:
        raise QueryServiceError(f"Scout has no orbit of {name} yet. Ask again when it was observed more.")
    orbit = _most_typical(samples)
    fields = orbit_fields(
        epoch_mjd=mjd_of_jd_or_mjd(orbit["epoch"]),
        e=as_number(orbit["ec"]),
        inclination_deg=as_number(orbit["inc"]),
        node_deg=as_number(orbit["om"]),
        peri_deg=as_number(orbit["w"]),
        q_au=as_number(orbit["qr"]),
        tp_mjd=mjd_of_jd_or_mjd(orbit["tp"]),
    )
    h_mag = as_number(orbit.get("H"))
    fields["abs_mag"] = h_mag if h_mag is not None else as_number(said.get("H"))
    fields["slope"] = DEFAULT_SLOPE
    extras = {**scout_facts(said), "orbit_samples": len(samples)}
    return CatalogueObject(name, fields, (), extras, page_of(name))


def scout_facts(row: dict[str, Any]) -> dict[str, Any]:
    """Return what Scout knows of an object besides its orbit: scores in %, arcmin, arcsec/min, mag, au."""
    rough = " ".join(str(row.get(key) or "") for key in ("ra", "dec")).strip()
    return {
        "neo_score": _whole(row.get("neoScore")),
        "pha_score": _whole(row.get("phaScore")),
        "neo_1km_score": _whole(row.get("neo1kmScore")),
        "geocentric_score": _whole(row.get("geocentricScore")),
        "interior_earth_score": _whole(row.get("ieoScore")),
        "impact_rating": _whole(row.get("rating")),
        "v_mag": as_number(row.get("Vmag")),
        "rate_arcsec_per_min": as_number(row.get("rate")),
        "solar_elongation_deg": as_number(row.get("elong")),
        "position_error_arcmin": as_number(row.get("unc")),
        "position_error_tomorrow_arcmin": as_number(row.get("uncP1")),
        "moid_au": as_number(row.get("moid")),
        "close_approach_ld": as_number(row.get("caDist")),
        "observations": _whole(row.get("nObs")),
        "rough_position": f"{rough} at {row['tEphem']} UTC" if rough and row.get("tEphem") else None,
    }


def _whole(value: Any) -> int | None:
    found = as_number(value)
    return None if found is None else round(found)


def page_of(name: str) -> str:
    """Return the page of an object at Scout."""
    return f"{Scout.info_url}#/object/{name}"


def _samples(orbits: Any) -> list[dict[str, Any]]:
    """Return the sampled orbits as dicts by element, those with a gap left out."""
    if not isinstance(orbits, dict):
        return []
    names = orbits.get("fields") or []
    rows = [dict(zip(names, row, strict=False)) for row in orbits.get("data") or [] if isinstance(row, list)]
    return [row for row in rows if all(as_number(row.get(key)) is not None for key in _ELEMENTS)]


def _most_typical(samples: list[dict[str, Any]]) -> dict[str, Any]:
    distances = [0.0] * len(samples)
    for key in ("qr", "ec", "inc"):
        values = [float(row[key]) for row in samples]
        middle = statistics.median(values)
        spread = statistics.median(abs(value - middle) for value in values) or 1.0
        distances = [
            sum_ + abs(value - middle) / spread for sum_, value in zip(distances, values, strict=True)
        ]
    return samples[distances.index(min(distances))]
