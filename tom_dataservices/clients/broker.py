"""What the clients of all alert brokers share: where they lie, the object they know, and how to read values.

A client turns the wire format of one broker into `BrokerObject`; nothing above it sees the broker's own keys.
Numbers are in the units that the names tell; a value that stands for "none" is None.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tom_common.astro.photometry import AB_ZERO_POINT_NJY
from tom_common.astro.time import JD_OF_MJD_0, mjd_tai_to_mjd_utc, mjd_utc_to_datetime
from tom_common.remote import RemoteBadReply, RemoteService
from tom_dataservices import conf
from tom_dataservices.exceptions import NotConfiguredError, QueryServiceError

SENTINELS = frozenset({"", "null", "nan", "none", "unknown", "fail", "n/a", "inf", "-inf"})
"""Texts that stand for no value, in lower case (brokers.md, section 0)."""
NO_NUMBERS = frozenset({-999.0, -9999.0, -99999.0})
"""Numbers that stand for no value in every column; 99 and 100 do for magnitudes only."""


class LostDigitsError(QueryServiceError, ValueError):
    """A number of 64 bits came as a float: which object or measurement it is cannot be told."""


class BrokerClient:
    """The connection to a broker.

    Attributes
    ----------
    name : str
        Its key in ``DATA_SERVICES``, which may hold ``base_url``, ``api_key``, ``page_size``,
        ``timeout_s`` and ``max_results``.
    base_url, info_url : str
        Where its interface lies unless the settings say otherwise, and where it describes itself.
    page_size : int
        Rows that are asked for at once.
    timeout_s : float
        Seconds to wait for each piece of an answer.
    """

    name: ClassVar[str]
    base_url: ClassVar[str] = ""
    info_url: ClassVar[str] = ""
    page_size: ClassVar[int] = 100
    timeout_s: ClassVar[float] = 60.0

    def setting(self, key: str, default: Any = None) -> Any:
        """Return a value of the broker's entry in ``DATA_SERVICES``, `default` if it has none."""
        found = (conf.data_service_settings(self.name) or {}).get(key)
        return default if found in (None, "") else found

    def service(self, **options: Any) -> RemoteService:
        """Return the connection."""
        timeout_s = float(self.setting("timeout_s", self.timeout_s))
        base_url = str(self.setting("base_url", self.base_url))
        return RemoteService(self.name, base_url, **{"read_timeout_s": timeout_s, **options})

    def rows_a_page(self) -> int:
        """Return how many rows are asked for at once."""
        return max(1, int(self.setting("page_size", self.page_size)))

    def key(self, what: str = "api_key") -> str:
        """Return the key by which the broker knows us.

        Raises
        ------
        NotConfiguredError
            If the settings have none.
        """
        found = self.setting(what)
        if not found:
            raise NotConfiguredError(
                f"{self.name} wants to know its user: set {what} in DATA_SERVICES[{self.name!r}]."
            )
        return str(found)

    def rows_of(self, said: Any) -> list[dict[str, Any]]:
        """Return an answer as a list of rows.

        Raises
        ------
        QueryServiceError
            If it is a refusal with status 200 (``{"error": ...}``).
        RemoteBadReply
            If it is anything else.
        """
        refuse_error(self.name, said)
        if said in (None, {}):
            return []
        if not isinstance(said, list) or not all(isinstance(row, dict) for row in said):
            raise RemoteBadReply(
                f"{self.name} did not answer with a list of rows, but with {start_of(said)}."
            )
        return said


