"""Distance moduli: by hand, in closed form, and against a second integration."""

import math

import numpy as np
import pytest

from tom_common.astro.distance import (
    LIGHT_SPEED_KM_S,
    luminosity_distance_mpc,
    modulus_of_distance,
    modulus_of_parallax,
    modulus_of_redshift,
)


def test_ten_parsec_is_the_zero_of_absolute_magnitudes():
    assert modulus_of_distance(10.0).value == 0.0
    assert modulus_of_parallax(100.0).value == pytest.approx(0.0)
    found = modulus_of_distance(50_000.0, 2_500.0)  # 5 log10(50000) - 5; 5 / ln 10 * 0.05
    assert (found.value, found.error) == (pytest.approx(18.4949, abs=1e-4), pytest.approx(0.10857, abs=1e-5))


def test_matter_only_has_a_closed_form():
    # Einstein-de Sitter: d_L = 2c/H0 (1 + z - sqrt(1 + z)); empty of matter: d_L = c/H0 z (1 + z)
    for z in (0.001, 0.1, 1.0, 6.0):
        matter = luminosity_distance_mpc(z, h0_km_s_mpc=70, omega_matter=1.0)
        assert matter == pytest.approx(2 * LIGHT_SPEED_KM_S / 70 * (1 + z - math.sqrt(1 + z)), rel=1e-10)
        nothing = luminosity_distance_mpc(z, h0_km_s_mpc=70, omega_matter=0.0)
        assert nothing == pytest.approx(LIGHT_SPEED_KM_S / 70 * z * (1 + z), rel=1e-10)


@pytest.mark.parametrize("redshift", [0.003, 0.05, 0.5, 1.5, 10.0])
def test_a_plain_trapezium_rule_over_redshift_agrees(redshift):
    z = np.linspace(0.0, redshift, 200_001)
    rule = np.trapezoid(1.0 / np.sqrt(0.3 * (1.0 + z) ** 3 + 0.7), z)
    expected = (1 + redshift) * LIGHT_SPEED_KM_S / 70.0 * rule
    assert luminosity_distance_mpc(redshift) == pytest.approx(expected, rel=1e-8)


def test_modulus_of_a_redshift_says_its_cosmology():
    found = modulus_of_redshift(0.1)
    assert found.value == pytest.approx(38.315, abs=0.001)  # 5 log10(460.30 Mpc) + 25
    assert "H0 = 70" in found.how
    assert "Omega_m = 0.3" in found.how


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_distances_are_refused(value):
    for function in (modulus_of_distance, modulus_of_parallax, modulus_of_redshift):
        with pytest.raises(ValueError, match=f"{value:g}"):
            function(value)
