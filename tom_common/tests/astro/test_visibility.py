"""Visibility against astroplan: 0.1 degrees and one minute, through a year, at all sites."""

from datetime import date, timedelta

import astropy.units as u
import numpy as np
import pytest
from astroplan import Observer
from astropy.coordinates import AltAz, EarthLocation, SkyCoord, get_body
from astropy.time import Time

from tom_common.astro.observer import Site
from tom_common.astro.time import jd_to_mjd
from tom_common.astro.visibility import (
    Bodies,
    Limits,
    airmass,
    altitude_curves,
    altitude_of_airmass,
    chart_times,
    night_and_sky,
    summarize_night,
)
from tom_observations.sites import BUILT_IN

pytestmark = pytest.mark.usefixtures("packed_earth_rotation")

RA = np.array([0.0, 37.95, 83.82, 150.1, 201.37, 266.42, 299.6, 359.99, 187.7, 10.7])
DEC = np.array([-89.9, 89.26, -5.39, 2.2, -43.0, -29.0, 35.2, 0.0, 12.4, 41.3])
DEGREES, MINUTES = 0.1, 1.0
# Each site in a night of its own, a fortnight after that of the site before: together they span a year.
NIGHTS = [(site, date(2026, 1, 3) + timedelta(days=16 * i)) for i, site in enumerate(BUILT_IN)]
YEAR = [date(2026, 1, 12) + timedelta(days=30 * i) for i in range(12)]
TWILIGHTS = {"sunset": -0.8333, "civil": -6.0, "nautical": -12.0, "astronomical": -18.0}


def observer_at(site):
    place = EarthLocation.from_geodetic(site.longitude_deg, site.latitude_deg, site.elevation_m)
    return Observer(location=place, name=site.code)


def mjd(time):
    return float(jd_to_mjd(time.jd))


def compare(site, evening):
    """Hold every number of a night against astroplan's."""
    observer, bodies = observer_at(site), Bodies.fixed(RA, DEC)
    stars = SkyCoord(RA, DEC, unit="deg")
    night, _ = night_and_sky(site, evening, "astronomical")
    noon = Time(night.start, format="mjd")
    for name, horizon in TWILIGHTS.items():
        begin, end = twilight_of(night, name)
        options = {"horizon": horizon * u.deg, "n_grid_points": 300}
        assert begin == pytest.approx(mjd(observer.sun_set_time(noon, "next", **options)), abs=MINUTES / 1440)
        assert end == pytest.approx(mjd(observer.sun_rise_time(noon, "next", **options)), abs=MINUTES / 1440)
    curves = altitude_curves(bodies, site, chart_times([night], step_min=30))
    times = Time(curves.mjd_utc, format="mjd")
    theirs = observer.altaz(times, stars, grid_times_targets=True)
    np.testing.assert_allclose(curves.altitude_deg, theirs.alt.deg, atol=DEGREES)
    moon = observer.moon_altaz(times)
    np.testing.assert_allclose(curves.moon_altitude_deg, moon.alt.deg, atol=DEGREES)
    np.testing.assert_allclose(curves.sun_altitude_deg, observer.sun_altaz(times).alt.deg, atol=DEGREES)
    np.testing.assert_allclose(curves.moon_illuminated, observer.moon_illumination(times), atol=0.005)
    apart = np.array([theirs[i].separation(moon).deg for i in range(len(RA))])
    np.testing.assert_allclose(curves.moon_separation_deg, apart, atol=DEGREES)
    compare_windows(site, evening, observer, night, stars, bodies)


def twilight_of(night, name):
    if name == "sunset":
        return night.sunset, night.sunrise
    return getattr(night, f"{name}_dusk"), getattr(night, f"{name}_dawn")


def compare_windows(site, evening, observer, night, stars, bodies):
    """Hold hours, window and best time against astroplan's altitudes at every 20 seconds."""
    found = summarize_night(bodies, site, evening, Limits(30.0, "astronomical"))
    begin, end = night.astronomical_dusk, night.astronomical_dawn
    times = np.arange(begin, end, 20 / 86400)
    altitude = observer.altaz(Time(times, format="mjd"), stars, grid_times_targets=True).alt.deg
    up = altitude > 30.0
    # Beside a pole a target needs hours for the tenth of a degree that is promised.
    grazes = (np.abs(DEC) > 85) & (np.abs(altitude - 30).min(axis=1) < 2 * DEGREES)
    assert found.hours[~grazes] == pytest.approx(up.sum(axis=1)[~grazes] / 180, abs=MINUTES / 60)
    for i in range(len(RA)):
        top = altitude[i].max()
        if not up[i].any():
            assert np.isnan(found.window_start[i]) or grazes[i]
            assert found.hours[i] == 0 or grazes[i]
        else:
            rise, fall = times[up[i]][0], times[up[i]][-1]
            one_window = np.all(np.diff(np.flatnonzero(up[i])) == 1)
            if one_window and not grazes[i]:
                assert found.window_start[i] == pytest.approx(rise, abs=MINUTES / 1440)
                assert found.window_end[i] == pytest.approx(fall, abs=MINUTES / 1440)
        assert found.best_altitude_deg[i] == pytest.approx(top, abs=DEGREES)
        # Near a pole hours have the same altitude: what is asked is that it stands highest at that time.
        then = np.interp(found.best_mjd[i], times, altitude[i])
        assert then == pytest.approx(top, abs=0.01)
        if abs(DEC[i]) < 60:
            assert found.best_mjd[i] == pytest.approx(times[altitude[i].argmax()], abs=MINUTES / 1440)


