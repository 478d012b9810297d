"""Babamul, the public face of BOOM: alerts of ZTF and Rubin, joined."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tom_common.astro.photometry import AB_ZERO_POINT_NJY
from tom_common.astro.time import JD_OF_MJD_0, mjd_utc_to_mjd_tai
from tom_common.remote import RemoteBadReply, RemoteRejected
from tom_dataservices.clients.broker import (
    BrokerClient,
    BrokerObject,
    error_of,
    id_text,
    is_negative,
    magnitude,
    mjd_of_jd,
    mjd_utc_of_tai,
    number,
    point,
    refuse_error,
    shown_brightness,
    text,
    whole,
)
from tom_dataservices.exceptions import MissingDataException, NotConfiguredError, QueryServiceError

MAX_RADIUS_ARCSEC = 600.0
SURVEYS = ("ZTF", "LSST")
BODY = "sso"
"""What the objectId of a body of the Solar System begins with that belongs to no diaObject."""
_LIST_PARTS = ("prv_candidates", "prv_nondetections", "fp_hists")
_FLAGS = ("is_positive", "is_rock", "is_star", "is_near_brightstar", "is_stationary")


class Babamul(BrokerClient):
    """The interface of Babamul; needs a token (``bbml_...``), made on the user's page there.

    References
    ----------
    https://babamul.caltech.edu/babamul/docs, and the server's source (boom-astro/boom), read 2026.
    """

    name = "Babamul"
    base_url = "https://babamul.caltech.edu/api/babamul"
    info_url = "https://babamul.caltech.edu/"
    page_size = 500

    def alerts(self, survey: str, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield alerts of a survey, page by page.

        Parameters
        ----------
        survey : str
            ZTF or LSST.
        query : dict
            Names of the interface: ``object_id``, ``ra``, ``dec``, ``radius_arcsec``, ``start_jd``,
            ``end_jd``, ``min_magpsf``, ``max_magpsf``, ``min_drb``, ``max_drb`` and ``is_...``.
        """
        size = self.rows_a_page()
        skip = 0
        before: list[dict[str, Any]] = []
        while True:
            said = self._said(f"surveys/{survey}/alerts", {**query, "limit": size, "skip": skip})
            rows = self.rows_of(said)
            if rows and rows == before:
                raise RemoteBadReply("Babamul gives the same page again: what follows it is not to be had.")
            yield from rows
            if len(rows) < size:
                return
            skip += size
            before = rows

    def object(self, survey: str, object_id: str) -> dict[str, Any]:
        """Return the newest alert of an object with its light curve.

        Raises
        ------
        MissingDataException
            If there is none of this id.
        """
        try:
            said = self._said(f"surveys/{survey}/objects/{quote(object_id, safe='')}")
        except RemoteRejected as error:
            if error.status == 404:
                raise MissingDataException(f"Babamul knows no object {object_id} of {survey}.") from error
            raise
        if not said:
            raise MissingDataException(f"Babamul knows no object {object_id} of {survey}.")
        if not isinstance(said, dict):
            raise RemoteBadReply("Babamul answered with an object that is none.")
        return said

    def cutout(self, survey: str, object_id: str, candid: str, role: str) -> bytes | None:
        """Return an image of an alert (``science``, ``template``, ``difference``), FITS, gzip for ZTF."""
        said = self._said(f"surveys/{survey}/objects/{quote(object_id, safe='')}/cutouts", {"candid": candid})
        found = said.get(f"cutout{role.capitalize()}") if isinstance(said, dict) else None
        if not found:
            return None
        try:
            # Older servers write the bytes as a list of numbers.
            return bytes(found) if isinstance(found, list) else base64.b64decode(found, validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise RemoteBadReply("Babamul answered with an image that cannot be read.") from error

    def _said(self, path: str, parameters: dict[str, Any] | None = None) -> Any:
        """Return what lies under ``data`` of an answer, None where it was left out."""
        token = self.key()
        service = self.service(headers={"Authorization": f"Bearer {token}"})
        try:
            said = service.get_json(path, parameters)
        except RemoteRejected as error:
            if error.status in (401, 403):
                raise NotConfiguredError(
                    "Babamul does not accept the token of DATA_SERVICES['Babamul']: make a new one there."
                ) from error
            if error.status == 400:
                words = error.detail or "it is not understood"
                raise QueryServiceError(f"Babamul refuses the query: {words}.") from error
            raise
        refuse_error(self.name, said)
        if not isinstance(said, dict) or not ({"data", "message"} & set(said)):
            raise RemoteBadReply("Babamul answered without message and data.")
        if said.get("status") == "error":
            raise QueryServiceError(f"Babamul refuses the query: {said.get('message')}.")
        return said.get("data")


def asked(query: dict[str, Any], survey: str = "ZTF") -> dict[str, Any]:
    """Return the parameters of ``alerts`` for what a form wants.

    Rubin's Julian dates are in TAI at older servers, in UTC at newer ones: the window is as wide as either
    has it, and `fits` of the service looks at the exact times.
    """
    found: dict[str, Any] = {}
    if query.get("ra_deg") is not None:
        found |= {"ra": query["ra_deg"], "dec": query["dec_deg"], "radius_arcsec": query["radius_arcsec"]}
    for key, name in (("mjd_min", "start_jd"), ("mjd_max", "end_jd")):
        if query.get(key) is not None:
            is_late_end = survey == "LSST" and key == "mjd_max"
            mjd = float(mjd_utc_to_mjd_tai(query[key])) if is_late_end else query[key]
            found[name] = mjd + JD_OF_MJD_0
    names = {"mag_min": "min_magpsf", "mag_max": "max_magpsf", "drb_min": "min_drb", "drb_max": "max_drb"}
    found |= {name: query[key] for key, name in names.items() if query.get(key) is not None}
    found |= {flag: str(query[flag] == "yes").lower() for flag in _FLAGS if query.get(flag)}
    return found


def babamul_object(said: dict[str, Any], survey: str) -> BrokerObject:
    """Return an alert, with its light curve or without, as brokers' objects are given."""
    candidate = said.get("candidate") or {}
    object_id = id_text(said.get("objectId"))
    if object_id is None:
        raise RemoteBadReply("Babamul answered with an alert without objectId.")
    is_rubin = survey == "LSST"
    is_body = is_rubin and object_id.startswith(BODY)
    name = f"LSST-P-DO-{object_id}" if is_rubin and not is_body else object_id
    if is_body:
        name = _designation(said) or object_id
    lists = {part: [one for one in said.get(part) or () if isinstance(one, dict)] for part in _LIST_PARTS}
    jd_is_utc = is_rubin and _jd_is_utc([candidate, *(one for rows in lists.values() for one in rows)])
    mjd = (
        mjd_utc_of_tai(_mjd_tai(candidate, jd_is_utc=jd_is_utc))
        if is_rubin
        else mjd_of_jd(candidate.get("jd"))
    )
    candid = id_text(said.get("candid") or said.get("_id") or candidate.get("candid"))
    points = [_point(candidate | {"candid": candid}, is_rubin=is_rubin, jd_is_utc=jd_is_utc)]
    for part, rows in lists.items():
        points += [
            _point(one, is_rubin=is_rubin, jd_is_utc=jd_is_utc, forced=part == "fp_hists") for one in rows
        ]
    scores = {
        key: value
        for key, one in (said.get("classifications") or {}).items()
        if (value := number(one)) is not None
    }
    best = max(scores, key=lambda key: scores[key], default=None)
    aliases = [object_id] if name != object_id else []
    for other, match in (said.get("survey_matches") or {}).items():
        if isinstance(match, dict) and (matched := id_text(match.get("objectId") or match.get("object_id"))):
            aliases.append(f"LSST-P-DO-{matched}" if other.lower() == "lsst" else matched)
    facts = said.get("properties") or {}
    measured = number(candidate.get("psfFlux"))
    mag, mag_err, flux = shown_brightness(
        magnitude(candidate.get("magpsf")),
        error_of(candidate.get("sigmapsf")),
        negative=is_negative(candidate.get("isdiffpos")),
    )
    return BrokerObject(
        object_id=object_id,
        name=name,
        ra_deg=number(candidate.get("ra")),
        dec_deg=number(candidate.get("dec")),
        mjd_utc=mjd,
        mag=mag,
        mag_err=mag_err,
        band=_band(candidate),
        flux_njy=None if mag is not None else _first(measured if is_rubin else None, flux, measured),
        class_name=best,
        score=scores.get(best) if best else None,
        classifier="BOOM" if best else None,
        detections=whole(candidate.get("ndethist")),
        aliases=tuple(dict.fromkeys(aliases)),
        extras={
            "drb": number(candidate.get("drb")),
            "solar_system_name": text(candidate.get("ssnamenr")),
            **{f"is_{key}": value for key, value in facts.items() if isinstance(value, bool)},
            **_rates(facts.get("photstats")),
        },
        classifications=tuple(
            {"classifier": "BOOM", "class_name": key, "probability": value, "mjd_utc": mjd}
            for key, value in scores.items()
        ),
        points=tuple(one for one in points if one is not None),
        cutouts={role: candid for role in ("science", "template", "difference")} if candid else {},
        cutouts_alert=candid or "",
        url=f"{Babamul.info_url}objects/{survey}/{object_id}",
        is_sidereal=not is_body,
    )


def _jd_is_utc(rows: list[dict[str, Any]]) -> bool:
    """Tell in which scale a server writes the ``jd`` of Rubin: TAI at older ones, UTC at newer ones.

    The first row that bears ``midpointMjdTai`` too says so for all; TAI where none does.
    """
    for one in rows:
        tai, mjd = number(one.get("midpointMjdTai")), mjd_of_jd(one.get("jd"))
        utc = mjd_utc_of_tai(tai)
        if tai is not None and mjd is not None and utc is not None:
            return abs(mjd - utc) < abs(mjd - tai)
    return False


def _mjd_tai(one: dict[str, Any], *, jd_is_utc: bool) -> float | None:
    """Return when Rubin measured; ``jd`` is made of it."""
    found, mjd = number(one.get("midpointMjdTai")), mjd_of_jd(one.get("jd"))
    if found is not None or mjd is None:
        return found
    return float(mjd_utc_to_mjd_tai(mjd)) if jd_is_utc else mjd


def _designation(said: dict[str, Any]) -> str | None:
    """Return what the Minor Planet Center calls a body of the Solar System, where the alert says it."""
    for part in ("mpc_orbits", "MPCORB", "ssSource", "ssObject"):
        known = said.get(part)
        found = (
            text(known.get("designation") or known.get("mpcDesignation")) if isinstance(known, dict) else None
        )
        if found:
            return found
    return None


def _point(
    one: dict[str, Any], *, is_rubin: bool, jd_is_utc: bool, forced: bool = False
) -> dict[str, Any] | None:
    """Return a measurement: Rubin's as signed flux, ZTF's as magnitude, a limit where it has neither."""
    number_name = "diaForcedSourceId" if forced else "diaSourceId"
    flux, flux_err = number(one.get("psfFlux")), number(one.get("psfFluxErr"))
    mag = magnitude(one.get("magpsf"))
    if flux is not None and (is_rubin or (forced and mag is None)):
        zero_point = number(one.get("zp")) or AB_ZERO_POINT_NJY
        factor = 10.0 ** (0.4 * (AB_ZERO_POINT_NJY - zero_point))
        brightness: dict[str, Any] = {
            "flux_njy": flux * factor,
            "flux_err_njy": None if flux_err is None else flux_err * factor,
        }
    else:
        brightness = {
            "mag": mag,
            "mag_err": error_of(one.get("sigmapsf")),
            "limit": magnitude(one.get("diffmaglim")),
            "negative": is_negative(one.get("isdiffpos")),
        }
    return point(
        mjd=_mjd_tai(one, jd_is_utc=jd_is_utc) if is_rubin else mjd_of_jd(one.get("jd")),
        tai=is_rubin,
        band=_band(one),
        forced=forced,
        measurement=id_text(one.get("candid")) or id_text(one.get(number_name)),
        ra_deg=number(one.get("ra")),
        dec_deg=number(one.get("dec")),
        survey="LSST" if is_rubin else "ZTF",
        **brightness,
    )


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _band(one: dict[str, Any]) -> str | None:
    found = text(one.get("band"))
    return found or {1: "g", 2: "r", 3: "i"}.get(whole(one.get("fid")) or 0)


def _rates(stats: Any) -> dict[str, Any]:
    """Return rates of change in mag/d by band, of the rise and of the fading."""
    found: dict[str, Any] = {}
    for band, one in stats.items() if isinstance(stats, dict) else ():
        for side in ("rising", "fading"):
            rate = number((one.get(side) or {}).get("rate")) if isinstance(one, dict) else None
            if rate is not None:
                found[f"{side}_rate_{band}"] = rate
    return found
