"""Simulated spectra of supernovae and disrupted stars: a black body with P Cygni lines, and noise. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tom_common.astro.wavelengths import LIGHT_A_PER_S, vacuum_to_air_a

Floats = NDArray[np.float64]

INSTRUMENTS = (
    ("P60 (simulated)", "SEDM (simulated)", 3800.0, 9200.0, 12.0),
    ("FTN (simulated)", "FLOYDS (simulated)", 3500.0, 10000.0, 3.5),
)
"""Telescope, instrument, first and last wavelength (Angstrom in air, observed), step (Angstrom)."""
_LIGHT_KM_S = 299792.458
_PLANCK_A_K = 1.4387769e8  # h c / k in Angstrom Kelvin
_AB_FLUX_CGS = 3.6308e-20  # of magnitude 0, in erg/s/cm2/Hz
_R_BAND_A = 6400.0

# Temperature at peak and late (K), velocity of the absorption at peak (km/s); of each line the wavelength in
# vacuum (Angstrom), the depth of its absorption and the height of its emission.
_LOOKS: dict[str, tuple[float, float, float, tuple[tuple[float, float, float], ...]]] = {
    "SN Ia": (
        13000.0,
        6500.0,
        11500.0,
        (
            (3951.0, 0.6, 0.25),
            (4550.0, 0.35, 0.1),
            (5020.0, 0.4, 0.15),
            (5455.3, 0.22, 0.0),
            (5642.0, 0.25, 0.05),
            (6356.8, 0.55, 0.2),
            (8579.0, 0.6, 0.35),
        ),
    ),
    "SN II": (
        12000.0,
        5500.0,
        9500.0,
        (
            (4102.9, 0.2, 0.1),
            (4341.7, 0.3, 0.2),
            (4862.7, 0.35, 0.35),
            (5170.5, 0.2, 0.05),
            (5877.2, 0.2, 0.15),
            (6564.6, 0.3, 0.9),
            (8579.0, 0.3, 0.3),
        ),
    ),
    "SN Ibc": (
        9500.0,
        5000.0,
        11000.0,
        (
            (3951.0, 0.5, 0.2),
            (5020.0, 0.4, 0.15),
            (5877.2, 0.4, 0.2),
            (6680.0, 0.2, 0.1),
            (7067.1, 0.25, 0.15),
            (7776.3, 0.3, 0.1),
            (8579.0, 0.5, 0.5),
        ),
    ),
    "TDE": (20000.0, 18000.0, 0.0, ((4687.0, 0.0, 0.25), (4862.7, 0.0, 0.15), (6564.6, 0.0, 0.4))),
}
CLASSES = tuple(_LOOKS)
"""Classes of objects of which spectra can be made."""


@dataclass(frozen=True)
class SimulatedSpectrum:
    """An observed spectrum: wavelength in air (Angstrom), flux and 1-sigma error (erg/s/cm2/Angstrom)."""

    mjd_utc: float
    telescope: str
    instrument: str
    exposure_s: float
    wave_a: Floats
    flux: Floats
    error: Floats


def simulate_spectrum(
    class_name: str,
    *,
    redshift: float,
    mag_ab: float,
    days: float,
    mjd_utc: float,
    instrument: int,
    rng: np.random.Generator,
) -> SimulatedSpectrum:
    """Return a spectrum of a class at a time.

    Parameters
    ----------
    class_name : str
        One of `CLASSES`.
    redshift : float
    mag_ab : float
        Magnitude at 6,400 Angstrom.
    days : float
        Since the first light, in the observer's days.
    mjd_utc : float
    instrument : int
        Which of `INSTRUMENTS`.
    rng : Generator
    """
    telescope, name, first_a, last_a, step_a = INSTRUMENTS[instrument]
    vacuum = np.arange(first_a, last_a, step_a) * 1.00028
    rest = vacuum / (1.0 + redshift)
    hot, cool, velocity, lines = _LOOKS[class_name]
    age = max(0.0, days / (1.0 + redshift) - 15.0)
    temperature = cool + (hot - cool) * np.exp(-age / 15.0)
    shape = rest**-5.0 / np.expm1(_PLANCK_A_K / (rest * temperature))
    shape *= _profile(rest, lines, velocity * (0.6 + 0.4 * np.exp(-age / 20.0)), min(1.0, 0.4 + days / 20.0))
    at_r = np.interp(_R_BAND_A * 1.00028, vacuum, shape)
    peak = _AB_FLUX_CGS * 10.0 ** (-0.4 * mag_ab) * LIGHT_A_PER_S / _R_BAND_A**2
    flux = shape / at_r * peak
    # Noise of the sky, worse at both ends, as of an exposure that suits the magnitude.
    ends = 1.0 + 3.0 * (np.abs(vacuum - vacuum.mean()) / np.ptp(vacuum) * 2.0) ** 6
    error = peak * rng.uniform(0.02, 0.06) * ends
    return SimulatedSpectrum(
        mjd_utc=mjd_utc,
        telescope=telescope,
        instrument=name,
        exposure_s=1800.0,
        wave_a=vacuum_to_air_a(vacuum),
        flux=flux + rng.normal(0.0, error),
        error=error,
    )


def _profile(
    rest: Floats, lines: tuple[tuple[float, float, float], ...], velocity_km_s: float, strength: float
) -> Floats:
    factor = np.ones_like(rest)
    for centre, depth, height in lines:
        width = centre * max(velocity_km_s, 6000.0) * 0.3 / _LIGHT_KM_S
        trough = centre * (1.0 - velocity_km_s / _LIGHT_KM_S)
        factor -= strength * depth * np.exp(-0.5 * ((rest - trough) / width) ** 2)
        factor += strength * height * np.exp(-0.5 * ((rest - centre) / (1.6 * width)) ** 2)
    return np.clip(factor, 0.05, None)
