import astropy.units as u
import numpy as np
import pytest

from tom_common.astro.photometry import (
    ab_mag_to_flux_njy,
    flux_limit_ab_mag,
    flux_njy_to_ab_mag,
    rescaled_flux,
    ztf_forced_flux_njy,
    ztf_forced_mag,
    ztf_total_mag,
)


def test_magnitudes_are_those_of_astropy():
    flux = np.array([1.0, 3631e9, 5200.0])
    mag, err = flux_njy_to_ab_mag(flux, flux / 50)
    expected = (flux * u.nJy).to_value(u.ABmag)
    assert mag == pytest.approx(expected, abs=1e-4)  # 31.4 stands for 31.40006
    assert err == pytest.approx(2.5 / np.log(10) / 50)


def test_flux_that_is_negative_or_faint_has_no_magnitude():
    mag, err = flux_njy_to_ab_mag([-50.0, 20.0, 30.0, np.nan], [10.0, 10.0, 10.0, 10.0])
    assert np.isnan(mag).tolist() == [True, True, False, True]
    assert np.isnan(err).tolist() == [True, True, False, True]


def test_a_flux_without_error_has_a_magnitude_without_error():
    mag, err = flux_njy_to_ab_mag([1000.0], [np.nan])
    assert mag[0] == pytest.approx(23.9)
    assert np.isnan(err[0])


def test_magnitudes_and_fluxes_are_each_others_inverse():
    flux, flux_err = ab_mag_to_flux_njy([20.0, 23.9], [0.1, 0.05])
    assert flux[1] == pytest.approx(1000.0)
    mag, err = flux_njy_to_ab_mag(flux, flux_err)
    assert mag == pytest.approx([20.0, 23.9])
    assert err == pytest.approx([0.1, 0.05])


def test_errors_that_are_not_positive_and_unlike_shapes_are_refused():
    with pytest.raises(ValueError, match="positive, not 0.0"):
        flux_njy_to_ab_mag([1.0], [0.0])
    with pytest.raises(ValueError, match="shape"):
        flux_njy_to_ab_mag([1.0, 2.0], [1.0])


def test_a_limit_is_that_of_n_sigma():
    # 5 x 200 nJy = 1000 nJy = 31.4 - 7.5 mag.
    assert flux_limit_ab_mag([200.0, 0.0, np.nan], n_sigma=5)[0] == pytest.approx(23.9)
    assert np.isnan(flux_limit_ab_mag([0.0, np.nan, -1.0], n_sigma=5)).all()


def test_fluxcal_becomes_njy_by_the_factor_of_the_contract():
    assert rescaled_flux(1.0, zero_point=27.5) == pytest.approx(36.308, abs=1e-3)  # contracts/desc.md, 1.4


def test_forced_flux_of_ztf_agrees_with_its_magnitude():
    # zp 26.2, 1000 DN: m = 26.2 - 7.5 = 18.7; the same from nJy.
    flux, err = ztf_forced_flux_njy([1000.0], [50.0], [26.2])
    assert 31.4 - 2.5 * np.log10(flux[0]) == pytest.approx(18.7)
    assert flux[0] / err[0] == pytest.approx(20.0)
    mag, mag_err, limit = ztf_forced_mag([1000.0, 100.0], [50.0, 50.0], [26.2, 26.2], n_sigma=3)
    assert mag[0] == pytest.approx(18.7)
    assert mag_err[0] == pytest.approx(1.0857 / 20, rel=1e-4)
    assert np.isnan(mag[1])
    assert np.isnan(limit[0])
    assert limit[1] == pytest.approx(26.2 - 2.5 * np.log10(150.0))


def test_failed_forced_photometry_has_no_flux():
    flux, err = ztf_forced_flux_njy([-99999.0, np.nan, -12.0], [-99999.0, 1.0, -99999.0], [26.0, 26.0, 26.0])
    assert np.isnan(flux).tolist() == [True, True, False]
    assert flux[2] < 0
    assert np.isnan(err).all()


def test_total_magnitude_adds_or_takes_away_the_difference():
    # The same brightness added: 2.5 log10(2) = 0.7526 mag brighter. Half taken away: fainter by it.
    added, _ = ztf_total_mag([18.0], [0.1], [False], [18.0], [0.02])
    assert added[0] == pytest.approx(18.0 - 0.7526, abs=1e-4)
    left, _ = ztf_total_mag([18.0], [0.1], [True], [18.0 - 0.752575], [0.02])
    assert left[0] == pytest.approx(18.0, abs=1e-4)
    nothing, err = ztf_total_mag([17.0], [0.1], [True], [18.0], [0.02])
    assert np.isnan(nothing[0])
    assert np.isnan(err[0])
