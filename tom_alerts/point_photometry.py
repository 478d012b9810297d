"""Magnitudes and fluxes of the points of alerts, which come as either; what a formula is, astro knows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tom_common.astro.photometry import ab_mag_to_flux_njy, flux_njy_to_ab_mag
from tom_dataservices.packets.batch import PointColumns

Floats = NDArray[np.float64]


def magnitudes_of(points: PointColumns) -> tuple[Floats, Floats]:
    """Return magnitudes of points and their errors, as told or made of fluxes.

    Parameters
    ----------
    points : PointColumns

    Returns
    -------
    mag, mag_err : ndarray, shape (n,)
        AB magnitude and 1-sigma uncertainty, mag; NaN for a flux that is not positive, and the error of a
        flux whose uncertainty is not.
    """
    mag, mag_err = points.brightness, points.brightness_error
    if not points.is_flux.any():
        return mag, mag_err
    flux = np.where(points.is_flux, points.brightness, np.nan)
    noise = np.where(points.is_flux & (points.brightness_error > 0), points.brightness_error, np.nan)
    of_flux, of_noise = flux_njy_to_ab_mag(flux, noise, min_snr=0.0)
    return np.where(points.is_flux, of_flux, mag), np.where(points.is_flux, of_noise, mag_err)


def fluxes_of(points: PointColumns) -> tuple[Floats, Floats]:
    """Return fluxes of points and their errors, as told or made of magnitudes.

    Parameters
    ----------
    points : PointColumns

    Returns
    -------
    flux_njy, flux_err_njy : ndarray, shape (n,)
        Flux density and 1-sigma uncertainty, nJy; negative where the source faded below the reference.
    """
    mag = np.where(points.is_flux, np.nan, points.brightness)
    of_mag, of_error = ab_mag_to_flux_njy(mag, points.brightness_error)
    signed = np.where(points.is_negative, -of_mag, of_mag)
    return (
        np.where(points.is_flux, points.brightness, signed),
        np.where(points.is_flux, points.brightness_error, of_error),
    )
