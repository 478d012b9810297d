"""JPL's Small-Body Database: elements, magnitudes and names of an asteroid or comet in one answer."""

from __future__ import annotations

from typing import Any

from tom_common.remote import RemoteBadReply, RemoteRejected
from tom_dataservices.clients.catalogue import (
    AmbiguousNameError,
    Catalogue,
    CatalogueObject,
    as_number,
    mjd_of_jd_or_mjd,
    orbit_fields,
)
from tom_dataservices.clients.small_bodies import asked_for, is_meant, read_small_body


class SmallBodyDatabase(Catalogue):
    """Asteroids and comets."""

    name = "JPL SBDB"
    base_url = "https://ssd-api.jpl.nasa.gov"
    info_url = "https://ssd.jpl.nasa.gov/tools/sbdb_lookup.html"

    def named(self, term: str) -> CatalogueObject:
        """Return the asteroid or comet of a name, number or designation."""
        parameters = {"sstr": asked_for(term), "full-prec": "true", "phys-par": "true", "alt-des": "1"}
        try:
            said = self.service().get_json("sbdb.api", parameters)
        except RemoteRejected as error:
            if error.status == 404:
                raise self.nothing(term) from error
            raise
        if not isinstance(said, dict):
            raise RemoteBadReply("JPL SBDB answered with something that is no object.")
        if isinstance(said.get("list"), list):
            choices = [(str(one.get("pdes", "")), str(one.get("name", ""))) for one in said["list"]]
            raise AmbiguousNameError(self.name, term, choices)
        if "object" not in said:
            if "not found" in str(said.get("message", "")):
                raise self.nothing(term)
            raise RemoteBadReply(f"JPL SBDB answered: {said.get('message') or 'nothing about an object'}.")
        body = _object(said)
        if not is_meant(term, body.name):
            raise self.nothing(term)
        return body


def _object(said: dict[str, Any]) -> CatalogueObject:
    body, orbit = said["object"], said.get("orbit") or {}
    value = _values(orbit.get("elements"))
    if not isinstance(body, dict) or not body.get("fullname"):
        raise RemoteBadReply("JPL SBDB answered without the name of the body.")
    if as_number(value.get("e")) is None:
        raise RemoteBadReply("JPL SBDB answered without the elements of an orbit.")
    physical = {key: as_number(one) for key, one in _values(said.get("phys_par")).items()}
    is_comet = str(body.get("kind", "")).startswith("c")
    fields = orbit_fields(
        epoch_mjd=mjd_of_jd_or_mjd(orbit.get("epoch")),
        e=as_number(value.get("e")),
        inclination_deg=as_number(value.get("i")),
        node_deg=as_number(value.get("om")),
        peri_deg=as_number(value.get("w")),
        a_au=as_number(value.get("a")),
        q_au=as_number(value.get("q")),
        tp_mjd=mjd_of_jd_or_mjd(value.get("tp")),
        mean_anomaly_deg=as_number(value.get("ma")),
        motion_deg_per_day=as_number(value.get("n")),
        is_comet=is_comet,
    )
    fields["abs_mag"] = physical.get("M1") if is_comet else physical.get("H")
    fields["slope"] = physical.get("K1") if is_comet else physical.get("G")
    full_name = " ".join(str(body["fullname"]).split())
    named = read_small_body(full_name)
    name = named.full_name if named else full_name
    others = [one.get(key) for one in body.get("des_alt") or () for key in ("des", "pri", "yl")]
    aliases = (*(named.aliases if named else ()), *(str(one) for one in others if one))
    extras = {
        "orbit_class": (body.get("orbit_class") or {}).get("name"),
        "near_earth_object": body.get("neo"),
        "orbit_condition_code": orbit.get("condition_code"),
    }
    return CatalogueObject(
        name,
        fields,
        tuple(dict.fromkeys(one for one in aliases if one != name)),
        extras,
        f"{SmallBodyDatabase.info_url}#/?sstr={body.get('spkid', '')}",
    )


def _values(entries: Any) -> dict[str, Any]:
    """Return the values of a list of entries by their names; what is no entry is left out."""
    return {
        str(entry["name"]): entry.get("value")
        for entry in entries or ()
        if isinstance(entry, dict) and entry.get("name")
    }
