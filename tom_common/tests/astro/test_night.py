"""The night routine against the Sun and the Moon of astropy."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import AltAz, EarthLocation, get_body
from astropy.time import Time

from tom_common.astro.night import night_at

pytestmark = pytest.mark.usefixtures("packed_earth_rotation")

SITES = {
    "Cerro Pachon": (-30.2446, -70.7494),
    "Mauna Kea": (19.8208, -155.4681),
    "Siding Spring": (-31.2733, 149.0617),
    "La Palma": (28.7606, -17.8816),
    "Edinburgh": (55.923, -3.1875),
    "Equator": (0.0, 179.9),
}
DAYS = ["2024-02-29T20:00:00", "2026-06-21T03:00:00", "2026-11-21T11:00:00", "2020-09-23T15:30:00"]
EVENTS = {
    "sunset": ("sun", -0.8333, -1),
    "civil_dusk": ("sun", -6, -1),
    "nautical_dusk": ("sun", -12, -1),
    "astronomical_dusk": ("sun", -18, -1),
    "astronomical_dawn": ("sun", -18, 1),
    "nautical_dawn": ("sun", -12, 1),
    "civil_dawn": ("sun", -6, 1),
    "sunrise": ("sun", -0.8333, 1),
    "moonrise": ("moon", -0.8333, 1),
    "moonset": ("moon", -0.8333, -1),
}


def _astropy_altitude(body, mjd, latitude, longitude):
    location = EarthLocation.from_geodetic(longitude * u.deg, latitude * u.deg)
    times = Time(mjd, format="mjd", scale="utc", location=location)
    frame = AltAz(obstime=times, location=location)
    return get_body(body, times, location).transform_to(frame).alt.deg


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("day", DAYS)
def test_times_agree_with_astropy_to_a_minute(site, day):
    """The altitude that astropy gives at each of our times is the one that defines the event."""
    latitude, longitude = SITES[site]
    now = Time(day, scale="utc").mjd
    night = night_at(now, latitude_deg=latitude, longitude_deg=longitude)
    checked = 0
    for event, (body, altitude, sign) in EVENTS.items():
        ours = getattr(night, event)
        if ours is None:
            continue
        minute = 1 / 1440
        before, after = _astropy_altitude(body, ours + minute * np.array([-1.0, 1.0]), latitude, longitude)
        assert sign * (altitude - before) > 0 > sign * (altitude - after), f"{event} is off by over a minute"
        checked += 1
    assert checked >= 6


@pytest.mark.parametrize("day", DAYS)
def test_lit_fraction_agrees_with_astropy(day):
    night = night_at(Time(day).mjd, latitude_deg=0, longitude_deg=0)
    middle = Time((night.start + night.end) / 2, format="mjd", scale="utc")
    sun, moon = get_body("sun", middle), get_body("moon", middle)
    separation = sun.separation(moon, origin_mismatch="ignore").rad
    phase = np.arctan2(
        sun.distance.km * np.sin(separation), moon.distance.km - sun.distance.km * np.cos(separation)
    )
    assert night.moon_illuminated == pytest.approx((1 + np.cos(phase)) / 2, abs=0.005)


def test_moon_waxes_before_full_and_wanes_after():
    """Full Moon was on 2026-08-28 at 04:18 UTC."""
    assert night_at(Time("2026-08-20T12:00:00").mjd, latitude_deg=0, longitude_deg=0).moon_waxing
    assert not night_at(Time("2026-09-02T12:00:00").mjd, latitude_deg=0, longitude_deg=0).moon_waxing


def test_in_the_morning_the_coming_night_is_meant_and_at_night_the_running_one():
    latitude, longitude = SITES["Cerro Pachon"]
    evening = night_at(Time("2026-11-21T23:00:00").mjd, latitude_deg=latitude, longitude_deg=longitude)
    at_night = night_at(Time("2026-11-22T08:00:00").mjd, latitude_deg=latitude, longitude_deg=longitude)
    morning = night_at(Time("2026-11-22T12:00:00").mjd, latitude_deg=latitude, longitude_deg=longitude)
    assert evening.sunset == at_night.sunset
    assert morning.sunset == pytest.approx(evening.sunset + 1, abs=0.01)


def test_polar_day_and_polar_night_have_no_sunset():
    summer = night_at(Time("2026-06-21T12:00:00").mjd, latitude_deg=78.2, longitude_deg=15.6)
    winter = night_at(Time("2026-12-21T12:00:00").mjd, latitude_deg=78.2, longitude_deg=15.6)
    assert summer.sun_stays_up and summer.sunset is None and summer.dark_hours == 0
    assert winter.sun_stays_down and winter.sunrise is None and winter.dark_hours > 0


def test_white_night_has_no_astronomical_darkness():
    night = night_at(Time("2026-06-21T12:00:00").mjd, latitude_deg=55.9, longitude_deg=-3.2)
    assert night.sunset is not None
    assert night.astronomical_dusk is None
    assert night.dark_hours == 0


@pytest.mark.parametrize(("latitude", "longitude"), [(91, 0), (float("nan"), 0), (0, float("inf"))])
def test_impossible_site_is_refused(latitude, longitude):
    with pytest.raises(ValueError, match="no night at latitude"):
        night_at(61000.0, latitude_deg=latitude, longitude_deg=longitude)
