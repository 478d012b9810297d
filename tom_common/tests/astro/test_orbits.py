"""Orbits against the recorded replies of JPL Horizons, and against Kepler's equation."""

import numpy as np
import pytest

from tests.shared_data import shared_data_dir
from tom_common.astro.ephemeris import place_of, two_body_error_arcsec
from tom_common.astro.observer import Site, earth_at, mjd_utc_to_mjd_tt, separation_deg, unit
from tom_common.astro.orbits import GAUSS_K, Orbits, comet_magnitude, phase_magnitude
from tom_common.astro.sidereal import Stars, epoch_as_julian_year, ra_dec_deg
from tom_common.astro.visibility import Bodies

OBLIQUITY = np.radians(84381.448 / 3600)


def horizons_rows(name):
    """Give the rows between $$SOE and $$EOE of a recorded reply, split at commas."""
    text = (shared_data_dir() / "data" / "services" / "jplhorizons" / name).read_text()
    block = text.split("$$SOE")[1].split("$$EOE")[0].strip()
    return [[part.strip() for part in line.split(",")] for line in block.splitlines()]


def element_rows():
    """Give the recorded elements of (1) Ceres: MJD, EC, QR, IN, OM, W, Tp, N, MA, TA, A."""
    rows = []
    for name in ("ceres_elements_single.txt", "ceres_elements_range.txt"):
        for row in horizons_rows(name):
            rows.append([float(row[0]) - 2400000.5, *map(float, row[2:12])])
    return rows


def planet(row, **more):
    return Orbits.from_mean_anomaly(
        semimajor_axis_au=[row[10]],
        mean_anomaly_deg=[row[8]],
        epoch_mjd=[row[0]],
        eccentricity=[row[1]],
        inclination_deg=[row[3]],
        node_deg=[row[4]],
        argument_deg=[row[5]],
        **more,
    )


def comet(row):
    return Orbits.from_perihelion(
        perihelion_au=[row[2]],
        perihelion_mjd=[row[6] - 2400000.5],
        eccentricity=[row[1]],
        inclination_deg=[row[3]],
        node_deg=[row[4]],
        argument_deg=[row[5]],
    )


@pytest.mark.parametrize("orbit_of", [planet, comet, lambda row: planet(row, daily_motion_deg=[row[7]])])
def test_the_heliocentric_place_is_that_of_horizons(orbit_of):
    """Elements and vectors of (1) Ceres at 2000-01-01 (TDB), all three schemes."""
    x, y, z = map(float, horizons_rows("ceres_vectors_single.txt")[0][2:5])
    equatorial = [
        x,
        np.cos(OBLIQUITY) * y - np.sin(OBLIQUITY) * z,
        np.sin(OBLIQUITY) * y + np.cos(OBLIQUITY) * z,
    ]
    found = orbit_of(element_rows()[0]).heliocentric_au(np.array([51544.0]))[0, 0]
    np.testing.assert_allclose(found, equatorial, atol=2e-8)  # au; 3 km


def test_the_position_seen_from_the_earth_is_that_of_horizons():
    row = horizons_rows("ceres_ephemerides_single.txt")[0]
    place = place_of(
        Bodies(None, planet(element_rows()[0]), np.array([0])), mjd_utc=51544.0, site=None, epoch_mjd=51544.0
    )
    assert place.ra_deg == pytest.approx(float(row[4]), abs=1e-5)  # Horizons writes five decimals
    assert place.dec_deg == pytest.approx(float(row[5]), abs=1e-5)
    assert place.distance_au == pytest.approx(2.26315121010004, abs=1e-6)
    # Horizons has the Sun's distance and the phase where the light left Ceres.
    assert place.sun_distance_au == pytest.approx(2.551099027865, abs=1e-6)
    assert place.elongation_deg == pytest.approx(95.3996, abs=0.02)
    assert place.phase_deg == pytest.approx(22.5698, abs=0.02)
    # dRA*cosD and d(DEC)/dt of Horizons are in arcsec per hour, of the apparent position.
    assert place.rate_ra_arcsec_min * 60 == pytest.approx(34.40955, rel=0.02)
    assert place.rate_dec_arcsec_min * 60 == pytest.approx(-2.68359, abs=0.4)
    assert place.error_arcsec == pytest.approx(0.0)
    magnitude = phase_magnitude(
        3.53, 0.12, r_au=place.sun_distance_au, delta_au=place.distance_au, phase_deg=place.phase_deg
    )
    assert magnitude == pytest.approx(8.459, abs=0.01)


