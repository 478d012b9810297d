"""When the Sun and the Moon rise and set at a site: the night of the strip on the home page.

Low-precision series, no ephemeris file: times hold to about a minute below 60 degrees of latitude.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

_MJD_J2000 = 51544.5
_MJD_0 = date(1858, 11, 17)
# TT - UTC, as around 2026: a minute of it moves the Moon by half a minute of arc.
_TT_MINUS_UTC_S = 69.2
_STEP_S = 240
_AU_KM = 149_597_870.7
_EARTH_RADIUS_KM = 6378.14
# The upper limb touches the horizon: 34' of refraction and 16' of radius.
_HORIZON_DEG = -0.8333

# Meeus, table 47.A: multiples of D, M, M', F; longitude (1e-6 deg, sine); distance (1e-3 km, cosine).
_MOON_LONGITUDE = np.array(
    [
        (0, 0, 1, 0, 6288774, -20905355),
        (2, 0, -1, 0, 1274027, -3699111),
        (2, 0, 0, 0, 658314, -2955968),
        (0, 0, 2, 0, 213618, -569925),
        (0, 1, 0, 0, -185116, 48888),
        (0, 0, 0, 2, -114332, -3149),
        (2, 0, -2, 0, 58793, 246158),
        (2, -1, -1, 0, 57066, -152138),
        (2, 0, 1, 0, 53322, -170733),
        (2, -1, 0, 0, 45758, -204586),
        (0, 1, -1, 0, -40923, -129620),
        (1, 0, 0, 0, -34720, 108743),
        (0, 1, 1, 0, -30383, 104755),
        (2, 0, 0, -2, 15327, 10321),
        (0, 0, 1, 2, -12528, 0),
        (0, 0, 1, -2, 10980, 79661),
        (4, 0, -1, 0, 10675, -34782),
        (0, 0, 3, 0, 10034, -23210),
        (4, 0, -2, 0, 8548, -21636),
        (2, 1, -1, 0, -7888, 24208),
        (2, 1, 0, 0, -6766, 30824),
        (1, 0, -1, 0, -5163, -8379),
        (1, 1, 0, 0, 4987, -16675),
        (2, -1, 1, 0, 4036, -12831),
        (2, 0, 2, 0, 3994, -10445),
        (4, 0, 0, 0, 3861, -11650),
        (2, 0, -3, 0, 3665, 14403),
    ],
    dtype=float,
)
# Meeus, table 47.B: multiples of D, M, M', F; latitude (1e-6 deg, sine).
_MOON_LATITUDE = np.array(
    [
        (0, 0, 0, 1, 5128122),
        (0, 0, 1, 1, 280602),
        (0, 0, 1, -1, 277693),
        (2, 0, 0, -1, 173237),
        (2, 0, -1, 1, 55413),
        (2, 0, -1, -1, 46271),
        (2, 0, 0, 1, 32573),
        (0, 0, 2, 1, 17198),
        (2, 0, 1, -1, 9266),
        (0, 0, 2, -1, 8822),
        (2, -1, 0, -1, 8216),
        (2, 0, -2, -1, 4324),
        (2, 0, 1, 1, 4200),
    ],
    dtype=float,
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Night:
    """One night at one site; times are MJD in UTC, and None where the event does not happen in it.

    The night runs from one local mean noon to the next. Civil, nautical and astronomical twilight end and
    begin with the Sun's centre 6, 12 and 18 degrees below the horizon. Risings and settings are of the upper
    limb, at a level horizon: the dip that a mountain adds is left out, as almanacs do.
    """

    start: float
    end: float
    sunset: float | None
    civil_dusk: float | None
    nautical_dusk: float | None
    astronomical_dusk: float | None
    astronomical_dawn: float | None
    nautical_dawn: float | None
    civil_dawn: float | None
    sunrise: float | None
    moonrise: float | None
    moonset: float | None
    moon_illuminated: float
    """Lit fraction of the Moon's disc in the middle of the night, from 0 to 1."""
    moon_waxing: bool
    sun_stays_up: bool
    sun_stays_down: bool
    sun_highest_deg: float
    """The highest altitude of the Sun's centre from noon to noon."""

    @property
    def dark_hours(self) -> float:
        """Hours without astronomical twilight; 0 where it never gets that dark."""
        dusk, dawn = self.astronomical_dusk, self.astronomical_dawn
        if dusk is None and dawn is None:
            return 24.0 if self.sun_highest_deg <= -18 else 0.0
        begin = self.start if dusk is None else dusk
        end = self.end if dawn is None else dawn
        return 24 * ((end - begin) % 1)  # dawn comes before dusk where only noon is not dark


