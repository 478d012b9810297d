"""Fink for Rubin's LSST: rows of sources into objects (brokers.md 4.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tom_dataservices.clients.broker import (
    BrokerObject,
    id_text,
    mjd_utc_of_tai,
    number,
    pieces,
    text,
    whole,
)
from tom_dataservices.clients.fink.rest import IDS_A_REQUEST, Fink, Row, middle
from tom_dataservices.clients.rubin_rows import (
    NAME_PREFIX,
    ab_magnitude,
    error_of_flux,
    flux_points,
    is_withdrawn,
)

_XM = "simbad_otype tns_fullname tns_type tns_redshift gaiadr3_DR3Name legacydr8_zphot vsx_Type"

LSST_COLUMNS = (
    "r:diaObjectId",
    "r:ssObjectId",
    "r:diaSourceId",
    "r:midpointMjdTai",
    "r:band",
    "r:psfFlux",
    "r:psfFluxErr",
    "r:ra",
    "r:dec",
    "r:reliability",
    "r:timeWithdrawnMjdTai",
    "f:firstDiaSourceMjdTaiFink",
    "f:pred_main_label_crossmatch",
    "f:clf_snnSnVsOthers_score",
    "f:clf_earlySNIa_score",
    *(f"f:xm_{name}" for name in _XM.split()),
)

UNNAMED_BODY = "LSST-SSO-"
"""Before the survey's number of a body of the Solar System of which no designation is told."""


class FinkLsst(Fink):
    """Sources of Rubin's LSST."""

    name = "Fink LSST"
    base_url = "https://api.lsst.fink-portal.org/api/v1"
    info_url = "https://lsst.fink-portal.org"
    web_url = "https://lsst.fink-portal.org"

    def by_ids(self, ids: Iterable[str], *, with_forced: bool = False) -> list[BrokerObject]:
        """Return objects by their diaObjectId, all sources of each."""
        found: list[BrokerObject] = []
        for some in pieces(ids, IDS_A_REQUEST):
            forced = self.ask_of("fp", "diaObjectId", some) if with_forced else []
            found += self.objects_of(self.ask_of("sources", "diaObjectId", some), forced)
        return found

    def cone(
        self, *, ra_deg: float, dec_deg: float, radius_arcsec: float, **arguments: Any
    ) -> list[BrokerObject]:
        """Return the objects around a place; limits of time act on the first detection."""
        if arguments.get("startdate") or arguments.get("stopdate"):
            # Without this column in the answer the server refuses the dates.
            arguments["columns"] = ",".join(LSST_COLUMNS)
        rows = self.ask("conesearch", ra=ra_deg, dec=dec_deg, radius=radius_arcsec, **arguments)
        return self.objects_of(rows)

    def tagged(self, tag: str, **arguments: Any) -> list[BrokerObject]:
        """Return the objects with the newest sources that bear a tag."""
        return self.objects_of(self.ask("tags", tag=tag, **arguments))

    def tags(self) -> list[tuple[str, str]]:
        """Return the tags that can be asked for."""
        said = self.service().get_json("tags")
        names = list(said) if isinstance(said, dict | list) else []
        return [(str(name), str(name).replace("_", " ")) for name in names]

    def in_skymap(self, event_name: str, **arguments: Any) -> list[BrokerObject]:
        """Return the objects in the sky map of a gravitational-wave event."""
        return self.objects_of(self.ask("skymap", event_name=event_name, **arguments))

    def solar_system(self, designation: str) -> list[BrokerObject]:
        """Return a body of the Solar System with its detections."""
        rows = self.ask("sso", n_or_d=designation)
        return [self._object(designation, rows, [], is_sidereal=False)] if rows else []

    def by_tns_name(self, name: str) -> list[BrokerObject]:
        """Return the objects at the place of a TNS name."""
        found: list[BrokerObject] = []
        for row in self.ask("resolver", resolver="tns", name_or_id=name):
            ra = number(row.get("f:ra", row.get("d:ra")))
            dec = number(row.get("f:declination", row.get("d:declination")))
            if ra is not None and dec is not None:
                found += self.cone(ra_deg=ra, dec_deg=dec, radius_arcsec=2.0)
        return list({one.object_id: one for one in found}.values())

    # --- rows

    def objects_of(self, rows: Iterable[Row], forced: Iterable[Row] = ()) -> list[BrokerObject]:
        """Return the objects of rows of sources; a source without one belongs to a moving body."""
        by_id: dict[tuple[str, bool], list[Row]] = {}
        for row in rows:
            fixed = id_text(row.get("r:diaObjectId"))
            moving = None if fixed else id_text(row.get("r:ssObjectId"))
            if fixed or moving:
                by_id.setdefault((fixed or str(moving), bool(fixed)), []).append(row)
        forced_of: dict[str, list[Row]] = {}
        for row in forced:
            forced_of.setdefault(id_text(row.get("r:diaObjectId")) or "", []).append(row)
        return [
            self._object(object_id, found, forced_of.get(object_id, []), is_sidereal=is_sidereal)
            for (object_id, is_sidereal), found in by_id.items()
        ]

    def _object(
        self, object_id: str, rows: list[Row], forced: list[Row], *, is_sidereal: bool = True
    ) -> BrokerObject:
        every = sorted(rows, key=lambda row: number(row.get("r:midpointMjdTai")) or 0.0, reverse=True)
        rows = [row for row in every if not is_withdrawn(row, "r:")]
        newest = rows[0] if rows else {}
        flux, noise = number(newest.get("r:psfFlux")), error_of_flux(newest.get("r:psfFluxErr"))
        mag, mag_err = ab_magnitude(flux, noise)
        facts = _lsst_facts(rows)
        tns = facts.get("fink_tns_fullname")
        name = f"{NAME_PREFIX}{object_id}" if is_sidereal else _body_name(object_id, rows)
        source = id_text(newest.get("r:diaSourceId"))
        separation = number(newest.get("v:separation_degree"))
        return BrokerObject(
            object_id=object_id,
            name=name,
            ra_deg=middle(rows or every, "r:ra"),
            dec_deg=middle(rows or every, "r:dec"),
            mjd_utc=mjd_utc_of_tai(newest.get("r:midpointMjdTai")),
            mag=mag,
            mag_err=mag_err,
            band=text(newest.get("r:band")),
            flux_njy=flux,
            class_name=facts.get("fink_class") or facts.get("fink_tns_type"),
            score=None,  # Fink's scores are of classes of their own, told among the classifications
            classifier="Fink",
            detections=(whole(newest.get("r:nDiaSources")) or len(rows)) if rows else 0,
            aliases=tuple(one for one in (object_id if is_sidereal else None, tns) if one and one != name),
            extras=facts,
            classifications=tuple(said for row in rows for said in _lsst_classes(row)),
            points=_points(rows, forced),
            withdrawn=_points(every, forced, withdrawn=True),
            cutouts={kind.lower(): f"{source}:{kind}" for kind in ("Science", "Template", "Difference")}
            if source
            else {},
            cutouts_alert=source or "",
            url=self.page_of(object_id),
            is_sidereal=is_sidereal,
            separation_arcsec=None if separation is None else separation * 3600.0,
        )


