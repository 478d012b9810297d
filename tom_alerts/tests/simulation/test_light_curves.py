"""Numbers come from the papers that the models cite; tolerances say how far the templates are read."""

import numpy as np
import pytest

from tom_alerts.simulation import light_curves as lc

DAYS = np.arange(-25.0, 120.0, 0.05)


def brightest(curve, band):
    mags = lc_mag(curve, DAYS, band)
    return DAYS[np.argmin(mags)], mags.min()


def lc_mag(curve, days, band):
    with np.errstate(divide="ignore"):
        return 31.4 - 2.5 * np.log10(curve.difference_njy(np.atleast_1d(np.asarray(days, dtype=float)), band))


def mag_at(curve, day, band):
    return float(lc_mag(curve, day, band)[0])


def test_zero_magnitude_is_3631_jansky():
    assert lc.mag_to_njy(0.0) == pytest.approx(3631e9, rel=2e-4)


@pytest.mark.parametrize("redshift", [0.005, 0.02, 0.1])
def test_distance_modulus_agrees_with_a_flat_cosmology(redshift):
    # Omega_m = 0.3, H0 = 70: the comoving distance by numerical integration.
    z = np.linspace(0.0, redshift, 2001)
    comoving = 299792.458 / 70 * np.trapezoid(1 / np.sqrt(0.3 * (1 + z) ** 3 + 0.7), z)
    expected = 5 * np.log10((1 + redshift) * comoving) + 25
    assert lc.distance_modulus(redshift) == pytest.approx(expected, abs=0.01)


def test_redshift_is_the_inverse_of_the_modulus():
    assert lc.redshift_of_modulus(lc.distance_modulus(0.07)) == pytest.approx(0.07, rel=1e-9)


def test_supernova_ia_declines_one_magnitude_in_g_within_15_days_of_maximum():
    # Delta m15(B) = 1.1 for the mean Ia (Hamuy et al. 1996); g is slower than B by about 0.2.
    curve = lc.TypeIaSupernova(peak_mjd=0.0, peak_r_mag=17.0, redshift=0.0)
    assert mag_at(curve, 15, "g") - mag_at(curve, 0, "g") == pytest.approx(0.9, abs=0.15)


def test_supernova_ia_is_dark_before_its_rise_of_17_days():
    curve = lc.TypeIaSupernova(peak_mjd=0.0, peak_r_mag=15.0, redshift=0.0)
    assert curve.difference_njy(np.array([-17.4]), "r")[0] == 0.0
    assert mag_at(curve, -15, "r") - 15.0 > 2.5


def test_supernova_ia_has_a_second_maximum_in_i_and_none_in_g():
    # Hsiao et al. (2007): about 24 days after B maximum, some 0.5 mag below the first.
    curve = lc.TypeIaSupernova(peak_mjd=0.0, peak_r_mag=16.0, redshift=0.0)
    late = np.arange(12.0, 40.0, 0.1)
    i_mags = lc_mag(curve, late, "i")
    assert late[np.argmin(i_mags)] == pytest.approx(24, abs=3)
    assert i_mags.min() - brightest(curve, "i")[1] == pytest.approx(0.5, abs=0.15)
    assert np.all(np.diff(lc_mag(curve, late, "g")) > 0)


def test_redshift_and_slow_decline_stretch_the_time_axis():
    near = lc.TypeIaSupernova(0.0, 18.0, 0.0)
    far = lc.TypeIaSupernova(0.0, 18.0, 0.1)
    slow = lc.TypeIaSupernova(0.0, 18.0, 0.0, decline_15_mag=0.85)
    assert mag_at(far, 11, "r") == pytest.approx(mag_at(near, 10, "r"), abs=1e-9)
    assert mag_at(slow, 15, "g") < mag_at(near, 15, "g")


def test_fast_supernovae_ia_are_fainter():
    # Hamuy et al. (1996): 0.79 mag per mag of decline.
    assert lc.type_ia_absolute_mag(1.6) - lc.type_ia_absolute_mag(1.1) == pytest.approx(0.395, abs=1e-9)


