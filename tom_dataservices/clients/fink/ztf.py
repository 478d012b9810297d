"""Fink for ZTF: rows of alerts into objects (brokers.md 4.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tom_dataservices.clients.broker import (
    BrokerObject,
    error_of,
    id_text,
    is_negative,
    magnitude,
    mjd_of_jd,
    number,
    pieces,
    point,
    shown_brightness,
    text,
    whole,
)
from tom_dataservices.clients.fink.rest import IDS_A_REQUEST, Fink, Row, middle

ZTF_BANDS = {1: "g", 2: "r", 3: "i"}
_SCORES = {
    "rf_snia_vs_nonia": "SN Ia",
    "snn_snia_vs_nonia": "SN Ia",
    "snn_sn_vs_all": "SN",
    "rf_kn_vs_nonkn": "Kilonova",
    "mulens": "Microlensing",
    "slsn_score": "SLSN",
}
"""Fink's scores of ZTF alerts, and of which class each is the probability; -1 stands for none."""
_SCORE_OF_CLASS = {
    "Early SN Ia candidate": "rf_snia_vs_nonia",
    "SN candidate": "snn_sn_vs_all",
    "SLSN candidate": "slsn_score",
    "Kilonova candidate": "rf_kn_vs_nonkn",
    "Microlensing candidate": "mulens",
}
_FACTS = {
    "cdsxmatch": "fink_simbad_class",
    "tns": "fink_tns_type",
    "DR3Name": "fink_gaia_dr3_name",
    "vsx": "fink_vsx",
    "gcvs": "fink_gcvs",
    "tracklet": "fink_tracklet",
}
_NUMBERS = ("mag_rate", "sigma_rate", "anomaly_score", "Plx")


