"""Where a service is asked to look: at the target's place in the middle of the time that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tom_common.astro.time import JD_OF_MJD_0
from tom_dataproducts.single_target_data_service.single_target_data_service import (
    SingleTargetDataServiceException,
)
from tom_targets.finder import separation
from tom_targets.models import BaseTarget
from tom_targets.positions import position_at

_J2000_JD = 2451545.0


@dataclass(frozen=True)
class AskedPosition:
    """A position in ICRS degrees at a date, how far it is from the stored one, and how far the target moves.

    `moved_arcsec` is measured from the stored position, None for a target on an orbit; `drift_arcsec` from
    the begin to the end of the time that is asked for.
    """

    ra_deg: float
    dec_deg: float
    mjd_utc: float
    is_on_orbit: bool
    moved_arcsec: float | None
    drift_arcsec: float

    @property
    def words(self) -> str:
        """What is to be said of it on the form and on the page of the query; empty for what stays."""
        at = f"MJD {self.mjd_utc:.1f}"
        if self.is_on_orbit:
            return f"Where its orbit takes it at {at}; it moves {_angle(self.drift_arcsec)} in that time."
        if not self.moved_arcsec and not self.drift_arcsec:
            return ""
        return (
            f"Where its proper motion takes it at {at}, {_angle(self.moved_arcsec or 0.0)} from the stored"
            f" position; it moves {_angle(self.drift_arcsec)} in that time."
        )


def asked_position(target: Any, *, mjd_from: float, mjd_to: float) -> AskedPosition:
    """Return where a target is in the middle of a span of time.

    Parameters
    ----------
    target : BaseTarget
    mjd_from, mjd_to : float
        MJD, UTC.

    Raises
    ------
    SingleTargetDataServiceException
        If it has neither position nor elements, or the time is outside 1900 to 2100.
    """
    is_on_orbit = target.type == BaseTarget.NON_SIDEREAL
    middle = (mjd_from + mjd_to) / 2
    if not is_on_orbit and not any((target.pm_ra, target.pm_dec)):
        if target.ra is None or target.dec is None:
            raise SingleTargetDataServiceException(f"{target.name} has no position: give it one first.")
        return AskedPosition(target.ra, target.dec, middle, False, 0.0, 0.0)
    try:
        places = [position_at(target, mjd_utc=mjd) for mjd in (mjd_from, middle, mjd_to)]
    except ValueError as error:
        raise SingleTargetDataServiceException(str(error)) from error
    first, here, last = (None if found is None else _ra_dec(found) for found in places)
    if first is None or here is None or last is None:
        raise SingleTargetDataServiceException(
            f"{target.name} has neither a position nor elements from which one follows: add them first."
        )
    moved = None if is_on_orbit else 3600.0 * separation(target.ra, target.dec, *here)
    drift = 3600.0 * (separation(*first, *here) + separation(*here, *last))
    return AskedPosition(here[0], here[1], middle, is_on_orbit, moved, drift)


def _ra_dec(found: Any) -> tuple[float, float]:
    return float(found.place.ra_deg), float(found.place.dec_deg)


def julian_year(mjd: float) -> float:
    """Return an MJD as a Julian year."""
    return 2000.0 + (mjd + JD_OF_MJD_0 - _J2000_JD) / 365.25


def mjd_of_julian_year(year: float) -> float:
    """Return a Julian year as an MJD."""
    return (year - 2000.0) * 365.25 + _J2000_JD - JD_OF_MJD_0


def _angle(arcsec: float) -> str:
    if arcsec < 60:
        return f"{arcsec:.2g}″"
    return f"{arcsec / 60:.3g}′" if arcsec < 3600 else f"{arcsec / 3600:.3g}°"