def night_at(mjd_utc: float, *, latitude_deg: float, longitude_deg: float) -> Night:
    """Return the night that runs at a time, or the coming one when the Sun is up.

    Parameters
    ----------
    mjd_utc : float
        Time, MJD in UTC.
    latitude_deg, longitude_deg : float
        Geodetic position of the site in degrees, north and east positive.

    Raises
    ------
    ValueError
        If the latitude is beyond a pole, or a number is not finite.

    References
    ----------
    J. Meeus, Astronomical Algorithms (2nd ed., 1998), chapters 12, 25, 40, 47 and 48.
    """
    if not np.all(np.isfinite([mjd_utc, latitude_deg, longitude_deg])) or abs(latitude_deg) > 90:
        raise ValueError(
            f"no night at latitude {latitude_deg!r}, longitude {longitude_deg!r}, MJD {mjd_utc!r}"
        )
    noon = np.floor(mjd_utc + longitude_deg / 360 - 0.5) + 0.5 - longitude_deg / 360
    night = _night_from(float(noon), latitude_deg, longitude_deg)
    if night.sunrise is not None and mjd_utc > night.sunrise:
        return _night_from(float(noon) + 1, latitude_deg, longitude_deg)
    return night


def sun_and_moon(mjd_utc: float) -> list[tuple[str, str, float, float]]:
    """Return where the Sun and the Moon stand, seen from the middle of the Earth, for a mark on a sky map.

    Parameters
    ----------
    mjd_utc : float

    Returns
    -------
    list of (str, str, float, float)
        Name, class of its mark, right ascension (0 to 360) and declination of date, in degrees. They differ
        by less than a degree from ICRS in this century; the Moon is seen up to a degree elsewhere.
    """
    times = np.array([mjd_utc])
    _, sun_ra, sun_dec, _ = _sun(times)
    _, _, moon_ra, moon_dec, _ = _moon(times)
    return [
        ("Sun", "is-sun", float(sun_ra[0] % 360.0), float(sun_dec[0])),
        ("Moon", "is-moon", float(moon_ra[0] % 360.0), float(moon_dec[0])),
    ]


def night_of(evening: date, *, latitude_deg: float, longitude_deg: float) -> Night:
    """Return the night that begins at a site in the evening of a day, counted in the site's mean solar time.

    Parameters
    ----------
    evening : date
    latitude_deg, longitude_deg : float
        Geodetic position of the site in degrees, north and east positive.
    """
    return _night_from(_noon_of(evening, longitude_deg), latitude_deg, longitude_deg)


def evening_of(mjd_utc: float, *, latitude_deg: float, longitude_deg: float) -> date:
    """Return the day on which the night begins that runs at a time, or the coming one when the Sun is up."""
    night = night_at(mjd_utc, latitude_deg=latitude_deg, longitude_deg=longitude_deg)
    return _MJD_0 + timedelta(days=round(night.start + longitude_deg / 360 - 0.5))


def _noon_of(evening: date, longitude_deg: float) -> float:
    return (evening - _MJD_0).days + 0.5 - longitude_deg / 360


def _night_from(noon: float, latitude_deg: float, longitude_deg: float) -> Night:
    times = noon + np.arange(0, 86400 + _STEP_S, _STEP_S) / 86400
    sun_longitude, sun_ra, sun_dec, sun_km = _sun(times)
    moon_longitude, moon_latitude, moon_ra, moon_dec, moon_km = _moon(times)
    sun = _altitude(times, sun_ra, sun_dec, sun_km, latitude_deg, longitude_deg)
    moon = _altitude(times, moon_ra, moon_dec, moon_km, latitude_deg, longitude_deg)
    middle = len(times) // 2
    elongation = np.radians(moon_longitude[middle] - sun_longitude[middle])
    cos_separation = np.cos(np.radians(moon_latitude[middle])) * np.cos(elongation)

    def dusk(altitude_deg: float) -> float | None:
        return _crossing(times, sun - altitude_deg, rising=False)

    def dawn(altitude_deg: float) -> float | None:
        return _crossing(times, sun - altitude_deg, rising=True)

    return Night(
        start=float(times[0]),
        end=float(times[-1]),
        sunset=dusk(_HORIZON_DEG),
        civil_dusk=dusk(-6),
        nautical_dusk=dusk(-12),
        astronomical_dusk=dusk(-18),
        astronomical_dawn=dawn(-18),
        nautical_dawn=dawn(-12),
        civil_dawn=dawn(-6),
        sunrise=dawn(_HORIZON_DEG),
        moonrise=_crossing(times, moon - _HORIZON_DEG, rising=True),
        moonset=_crossing(times, moon - _HORIZON_DEG, rising=False),
        moon_illuminated=float((1 - cos_separation) / 2),
        moon_waxing=bool(np.sin(elongation) > 0),
        sun_stays_up=bool(np.all(sun > _HORIZON_DEG)),
        sun_stays_down=bool(np.all(sun < _HORIZON_DEG)),
        sun_highest_deg=float(sun.max()),
    )


def _crossing(times: Array, height: Array, *, rising: bool) -> float | None:
    """Return the first time at which a height passes zero upwards or downwards, or None."""
    above = height > 0
    changes = above[1:] & ~above[:-1] if rising else ~above[1:] & above[:-1]
    found = np.flatnonzero(changes)
    if not len(found):
        return None
    i = found[0]
    return float(times[i] + (times[i + 1] - times[i]) * height[i] / (height[i] - height[i + 1]))


