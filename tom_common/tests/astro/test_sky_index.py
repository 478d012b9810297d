import hpgeom
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tom_common.astro.sky_index import NO_POSITION, sky_index, sky_position


def test_the_first_pixel_lies_at_the_south_corner_of_the_first_face():
    # Face 0 is centred on ra 45; its lowest corner lies on the equator there (Gorski et al. 2005, Fig. 4).
    assert sky_index(45.0, 1e-8) == 0
    assert sky_index(45.0, 89.9999999) == 4**29 - 1  # the highest corner of face 0 is the pole


def test_a_coarser_pixel_is_the_index_without_its_last_bits():
    ra, dec = np.array([10.0, 200.5, 359.999]), np.array([-45.0, 3.0, 88.0])
    coarse = hpgeom.angle_to_pixel(2**10, ra, dec)
    assert (sky_index(ra, dec) >> (2 * 19) == coarse).all()


@given(st.floats(0, 360), st.floats(-90, 90))
def test_the_pixel_centre_is_within_half_a_milliarcsecond(ra, dec):
    index = sky_index(ra, dec)
    assert isinstance(index, int)
    ra_back, dec_back = sky_position([index])
    away = np.hypot(((ra_back[0] - ra + 180) % 360 - 180) * np.cos(np.radians(dec)), dec_back[0] - dec)
    assert away * 3600e3 < 0.5


def test_whole_turns_of_right_ascension_change_nothing():
    assert sky_index(-10.0, 5.0) == sky_index(350.0, 5.0) == sky_index(np.array([710.0]), np.array([5.0]))[0]


def test_scalars_and_arrays_agree():
    assert sky_index(12.5, -30.25) == sky_index([12.5], [-30.25])[0]


@pytest.mark.parametrize(
    ("ra", "dec"), [(np.nan, 0.0), (0.0, np.nan), (np.inf, 0.0), (0.0, 90.5), (0.0, -91.0)]
)
def test_what_is_no_position_has_no_pixel(ra, dec):
    assert sky_index(ra, dec) == NO_POSITION
    assert sky_index(np.array([ra, 1.0]), np.array([dec, 1.0]))[0] == NO_POSITION
    assert np.isnan(sky_position([NO_POSITION])[0]).all()