def test_two_body_motion_is_off_by_no_more_than_is_said():
    rows = element_rows()
    for first in rows:
        for second in rows:
            days = second[0] - first[0]
            times = np.array([second[0]])
            earth = earth_at(times)[0]
            seen = [planet(row).seen_from(earth, times)[0] for row in (first, second)]
            off = 3600 * separation_deg(unit(seen[0]), unit(seen[1]))[0, 0]
            assert off <= two_body_error_arcsec(days) + 1e-6, f"{days:g} days"


def test_keplers_equation_holds_on_every_kind_of_orbit():
    rng = np.random.default_rng(1)
    n = 4000
    q = 10 ** rng.uniform(-2, 1.5, 4 * n)
    e = np.concatenate(
        [rng.uniform(0, 0.99, n), rng.uniform(0.99, 1.01, n), np.ones(n), rng.uniform(1.01, 6, n)]
    )
    days = rng.choice([-1, 1], 4 * n) * 10 ** rng.uniform(-3, 5, 4 * n)
    zero = np.zeros(4 * n)
    orbits = Orbits.from_perihelion(
        perihelion_au=q,
        perihelion_mjd=zero,
        eccentricity=e,
        inclination_deg=zero,
        node_deg=zero,
        argument_deg=zero,
    )
    x, y, z = np.moveaxis(orbits.heliocentric_au(days[:, None])[:, 0], -1, 0)
    y, flat = np.cos(OBLIQUITY) * y + np.sin(OBLIQUITY) * z, np.cos(OBLIQUITY) * z - np.sin(OBLIQUITY) * y
    np.testing.assert_allclose(flat / np.hypot(x, y), 0, atol=1e-12)
    # A conic section with the Sun in the focus ...
    np.testing.assert_allclose(np.hypot(x, y) / (q * (1 + e) - e * x), 1, rtol=1e-9)
    # ... at the place that Kepler's equation says: E - e sin E = M,
    ellipse = e < 0.99
    a = q[ellipse] / (1 - e[ellipse])
    b = a * np.sqrt(1 - e[ellipse] ** 2)
    anomaly = np.arctan2(y[ellipse] / b, x[ellipse] / a + e[ellipse])
    mean = GAUSS_K * days[ellipse] / a**1.5
    off = (anomaly - e[ellipse] * np.sin(anomaly) - mean + np.pi) % (2 * np.pi) - np.pi
    np.testing.assert_allclose(off, 0, atol=1e-8)
    # Barker's for the parabola: tan(nu/2) + tan(nu/2)^3 / 3 = k t / sqrt(2 q^3),
    parabola = e == 1
    half = np.tan(np.arctan2(y[parabola], x[parabola]) / 2)
    np.testing.assert_allclose(
        half + half**3 / 3, GAUSS_K * days[parabola] / np.sqrt(2 * q[parabola] ** 3), rtol=1e-9
    )
    # e sinh H - H = N for the hyperbola.
    hyperbola = e > 1.02
    a = q[hyperbola] / (e[hyperbola] - 1)
    sinh = y[hyperbola] / (a * np.sqrt(e[hyperbola] ** 2 - 1))
    np.testing.assert_allclose(
        e[hyperbola] * sinh - np.arcsinh(sinh), GAUSS_K * days[hyperbola] / a**1.5, rtol=1e-9
    )


