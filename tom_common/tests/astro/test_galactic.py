import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from tom_common.astro.galactic import galactic_from_icrs


def test_all_sky_agrees_with_astropy_to_a_thirtieth_of_an_arcsecond():
    random = np.random.default_rng(20260814)
    ra_deg = random.uniform(0.0, 360.0, 2000)
    dec_deg = np.degrees(np.arcsin(random.uniform(-1.0, 1.0, 2000)))
    lng_deg, lat_deg = galactic_from_icrs(ra_deg, dec_deg)
    ours = SkyCoord(lng_deg, lat_deg, unit="deg", frame="galactic")
    assert SkyCoord(ra_deg, dec_deg, unit="deg").separation(ours.transform_to("icrs")).arcsec.max() < 0.03


def test_the_galactic_pole_is_where_it_is_defined():
    # North Galactic pole in ICRS: 192.85948, +27.12825 (ESA SP-1200, volume 1, equation 1.5.9).
    _, lat_deg = galactic_from_icrs(192.85948, 27.12825)
    assert float(lat_deg) == pytest.approx(90.0, abs=1e-4)


def test_longitude_is_between_0_and_360():
    lng_deg, lat_deg = galactic_from_icrs([266.4, 266.5], [-28.9, -29.1])
    assert lng_deg.shape == lat_deg.shape == (2,)
    assert ((lng_deg >= 0) & (lng_deg < 360)).all()
