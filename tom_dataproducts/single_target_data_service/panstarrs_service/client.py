"""The client of the Pan-STARRS1 tables in the catalogue API of MAST."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tom_common.remote import RemoteBadReply, RemoteService
from tom_dataproducts.single_target_data_service.outcomes import NotWhole
from tom_targets.finder import separation

PAGE_SIZE, MAX_PAGES = 5000, 40
LEAST_PSF_ON_GOOD_PIXELS = 0.9
SUMMARIES = frozenset({"mean", "stack", "forced_mean"})
"""Tables with one row for an object; a date that one lacks is taken from the mean table."""
_OBJECT_COLUMNS = ("objID", "raMean", "decMean", "epochMean", "nDetections")


@dataclass(frozen=True)
class PS1Object:
    """An object of the catalogue; its number has 64 bits and is kept as text."""

    number: str
    ra_deg: float
    dec_deg: float
    distance_arcsec: float
    epoch_mjd: float | None = None
    """Mean epoch of its detections."""


class MASTClient:
    """The Pan-STARRS1 part of the catalogue API.

    Parameters
    ----------
    url : str
    token : str
        Not needed for public data.
    """

    def __init__(self, url: str, *, token: str = "") -> None:
        headers = {"Accept": "*/*", **({"Authorization": f"token {token}"} if token else {})}
        self._service = RemoteService("MAST", url, headers=headers, read_timeout_s=60.0, tries=1)

    def objects_near(
        self, ra_deg: float, dec_deg: float, *, radius_arcsec: float, release: str, min_detections: int
    ) -> list[PS1Object]:
        """Return the objects of the mean table in a circle, the nearest first.

        Raises
        ------
        RemoteError
        """
        params = {
            "ra": ra_deg,
            "dec": dec_deg,
            "radius": f"{radius_arcsec / 3600:.7f}",
            "nDetections.gte": min_detections,
            "columns": list(_OBJECT_COLUMNS),
            "pagesize": PAGE_SIZE,
        }
        found = self._service.get_json(f"{release}/mean.json", params)
        if found is None:
            return []
        try:
            names = [column["name"] for column in found["info"]]
            rows = [dict(zip(names, row, strict=True)) for row in found["data"]]
            objects = [_object(row, ra_deg, dec_deg) for row in rows]
        except (KeyError, TypeError, ValueError) as error:
            raise RemoteBadReply("MAST did not answer with a table of objects.") from error
        inside = [near for near in objects if near.distance_arcsec <= radius_arcsec]
        return sorted(inside, key=lambda near: near.distance_arcsec)

    def rows_of(self, found: PS1Object, *, table: str, release: str, good_only: bool) -> bytes:
        """Return the rows of an object in a table as CSV, page after page; empty without any.

        Raises
        ------
        NotWhole
            If what comes is no table.
        RemoteError
        """
        params: dict[str, Any] = {"objID": found.number, "pagesize": PAGE_SIZE}
        if table == "detection" and good_only:
            params |= {"psfQfPerfect.gt": LEAST_PSF_ON_GOOD_PIXELS, "psfFlux.gt": 0}
        head, rows = b"", []
        for page in range(1, MAX_PAGES + 1):
            content = self._service.get_bytes(f"{release}/{table}.csv", {**params, "page": page})
            lines = content.strip().splitlines()
            if lines and b"objid" not in lines[0].lower():
                raise NotWhole("MAST did not answer with a table.")
            if any(line.count(b",") != lines[0].count(b",") for line in lines[1:]):
                raise NotWhole("The table that MAST gave breaks off in a row.")
            head = lines[0] if lines else head
            rows += lines[1:]
            if len(lines) - 1 < PAGE_SIZE:
                break
        if not rows:
            return b""
        if table in SUMMARIES and b"epochmean" not in head.lower() and found.epoch_mjd:
            epoch = f",{found.epoch_mjd}".encode()
            head, rows = head + b",epochMean", [row + epoch for row in rows]
        return b"\n".join([head, *rows]) + b"\n"


def _object(row: dict[str, Any], ra_deg: float, dec_deg: float) -> PS1Object:
    ra, dec = float(row["raMean"]), float(row["decMean"])
    epoch = float(row["epochMean"] or 0)  # -999 where it is missing
    distance = 3600.0 * separation(ra_deg, dec_deg, ra, dec)
    return PS1Object(str(row["objID"]), ra, dec, distance, epoch if epoch > 0 else None)