def test_elements_that_describe_no_orbit_have_no_place():
    row = element_rows()[0]
    orbits = Orbits.joined([planet([*row[:10], 0.0]), planet([row[0], -0.5, *row[2:]]), planet(row)])
    found = orbits.heliocentric_au(np.array([51544.0]))
    assert np.isnan(found[:2]).all()
    assert np.isfinite(found[2]).all()


def test_a_body_moves_at_the_pace_that_a_daily_motion_gives():
    row = element_rows()[0]
    twice = planet(row, daily_motion_deg=[2 * row[7]]).heliocentric_au(np.array([51544.0 + 100]))
    once = planet(row).heliocentric_au(np.array([51544.0 + 200]))
    np.testing.assert_allclose(twice, once, atol=1e-8)


def test_the_magnitude_of_a_comet():
    # M1 + 5 log 2 + 10 log 3 = 5 + 1.50515 + 4.77121
    assert comet_magnitude(5.0, None, r_au=3.0, delta_au=2.0) == pytest.approx(11.27636, abs=1e-5)


def test_proper_motion_and_parallax_are_those_of_astropy():
    """Barnard's Star from 2016.0 to 2026-11-21; astropy 8: apply_space_motion, then the parallax."""
    from astropy import units as u
    from astropy.coordinates import SkyCoord
    from astropy.time import Time

    values = {
        "ra": 269.4485025,
        "dec": 4.7394200,
        "pm_ra": -801.551,
        "pm_dec": 10362.394,
        "parallax": 546.976,
    }
    stars = Stars(
        *(np.array([value]) for value in (values["ra"], values["dec"], 2016.0)),
        *(np.array([values[name]]) for name in ("pm_ra", "pm_dec", "parallax")),
    )
    mjd = 61365.0
    coordinate = SkyCoord(
        values["ra"] * u.deg,
        values["dec"] * u.deg,
        pm_ra_cosdec=values["pm_ra"] * u.mas / u.yr,
        pm_dec=values["pm_dec"] * u.mas / u.yr,
        distance=(1000 / values["parallax"]) * u.pc,
        radial_velocity=0 * u.km / u.s,
        obstime=Time(2016.0, format="jyear", scale="tdb"),
    )
    moved = coordinate.apply_space_motion(Time(mjd, format="mjd", scale="tdb"))
    ra, dec = ra_dec_deg(stars.directions(mjd)[0])
    assert 3600 * (ra - moved.ra.deg) == pytest.approx(0, abs=0.002)
    assert 3600 * (dec - moved.dec.deg) == pytest.approx(0, abs=0.002)
    earth = earth_at(mjd_utc_to_mjd_tt([mjd]))[1][0]
    near = moved.cartesian.xyz.to_value(u.au) - earth
    seen = stars.directions(mjd, earth)[0]
    assert 3600 * separation_deg(seen, near / np.linalg.norm(near)) == pytest.approx(0, abs=0.002)


def test_epochs_of_every_kind_are_years():
    np.testing.assert_allclose(
        epoch_as_julian_year([2016.0, 2451545.0, 51544.5, np.nan]), [2016.0, 2000.0, 2000.0, 2000.0]
    )


def test_from_a_site_the_altitude_is_given_and_from_the_centre_it_is_not():
    star = Bodies.fixed([83.82], [-5.39])
    site = Site("x", "X", -30.2, -70.7, 2700)
    seen = place_of(star, mjd_utc=61365.25, site=site)
    # astropy 8, SkyCoord(83.82, -5.39).transform_to(AltAz(...)): 64.79555, 10.80470
    assert seen.altitude_deg == pytest.approx(64.79555, abs=1e-3)
    assert seen.azimuth_deg == pytest.approx(10.80470, abs=1e-3)
    assert place_of(star, mjd_utc=61365.25, site=None).altitude_deg is None
    with pytest.raises(ValueError, match="expected a time from 1900 to 2100"):
        place_of(star, mjd_utc=1e6, site=None)