def test_supernova_ii_has_plateau_drop_and_cobalt_tail():
    curve = lc.TypeIISupernova(explosion_mjd=0.0, peak_r_mag=17.0, redshift=0.0)
    assert brightest(curve, "r")[0] == pytest.approx(8.0, abs=1.0)
    assert mag_at(curve, 60, "r") - mag_at(curve, 10, "r") < 1.0
    # Anderson et al. (2014): the drop ends the plateau about 84 days after the explosion.
    assert 1.4 < mag_at(curve, 104, "r") - mag_at(curve, 66, "r") < 2.4
    # Decay of cobalt 56: 0.98 mag in 100 days.
    assert mag_at(curve, 240, "r") - mag_at(curve, 140, "r") == pytest.approx(0.98, abs=0.03)


def test_supernova_ii_reddens_by_a_magnitude():
    curve = lc.TypeIISupernova(explosion_mjd=0.0, peak_r_mag=17.0, redshift=0.0)

    def colour(day):
        return mag_at(curve, day, "g") - mag_at(curve, day, "r")

    assert colour(3) < 0.1
    assert 0.7 < colour(70) < 1.1


def test_stripped_supernova_declines_as_drout_measured():
    # Drout et al. (2011): 0.67 mag in R within 15 days.
    curve = lc.StrippedSupernova(peak_mjd=0.0, peak_r_mag=17.0, redshift=0.0)
    assert mag_at(curve, 15, "r") - mag_at(curve, 0, "r") == pytest.approx(0.67, abs=0.02)
    assert mag_at(curve, 15, "g") - mag_at(curve, 15, "r") > mag_at(curve, 0, "g") - mag_at(curve, 0, "r")


def test_tidal_disruption_stays_blue_and_falls_as_a_power_law():
    curve = lc.TidalDisruption(peak_mjd=0.0, peak_r_mag=17.0, redshift=0.0, decline_days=60.0)
    # Planck at 4746 and 6366 Angstrom and 20,000 K: hc/kT is 1.516 and 1.130, the ratio of fluxes 1.423.
    for day in (-10, 0, 50):
        assert mag_at(curve, day, "g") - mag_at(curve, day, "r") == pytest.approx(-0.383, abs=0.001)
    # (1 + 60/60)^(-5/3): 1.254 mag after one time scale.
    assert mag_at(curve, 60, "r") - 17.0 == pytest.approx(1.254, abs=0.001)


def test_sun_like_black_body_has_the_colour_of_the_sun():
    # g - r of the Sun is 0.45 AB (Willmer 2018, doi:10.3847/1538-4365/aabfdf); a black body lacks the lines.
    assert lc.black_body_mag_offset(5772, "g") == pytest.approx(0.45, abs=0.12)


def test_dwarf_nova_relations():
    # Warner (1995): 4.5 mag at a recurrence of 100 days; 1.7 days per mag at an orbit of 4 hours.
    assert lc.dwarf_nova_amplitude(100) == pytest.approx(4.5, abs=0.01)
    assert lc.dwarf_nova_decline(4.0) == pytest.approx(1.70, abs=0.01)


def test_dwarf_nova_returns_to_its_reference_and_comes_back():
    curve = lc.DwarfNova(0.0, 40.0, quiescent_r_mag=19.5, amplitude_mag=4.0, plateau_days=5.0)
    flux = curve.difference_njy(np.array([-0.1, 3.0, 30.0, 43.0]), "r")
    assert flux[0] == pytest.approx(0.0, abs=1e-6)
    assert flux[2] == pytest.approx(0.0, abs=1e-6)
    assert flux[3] == pytest.approx(flux[1])
    assert 31.4 - 2.5 * np.log10(flux[1]) == pytest.approx(15.5, abs=0.15)


def test_fast_novae_are_brighter():
    # Della Valle & Livio (1995): -8.8 for the fastest, -7.1 for the slowest.
    assert lc.nova_absolute_mag(5.0) == pytest.approx(-8.94, abs=0.1)
    assert lc.nova_absolute_mag(80.0) == pytest.approx(-7.05, abs=0.1)
    curve = lc.Nova(peak_mjd=0.0, peak_r_mag=16.0, decline_2_days=10.0)
    assert mag_at(curve, 10, "g") - mag_at(curve, 0, "g") == pytest.approx(2.0, abs=0.01)


