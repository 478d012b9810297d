import numpy as np
import pytest
from astropy import units

from tom_common.astro.spectral_lines import LINE_GROUPS, SPECTRAL_LINES, lines_as_columns
from tom_common.astro.wavelengths import (
    air_to_vacuum_a,
    flux_scale,
    vacuum_to_air_a,
    wavelength_unit_a,
)

# NIST Atomic Spectra Database, wavelengths in air and in vacuum (Ritz or observed), in Angstrom.
NIST = {
    ("H", "Hα"): (6562.80, 6564.61),
    ("H", "Hβ"): (4861.33, 4862.69),
    ("He", "He I"): (5875.62, 5877.25),
    ("He", "He II"): (4685.70, 4687.02),
    ("C", "C II"): (6578.05, 6579.87),
    ("O", "O I"): (7771.94, 7774.08),
    ("O", "[O III]"): (5006.84, 5008.24),
    ("Na", "Na I"): (5889.95, 5891.58),
    ("Mg", "Mg II"): (2795.53, 2796.35),
    ("Si", "Si II"): (6347.11, 6348.86),
    ("S", "S II"): (5453.86, 5455.37),
    ("Ca", "Ca II"): (8542.09, 8544.44),
    ("Fe", "Fe II"): (5169.03, 5170.47),
    ("galaxy", "[N II]"): (6583.45, 6585.27),
    ("galaxy", "[S II]"): (6730.82, 6732.68),
    ("galaxy", "Ca II K"): (3933.66, 3934.78),
    ("sky", "[O I]"): (5577.34, 5578.89),
}


@pytest.mark.parametrize(("line", "wavelengths"), NIST.items(), ids=lambda value: str(value))
def test_lines_stand_where_nist_has_them_in_air_and_in_vacuum(line, wavelengths):
    air_a, vacuum_a = wavelengths
    found = [one for one in SPECTRAL_LINES if (one.group, one.name) == line and abs(one.air_a - air_a) < 0.5]
    assert len(found) == 1
    assert found[0].air_a == pytest.approx(air_a, abs=0.015)
    assert found[0].vacuum_a == pytest.approx(vacuum_a, abs=0.02)


def test_every_list_has_lines_and_lyman_alpha_is_in_vacuum():
    assert {line.group for line in SPECTRAL_LINES} == set(LINE_GROUPS)
    assert {line.vacuum_a for line in SPECTRAL_LINES if line.name == "Lyα"} == {1215.67}
    columns = lines_as_columns()
    assert {len(column) for column in columns.values()} == {len(SPECTRAL_LINES)}


def test_air_and_vacuum_are_inverse_to_each_other_and_leave_the_far_ultraviolet():
    vacuum = np.array([1215.67, 1999.9, 2500.0, 6564.614, 25000.0])
    air = vacuum_to_air_a(vacuum)
    assert air[:2].tolist() == [1215.67, 1999.9]
    assert air_to_vacuum_a(air) == pytest.approx(vacuum, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "kind", "known"),
    [
        ("erg / (Angstrom cm2 s)", "flam", units.erg / units.s / units.cm**2 / units.AA),
        ("erg/s/cm2/A", "flam", units.erg / units.s / units.cm**2 / units.AA),
        ("erg s-1 cm-2 AA-1", "flam", units.erg / units.s / units.cm**2 / units.AA),
        ("10^-17 erg cm^-2 s^-1 A^-1", "flam", 1e-17 * units.erg / units.s / units.cm**2 / units.AA),
        ("1E-17 erg/cm^2/s/Ang", "flam", 1e-17 * units.erg / units.s / units.cm**2 / units.AA),
        ("W m-2 um-1", "flam", units.W / units.m**2 / units.um),
        ("W/(m2 nm)", "flam", units.W / units.m**2 / units.nm),
        ("erg/s/cm**2/Hz", "fnu", units.erg / units.s / units.cm**2 / units.Hz),
        ("mJy", "fnu", units.mJy),
        ("µJy", "fnu", units.uJy),
    ],
)
def test_units_of_flux_have_the_size_that_astropy_gives_them(text, kind, known):
    cgs = units.erg / units.s / units.cm**2 / (units.AA if kind == "flam" else units.Hz)
    scale = flux_scale(text)
    assert scale.kind == kind
    assert scale.size == pytest.approx((1 * known).to_value(cgs), rel=1e-12)


@pytest.mark.parametrize(
    "text", ["", None, "counts", "normalised", "erg/s/cm2", "erg/s/cm2/A/A", ")(", "Jy/beam"]
)
def test_what_is_no_flux_density_is_relative(text):
    assert flux_scale(text).kind == "relative"


def test_units_of_wavelength():
    assert [wavelength_unit_a(unit) for unit in ("", "Angstrom", "Å", "nm", "um", "MICRON", "furlong")] == [
        1.0,
        1.0,
        1.0,
        10.0,
        1e4,
        1e4,
        None,
    ]
