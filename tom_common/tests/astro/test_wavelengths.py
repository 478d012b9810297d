import numpy as np
import pytest
from astropy import units

from tom_common.astro.spectral_lines import LINE_GROUPS, SPECTRAL_LINES, SpectralLine, lines_as_columns
from tom_common.astro.wavelengths import (
    air_to_vacuum_a,
    flux_scale,
    vacuum_to_air_a,
    wavelength_unit_a,
)
from tom_common.tests.astro.nist_levels import LEVELS

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


# Air wavelengths by the levels of NIST, and the strengths of the lines in LS coupling (20, 14 and 1 of 35).
PAIRS = {
    ("C II", 4267.16): ((4267.001, 14), (4267.261, 20), (4267.261, 1)),
    ("Mg II", 4481.21): ((4481.126, 20), (4481.150, 1), (4481.325, 14)),
}
# Osterbrock et al. (1996), table 1
OH = (7276.405, 7750.640, 7913.708, 8344.602, 8399.170, 8430.174, 8827.096, 8885.850)


def by_levels(line: SpectralLine) -> float:
    if line.name == "OH":
        return min(OH, key=lambda air_a: abs(air_a - line.air_a))
    if pair := PAIRS.get((line.name, line.air_a)):
        return float(np.average([air for air, _ in pair], weights=[strength for _, strength in pair]))
    low, high = LEVELS[line.name, line.air_a]
    return float(vacuum_to_air_a(1e8 / (high - low)))


def test_every_line_stands_where_its_energy_levels_put_it():
    differences = {(line.name, line.air_a): line.air_a - by_levels(line) for line in SPECTRAL_LINES}
    # Everybody writes 6562.80 for Balmer alpha, whose mean by weight is 6562.819.
    assert differences.pop(("Hα", 6562.8)) == pytest.approx(-0.019, abs=0.001)
    assert {line: found for line, found in differences.items() if abs(found) > 0.0105} == {}


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