def test_flare_follows_the_template_and_is_stronger_in_the_blue():
    curve = lc.DwarfFlare(0.0, 0.01, quiescent_r_mag=17.0, peak_ratio_g=5.0)
    times = np.array([-0.0101, -0.005, 0.0, 0.01])
    flux = curve.difference_njy(times, "g")
    # Davenport et al. (2014), equations 1 and 4, by hand at t = -1/2 and t = 1.
    assert flux[0] == 0.0
    assert flux[1] / flux[2] == pytest.approx(0.19618 / 0.992, abs=0.001)
    assert flux[3] / flux[2] == pytest.approx(
        (0.6890 * np.exp(-1.6) + 0.3030 * np.exp(-0.2783)) / 0.992, abs=1e-6
    )
    relative = {
        band: curve.difference_njy(np.array([0.0]), band)[0] / lc.mag_to_njy(curve.reference_mag(band))
        for band in "gri"
    }
    assert relative["g"] > 3 * relative["r"] > 3 * relative["i"]


def test_kilonova_fades_faster_than_a_magnitude_a_day_in_g_and_reddens():
    curve = lc.Kilonova(merger_mjd=0.0, modulus=33.0)
    assert mag_at(curve, 0.5, "i") == pytest.approx(17.4, abs=0.2)  # SSS17a at discovery: i = 17.5
    assert (mag_at(curve, 2.5, "g") - mag_at(curve, 0.5, "g")) / 2 > 1.0
    assert mag_at(curve, 3.5, "g") - mag_at(curve, 3.5, "r") > 1.0
    assert curve.difference_njy(np.array([-0.1]), "r")[0] == 0.0


def test_damped_random_walk_has_unit_variance_and_forgets_within_its_damping_time():
    rng = np.random.default_rng(5)
    walk = lc.damped_random_walk(rng, np.arange(0.0, 200_000.0, 10.0), damping_days=100.0)
    assert np.std(walk) == pytest.approx(1.0, abs=0.06)
    correlation = np.corrcoef(walk[:-10], walk[10:])[0, 1]
    assert correlation == pytest.approx(np.exp(-1), abs=0.06)


def test_active_nucleus_varies_more_in_the_blue_and_both_ways():
    # MacLeod et al. (2010): amplitude proportional to wavelength^-0.479.
    curve = lc.ActiveNucleus(np.array([0.0, 1.0]), np.array([1.0, -1.0]), mean_r_mag=17.0, sigma_r_mag=0.2)
    up, down = curve.difference_njy(np.array([0.0, 1.0]), "g")
    assert up < 0 < down

    def amplitude(band):
        total = lc.mag_to_njy(curve.reference_mag(band)) + curve.difference_njy(np.array([0.0, 1.0]), band)
        return 2.5 * np.log10(total[1] / total[0])

    assert amplitude("g") / amplitude("i") == pytest.approx((7829 / 4746) ** 0.479, abs=0.01)


def test_rr_lyrae_rises_in_a_fifth_of_its_period():
    curve = lc.RRLyrae(0.0, 0.55, mean_r_mag=16.0, amplitude_g_mag=1.1)
    phase = np.arange(0.0, 1.0, 0.001)
    mags = curve.mag(phase * 0.55, "g")
    assert np.ptp(mags) == pytest.approx(1.1, abs=0.005)
    assert 1.0 - phase[np.argmax(mags)] < 0.25
    assert np.ptp(curve.mag(phase * 0.55, "i")) < np.ptp(mags)
    np.testing.assert_allclose(curve.mag(phase * 0.55 + 0.55 * 7, "g"), mags, atol=1e-6)
    flux = curve.difference_njy(phase * 0.55, "g")
    assert abs(flux.mean()) < 0.1 * flux.max()


def test_eclipsing_binary_is_never_brighter_than_its_reference():
    curve = lc.EclipsingBinary(0.0, 2.0, 15.0, depth_mag=0.75, second_depth_mag=0.2)
    flux = curve.difference_njy(np.arange(0, 4, 0.01), "r")
    assert flux.max() <= 0.0
    # Half of the light gone: 0.753 mag.
    assert flux.min() / lc.mag_to_njy(15.0) == pytest.approx(-0.5, abs=0.003)


def test_mira_changes_by_more_than_two_and_a_half_magnitudes_in_g():
    curve = lc.Mira(0.0, 300.0, mean_r_mag=15.0, amplitude_g_mag=4.0, reference_phase=0.5)
    total = curve.difference_njy(np.arange(0, 300.0), "g") + lc.mag_to_njy(curve.reference_mag("g"))
    assert 2.5 * np.log10(total.max() / total.min()) == pytest.approx(4.0, abs=0.01)
    assert np.all(curve.difference_njy(np.arange(0, 300.0), "r") > -1e-6)