def _points(rows: list[Row], forced: list[Row], *, withdrawn: bool = False) -> tuple[dict[str, Any], ...]:
    return (
        *flux_points(rows, "diaSourceId", prefix="r:", withdrawn=withdrawn),
        *flux_points(forced, "diaForcedSourceId", prefix="r:", forced=True, withdrawn=withdrawn),
    )


def _lsst_facts(rows: list[Row]) -> dict[str, Any]:
    """Return facts of an object: of each cross-match, which comes and goes, the newest that is told."""
    newest = rows[0] if rows else {}
    facts: dict[str, Any] = {"lsst_diaSourceId": id_text(newest.get("r:diaSourceId"))}
    for name in _XM.split():
        read = number if name.endswith(("redshift", "zphot")) else text
        facts[f"fink_{name}"] = next(
            (found for row in rows if (found := read(row.get(f"f:xm_{name}")))), None
        )
    facts["fink_class"] = next(
        (found for row in rows if (found := text(row.get("f:pred_main_label_crossmatch")))), None
    )
    for name in ("snnSnVsOthers_score", "earlySNIa_score"):
        score = number(newest.get(f"f:clf_{name}"))
        facts[f"fink_{name}"] = score if score is not None and score >= 0 else None
    facts["reliability"] = number(newest.get("r:reliability"))
    return facts


def _lsst_classes(row: Row) -> list[dict[str, Any]]:
    mjd = mjd_utc_of_tai(row.get("r:midpointMjdTai"))
    told: list[tuple[str, str | None, float | None]] = [
        ("cross-match", text(row.get("f:pred_main_label_crossmatch")), None),
        ("TNS", text(row.get("f:xm_tns_type")), None),
        ("SIMBAD", text(row.get("f:xm_simbad_otype")), None),
    ]
    for name, class_name in (("snnSnVsOthers_score", "SN"), ("earlySNIa_score", "SN Ia")):
        score = number(row.get(f"f:clf_{name}"))
        told.append(
            (name.removesuffix("_score"), class_name if score is not None and score > 0 else None, score)
        )
    return [
        {"classifier": classifier, "class_name": class_name, "probability": probability, "mjd_utc": mjd}
        for classifier, class_name, probability in told
        if class_name and mjd is not None
    ]


def _body_name(object_id: str, rows: list[Row]) -> str:
    keys = ("r:mpcDesignation", "r:designation", "f:sso_name")
    told = (text(row.get(key)) for row in rows for key in keys)
    name = next((one for one in told if one), None)
    return name or (
        f"{UNNAMED_BODY}{object_id}" if object_id.isdecimal() and len(object_id) > 9 else object_id
    )
