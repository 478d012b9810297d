"""Lasair for LSST: rows of its tables and its light-curve packets into objects."""

from __future__ import annotations

from typing import Any, ClassVar

from tom_common.remote import RemoteBadReply
from tom_dataservices.clients.broker import (
    BrokerObject,
    id_text,
    mjd_utc_of_tai,
    number,
    text,
    whole,
)
from tom_dataservices.clients.lasair.rest import (
    Lasair,
    Row,
    annotation,
    classifications,
    first_row,
    images_of,
    tns_name,
)
from tom_dataservices.clients.rubin_rows import NAME_PREFIX, ab_magnitude, flux_points, is_withdrawn
from tom_dataservices.exceptions import QueryServiceError


class LasairLsst(Lasair):
    """Objects of Rubin's LSST: numbers, fluxes in nJy, times in TAI."""

    name = "Lasair"
    base_url = "https://api.lasair.lsst.ac.uk/api"
    info_url = "https://lasair.lsst.ac.uk"
    web_url = "https://lasair.lsst.ac.uk"
    id_column = "diaObjectId"
    bands: ClassVar[str] = "ugrizy"
    columns = (
        "objects.diaObjectId",
        "objects.ra",
        "objects.decl",
        "objects.nDiaSources",
        "objects.firstDiaSourceMjdTai",
        "objects.lastDiaSourceMjdTai",
        "objects.latestR",
        *(f"objects.{band}_{what}" for band in "ugrizy" for what in ("psfFlux", "latestMJD")),
    )

    def literal(self, object_id: str) -> str:
        """Return a number; anything else is refused."""
        if not object_id.isdecimal():
            raise QueryServiceError(f"{object_id} is no diaObjectId: Lasair numbers its LSST objects.")
        return object_id

    def object_of(self, row: Row) -> BrokerObject | None:
        """Return the object of a row of a query: the newest flux is that of the band measured last."""
        object_id = id_text(row.get("diaObjectId"))
        if object_id is None:
            return None
        times = {band: number(row.get(f"{band}_latestMJD")) for band in self.bands}
        seen = {band: when for band, when in times.items() if when is not None}
        band = max(seen, key=lambda name: seen[name]) if seen else None
        flux = number(row.get(f"{band}_psfFlux")) if band else None
        mag, _ = ab_magnitude(flux, None)
        last = number(row.get("lastDiaSourceMjdTai")) or (seen[band] if band else None)
        mjd = mjd_utc_of_tai(last)
        sherlock, tns = text(row.get("classification")), text(row.get("tns_name"))
        return BrokerObject(
            object_id=object_id,
            name=f"{NAME_PREFIX}{object_id}",
            ra_deg=number(row.get("ra")),
            dec_deg=number(row.get("decl", row.get("dec"))),
            mjd_utc=mjd,
            mag=mag,
            band=band,
            flux_njy=flux,
            class_name=sherlock,
            classifier="Sherlock" if sherlock else None,
            detections=whole(row.get("nDiaSources")),
            aliases=tuple(one for one in (object_id, tns_name(row)) if one),
            extras={
                "lasair_sherlock": sherlock,
                "lasair_tns_name": tns,
                "lasair_tns_type": text(row.get("type")),
                "reliability": number(row.get("latestR")),
                "lasair_host_separation_arcsec": number(row.get("separationArcsec")),
            },
            classifications=classifications(sherlock, text(row.get("type")) if tns else None, mjd),
            url=self.page_of(object_id),
        )

    def known(self, object_id: str) -> BrokerObject:
        """Return an object with its light curve, annotations and images."""
        said = self.one(self.literal(object_id), lasair_added="true", lite="false")
        return self.packet(said)

    def packet(self, said: Row) -> BrokerObject:
        """Return the object of a full or lite light-curve packet."""
        summary = first_row(said.get("diaObject"))
        added = first_row(said.get("lasairData"))
        sources = self.rows_of(said.get("diaSourcesList") or [])
        forced = self.rows_of(said.get("diaForcedSourcesList") or [])
        object_id = id_text(said.get("diaObjectId") or summary.get("diaObjectId"))
        if object_id is None:
            raise RemoteBadReply(f"{self.name} answered with an object without a number.")
        valid = [row for row in sources if not is_withdrawn(row)]
        newest = max(valid, key=lambda row: number(row.get("midpointMjdTai")) or 0.0, default={})
        notes = added.get("annotations") or said.get("annotations") or []
        by_sherlock = notes.get("sherlock") if isinstance(notes, dict) else None
        sherlock = text(first_row(added.get("sherlock") or by_sherlock).get("classification"))
        tns = first_row(added.get("TNS"))
        mjd = mjd_utc_of_tai(newest.get("midpointMjdTai", summary.get("lastDiaSourceMjdTai")))
        flux = number(newest.get("psfFlux"))
        mag, mag_err = ab_magnitude(flux, number(newest.get("psfFluxErr")))
        images = newest_images(added.get("imageUrls"), id_text(newest.get("diaSourceId")))
        return BrokerObject(
            object_id=object_id,
            name=f"{NAME_PREFIX}{object_id}",
            ra_deg=number(summary.get("ra")),
            dec_deg=number(summary.get("decl", summary.get("dec"))),
            mjd_utc=mjd,
            mag=mag,
            mag_err=mag_err,
            band=text(newest.get("band")),
            flux_njy=flux,
            class_name=sherlock,
            classifier="Sherlock" if sherlock else None,
            detections=len(valid),
            aliases=tuple(one for one in (object_id, tns_name(tns)) if one),
            extras={
                "lasair_sherlock": sherlock,
                "lasair_tns_name": text(tns.get("tns_name")),
                "lasair_tns_type": text(tns.get("type")),
            },
            classifications=(
                *classifications(sherlock, text(tns.get("type")), mjd),
                *(annotation(one, mjd) for one in notes if isinstance(one, dict)),
            ),
            points=_points(sources, forced),
            withdrawn=_points(sources, forced, withdrawn=True),
            cutouts=images_of(images),
            cutouts_alert=id_text(images.get("diaSourceId")) or "",
            url=self.page_of(object_id),
        )


def _points(sources: list[Row], forced: list[Row], *, withdrawn: bool = False) -> tuple[Row, ...]:
    return (
        *flux_points(sources, "diaSourceId", withdrawn=withdrawn),
        *flux_points(forced, "diaForcedSourceId", forced=True, withdrawn=withdrawn),
    )


def newest_images(listed: Any, source_id: str | None) -> Row:
    """Return the addresses of the images of one source, else of the largest number: they rise with time."""
    rows = (
        [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else [first_row(listed)]
    )
    by_id = {found: row for row in rows if (found := id_text(row.get("diaSourceId")))}
    if source_id in by_id:
        return by_id[source_id]
    return by_id[max(by_id, key=int)] if by_id else first_row(listed)