class FinkZtf(Fink):
    """Alerts of ZTF, updated once a day after the night."""

    name = "Fink ZTF"
    base_url = "https://api.ztf.fink-portal.org/api/v1"
    info_url = "https://ztf.fink-portal.org"
    web_url = "https://ztf.fink-portal.org"

    def by_ids(self, ids: Iterable[str], *, with_limits: bool = False) -> list[BrokerObject]:
        """Return objects by their names, all alerts of each."""
        found: list[BrokerObject] = []
        for some in pieces(ids, IDS_A_REQUEST):
            rows = self.ask_of("objects", "objectId", some, withupperlim=with_limits or None)
            found += self.objects_of(rows)
        return found

    def cone(
        self, *, ra_deg: float, dec_deg: float, radius_arcsec: float, **arguments: Any
    ) -> list[BrokerObject]:
        """Return the objects around a place, nearest first."""
        rows = self.ask("conesearch", ra=ra_deg, dec=dec_deg, radius=radius_arcsec, **arguments)
        return self.objects_of(rows)

    def latest(self, class_name: str, **arguments: Any) -> list[BrokerObject]:
        """Return the objects with the newest alerts of a class."""
        return self.objects_of(self.ask("latests", **{"class": class_name}, **arguments))

    def in_skymap(self, event_name: str, **arguments: Any) -> list[BrokerObject]:
        """Return the objects in the sky map of a gravitational-wave event."""
        return self.objects_of(self.ask("skymap", event_name=event_name, **arguments))

    def solar_system(self, designation: str) -> list[BrokerObject]:
        """Return a body of the Solar System with its detections."""
        rows = self.ask("sso", n_or_d=designation)
        by_name: dict[str, list[Row]] = {}
        for row in rows:
            by_name.setdefault(text(row.get("i:ssnamenr")) or designation, []).append(row)
        return [self._body(name, found) for name, found in by_name.items()]

    def by_tns_name(self, name: str) -> list[BrokerObject]:
        """Return the objects that a TNS name stands for."""
        found: list[BrokerObject] = []
        for row in self.ask("resolver", resolver="tns", name=name):
            internal = (text(row.get("d:internalname")) or "").replace(",", " ").split()
            ids = [one for one in internal if one.startswith("ZTF")]
            ra, dec = number(row.get("d:ra")), number(row.get("d:declination"))
            if ids:
                found += self.by_ids(ids)
            elif ra is not None and dec is not None:
                found += self.cone(ra_deg=ra, dec_deg=dec, radius_arcsec=2.0)
        return list({one.object_id: one for one in found}.values())

    def classes(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Return Fink's classes under their headings."""
        said = self.service().get_json("classes")
        if not isinstance(said, dict):
            return []
        return [
            (str(heading), [(str(one), str(one)) for one in names])
            for heading, names in said.items()
            if isinstance(names, list)
        ]

    # --- rows

    def objects_of(self, rows: Iterable[Row]) -> list[BrokerObject]:
        """Return the objects that rows of alerts belong to, in the order in which they come."""
        by_id: dict[str, list[Row]] = {}
        for row in rows:
            object_id = id_text(row.get("i:objectId"))
            if object_id:
                by_id.setdefault(object_id, []).append(row)
        return [self._object(object_id, found) for object_id, found in by_id.items()]

    def _object(self, object_id: str, rows: list[Row]) -> BrokerObject:
        rows = sorted(rows, key=lambda row: number(row.get("i:jd")) or 0.0, reverse=True)
        detected = [row for row in rows if row.get("d:tag", "valid") == "valid"]
        valid = detected or rows[:1]
        newest = valid[0]
        class_name = next((found for row in valid if (found := text(row.get("v:classification")))), None)
        score = number(newest.get(f"d:{_SCORE_OF_CLASS.get(class_name or '', '')}"))
        separation = number(newest.get("v:separation_degree"))
        candid = id_text(newest.get("i:candid"))
        mag, mag_err, flux = shown_brightness(
            magnitude(newest.get("i:magpsf")),
            error_of(newest.get("i:sigmapsf")),
            negative=is_negative(newest.get("i:isdiffpos")),
        )
        return BrokerObject(
            object_id=object_id,
            name=object_id,
            ra_deg=middle(valid, "i:ra"),
            dec_deg=middle(valid, "i:dec"),
            mjd_utc=mjd_of_jd(newest.get("i:jd")),
            mag=mag,
            mag_err=mag_err,
            flux_njy=flux,
            band=ZTF_BANDS.get(whole(newest.get("i:fid")) or 0),
            class_name=class_name,
            score=score if score is not None and score >= 0 else None,
            classifier="Fink",
            detections=whole(newest.get("i:ndethist")) or len(detected),
            extras=_ztf_facts(valid, class_name),
            classifications=tuple(said for row in valid for said in _ztf_classes(row)),
            points=_ztf_points(rows),
            cutouts={
                kind.lower(): f"{object_id}:{candid}:{kind}" for kind in ("Science", "Template", "Difference")
            }
            if candid
            else {},
            cutouts_alert=candid or "",
            url=self.page_of(object_id),
            separation_arcsec=None if separation is None else separation * 3600.0,
        )

    def _body(self, name: str, rows: list[Row]) -> BrokerObject:
        found = self._object(id_text(rows[0].get("i:objectId")) or name, rows)
        return BrokerObject(
            object_id=name,
            name=name,
            ra_deg=found.ra_deg,
            dec_deg=found.dec_deg,
            mjd_utc=found.mjd_utc,
            mag=found.mag,
            mag_err=found.mag_err,
            flux_njy=found.flux_njy,
            band=found.band,
            class_name="Solar System MPC",
            classifier="Fink",
            detections=len(rows),
            points=found.points,
            url=self.page_of(name),
            is_sidereal=False,
        )


def _ztf_points(rows: list[Row]) -> tuple[dict[str, Any], ...]:
    made = []
    for row in rows:
        tag = row.get("d:tag", "valid")
        if tag == "badquality":
            continue
        is_limit = tag == "upperlim" or magnitude(row.get("i:magpsf")) is None
        made.append(
            point(
                mjd=mjd_of_jd(row.get("i:jd")),
                band=ZTF_BANDS.get(whole(row.get("i:fid")) or 0),
                mag=None if is_limit else magnitude(row.get("i:magpsf")),
                mag_err=None if is_limit else error_of(row.get("i:sigmapsf")),
                limit=magnitude(row.get("i:diffmaglim")) if is_limit else None,
                negative=not is_limit and is_negative(row.get("i:isdiffpos")),
                measurement=None if is_limit else id_text(row.get("i:candid")),
                ra_deg=None if is_limit else number(row.get("i:ra")),
                dec_deg=None if is_limit else number(row.get("i:dec")),
            )
        )
    return tuple(one for one in made if one is not None)


def _ztf_classes(row: Row) -> list[dict[str, Any]]:
    mjd = mjd_of_jd(row.get("i:jd"))
    version = text(row.get("d:fink_science_version")) or ""
    told: list[tuple[str, str | None, float | None]] = [
        ("classification", text(row.get("v:classification")), None),
        ("TNS", text(row.get("d:tns")), None),
        ("SIMBAD", text(row.get("d:cdsxmatch")), None),
    ]
    for name, class_name in _SCORES.items():
        score = number(row.get(f"d:{name}"))
        told.append((name, class_name if score is not None and score > 0 else None, score))
    return [
        {
            "classifier": classifier,
            "version": "" if classifier in ("TNS", "SIMBAD") else version,
            "class_name": class_name,
            "probability": probability,
            "mjd_utc": mjd,
        }
        for classifier, class_name, probability in told
        if class_name and mjd is not None
    ]


def _ztf_facts(rows: list[Row], class_name: str | None) -> dict[str, Any]:
    """Return facts of an object: of each the newest that is told."""
    facts: dict[str, Any] = {"fink_class": class_name, "ztf_candid": id_text(rows[0].get("i:candid"))}
    for name, key in _FACTS.items():
        facts[key] = next((found for row in rows if (found := text(row.get(f"d:{name}")))), None)
    for name in (*_SCORES, *_NUMBERS):
        value = number(rows[0].get(f"d:{name}"))
        facts[f"fink_{name}"] = None if value is None or (name in _SCORES and value < 0) else value
    for name in ("drb", "rb", "magnr"):
        facts[name] = number(rows[0].get(f"i:{name}"))
    return facts