@dataclass(frozen=True)
class BrokerObject:
    """An object as a broker knows it.

    Attributes
    ----------
    object_id : str
        The broker's number or name of it, as text.
    name : str
        What a target of it is called.
    ra_deg, dec_deg : float or None
        ICRS, deg.
    mjd_utc : float or None
        Time of the newest detection, d.
    mag, mag_err, band : float, float, str or None
        Newest magnitude (AB, of the difference image unless the broker says otherwise).
    flux_njy : float or None
        Newest difference flux, where it is no magnitude: it may be negative.
    class_name, score, classifier : str, float, str or None
        What the broker takes it for, and how sure it is (0 to 1).
    detections : int or None
    aliases : tuple of str
    extras : dict
        Facts that become extra fields of a target: plain values.
    classifications : tuple of dict
        Rows for ``keep_classifications``: ``classifier``, ``version``, ``class_name``, ``probability``,
        ``mjd_utc``.
    points : tuple of dict
        Photometry as `point` makes it.
    withdrawn : tuple of dict
        Points that the survey has taken back: they are removed where they are stored.
    cutouts : dict
        Where the images of its newest alert lie: role to address or to what the client's ``cutout`` takes.
    cutouts_alert : str
        The survey's number of the alert (``candid``, ``diaSourceId``) that the cutouts are of.
    url : str
        Page of the object at the broker.
    is_sidereal : bool
    orbit : dict
        Elements, under the names of a target's columns.
    separation_arcsec : float or None
        Distance from the place that was asked for.
    """

    object_id: str
    name: str
    ra_deg: float | None = None
    dec_deg: float | None = None
    mjd_utc: float | None = None
    mag: float | None = None
    mag_err: float | None = None
    band: str | None = None
    flux_njy: float | None = None
    class_name: str | None = None
    score: float | None = None
    classifier: str | None = None
    detections: int | None = None
    aliases: tuple[str, ...] = ()
    extras: dict[str, Any] = field(default_factory=dict)
    classifications: tuple[dict[str, Any], ...] = ()
    points: tuple[dict[str, Any], ...] = ()
    withdrawn: tuple[dict[str, Any], ...] = ()
    cutouts: dict[str, str] = field(default_factory=dict)
    cutouts_alert: str = ""
    url: str = ""
    is_sidereal: bool = True
    orbit: dict[str, Any] = field(default_factory=dict)
    separation_arcsec: float | None = None

    def as_result(self) -> dict[str, Any]:
        """Return the object as one result of a query: plain JSON."""
        return {
            "id": self.object_id,
            "name": self.name,
            "type": "SIDEREAL" if self.is_sidereal else "NON_SIDEREAL",
            "ra": self.ra_deg,
            "dec": self.dec_deg,
            "time": iso_utc(self.mjd_utc),
            "mjd_utc": self.mjd_utc,
            "mag": self.mag,
            "mag_err": self.mag_err,
            "band": self.band,
            "flux_njy": self.flux_njy,
            "class": self.class_name,
            "score": self.score,
            "classifier": self.classifier,
            "detections": self.detections,
            "separation_arcsec": self.separation_arcsec,
            "url": self.url,
            "aliases": list(self.aliases),
            "extras": {key: value for key, value in self.extras.items() if value not in (None, "")},
            "orbit": self.orbit,
            "classifications": list(self.classifications),
            "points": list(self.points),
            "cutouts": self.cutouts,
        }


def point(
    *,
    mjd: float | None,
    band: str | None,
    tai: bool = False,
    mag: float | None = None,
    mag_err: float | None = None,
    limit: float | None = None,
    flux_njy: float | None = None,
    flux_err_njy: float | None = None,
    negative: bool | None = False,
    forced: bool = False,
    measurement: str | None = None,
    ra_deg: float | None = None,
    dec_deg: float | None = None,
    survey: str | None = None,
) -> dict[str, Any] | None:
    """Return one measurement as plain JSON; None where time, band or brightness is missing.

    Parameters
    ----------
    mjd : float
        d, UTC, or TAI with `tai`.
    band : str
    mag, mag_err, limit : float
        AB mag; a limit has no magnitude.
    flux_njy, flux_err_njy : float
        Signed difference flux, in place of a magnitude.
    negative : bool or None
        The magnitude is that of a source which is fainter than in the reference image; None where the broker
        does not tell: such a point is shown like a positive one, and leaves the sign that is stored.
    forced : bool
        Measured where a source is known to be, seen or not.
    measurement : str
        The survey's own number of it (``candid``, ``diaSourceId``).
    survey : str
        Where it is not the one that the service stands for.
    """
    if mjd is None or not band or (mag is None and limit is None and flux_njy is None):
        return None
    values = {
        "mjd": mjd,
        "tai": tai,
        "band": band,
        "mag": mag,
        "mag_err": mag_err,
        "limit": limit if mag is None and flux_njy is None else None,
        "flux_njy": flux_njy,
        "flux_err_njy": flux_err_njy,
        "negative": negative,
        "no_sign": negative is None and mag is not None,
        "forced": forced,
        "measurement": measurement,
        "ra": ra_deg,
        "dec": dec_deg,
        "survey": survey,
    }
    return {key: value for key, value in values.items() if value is not None and value is not False}