@pytest.mark.parametrize(("site", "evening"), NIGHTS, ids=lambda value: getattr(value, "code", str(value)))
def test_each_site_agrees_with_astroplan_in_a_night_of_the_year(site, evening):
    compare(site, evening)


@pytest.mark.slow
@pytest.mark.parametrize("site", BUILT_IN, ids=lambda site: site.code)
@pytest.mark.parametrize("evening", YEAR, ids=str)
def test_each_site_agrees_with_astroplan_in_each_month(site, evening):
    compare(site, evening)


def test_a_limit_on_the_moon_takes_hours_away():
    site = BUILT_IN[3]
    bodies = Bodies.fixed([83.8], [-5.4])
    near = date(2026, 11, 24)  # full Moon in Taurus, 20 degrees from Orion
    free = summarize_night(bodies, site, near, Limits(30.0))
    assert free.hours[0] > 5
    assert free.best_moon_deg[0] < 40
    assert summarize_night(bodies, site, near, Limits(30.0, min_moon_deg=60)).hours[0] == 0


def test_a_target_without_a_position_has_no_numbers():
    found = summarize_night(Bodies.fixed([np.nan, 10.0], [5.0, -30.0]), BUILT_IN[0], YEAR[0], Limits())
    assert np.isnan([found.hours[0], found.best_mjd[0], found.best_moon_deg[0]]).all()
    assert np.isfinite(found.best_mjd[1])


def test_a_night_without_darkness_has_no_hours():
    tromso = Site("tos", "Tromsø", 69.65, 18.96)
    found = summarize_night(Bodies.fixed([10.0], [60.0]), tromso, date(2026, 6, 21), Limits())
    assert found.hours[0] == 0
    assert np.isnan(found.best_mjd[0])
    assert found.night.sun_stays_up


def test_the_polar_night_counts_from_noon_to_noon():
    tromso = Site("tos", "Tromsø", 69.65, 18.96)
    found = summarize_night(
        Bodies.fixed([10.0], [80.0]), tromso, date(2026, 12, 21), Limits(30, twilight="sunset")
    )
    assert found.hours[0] == pytest.approx(24.0)


@pytest.mark.parametrize(
    ("latitude", "evening"),
    [
        (-90.0, date(2026, 6, 21)),
        (-89.0, date(2026, 6, 21)),
        (-85.0, date(2026, 6, 21)),
        (-84.0, date(2026, 6, 21)),  # not dark around noon
        (-90.0, date(2026, 5, 12)),  # dusk, and no dawn for weeks
        (87.85, date(2027, 1, 20)),  # dawn, then dusk: the Sun is highest at 12:11
        (-90.0, date(2026, 8, 1)),  # dawn, and no dusk before it
        (-90.0, date(2026, 4, 1)),  # never dark, though the Sun is down
    ],
)
def test_the_dark_part_of_a_polar_night_is_that_of_astropy(latitude, evening):
    site = Site("pole", "Near a pole", latitude, 0.0)
    night, sky = night_and_sky(site, evening, "astronomical")
    times = np.linspace(night.start, night.end, 97)
    at = Time(times, format="mjd", scale="utc")
    place = EarthLocation.from_geodetic(0 * u.deg, latitude * u.deg)
    sun = get_body("sun", at, place).transform_to(AltAz(obstime=at, location=place)).alt.deg
    inside = (
        np.zeros(97, dtype=bool) if sky is None else (times >= sky.mjd_utc[0]) & (times <= sky.mjd_utc[-1])
    )
    assert (sun[inside] < -17.98).all()
    assert (sun[~inside] < -18.02).sum() <= 1  # a shorter dark part of a quarter of an hour at most
    assert night.dark_hours == pytest.approx(24 * (sun < -18).mean(), abs=0.5)


def test_a_target_that_sets_and_rises_again_counts_both_times():
    tromso = Site("tos", "Tromsø", 69.65, 18.96)
    found = summarize_night(Bodies.fixed([200.0], [40.0]), tromso, date(2026, 12, 21), Limits(30, "civil"))
    whole = 24 * (found.window_end[0] - found.window_start[0])
    assert 0 < whole < found.hours[0]


def test_no_hours_are_lost_by_moving_the_limit_to_the_horizon():
    found = summarize_night(Bodies.fixed([0.0], [-89.9]), BUILT_IN[0], YEAR[0], Limits(0.0))
    night = found.night
    assert found.hours[0] == pytest.approx(night.dark_hours)


def test_airmass_and_altitude_are_each_other():
    assert airmass(30.0) == pytest.approx(2.0)
    assert altitude_of_airmass(2.0) == pytest.approx(30.0)
    assert np.isnan(airmass([-1.0, 0.0])).all()
    with pytest.raises(ValueError, match=r"airmass 0\.5: expected 1 or more"):
        altitude_of_airmass(0.5)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"min_altitude_deg": 91.0}, "expected 0 to 90"),
        ({"twilight": "noon"}, "expected one of astronomical"),
        ({"min_moon_deg": -1.0}, "expected 0 to 180"),
    ],
)
def test_limits_that_mean_nothing_are_refused(limits, reason):
    with pytest.raises(ValueError, match=reason):
        Limits(**limits)


def test_the_sky_of_a_night_is_computed_once():
    night_and_sky.cache_clear()
    for _ in range(3):
        summarize_night(Bodies.fixed(RA, DEC), BUILT_IN[0], YEAR[0], Limits())
    assert night_and_sky.cache_info().misses == 1
    assert night_and_sky.cache_info().hits == 2
