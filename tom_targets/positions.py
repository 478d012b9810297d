"""Where a target is at a date: computed for pages and the REST API, with the words that say how exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tom_common.astro.angles import dec_to_dms, ra_to_hms
from tom_common.astro.ephemeris import Place, place_of
from tom_common.astro.observer import Site
from tom_common.astro.orbits import comet_magnitude, phase_magnitude
from tom_common.astro.time import mjd_utc_to_datetime
from tom_targets.bodies import NON_SIDEREAL, bodies_of
from tom_targets.facts import Fact


@dataclass(frozen=True)
class Position:
    """A target's place at a time, seen from a site or from the Earth's centre."""

    target: Any
    place: Place

    @property
    def time_text(self) -> str:
        """The time in ISO, UTC, to the second."""
        return (
            f"{mjd_utc_to_datetime(self.place.mjd_utc) + timedelta(microseconds=500_000):%Y-%m-%d %H:%M:%S}"
        )

    @property
    def from_text(self) -> str:
        """From where the target is seen."""
        return self.place.site.label if self.place.site else "the centre of the Earth"

    @property
    def is_moving(self) -> bool:
        """Whether the target moves on an orbit."""
        return self.target.type == NON_SIDEREAL

    @property
    def magnitude(self) -> float | None:
        """Predicted magnitude of what has an absolute one: V of a planet, total of a comet."""
        target, place = self.target, self.place
        if target.abs_mag is None or place.distance_au is None or place.sun_distance_au is None:
            return None
        distances = {"r_au": place.sun_distance_au, "delta_au": place.distance_au}
        if target.scheme == "MPC_COMET":
            return comet_magnitude(target.abs_mag, target.slope, **distances)
        return phase_magnitude(target.abs_mag, target.slope, phase_deg=place.phase_deg or 0.0, **distances)

    @property
    def accuracy_text(self) -> str:
        """How exact the position is."""
        error, days = self.place.error_arcsec, self.place.two_body_days
        if error is None or days is None:
            return "Proper motion and parallax are applied as far as they are known."
        return (
            f"Two-body motion with light-time, {abs(days):,.0f} days from the epoch of the elements: good to"
            f" about {_angle(max(error, 0.1))} in the main belt, less where a planet was near."
        )

    def facts(self) -> list[Fact]:
        """Return the lines of the facts block."""
        place = self.place
        hms, dms = ra_to_hms(place.ra_deg), dec_to_dms(place.dec_deg)
        degrees = f"{place.ra_deg:.6f} {place.dec_deg:+.6f}"
        found = [
            Fact("RA, Dec", f"{hms} {dms}", f"{hms} {dms}"),
            Fact("in degrees", degrees, degrees),
        ]
        if place.motion_arcsec_min is not None:
            found.append(
                Fact("Motion", f'{place.motion_arcsec_min:.3f}"/min towards {place.motion_angle_deg:.0f}°')
            )
        if place.distance_au is not None:
            found.append(Fact("Distance", f"{place.distance_au:.5f} au, Sun {place.sun_distance_au:.5f} au"))
            found.append(
                Fact("Elongation", f"{place.elongation_deg:.1f}° from the Sun, phase {place.phase_deg:.1f}°")
            )
        if self.magnitude is not None:
            found.append(Fact("Brightness", f"{self.magnitude:.1f} mag (predicted)"))
        return found + self._facts_above()

    def _facts_above(self) -> list[Fact]:
        place = self.place
        if place.altitude_deg is None or place.moon_altitude_deg is None:
            return []
        mass = f", airmass {place.airmass:.2f}" if place.airmass is not None else " (below the horizon)"
        moon = f"{place.moon_altitude_deg:.0f}° up" if place.moon_altitude_deg > 0 else "down"
        return [
            Fact("Altitude", f"{place.altitude_deg:.1f}°{mass}".replace("-", "−")),
            Fact("Azimuth", f"{place.azimuth_deg:.1f}°, from north over east"),
            Fact("Sun", f"{place.sun_altitude_deg:.0f}° high".replace("-", "−")),
            Fact("Moon", f"{place.moon_separation_deg:.0f}° away, {moon}"),
        ]

    def as_json(self) -> dict[str, Any]:
        """Return the position as the REST API gives it; null for what needs a site, or an orbit."""
        place = self.place
        numbers = {
            name: None if (value := getattr(place, name)) is None else round(float(value), digits)
            for name, digits in _DIGITS.items()
        }
        return {
            "target": self.target.pk,
            "name": self.target.name,
            "time": self.time_text.replace(" ", "T") + "Z",
            "mjd_utc": round(place.mjd_utc, 8),
            "site": place.site.code if place.site else None,
            "frame": "ICRS, astrometric",
            **numbers,
            "magnitude": None if self.magnitude is None else round(self.magnitude, 2),
            "accuracy": self.accuracy_text,
        }


_DIGITS = {
    "ra_deg": 8,
    "dec_deg": 8,
    "altitude_deg": 4,
    "azimuth_deg": 4,
    "airmass": 4,
    "sun_altitude_deg": 3,
    "moon_altitude_deg": 3,
    "moon_separation_deg": 3,
    "rate_ra_arcsec_min": 5,
    "rate_dec_arcsec_min": 5,
    "distance_au": 8,
    "sun_distance_au": 8,
    "elongation_deg": 4,
    "phase_deg": 4,
    "error_arcsec": 1,
}


def _angle(arcsec: float) -> str:
    if arcsec < 60:
        return f'{arcsec:.1g}"'
    return f"{arcsec / 60:.0f}'" if arcsec < 3600 else f"{arcsec / 3600:.1f}°"


def position_at(target: Any, *, mjd_utc: float, site: Site | None = None) -> Position | None:
    """Return where a target is at a time.

    Parameters
    ----------
    target : BaseTarget
    mjd_utc : float
        MJD, UTC.
    site : Site, optional
        Without it the target is seen from the centre of the Earth.

    Returns
    -------
    Position or None
        None for a target without position or with elements that do not suffice.

    Raises
    ------
    ValueError
        For a time outside the years 1900 to 2100.
    """
    place = place_of(bodies_of([target]), mjd_utc=mjd_utc, site=site, epoch_mjd=target.epoch_of_elements)
    return None if place is None else Position(target, place)


def site_with_code(sites: Sequence[Site], code: str) -> Site | None:
    """Return the site with a code; None for the centre of the Earth, code ``""``.

    Raises
    ------
    ValueError
        If no site has the code.
    """
    if not code:
        return None
    found = next((site for site in sites if site.code == code), None)
    if found is None:
        raise ValueError(f"no site has the code {code!r}; known are {', '.join(site.code for site in sites)}")
    return found
