"""Fluxes and magnitudes: AB and nJy, ZTF's total and forced magnitudes, limits."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

AB_ZERO_POINT_NJY = 31.4
"""Magnitude of 1 nJy. 8.90 + 22.5 = 31.40: the zero point that Rubin documents; the exact one (3631 Jy) is
31.4000."""
SNANA_ZERO_POINT = 27.5
POGSON = 2.5 / np.log(10.0)
"""1.0857: magnitude error for a relative flux error."""
ZTF_FAILED_FLUX = -99999.0


def flux_njy_to_ab_mag(
    flux_njy: ArrayLike, flux_err_njy: ArrayLike, *, min_snr: float = 3.0
) -> tuple[Floats, Floats]:
    """Convert flux densities to AB magnitudes.

    Parameters
    ----------
    flux_njy, flux_err_njy : array_like, shape (n,)
        Flux density and its 1-sigma uncertainty, nJy. Difference fluxes may be negative. Where the
        uncertainty is NaN the magnitude is given without an error.
    min_snr : float
        Signal-to-noise ratio below which a point is not a detection.

    Returns
    -------
    mag, mag_err : ndarray, shape (n,)
        AB magnitude and 1-sigma uncertainty, mag; NaN where there is no detection.

    Raises
    ------
    ValueError
        If the shapes differ or an uncertainty is not positive.

    References
    ----------
    Oke & Gunn (1983), doi:10.1086/160817.
    """
    flux, error = _pair(flux_njy, flux_err_njy)
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = (flux > 0) & ~(flux < min_snr * error)
        mag = np.where(seen, AB_ZERO_POINT_NJY - 2.5 * np.log10(np.where(seen, flux, 1.0)), np.nan)
        mag_err = np.where(seen, POGSON * error / np.where(seen, flux, 1.0), np.nan)
    return mag, mag_err


def ab_mag_to_flux_njy(mag: ArrayLike, mag_err: ArrayLike = np.nan) -> tuple[Floats, Floats]:
    """Convert AB magnitudes to flux densities.

    Parameters
    ----------
    mag, mag_err : array_like, shape (n,)
        AB magnitude and 1-sigma uncertainty, mag.

    Returns
    -------
    flux_njy, flux_err_njy : ndarray, shape (n,)
        Flux density and 1-sigma uncertainty, nJy.
    """
    flux = 10.0 ** ((AB_ZERO_POINT_NJY - np.asarray(mag, dtype=np.float64)) / 2.5)
    return flux, flux * np.asarray(mag_err, dtype=np.float64) / POGSON


def flux_limit_ab_mag(flux_err_njy: ArrayLike, *, n_sigma: float) -> Floats:
    """Give the limiting AB magnitude that n sigma of flux noise stand for.

    Parameters
    ----------
    flux_err_njy : array_like, shape (n,)
        1-sigma flux uncertainty, nJy.
    n_sigma : float
        How many of them make a detection (3 or 5 by custom).

    Returns
    -------
    ndarray, shape (n,)
        Limit, mag; NaN where the uncertainty is not positive.
    """
    noise = n_sigma * np.asarray(flux_err_njy, dtype=np.float64)
    good = noise > 0
    return np.where(good, AB_ZERO_POINT_NJY - 2.5 * np.log10(np.where(good, noise, 1.0)), np.nan)


def rescaled_flux(flux: ArrayLike, *, zero_point: float, to_zero_point: float = AB_ZERO_POINT_NJY) -> Floats:
    """Bring a flux from one zero point to another: SNANA's FLUXCAL (27.5) to nJy (31.4), a factor 36.308."""
    return np.asarray(flux, dtype=np.float64) * 10.0 ** ((to_zero_point - zero_point) / 2.5)