# --- values as brokers write them


def number(value: Any) -> float | None:
    """Return a number, None for text that is none, for NaN, infinity and -999."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) and found not in NO_NUMBERS else None


def magnitude(value: Any) -> float | None:
    """Return a magnitude; None for what stands for none (99, 100, -999) or cannot be one."""
    found = number(value)
    return found if found is not None and -30.0 < found < 40.0 else None


def error_of(value: Any) -> float | None:
    """Return an uncertainty; None where it is not positive, or stands for none (100)."""
    found = number(value)
    return found if found is not None and 0.0 < found and found < 99.0 else None


def whole(value: Any) -> int | None:
    """Return a count."""
    found = number(value)
    return None if found is None else int(found)


def text(value: Any) -> str | None:
    """Return a text; None for the words that stand for no value."""
    if value is None or isinstance(value, dict | list | bool):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    found = " ".join(str(value).split())
    low = found.lower()
    return None if low in SENTINELS or low.startswith("fail ") or low in ("-999", "-999.0") else found


def id_text(value: Any) -> str | None:
    """Return the number of an object or measurement, up to 64 bits, as text; None for 0 and -1.

    Raises
    ------
    LostDigitsError
        If it came as a float.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        if abs(value) > 2**53:
            raise LostDigitsError(
                f"The answer holds the id {value!r} as a float: its last digits are lost, and with them "
                "which object it is. Nothing was taken; tell the service, which has to send whole numbers."
            )
        value = int(value)
    found = text(value)
    return None if found in (None, "0", "-1") else found


def is_negative(value: Any) -> bool | None:
    """Tell whether ``isdiffpos`` says that a source is fainter than its reference; None where it does not.

    All its spellings are read: t or f, 1 or 0, 1 or -1, true or false.
    """
    word = str(value).strip().lower()
    return None if word in SENTINELS else word in ("f", "0", "-1", "false", "-1.0", "0.0")


def shown_brightness(
    mag: float | None, mag_err: float | None, *, negative: bool | None
) -> tuple[float | None, float | None, float | None]:
    """Return magnitude, its error and difference flux (nJy) of a detection as results show them.

    A source that is fainter than its reference has no magnitude: its flux is negative.
    """
    if not negative or mag is None:
        return mag, mag_err, None
    return None, None, -float(10.0 ** (0.4 * (AB_ZERO_POINT_NJY - mag)))


def limit_of_flux(flux_njy: float | None) -> float | None:
    """Return the AB magnitude of an upper limit that is given as a flux; None where it is not positive."""
    if flux_njy is None or flux_njy <= 0:
        return None
    return AB_ZERO_POINT_NJY - 2.5 * math.log10(flux_njy)


def mjd_of_jd(value: Any) -> float | None:
    """Return the MJD of a Julian date (the same scale); the difference of the two floats is exact."""
    found = number(value)
    return None if found is None or found < JD_OF_MJD_0 else found - JD_OF_MJD_0


def mjd_utc_of_tai(value: Any) -> float | None:
    """Return the MJD (UTC) of one in TAI."""
    found = number(value)
    return None if found is None or found <= 0 else float(mjd_tai_to_mjd_utc(found))


def iso_utc(mjd_utc: float | None) -> str | None:
    """Return an MJD (UTC) as ISO 8601 to the second."""
    if mjd_utc is None:
        return None
    try:
        moment = mjd_utc_to_datetime(mjd_utc)
    except (ValueError, OverflowError):
        return None
    return (moment + dt.timedelta(microseconds=500_000)).strftime("%Y-%m-%dT%H:%M:%SZ")


def pieces(values: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield values in lists of at most `size`."""
    listed = list(values)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def refuse_error(name: str, said: Any) -> None:
    """Raise what a broker answers in place of data, with status 200.

    Raises
    ------
    QueryServiceError
    """
    if isinstance(said, Mapping) and said.get("error"):
        raise QueryServiceError(f"{name} refuses the query: {str(said['error'])[:500].rstrip('.')}.")


def start_of(said: Any) -> str:
    """Return the beginning of an answer for an error text."""
    shown = repr(said)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
