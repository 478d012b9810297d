import numpy as np
import pytest

from tom_alerts.simulation.solar_system import (
    Elements,
    draw_asteroid,
    ephemeris,
    heliocentric_au,
    solve_kepler,
)

CERES_LIKE = Elements(
    epoch_mjd_tdb=61000.0,
    semimajor_axis_au=2.7656,
    eccentricity=0.0796,
    inclination_deg=10.588,
    lng_asc_node_deg=80.25,
    arg_of_perihelion_deg=73.3,
    mean_anomaly_deg=0.0,
    absolute_mag=3.33,
)


def test_kepler_equation_is_solved():
    mean = np.linspace(0, 2 * np.pi, 50)
    anomaly = solve_kepler(mean, 0.22)
    np.testing.assert_allclose(anomaly - 0.22 * np.sin(anomaly), mean, atol=1e-12)


def test_orbit_closes_after_its_period_and_starts_at_perihelion():
    period = 365.2568983 * CERES_LIKE.semimajor_axis_au**1.5
    start, later = heliocentric_au(CERES_LIKE, 61000.0 + np.array([0.0, period]))
    np.testing.assert_allclose(start, later, atol=1e-6)
    assert np.linalg.norm(start) == pytest.approx(2.7656 * (1 - 0.0796), abs=1e-9)


def test_places_agree_with_astropy():
    """The same orbit, put through astropy's frames: heliocentric ecliptic to GCRS with its own light time."""
    from astropy import units as u
    from astropy.coordinates import ICRS, CartesianRepresentation, get_body_barycentric
    from astropy.time import Time

    mjd = 61364.3
    time = Time(mjd, format="mjd", scale="utc")
    found = ephemeris(CERES_LIKE, np.array([mjd]))
    earth = get_body_barycentric("earth", time, ephemeris="builtin").xyz.to_value(u.au)
    sun = get_body_barycentric("sun", time, ephemeris="builtin").xyz.to_value(u.au)
    delay = 0.0
    for _ in range(4):
        line = heliocentric_au(CERES_LIKE, np.array([time.tdb.mjd - delay]))[0] + sun - earth
        delay = np.linalg.norm(line) * 499.004784 / 86400
    place = ICRS(CartesianRepresentation(*line, unit=u.au))
    assert found.ra_deg[0] == pytest.approx(place.ra.deg, abs=1 / 3600)
    assert found.dec_deg[0] == pytest.approx(place.dec.deg, abs=1 / 3600)


def test_ceres_at_opposition_has_its_known_brightness():
    # Ceres: V about 6.7 to 7.7 at opposition.
    days = 61000.0 + np.arange(0.0, 500.0)
    found = ephemeris(CERES_LIKE, days)
    at_opposition = np.argmax(found.elongation_deg)
    assert 6.5 < found.v_mag[at_opposition] < 7.8
    assert found.v_mag[at_opposition] == pytest.approx(found.v_mag.min(), abs=0.1)


def test_drawn_asteroid_is_near_opposition_and_moves_as_the_main_belt_does():
    for seed in range(5):
        elements = draw_asteroid(np.random.default_rng(seed), mjd_utc=61364.35)
        found = ephemeris(elements, 61364.35 + np.array([0.0, 1.0]))
        assert found.elongation_deg[0] > 120
        assert 15.4 < found.v_mag[0] < 19.1
        moved = np.hypot(
            (np.diff(found.ra_deg)[0] + 180) % 360 - 180,
            np.diff(found.dec_deg)[0] / np.cos(np.radians(found.dec_deg[0])),
        )
        assert 0.05 < moved < 0.5  # degrees a day


def test_elements_carry_the_field_names_of_a_target():
    from tom_targets.base_models import BaseTarget

    fields = {field.name for field in BaseTarget._meta.get_fields()}
    given = CERES_LIKE.as_target_fields()
    assert set(given) <= fields
    assert given["scheme"] == "MPC_MINOR_PLANET"
    assert given["mean_daily_motion"] == pytest.approx(0.2143, abs=0.0002)  # 4.60 years