def ztf_forced_flux_njy(
    flux_dn: ArrayLike, flux_err_dn: ArrayLike, zero_point_mag: ArrayLike
) -> tuple[Floats, Floats]:
    """Convert ZTF forced difference photometry to nJy.

    Parameters
    ----------
    flux_dn, flux_err_dn : array_like, shape (n,)
        ``forcediffimflux`` and ``forcediffimfluxunc``, DN; -99999 stands for a failed measurement.
    zero_point_mag : array_like, shape (n,)
        ``magzpsci``, mag (AB) of 1 DN.

    Returns
    -------
    flux_njy, flux_err_njy : ndarray, shape (n,)
        Signed flux density and 1-sigma uncertainty, nJy; NaN where the measurement failed.

    References
    ----------
    Masci et al. (2023), arXiv:2305.16279, section 6: m = zp - 2.5 log10(flux).
    """
    flux, error = np.asarray(flux_dn, dtype=np.float64), np.asarray(flux_err_dn, dtype=np.float64)
    zero_point = np.asarray(zero_point_mag, dtype=np.float64)
    good = np.isfinite(flux) & (flux > ZTF_FAILED_FLUX) & (zero_point > 0)
    scale = 10.0 ** ((AB_ZERO_POINT_NJY - np.where(good, zero_point, AB_ZERO_POINT_NJY)) / 2.5)
    flux_njy = np.where(good, flux * scale, np.nan)
    return flux_njy, np.where(good & (error > 0), error * scale, np.nan)


def ztf_forced_mag(
    flux_dn: ArrayLike, flux_err_dn: ArrayLike, zero_point_mag: ArrayLike, *, n_sigma: float = 3.0
) -> tuple[Floats, Floats, Floats]:
    """Convert ZTF forced difference photometry to magnitudes and limits.

    Parameters
    ----------
    flux_dn, flux_err_dn, zero_point_mag : array_like, shape (n,)
        As for `ztf_forced_flux_njy`.
    n_sigma : float
        Signal-to-noise ratio of a detection; below it the point is a limit of as many sigma.

    Returns
    -------
    mag, mag_err, limit : ndarray, shape (n,)
        Magnitude and 1-sigma uncertainty where detected, else the limit; the others NaN.
    """
    flux, error = ztf_forced_flux_njy(flux_dn, flux_err_dn, zero_point_mag)
    mag, mag_err = flux_njy_to_ab_mag(flux, error, min_snr=n_sigma)
    return mag, mag_err, np.where(np.isnan(mag), flux_limit_ab_mag(error, n_sigma=n_sigma), np.nan)


def ztf_total_mag(
    mag: ArrayLike,
    mag_err: ArrayLike,
    is_negative: ArrayLike,
    reference_mag: ArrayLike,
    reference_err: ArrayLike,
) -> tuple[Floats, Floats]:
    """Give the total (apparent) magnitude of a source from its difference and its reference magnitude.

    Parameters
    ----------
    mag, mag_err : array_like, shape (n,)
        ``magpsf`` and ``sigmapsf`` of the difference image, mag.
    is_negative : array_like of bool, shape (n,)
        The source is fainter than in the reference.
    reference_mag, reference_err : array_like, shape (n,)
        ``magnr`` and ``sigmagnr`` of the reference source, mag; meaningful within about 1.4 arcsec.

    Returns
    -------
    total_mag, total_err : ndarray, shape (n,)
        mag; NaN where the negative difference is brighter than the reference.

    References
    ----------
    Förster et al. (2021), doi:10.3847/1538-3881/abe9bc, section 4.1 (corrected light curves).
    """
    sign = np.where(np.asarray(is_negative, dtype=bool), -1.0, 1.0)
    difference = 10.0 ** (-0.4 * np.asarray(mag, dtype=np.float64))
    reference = 10.0 ** (-0.4 * np.asarray(reference_mag, dtype=np.float64))
    total = reference + sign * difference
    good = total > 0
    positive = np.where(good, total, 1.0)
    variance = (difference * np.asarray(mag_err)) ** 2 - (reference * np.asarray(reference_err)) ** 2
    noise = np.sqrt(np.maximum(variance, 0.0))
    error = np.where(good & (variance > 0), noise / positive, np.nan)
    return np.where(good, -2.5 * np.log10(positive), np.nan), error


def _pair(flux: ArrayLike, error: ArrayLike) -> tuple[Floats, Floats]:
    value, noise = np.asarray(flux, dtype=np.float64), np.asarray(error, dtype=np.float64)
    if value.shape != noise.shape:
        raise ValueError(f"fluxes have the shape {value.shape}, their errors {noise.shape}")
    if (noise <= 0).any():
        raise ValueError(f"a flux error must be positive, not {noise[noise <= 0].flat[0]}")
    return value, noise