def _centuries(mjd_utc: Array) -> Array:
    return (mjd_utc + _TT_MINUS_UTC_S / 86400 - _MJD_J2000) / 36525


def _sun(mjd_utc: Array) -> tuple[Array, Array, Array, Array]:
    """Return apparent longitude, right ascension and declination (deg) and distance (km) of the Sun."""
    t = _centuries(mjd_utc)
    anomaly = np.radians(357.52911 + 35999.05029 * t - 0.0001537 * t**2)
    centre = (
        (1.914602 - 0.004817 * t) * np.sin(anomaly)
        + (0.019993 - 0.000101 * t) * np.sin(2 * anomaly)
        + 0.000289 * np.sin(3 * anomaly)
    )
    node = np.radians(125.04 - 1934.136 * t)
    longitude = 280.46646 + 36000.76983 * t + 0.0003032 * t**2 + centre - 0.00569 - 0.00478 * np.sin(node)
    eccentricity = 0.016708634 - 0.000042037 * t
    true_anomaly = anomaly + np.radians(centre)
    distance_km = _AU_KM * 1.000001018 * (1 - eccentricity**2) / (1 + eccentricity * np.cos(true_anomaly))
    return longitude, *_equatorial(longitude, np.zeros_like(longitude), t), distance_km


def _moon(mjd_utc: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Return ecliptic longitude and latitude, right ascension and declination (deg), distance (km)."""
    t = _centuries(mjd_utc)
    mean_longitude = 218.3164477 + 481267.88123421 * t - 0.0015786 * t**2
    node_distance = 93.2720950 + 483202.0175233 * t - 0.0036539 * t**2
    arguments = np.stack(
        [
            297.8501921 + 445267.1114034 * t - 0.0018819 * t**2,
            357.5291092 + 35999.0502909 * t - 0.0001536 * t**2,
            134.9633964 + 477198.8675055 * t + 0.0087414 * t**2,
            node_distance,
        ]
    )
    earth_orbit = 1 - 0.002516 * t

    def series(table: NDArray[np.float64]) -> tuple[Array, Array]:
        phase = np.radians(table[:, :4] @ arguments)
        weight = np.where(table[:, 1:2] != 0, earth_orbit, 1.0)
        return weight * np.sin(phase), weight * np.cos(phase)

    sines, cosines = series(_MOON_LONGITUDE)
    longitude_sum = _MOON_LONGITUDE[:, 4] @ sines
    distance_sum = _MOON_LONGITUDE[:, 5] @ cosines
    latitude_sum = _MOON_LATITUDE[:, 4] @ series(_MOON_LATITUDE)[0]
    longitude_sum += (
        3958 * np.sin(np.radians(119.75 + 131.849 * t))
        + 1962 * np.sin(np.radians(mean_longitude - node_distance))
        + 318 * np.sin(np.radians(53.09 + 479264.290 * t))
    )
    latitude_sum += -2235 * np.sin(np.radians(mean_longitude)) + 382 * np.sin(
        np.radians(313.45 + 481266.484 * t)
    )
    longitude = mean_longitude + 1e-6 * longitude_sum
    latitude = 1e-6 * latitude_sum
    return longitude, latitude, *_equatorial(longitude, latitude, t), 385000.56 + 1e-3 * distance_sum


def _equatorial(longitude_deg: Array, latitude_deg: Array, t: Array) -> tuple[Array, Array]:
    obliquity = np.radians(23.439291 - 0.0130042 * t + 0.00256 * np.cos(np.radians(125.04 - 1934.136 * t)))
    lon, lat = np.radians(longitude_deg), np.radians(latitude_deg)
    ra = np.arctan2(np.sin(lon) * np.cos(obliquity) - np.tan(lat) * np.sin(obliquity), np.cos(lon))
    dec = np.arcsin(np.sin(lat) * np.cos(obliquity) + np.cos(lat) * np.sin(obliquity) * np.sin(lon))
    return np.degrees(ra), np.degrees(dec)


def _altitude(
    mjd_utc: Array, ra_deg: Array, dec_deg: Array, km: Array, latitude_deg: float, longitude_deg: float
) -> Array:
    """Return the altitude (deg, airless) seen from the ground, parallax included."""
    days = mjd_utc - _MJD_J2000
    sidereal_deg = 280.46061837 + 360.98564736629 * days + 0.000387933 * (days / 36525) ** 2
    hour_angle = np.radians(sidereal_deg + longitude_deg - ra_deg)
    lat, dec = np.radians(latitude_deg), np.radians(dec_deg)
    altitude = np.arcsin(np.sin(lat) * np.sin(dec) + np.cos(lat) * np.cos(dec) * np.cos(hour_angle))
    return np.degrees(altitude - np.arcsin(_EARTH_RADIUS_KM / km * np.cos(altitude)))
