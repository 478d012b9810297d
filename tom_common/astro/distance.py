"""Distances: distance modulus from a distance, a parallax, or a redshift in a flat universe. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

LIGHT_SPEED_KM_S = 299_792.458
H0_KM_S_MPC = 70.0
OMEGA_MATTER = 0.3
MAX_REDSHIFT = 20.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_PER_E = 5.0 / math.log(10.0)


@dataclass(frozen=True)
class Modulus:
    """A distance modulus m - M.

    Attributes
    ----------
    value, error : float, float or None
        mag; the error 1 sigma.
    distance_mpc : float
        Luminosity distance.
    how : str
        Words for people: from what, and with which cosmology.
    """

    value: float
    error: float | None
    distance_mpc: float
    how: str


def luminosity_distance_mpc(
    redshift: float, *, h0_km_s_mpc: float = H0_KM_S_MPC, omega_matter: float = OMEGA_MATTER
) -> float:
    """Give the luminosity distance in a flat universe of matter and a cosmological constant.

    Parameters
    ----------
    redshift : float
        Cosmological redshift, above 0, at most `MAX_REDSHIFT`.
    h0_km_s_mpc : float
        Hubble constant, km/s/Mpc.
    omega_matter : float
        Density parameter of matter, 0 to 1; that of the cosmological constant is the rest. No radiation.

    Returns
    -------
    float
        Mpc.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    Hogg (1999), arXiv:astro-ph/9905116, equations 14 to 21.
    """
    if not 0.0 < redshift <= MAX_REDSHIFT:
        raise ValueError(f"the redshift is {redshift:g}; expected more than 0 and at most {MAX_REDSHIFT:g}")
    if not 20.0 <= h0_km_s_mpc <= 200.0:
        raise ValueError(f"the Hubble constant is {h0_km_s_mpc:g} km/s/Mpc; expected 20 to 200")
    if not 0.0 <= omega_matter <= 1.0:
        raise ValueError(f"the matter density is {omega_matter:g}; expected 0 to 1")
    # In ln(1 + z) the integrand is smooth over all redshifts.
    end = math.log1p(redshift)
    stretch = np.exp(0.5 * end * (_NODES + 1.0))
    integrand = stretch / np.sqrt(omega_matter * stretch**3 + 1.0 - omega_matter)
    comoving = LIGHT_SPEED_KM_S / h0_km_s_mpc * 0.5 * end * float(_WEIGHTS @ integrand)
    return (1.0 + redshift) * comoving


def modulus_of_redshift(
    redshift: float, *, h0_km_s_mpc: float = H0_KM_S_MPC, omega_matter: float = OMEGA_MATTER
) -> Modulus:
    """Give the distance modulus of a redshift; see `luminosity_distance_mpc`.

    Peculiar velocities are not taken into account: 300 km/s are 0.22 mag at z = 0.01.
    """
    distance = luminosity_distance_mpc(redshift, h0_km_s_mpc=h0_km_s_mpc, omega_matter=omega_matter)
    how = (
        f"z = {redshift:g}, flat universe with H0 = {h0_km_s_mpc:g} km/s/Mpc and"
        f" Omega_m = {omega_matter:g}: {distance:.4g} Mpc"
    )
    return Modulus(5.0 * math.log10(distance) + 25.0, None, distance, how)


def modulus_of_distance(distance_pc: float, error_pc: float | None = None) -> Modulus:
    """Give the distance modulus of a distance.

    Parameters
    ----------
    distance_pc, error_pc : float
        Distance and its 1-sigma error, pc.

    Raises
    ------
    ValueError
        If the distance is not positive.
    """
    if not (distance_pc > 0.0 and math.isfinite(distance_pc)):
        raise ValueError(f"the distance is {distance_pc:g} pc; it must be positive")
    error = None
    if error_pc is not None and error_pc > 0.0:
        error = _PER_E * error_pc / distance_pc
    return Modulus(
        5.0 * math.log10(distance_pc) - 5.0, error, distance_pc / 1e6, f"distance {_in_words(distance_pc)}"
    )


def modulus_of_parallax(parallax_mas: float) -> Modulus:
    """Give the distance modulus of a parallax as its inverse, without prior or zero-point correction.

    Parameters
    ----------
    parallax_mas : float
        mas.

    Raises
    ------
    ValueError
        If the parallax is not positive.
    """
    if not (parallax_mas > 0.0 and math.isfinite(parallax_mas)):
        raise ValueError(f"the parallax is {parallax_mas:g} mas; it must be positive")
    distance_pc = 1000.0 / parallax_mas
    how = f"parallax {parallax_mas:g} mas, inverted: {_in_words(distance_pc)}"
    return Modulus(5.0 * math.log10(distance_pc) - 5.0, None, distance_pc / 1e6, how)


def _in_words(distance_pc: float) -> str:
    for size, unit in ((1e9, "Gpc"), (1e6, "Mpc"), (1e3, "kpc")):
        if distance_pc >= size:
            return f"{distance_pc / size:.4g} {unit}"
    return f"{distance_pc:.4g} pc"
