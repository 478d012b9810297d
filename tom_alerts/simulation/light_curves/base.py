"""What the light-curve models share: the interface, flux and magnitude, black-body colours, distances."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BANDS = ("g", "r", "i")
AB_ZERO_POINT_NJY = 31.4

# Reference wavelengths of the ZTF filters in Angstrom (SVO Filter Profile Service, Palomar/ZTF, rounded).
WAVELENGTH_ANGSTROM = {"g": 4746.0, "r": 6366.0, "i": 7829.0}

HUBBLE_KM_S_MPC = 70.0
DECELERATION = -0.55
LIGHT_SPEED_KM_S = 299792.458


class LightCurve(Protocol):
    """Brightness of one object at any time, as a difference-imaging survey sees it."""

    def difference_njy(self, mjd_utc: Floats, band: str) -> Floats:
        """Return the flux density minus that of the reference image, in nJy; negative where it has faded."""
        ...

    def reference_mag(self, band: str) -> float | None:
        """Return the AB magnitude of the object in the reference image, None where nothing is seen there."""
        ...


def mag_to_njy(mag: Floats | float) -> Floats:
    """Convert AB magnitudes to flux densities.

    Parameters
    ----------
    mag : float or array, shape (n,)
        AB magnitude; infinity gives zero flux.

    Returns
    -------
    ndarray, shape (n,)
        Flux density in nJy.

    References
    ----------
    Oke & Gunn (1983), doi:10.1086/160817.
    """
    return np.asarray(np.power(10.0, 0.4 * (AB_ZERO_POINT_NJY - np.asarray(mag, dtype=np.float64))))


def black_body_mag_offset(temperature_k: float, band: str, *, reference_band: str = "r") -> float:
    """Return the colour of a black body, at the reference wavelengths of the filters.

    Parameters
    ----------
    temperature_k : float
        Temperature in K.
    band, reference_band : str
        ZTF band names.

    Returns
    -------
    float
        AB magnitude in ``band`` minus that in ``reference_band``, in mag.
    """

    def spectral_flux(name: str) -> float:
        x = 1.438777e8 / (WAVELENGTH_ANGSTROM[name] * temperature_k)  # hc/k in Angstrom K
        return float(WAVELENGTH_ANGSTROM[name] ** -3 / np.expm1(x))

    return float(-2.5 * np.log10(spectral_flux(band) / spectral_flux(reference_band)))


def distance_modulus(redshift: float) -> float:
    """Return the distance modulus of a low redshift, to second order in it.

    Parameters
    ----------
    redshift : float
        Cosmological redshift; the expansion is good to 0.01 mag below 0.2.

    Returns
    -------
    float
        Distance modulus in mag for a Hubble constant of 70 km/s/Mpc and a deceleration of -0.55.
    """
    luminosity_distance_mpc = (
        LIGHT_SPEED_KM_S / HUBBLE_KM_S_MPC * redshift * (1 + 0.5 * (1 - DECELERATION) * redshift)
    )
    return float(5 * np.log10(luminosity_distance_mpc) + 25)


def redshift_of_modulus(modulus: float) -> float:
    """Return the redshift that belongs to a distance modulus, the inverse of `distance_modulus`.

    Parameters
    ----------
    modulus : float
        Distance modulus in mag.

    Returns
    -------
    float
        Redshift.
    """
    distance = 10 ** ((modulus - 25) / 5) * HUBBLE_KM_S_MPC / LIGHT_SPEED_KM_S
    quadratic = 0.5 * (1 - DECELERATION)
    return float((np.sqrt(1 + 4 * quadratic * distance) - 1) / (2 * quadratic))


def interpolate_mag(phase_days: Floats, table: tuple[tuple[float, float], ...]) -> Floats:
    """Interpolate a template of magnitudes.

    Parameters
    ----------
    phase_days : ndarray, shape (n,)
        Phase in days.
    table : tuple of (phase, magnitude)
        The template, sorted by phase.

    Returns
    -------
    ndarray, shape (n,)
        Magnitudes; infinite before the first row, continued with the last slope after the last row.
    """
    phases, mags = np.array(table, dtype=np.float64).T
    slope = (mags[-1] - mags[-2]) / (phases[-1] - phases[-2])
    values = np.interp(phase_days, phases, mags)
    values = np.where(phase_days > phases[-1], mags[-1] + slope * (phase_days - phases[-1]), values)
    return np.where(phase_days < phases[0], np.inf, values)


def draw_from_counts(rng: np.random.Generator, *, bright: float, faint: float, slope: float) -> float:
    """Draw a magnitude from cumulative counts that grow as 10^(slope m).

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of random numbers.
    bright, faint : float
        Limits in mag.
    slope : float
        0.6 is a uniform Euclidean volume; smaller values give more bright objects.

    Returns
    -------
    float
        A magnitude between the limits.
    """
    low, high = 10 ** (slope * bright), 10 ** (slope * faint)
    return float(np.log10(rng.uniform(low, high)) / slope)
