"""Lines of atoms, galaxies and the night sky, by which spectra are read. Pure.

Wavelengths are at rest, in standard air above 2,000 Angstrom and in vacuum below, as the literature gives
them; the other one is computed (``wavelengths``). A blend of fine structure stands where its strongest line
is; C II 4267 and Mg II 4481, pairs of like strength, at the mean by strength, hydrogen at that by weight.
"""

from __future__ import annotations

from dataclasses import dataclass

from tom_common.astro.wavelengths import air_to_vacuum_a


@dataclass(frozen=True)
class SpectralLine:
    """One line.

    Attributes
    ----------
    group : str
        List to which it belongs, a key of `LINE_GROUPS`.
    name : str
        Ion as astronomers write it, ``[O III]`` where the line is forbidden.
    air_a : float
        Wavelength at rest in Angstrom: in air above 2,000, in vacuum below.
    """

    group: str
    name: str
    air_a: float

    @property
    def vacuum_a(self) -> float:
        """Wavelength at rest in vacuum, in Angstrom."""
        return float(air_to_vacuum_a(self.air_a))


@dataclass(frozen=True)
class Telluric:
    """A range of wavelengths that the air of the Earth absorbs: Angstrom in air, at the observatory."""

    name: str
    from_a: float
    to_a: float


LINE_GROUPS = ("H", "He", "C", "O", "Na", "Mg", "Si", "S", "Ca", "Fe", "galaxy", "sky")
"""Names of the lists, in the order in which they are offered; ``sky`` does not move with the target."""

# From the levels of the NIST Atomic Spectra Database to 0.01 Angstrom, each compared with them by a test
# (docs/decisions/0170, 0230); OH of the sky from Osterbrock et al. (1996), doi:10.1086/133722.
_LINES: dict[str, tuple[tuple[str, tuple[float, ...]], ...]] = {
    "H": (
        ("Lyα", (1215.67,)),
        ("Lyβ", (1025.72,)),
        ("Hα", (6562.80,)),
        ("Hβ", (4861.33,)),
        ("Hγ", (4340.47,)),
        ("Hδ", (4101.74,)),
        ("Hε", (3970.08,)),
        ("Paβ", (12818.08,)),
        ("Paγ", (10938.09,)),
        ("Paδ", (10049.37,)),
    ),
    "He": (
        ("He I", (3888.65, 4471.48, 4921.93, 5015.68, 5875.62, 6678.15, 7065.18, 7281.35, 10830.34)),
        ("He II", (3203.10, 4685.70, 5411.52)),
    ),
    "C": (
        ("C I", (9094.83, 9405.73, 10691.24)),
        ("C II", (4267.16, 6578.05, 6582.88, 7231.33, 7236.42)),
        ("C III", (4647.42, 4650.25, 5695.92)),
        ("C IV", (1548.19, 1550.77, 5801.31, 5811.97)),
    ),
    "O": (
        ("O I", (6158.19, 7771.94, 7774.17, 7775.39, 8446.36, 9266.01)),
        ("[O I]", (5577.34, 6300.30, 6363.78)),
        ("[O II]", (3726.03, 3728.82)),
        ("[O III]", (4363.21, 4958.91, 5006.84)),
    ),
    "Na": (("Na I", (5889.95, 5895.92, 8183.26, 8194.82)),),
    "Mg": (
        ("Mg I", (3838.29, 5167.32, 5172.68, 5183.60, 8806.76)),
        ("Mg I]", (4571.10,)),
        ("Mg II", (2795.53, 2802.70, 4481.21, 7877.05, 7896.37, 9218.25, 9244.26)),
    ),
    "Si": (
        ("Si II", (3856.02, 3862.60, 4128.05, 4130.89, 5041.02, 5055.98, 5957.56, 5978.93, 6347.11, 6371.37)),
        ("Si III", (4552.62, 4567.84, 4574.76)),
        ("Si IV", (1393.76, 1402.77, 4088.86, 4116.10)),
    ),
    "S": (("S II", (5432.80, 5453.86, 5606.15, 5639.98, 5640.35)), ("[S II]", (6716.44, 6730.82))),
    "Ca": (
        ("Ca I", (4226.73,)),
        ("Ca II", (3933.66, 3968.47, 8498.02, 8542.09, 8662.14)),
        ("[Ca II]", (7291.47, 7323.89)),
    ),
    "Fe": (
        ("Fe I", (4383.54, 5269.54, 5328.04)),
        ("Fe II", (4233.16, 4549.47, 4583.83, 4923.92, 5018.44, 5169.03, 5276.00, 5316.61, 6247.56, 6456.38)),
        ("Fe III", (4419.60, 5127.37, 5156.12)),
        ("[Fe II]", (7155.17,)),
    ),
    "galaxy": (
        ("[O II]", (3726.03, 3728.82)),
        ("[Ne III]", (3868.76,)),
        ("Ca II K", (3933.66,)),
        ("Ca II H", (3968.47,)),
        ("Hδ", (4101.74,)),
        ("Hγ", (4340.47,)),
        ("Hβ", (4861.33,)),
        ("[O III]", (4958.91, 5006.84)),
        ("Mg I", (5167.32, 5172.68, 5183.60)),
        ("Na I D", (5889.95, 5895.92)),
        ("[O I]", (6300.30,)),
        ("[N II]", (6548.05, 6583.45)),
        ("Hα", (6562.80,)),
        ("[S II]", (6716.44, 6730.82)),
    ),
    "sky": (
        ("Hg I", (4046.56, 4358.33, 5460.75)),
        ("[O I]", (5577.34, 6300.30, 6363.78)),
        ("Na I", (5889.95, 5895.92)),
        ("OH", (7276.41, 7750.64, 7913.71, 8344.60, 8399.17, 8430.17, 8827.10, 8885.85)),
    ),
}

TELLURIC_BANDS = (
    Telluric("O2 B", 6867.0, 6944.0),
    Telluric("H2O", 7164.0, 7340.0),
    Telluric("O2 A", 7594.0, 7700.0),
    Telluric("H2O", 8128.0, 8352.0),
    Telluric("H2O", 8952.0, 9213.0),
    Telluric("H2O", 9300.0, 9650.0),
)

SPECTRAL_LINES: tuple[SpectralLine, ...] = tuple(
    SpectralLine(group, name, air_a)
    for group in LINE_GROUPS
    for name, wavelengths in _LINES[group]
    for air_a in wavelengths
)


def lines_as_columns() -> dict[str, list]:
    """Return all lines for a plot: ``group``, ``name``, ``air`` and ``vacuum`` (Angstrom, to 0.01)."""
    return {
        "group": [line.group for line in SPECTRAL_LINES],
        "name": [line.name for line in SPECTRAL_LINES],
        "air": [line.air_a for line in SPECTRAL_LINES],
        "vacuum": [round(line.vacuum_a, 3) for line in SPECTRAL_LINES],
    }
