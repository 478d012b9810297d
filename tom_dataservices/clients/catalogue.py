"""What all catalogues share: the object they know, the errors, and where their address stands."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from tom_common.astro.typed_position import TypedPosition, read_position
from tom_common.remote import RemoteBadReply, RemoteService
from tom_dataservices import conf
from tom_dataservices.exceptions import MissingDataException, QueryServiceError

logger = logging.getLogger(__name__)

_GAUSS_DEG_PER_DAY = 0.9856076686
_JD_OF_MJD_0 = Decimal("2400000.5")
_WIDEST_A_AU = 1000.0
"""Of wider orbits nothing is derived: the digits of q and e do not suffice."""


@dataclass(frozen=True)
class CatalogueObject:
    """An object as a catalogue knows it.

    ``fields`` are values of the target's columns by name (ICRS deg, mas, mas/yr with the factor cos(dec), pc,
    au, MJD), ``extras`` what has no column, ``url`` the page of the object at the catalogue.
    """

    name: str
    fields: dict[str, Any]
    aliases: tuple[str, ...] = ()
    extras: dict[str, Any] = field(default_factory=dict)
    url: str = ""

    def as_result(self) -> dict[str, Any]:
        """Return the object as one result of a query: plain values, what is not known left out."""
        fields = {key: value for key, value in self.fields.items() if value is not None}
        extras = {key: value for key, value in self.extras.items() if value not in (None, "")}
        return {"name": self.name, **fields, "aliases": list(self.aliases), "extras": extras, "url": self.url}


class AmbiguousNameError(QueryServiceError):
    """A term fits several objects; ``choices`` holds (term that is unambiguous, words) pairs."""

    def __init__(self, title: str, term: str, choices: list[tuple[str, str]]) -> None:
        listed = "; ".join(f"{choice} ({words})" if words else choice for choice, words in choices[:10])
        super().__init__(f"{title} knows several objects for {term!r}. Ask for one of: {listed}.")
        self.choices = choices


class Catalogue(ABC):
    """A service that knows objects by their names, or by their places.

    ``name`` is its key in ``DATA_SERVICES``, where ``base_url`` may take the place of its own;
    ``other_names`` are keys that count as well. ``near_arcsec`` is how far around a typed place is searched
    where no radius stands behind it.
    """

    name: ClassVar[str]
    other_names: ClassVar[tuple[str, ...]] = ()
    base_url: ClassVar[str]
    info_url: ClassVar[str] = ""
    near_arcsec: ClassVar[float] = 5.0

    def service(self, **options: Any) -> RemoteService:
        """Return the connection to the service."""
        return RemoteService(self.name, self.setting("base_url") or self.base_url, **options)

    def setting(self, key: str) -> Any:
        """Return a value of the service's entry in ``DATA_SERVICES``, None if it has none."""
        entries = (conf.data_service_settings(name) or {} for name in (self.name, *self.other_names))
        return next((entry[key] for entry in entries if entry.get(key) not in (None, "")), None)

    def lookup(self, term: str) -> CatalogueObject:
        """Return the object of a name, or what lies nearest to a typed place.

        Raises
        ------
        MissingDataException
            If the catalogue has none.
        AmbiguousNameError
            If it has several.
        RemoteError
            If the service does not answer as it should.
        """
        text = " ".join(term.split())
        place = read_position(text)
        try:
            if place is None or place.is_iau_name:
                return self.named(text)
            return self.at_place(place, text)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            logger.warning("%s answered %r in another shape", self.name, text, exc_info=True)
            why = f"{type(error).__name__}: {error}"
            raise RemoteBadReply(
                f"{self.name} answered in a shape that this TOM does not know ({why})."
            ) from error

    @abstractmethod
    def named(self, term: str) -> CatalogueObject:
        """Return the object of a name; see `lookup`."""

    def at_place(self, place: TypedPosition, term: str) -> CatalogueObject:
        """Return what lies nearest to a place; see `lookup`."""
        raise MissingDataException(f"{self.name} is asked for names, not for places.")

    def radius_arcsec(self, place: TypedPosition) -> float:
        """Return how far around a place is searched."""
        return place.radius_arcsec or self.near_arcsec

    def nothing(self, term: str) -> MissingDataException:
        """Return the error that says the catalogue has no such object."""
        place = read_position(term)
        if place is not None and not place.is_iau_name:
            where = f"within {self.radius_arcsec(place):g} arcsec of {place.ra_deg:.5f} {place.dec_deg:+.5f}"
            return MissingDataException(f"{self.name} knows nothing {where}.")
        return MissingDataException(f"{self.name} knows no object named {term!r}.")


def as_number(value: Any) -> float | None:
    """Return a number as services write it (text, padded, ``.08``); None for none, and for 9.99E+99."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if abs(found) < 1e99 and found == found else None


def mjd_of_jd_or_mjd(value: Any) -> float | None:
    """Return the MJD of a Julian date, reckoned on its decimal digits; a smaller number is an MJD."""
    if as_number(value) is None:
        return None
    text = Decimal(str(value).strip())
    return float(text - _JD_OF_MJD_0 if text > _JD_OF_MJD_0 else text)


def orbit_fields(
    *,
    epoch_mjd: float | None,
    e: float | None,
    inclination_deg: float | None,
    node_deg: float | None,
    peri_deg: float | None,
    a_au: float | None = None,
    q_au: float | None = None,
    tp_mjd: float | None = None,
    mean_anomaly_deg: float | None = None,
    motion_deg_per_day: float | None = None,
    is_comet: bool = False,
    is_planet: bool = False,
) -> dict[str, Any]:
    """Return the columns of a non-sidereal target, those that follow from others computed.

    Angles refer to the ecliptic and equinox of J2000. The scheme is that of a comet for comets and for e
    above 0.9, of a major planet for planets, else of a minor planet.
    """
    is_bound = e is not None and e < 1.0
    if not is_bound:  # services give a < 0 and a hyperbolic anomaly, which our columns do not mean
        a_au = mean_anomaly_deg = motion_deg_per_day = None
    if a_au is None and q_au is not None and e is not None and is_bound:
        a_au = q_au / (1.0 - e)
        a_au = a_au if a_au <= _WIDEST_A_AU else None
    if q_au is None and a_au is not None and e is not None:
        q_au = a_au * (1.0 - e)
    if motion_deg_per_day is None and a_au is not None and 0.0 < a_au <= _WIDEST_A_AU:
        motion_deg_per_day = _GAUSS_DEG_PER_DAY / a_au**1.5
    if mean_anomaly_deg is None and None not in (epoch_mjd, tp_mjd, motion_deg_per_day):
        mean_anomaly_deg = ((epoch_mjd - tp_mjd) * motion_deg_per_day) % 360.0  # type: ignore[operator]
    if is_planet:
        scheme = "JPL_MAJOR_PLANET"
    else:
        scheme = "MPC_COMET" if is_comet or (e or 0.0) > 0.9 else "MPC_MINOR_PLANET"
    return {
        "type": "NON_SIDEREAL",
        "scheme": scheme,
        "epoch_of_elements": epoch_mjd,
        "eccentricity": e,
        "inclination": inclination_deg,
        "lng_asc_node": node_deg,
        "arg_of_perihelion": peri_deg,
        "semimajor_axis": a_au,
        "mean_anomaly": mean_anomaly_deg,
        "mean_daily_motion": motion_deg_per_day,
        "perihdist": q_au,
        "epoch_of_perihelion": tp_mjd,
    }
