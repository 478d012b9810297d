"""Extinction by dust of the Milky Way: A(lambda) per band from E(B-V), by three laws with their R_V.

Pure. Colour excesses are on the scale of Schlafly & Finkbeiner (2011): 0.86 times that of Schlegel et al.
(1998).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tom_common.astro.bands import BANDS, canonical_band

Floats = NDArray[np.float64]

DEFAULT_LAW = "F99"
DEFAULT_R_V = 3.1
MIN_R_V, MAX_R_V = 2.0, 6.0
MAX_EBV = 100.0
SFD_TO_SF11 = 0.86
"""E(B-V) of Schlegel et al. (1998) times this is on the scale of Schlafly & Finkbeiner (2011)."""

# Effective wavelengths, nm, of bands that have no look of their own: Johnson-Cousins (Bessell 2005), 2MASS
# (Cohen et al. 2003), Swift UVOT (Poole et al. 2008), GALEX (Morrissey et al. 2007, doi:10.1086/520512),
# PS1 w (Tonry et al. 2012).
_MORE_BANDS = {
    "U": 366.3, "R": 640.7, "I": 798.0, "J": 1235.0, "H": 1662.0, "K": 2159.0, "Ks": 2159.0, "w": 608.0,
    "UVW2": 192.8, "UVM2": 224.6, "UVW1": 260.0, "FUV": 153.9, "NUV": 231.6,
}  # fmt: skip

# Fitzpatrick (1999), table 4: A(lambda)/E(B-V) at the anchors of the spline as polynomials in R_V, constant
# first; wavelengths in Angstrom.
_F99_INFRARED = ((26_500.0, 0.265), (12_200.0, 0.829))  # at R_V = 3.1, proportional to R_V
_F99_OPTICAL = (
    (6000.0, (-0.422809, 1.00270, 2.13572e-4)),
    (5470.0, (-0.0513540, 1.00216, -7.35778e-5)),
    (4670.0, (0.700127, 1.00184, -3.32598e-5)),
    (4110.0, (1.19456, 1.01707, -5.46959e-3, 7.97809e-4, -4.45636e-5)),
)
_F99_ULTRAVIOLET = (2700.0, 2600.0)

_CCM89_A = (1.0, 0.17699, -0.50447, -0.02427, 0.72085, 0.01979, -0.77530, 0.32999)
_CCM89_B = (0.0, 1.41338, 2.28305, 1.07233, -5.38434, -0.62251, 5.30260, -2.09002)
_O94_A = (1.0, 0.104, -0.609, 0.701, 1.137, -1.718, -0.827, 1.647, -0.505)
_O94_B = (0.0, 1.952, 2.908, -3.989, -7.985, 11.102, 5.491, -10.805, 3.347)


def ccm89(wavelength_nm: ArrayLike, r_v: float = DEFAULT_R_V) -> Floats:
    """Give A(lambda)/E(B-V) by the law of Cardelli, Clayton & Mathis.

    Parameters
    ----------
    wavelength_nm : array_like, shape (n,)
        Vacuum wavelength, nm: 125 to 3500 by the paper; further out the infrared power law is extended.
    r_v : float
        A(V)/E(B-V).

    Returns
    -------
    ndarray, shape (n,)
        NaN below 125 nm.

    References
    ----------
    Cardelli, Clayton & Mathis (1989), doi:10.1086/167900, equations 1 to 4.
    """
    return _cardelli(wavelength_nm, r_v, _CCM89_A, _CCM89_B)


def o94(wavelength_nm: ArrayLike, r_v: float = DEFAULT_R_V) -> Floats:
    """Give A(lambda)/E(B-V) by `ccm89` with the optical part of O'Donnell.

    Parameters
    ----------
    wavelength_nm : array_like, shape (n,)
        As for `ccm89`.
    r_v : float
        A(V)/E(B-V).

    Returns
    -------
    ndarray, shape (n,)
        NaN below 125 nm.

    References
    ----------
    O'Donnell (1994), doi:10.1086/173713, equations 3a and 3b.
    """
    return _cardelli(wavelength_nm, r_v, _O94_A, _O94_B)


def _cardelli(
    wavelength_nm: ArrayLike, r_v: float, a_optical: tuple[float, ...], b_optical: tuple[float, ...]
) -> Floats:
    x = 1000.0 / np.atleast_1d(np.asarray(wavelength_nm, dtype=np.float64))  # 1/micrometre
    infrared = x**1.61
    y = x - 1.82
    far = np.clip(x - 5.9, 0.0, None)
    a_uv = 1.752 - 0.316 * x - 0.104 / ((x - 4.67) ** 2 + 0.341) - 0.04473 * far**2 - 0.009779 * far**3
    b_uv = -3.090 + 1.825 * x + 1.206 / ((x - 4.62) ** 2 + 0.263) + 0.2130 * far**2 + 0.1207 * far**3
    is_infrared, is_optical = x < 1.1, x < 3.3
    a = np.where(
        is_infrared, 0.574 * infrared, np.where(is_optical, np.polynomial.Polynomial(a_optical)(y), a_uv)
    )
    b = np.where(
        is_infrared, -0.527 * infrared, np.where(is_optical, np.polynomial.Polynomial(b_optical)(y), b_uv)
    )
    return np.where(x > 8.0, np.nan, a * r_v + b)


def f99(wavelength_nm: ArrayLike, r_v: float = DEFAULT_R_V) -> Floats:
    """Give A(lambda)/E(B-V) by the law of Fitzpatrick.

    Parameters
    ----------
    wavelength_nm : array_like, shape (n,)
        Vacuum wavelength, nm; from 115 nm on.
    r_v : float
        A(V)/E(B-V).

    Returns
    -------
    ndarray, shape (n,)
        NaN below 115 nm.

    Notes
    -----
    Longwards of 270 nm a natural cubic spline in 1/lambda through the anchors of the paper, shortwards the
    function of Fitzpatrick & Massa (1990).

    References
    ----------
    Fitzpatrick (1999), doi:10.1086/316293, section 4 and table 4.
    """
    wavelength = np.atleast_1d(np.asarray(wavelength_nm, dtype=np.float64)) * 10.0
    x = 10_000.0 / wavelength
    places, values = _f99_anchors(r_v)
    is_uv = wavelength < _F99_ULTRAVIOLET[0]
    found = np.where(is_uv, _fitzpatrick_massa(x, r_v), _natural_spline(places, values, x))
    return np.where(wavelength < 1150.0, np.nan, found)


def _f99_anchors(r_v: float) -> tuple[Floats, Floats]:
    places, values = [0.0], [0.0]
    for angstrom, at_3_1 in _F99_INFRARED:
        places.append(10_000.0 / angstrom)
        values.append(at_3_1 * r_v / 3.1)
    for angstrom, coefficients in _F99_OPTICAL:
        places.append(10_000.0 / angstrom)
        values.append(float(np.polynomial.Polynomial(coefficients)(r_v)))
    ultraviolet = 10_000.0 / np.array(_F99_ULTRAVIOLET)
    return np.append(places, ultraviolet), np.append(values, _fitzpatrick_massa(ultraviolet, r_v))


def _fitzpatrick_massa(x: Floats, r_v: float) -> Floats:
    """Return A/E(B-V) in the ultraviolet; x in 1/micrometre."""
    slope = -0.824 + 4.717 / r_v
    drude = x**2 / ((x**2 - 4.596**2) ** 2 + (0.99 * x) ** 2)
    far = np.clip(x - 5.9, 0.0, None)
    rise = 0.5392 * far**2 + 0.05644 * far**3
    return (2.030 - 3.007 * slope) + slope * x + 3.23 * drude + 0.41 * rise + r_v


def _natural_spline(places: Floats, values: Floats, at: Floats) -> Floats:
    """Interpolate by the cubic spline whose second derivative vanishes at both ends."""
    width = np.diff(places)
    rise = np.diff(values) / width
    count = len(places)
    system, wanted = np.eye(count), np.zeros(count)
    for k in range(1, count - 1):
        system[k, k - 1 : k + 2] = width[k - 1], 2.0 * (width[k - 1] + width[k]), width[k]
        wanted[k] = 6.0 * (rise[k] - rise[k - 1])
    bend = np.linalg.solve(system, wanted)
    n = np.clip(np.searchsorted(places, at, side="right") - 1, 0, count - 2)
    left, right = at - places[n], places[n + 1] - at
    return (
        (bend[n] * right**3 + bend[n + 1] * left**3) / (6.0 * width[n])
        + (values[n] / width[n] - bend[n] * width[n] / 6.0) * right
        + (values[n + 1] / width[n] - bend[n + 1] * width[n] / 6.0) * left
    )


Law = Callable[[ArrayLike, float], Floats]
LAWS: dict[str, tuple[str, Law]] = {
    "F99": ("Fitzpatrick (1999)", f99),
    "CCM89": ("Cardelli, Clayton & Mathis (1989)", ccm89),
    "O94": ("O'Donnell (1994)", o94),
}


def band_wavelength_nm(band: str) -> float | None:
    """Give the effective wavelength of a band, nm; None for a band that is not known."""
    plain = canonical_band(band)
    known = BANDS.get(plain)
    return known.order if known is not None else _MORE_BANDS.get(plain)


@lru_cache(maxsize=256)
def _per_excess(wavelength_nm: float, law: str, r_v: float) -> float:
    return float(LAWS[law][1](wavelength_nm, r_v)[0])


def extinction_mag(
    bands: Iterable[str], ebv_mag: float, *, law: str = DEFAULT_LAW, r_v: float = DEFAULT_R_V
) -> dict[str, float | None]:
    """Give the extinction in bands at their effective wavelengths.

    Parameters
    ----------
    bands : iterable of str
        In any spelling that ``canonical_band`` takes.
    ebv_mag : float
        Colour excess E(B-V), mag, on the scale of Schlafly & Finkbeiner (2011).
    law : str
        Key of `LAWS`.
    r_v : float
        A(V)/E(B-V), `MIN_R_V` to `MAX_R_V`.

    Returns
    -------
    dict
        A per band as given, mag; None for a band whose wavelength is not known.

    Raises
    ------
    ValueError
        If the law is unknown, or E(B-V) or R_V out of range.
    """
    if law not in LAWS:
        raise ValueError(f"there is no law {law!r}; expected one of {', '.join(LAWS)}")
    if not MIN_R_V <= r_v <= MAX_R_V:
        raise ValueError(f"R_V is {r_v:g}; expected {MIN_R_V:g} to {MAX_R_V:g}")
    if not 0.0 <= ebv_mag <= MAX_EBV:
        raise ValueError(f"E(B-V) is {ebv_mag:g}; expected 0 to {MAX_EBV:g} mag")
    found: dict[str, float | None] = {}
    for band in bands:
        wavelength = band_wavelength_nm(band)
        found[band] = None if wavelength is None else ebv_mag * _per_excess(wavelength, law, r_v)
    return found
