"""Lasair's archive of ZTF: rows of its tables and its answers for one object into objects."""

from __future__ import annotations

from tom_common.remote import RemoteBadReply
from tom_dataservices.clients.broker import (
    BrokerObject,
    error_of,
    id_text,
    is_negative,
    magnitude,
    mjd_of_jd,
    number,
    point,
    shown_brightness,
    text,
    whole,
)
from tom_dataservices.clients.fink.ztf import ZTF_BANDS
from tom_dataservices.clients.lasair.rest import (
    Lasair,
    Row,
    classifications,
    first_row,
    images_of,
    tns_name,
)


class LasairZtf(Lasair):
    """The archive of ZTF objects: it does not grow any more."""

    name = "Lasair ZTF"
    base_url = "https://lasair-ztf.lsst.ac.uk/api"
    info_url = "https://lasair-ztf.lsst.ac.uk"
    web_url = "https://lasair-ztf.lsst.ac.uk"
    id_column = "objectId"
    columns = (
        "objects.objectId",
        "objects.ramean",
        "objects.decmean",
        "objects.ncand",
        "objects.jdmax",
        "objects.jdgmax",
        "objects.gmag",
        "objects.rmag",
    )

    def object_of(self, row: Row) -> BrokerObject | None:
        """Return the object of a row of a query."""
        object_id = id_text(row.get("objectId"))
        if object_id is None:
            return None
        mags = {"g": magnitude(row.get("gmag")), "r": magnitude(row.get("rmag"))}
        last, last_g = number(row.get("jdmax")), number(row.get("jdgmax"))
        order = ("g", "r") if last is not None and last == last_g else ("r", "g")
        band = next((name for name in order if mags[name] is not None), None)
        mjd = mjd_of_jd(last)
        sherlock, tns = text(row.get("classification")), text(row.get("tns_name"))
        return BrokerObject(
            object_id=object_id,
            name=object_id,
            ra_deg=number(row.get("ramean")),
            dec_deg=number(row.get("decmean")),
            mjd_utc=mjd,
            mag=mags[band] if band else None,
            band=band,
            class_name=sherlock,
            classifier="Sherlock" if sherlock else None,
            detections=whole(row.get("ncand")),
            aliases=tuple(one for one in (tns_name(row),) if one),
            extras={
                "lasair_sherlock": sherlock,
                "lasair_tns_name": tns,
                "lasair_tns_type": text(row.get("type")),
                "lasair_host_separation_arcsec": number(row.get("separationArcsec")),
            },
            classifications=classifications(sherlock, text(row.get("type")) if tns else None, mjd),
            url=self.page_of(object_id),
        )

    def known(self, object_id: str) -> BrokerObject:
        """Return an object with its light curve."""
        return self.packet(self.one(object_id))

    def packet(self, said: Row) -> BrokerObject:
        """Return the object of an answer; a limit is told by its missing ``candid``."""
        object_id = id_text(said.get("objectId"))
        if object_id is None:
            raise RemoteBadReply(f"{self.name} answered with an object without a name.")
        data = first_row(said.get("objectData"))
        sherlock_row, tns = first_row(said.get("sherlock")), first_row(said.get("TNS"))
        rows = self.rows_of(said.get("candidates") or [])
        points = [ztf_point(row) for row in rows]
        detections = [row for row in rows if id_text(row.get("candid"))]
        newest = max(detections, key=lambda row: number(row.get("jd")) or 0.0, default={})
        mjd = mjd_of_jd(newest.get("jd", data.get("jdmax")))
        sherlock = text(sherlock_row.get("classification"))
        mag, mag_err, flux = shown_brightness(
            magnitude(newest.get("magpsf")),
            error_of(newest.get("sigmapsf")),
            negative=is_negative(newest.get("isdiffpos")),
        )
        return BrokerObject(
            object_id=object_id,
            name=object_id,
            ra_deg=number(data.get("ramean")),
            dec_deg=number(data.get("decmean")),
            mjd_utc=mjd,
            mag=mag,
            mag_err=mag_err,
            flux_njy=flux,
            band=ZTF_BANDS.get(whole(newest.get("fid")) or 0),
            class_name=sherlock,
            classifier="Sherlock" if sherlock else None,
            detections=whole(data.get("ncand")) or len(detections),
            aliases=tuple(one for one in (tns_name(tns),) if one),
            extras={
                "lasair_sherlock": sherlock,
                "lasair_tns_name": text(tns.get("tns_name")),
                "lasair_tns_type": text(tns.get("type")),
                "lasair_host_separation_arcsec": number(sherlock_row.get("separationArcsec")),
                "lasair_host_z": next(
                    (z for key in ("z", "photoZ") if (z := number(sherlock_row.get(key))) is not None), None
                ),
            },
            classifications=classifications(sherlock, text(tns.get("type")), mjd),
            points=tuple(one for one in points if one is not None),
            cutouts=images_of(newest.get("image_urls")),
            cutouts_alert=id_text(newest.get("candid")) or "",
            url=self.page_of(object_id),
        )


def ztf_point(row: Row) -> Row | None:
    """Return a candidate as a point: without a ``candid`` it is a limit, which ``magpsf`` repeats."""
    candid = id_text(row.get("candid"))
    return point(
        mjd=mjd_of_jd(row.get("jd")),
        band=ZTF_BANDS.get(whole(row.get("fid")) or 0),
        mag=magnitude(row.get("magpsf")) if candid else None,
        mag_err=error_of(row.get("sigmapsf")) if candid else None,
        limit=None if candid else magnitude(row.get("diffmaglim")),
        negative=bool(candid) and is_negative(row.get("isdiffpos")),
        measurement=candid,
        ra_deg=number(row.get("ra")) if candid else None,
        dec_deg=number(row.get("dec")) if candid else None,
    )
