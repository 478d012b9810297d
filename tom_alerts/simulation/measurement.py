"""What the survey measures of a simulated object: fluxes with noise, detections, alert numbers, kept alerts.

`measure` is called once per object by `survey`; `records` turns its result into the fields of a packet.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tom_alerts.simulation import sky
from tom_alerts.simulation.light_curves.base import AB_ZERO_POINT_NJY, BANDS, Floats, mag_to_njy
from tom_alerts.simulation.night import MJD_OF_NIGHT_ZERO, Exposures
from tom_alerts.simulation.population import SimulatedObject
from tom_alerts.simulation.solar_system import ASTEROID_COLOUR, ephemeris

DETECTION_SNR = 5.0
SATURATION_MAG = 12.8
HISTORY_DAYS = 30.0
KEPT_EVERY_DAYS = 12.0
SUBTRACTION_ERROR = 0.01  # of the flux in the images
ASTROMETRIC_ERROR_ARCSEC = 0.08
# The real survey ends the number of an image in 15: ours in 99, so that no simulated number is a real one.
PROCESSING_CODE = 99
NO_DETECTION = 0


@dataclass(frozen=True)
class History:
    """All measurements of one object, sorted by time; the arrays share the shape (n,) of its exposures."""

    source: SimulatedObject
    camera: list[sky.CameraPosition]
    flux_njy: Floats  # difference, with noise
    flux_error_njy: Floats
    ra_deg: Floats  # as measured
    dec_deg: Floats
    detected: NDArray[np.bool_]
    image_number: NDArray[np.int64]  # "pid"
    alert_number: NDArray[np.int64]  # "candid", 0 where nothing was detected
    quality: Floats  # uniform random numbers, shape (n, 6), for the fields that no physics stands behind

    @property
    def exposures(self) -> Exposures:
        """The exposures that the rows belong to."""
        return self.source.exposures

    @cached_property
    def mag(self) -> Floats:
        """AB magnitude of the absolute difference flux; NaN where nothing was detected."""
        with np.errstate(divide="ignore"):
            mag = AB_ZERO_POINT_NJY - 2.5 * np.log10(np.abs(self.flux_njy))
        return np.where(self.detected, mag, np.nan)

    @cached_property
    def mag_error(self) -> Floats:
        """1 sigma error of `mag` in mag; NaN where nothing was detected."""
        return np.where(self.detected, 1.0857362 * self.flux_error_njy / np.abs(self.flux_njy), np.nan)

    @cached_property
    def detections(self) -> NDArray[np.int64]:
        """Rows of the detections, oldest first."""
        return np.flatnonzero(self.detected)

    def rows_before(self, row: int) -> NDArray[np.int64]:
        """Return the rows within 30 days before a row, oldest first; none for a moving object.

        Parameters
        ----------
        row : int
            Row of an alert.

        Returns
        -------
        ndarray of int, shape (m,)
            Rows of the history that the alert carries.
        """
        if self.source.elements is not None:
            return np.empty(0, dtype=np.int64)
        start = np.searchsorted(self.exposures.mjd_utc, self.exposures.mjd_utc[row] - HISTORY_DAYS)
        return np.arange(start, row)

    def kept_alerts(self, night_mjd: float) -> list[int]:
        """Return the rows whose alerts the stream keeps.

        Parameters
        ----------
        night_mjd : float
            UTC MJD at which the last night starts.

        Returns
        -------
        list of int
            All alerts of the last night, before it one in twelve days, chosen so that every detection is an
            alert or in the history of one; all alerts of a moving object, whose alerts carry no history.
        """
        if self.source.elements is not None:
            return [int(row) for row in self.detections]
        times = self.exposures.mjd_utc
        kept: list[int] = []
        for row in self.detections[::-1]:
            is_new = times[row] >= night_mjd
            if not kept or is_new or times[row] <= times[kept[-1]] - KEPT_EVERY_DAYS:
                kept.append(int(row))
        return kept[::-1]


def true_difference_njy(source: SimulatedObject) -> Floats:
    """Return the noiseless difference flux of an object in each of its exposures.

    Parameters
    ----------
    source : SimulatedObject
        The object.

    Returns
    -------
    ndarray, shape (n,)
        Flux density in nJy, negative where it is fainter than in the reference image.
    """
    exposures = source.exposures
    flux = np.zeros(len(exposures))
    rotation_mag = np.zeros(len(exposures))
    v_mag = np.zeros(len(exposures))
    if source.elements is not None:
        v_mag = ephemeris(source.elements, exposures.mjd_utc).v_mag
        rotation_mag = 0.15 * np.sin(4 * np.pi * exposures.mjd_utc / (0.2 + 0.01 * (source.index % 13)))
    for number, band in enumerate(BANDS):
        rows = exposures.band == number
        if source.light_curve is not None:
            flux[rows] = source.light_curve.difference_njy(exposures.mjd_utc[rows], band)
        else:
            flux[rows] = mag_to_njy(v_mag[rows] + ASTEROID_COLOUR[band] + rotation_mag[rows])
    return flux


def _reference_flux_njy(source: SimulatedObject) -> Floats:
    mags = [source.light_curve.reference_mag(band) if source.light_curve else None for band in BANDS]
    return np.array([0.0 if mag is None else float(mag_to_njy(mag)) for mag in mags])[source.exposures.band]


def flux_errors_njy(source: SimulatedObject, difference_njy: Floats) -> Floats:
    """Return the error of the difference flux: sky, photons of the object, imperfect subtraction.

    Parameters
    ----------
    source : SimulatedObject
        The object.
    difference_njy : ndarray, shape (n,)
        Its noiseless difference flux in nJy.

    Returns
    -------
    ndarray, shape (n,)
        1 sigma error in nJy.
    """
    exposures = source.exposures
    sky_error = mag_to_njy(exposures.limit_mag) / DETECTION_SNR
    total = np.abs(difference_njy + _reference_flux_njy(source))
    dn_njy = mag_to_njy(exposures.zero_point_mag)
    photons = total * dn_njy / sky.GAIN_ELECTRONS_PER_DN
    return np.asarray(np.sqrt(sky_error**2 + photons + (SUBTRACTION_ERROR * total) ** 2))


def is_noticed(source: SimulatedObject, night_mjd: float) -> bool:
    """Return whether the survey would have this object: seen lately, often enough, never saturated.

    Parameters
    ----------
    source : SimulatedObject
        The object.
    night_mjd : float
        UTC MJD at which the last night starts.

    Returns
    -------
    bool
        True if its noiseless flux is above the threshold twice (once for a flare) with a good margin, at
        least once in the last 25 days (if it must be new: in the last night only), and its total light stays
        below saturation.
    """
    flux = true_difference_njy(source)
    if np.any(flux + _reference_flux_njy(source) > mag_to_njy(SATURATION_MAG)):
        return False
    seen = np.abs(flux) > (DETECTION_SNR + 2.0) * flux_errors_njy(source, flux)
    if source.must_be_new and np.any(seen[source.exposures.mjd_utc < night_mjd]):
        return False
    enough = 1 if source.class_name == "M-dwarf flare" else 2
    return bool(
        np.count_nonzero(seen) >= enough and np.any(seen[source.exposures.mjd_utc > night_mjd - 25.0])
    )


def measure(source: SimulatedObject, rng: np.random.Generator, used: Counter[int]) -> History:
    """Measure an object in all its exposures.

    Parameters
    ----------
    source : SimulatedObject
        The object.
    rng : numpy.random.Generator
        Source of random numbers.
    used : Counter
        How many alerts each image has given so far; counted on here, so that alert numbers are unique.

    Returns
    -------
    History
        Measurements with noise.
    """
    exposures = source.exposures
    truth = true_difference_njy(source)
    errors = flux_errors_njy(source, truth)
    flux = truth + errors * rng.standard_normal(len(truth))
    detected = np.abs(flux) >= DETECTION_SNR * errors
    scatter = ASTROMETRIC_ERROR_ARCSEC * rng.standard_normal((2, len(truth)))
    if source.elements is None:
        ra_true, dec_true = np.full(len(truth), source.ra_deg), np.full(len(truth), source.dec_deg)
    else:
        place = ephemeris(source.elements, exposures.mjd_utc)
        ra_true, dec_true = place.ra_deg, place.dec_deg
    ra_deg = ra_true + scatter[0] / 3600 / np.cos(np.radians(dec_true))
    camera = [sky.camera_position(float(ra), float(dec)) for ra, dec in zip(ra_true, dec_true, strict=True)]
    images = image_numbers(exposures.mjd_utc, np.array([position.channel for position in camera]))
    alerts = np.full(len(truth), NO_DETECTION, dtype=np.int64)
    for row in np.flatnonzero(detected):
        used[int(images[row])] += 1
        alerts[row] = alert_number(int(images[row]), used[int(images[row])])
    return History(
        source=source,
        camera=camera,
        flux_njy=flux,
        flux_error_njy=errors,
        ra_deg=np.round(ra_deg % 360.0, 7),
        dec_deg=np.round(dec_true + scatter[1] / 3600, 7),
        detected=detected,
        image_number=images,
        alert_number=alerts,
        quality=rng.random((len(truth), 6)),
    )


def image_numbers(mjd_utc: Floats, channel: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of read-out channel images.

    Parameters
    ----------
    mjd_utc : ndarray, shape (n,)
        Start of the exposure, UTC MJD.
    channel : ndarray of int, shape (n,)
        Read-out channel, 0 to 63.

    Returns
    -------
    ndarray of int, shape (n,)
        Night number, five digits of the day's fraction, channel, processing code: 13 digits.
    """
    night = np.floor(mjd_utc).astype(np.int64)
    fraction = np.floor((mjd_utc - night) * 1e5).astype(np.int64)
    return (night - MJD_OF_NIGHT_ZERO) * 10**9 + fraction * 10**4 + channel * 100 + PROCESSING_CODE


def alert_number(image_number: int, count: int) -> int:
    """Return the number of an alert.

    Parameters
    ----------
    image_number : int
        Number of the image, see `image_numbers`.
    count : int
        Number of the alert within the image, from 1.

    Returns
    -------
    int
        19 digits.
    """
    return image_number * 10**6 + 10_000 + count
