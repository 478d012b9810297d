import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import GeocentricTrueEcliptic, SkyCoord

from tom_common.astro.sky_projection import (
    ECLIPTIC_NORTH_POLE,
    GALACTIC_NORTH_POLE,
    aitoff,
    great_circle,
    sky_of_aitoff,
)


def test_the_centre_the_poles_and_the_edge_lie_where_the_formula_puts_them():
    x, y = aitoff([0, 0, 0, 179.999999, 180, 90, 270], [0, 90, -90, 0, 0, 0, 0])
    assert np.allclose(x, [0, 0, 0, -180, 180, -90, 90], atol=1e-5)
    assert np.allclose(y, [0, 90, -90, 0, 0, 0, 0], atol=1e-9)


def test_a_position_off_the_axes_agrees_with_a_calculation_by_hand():
    # RA 90, Dec 45: cos a = cos 45 cos 45 = 1/2, a = 60 deg; x = 2 a cos 45 sin 45 / sin 60 = 60 / 0.8660
    x, y = aitoff(90.0, 45.0)
    assert x == pytest.approx(-60 / np.sin(np.radians(60)))
    assert y == pytest.approx(60 * np.sin(np.radians(45)) / np.sin(np.radians(60)))


def test_east_is_to_the_left():
    assert aitoff(30.0, 0.0)[0] < aitoff(10.0, 0.0)[0] < aitoff(350.0, 0.0)[0]


def test_the_inverse_gives_back_every_position():
    chance = np.random.default_rng(5)
    ra, dec = chance.uniform(0, 360, 5000), np.degrees(np.arcsin(chance.uniform(-1, 1, 5000)))
    back_ra, back_dec = sky_of_aitoff(*aitoff(ra, dec))
    assert np.allclose((back_ra - ra + 180) % 360 - 180, 0, atol=1e-7)
    assert np.allclose(back_dec, dec, atol=1e-7)


def test_outside_the_ellipse_there_is_no_position():
    assert np.isnan(sky_of_aitoff([181.0, 150.0], [0.0, 80.0])).all()


def test_an_outline_may_go_on_beyond_the_edge():
    assert aitoff(190.0, 0.0, unwrapped=True)[0] < -180
    assert aitoff(190.0, 0.0)[0] == pytest.approx(170.0)


def test_the_galactic_plane_has_latitude_zero():
    ra, dec = great_circle(GALACTIC_NORTH_POLE)
    assert np.abs(SkyCoord(ra, dec, unit="deg").galactic.b.deg).max() < 1e-4


def test_the_ecliptic_has_latitude_zero():
    ra, dec = great_circle(ECLIPTIC_NORTH_POLE)
    frame = GeocentricTrueEcliptic(equinox="J2000")
    latitude = SkyCoord(ra * u.deg, dec * u.deg).transform_to(frame).lat.deg
    assert np.abs(latitude).max() < 0.01
