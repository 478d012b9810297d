"""Image stamps of simulated alerts: science, reference, difference; 63 x 63 pixels, compressed FITS."""

import gzip
from dataclasses import dataclass

import numpy as np

from tom_alerts.simulation import sky
from tom_alerts.simulation.light_curves.base import AB_ZERO_POINT_NJY, BANDS, Floats, mag_to_njy
from tom_alerts.simulation.measurement import History

STAMP_PIXELS = 63
REFERENCE_NOISE = 0.25  # of one exposure: a stack of some 16 to 20
SKY_DN = {"g": 110.0, "r": 160.0, "i": 190.0}
SATURATION_DN = 45_000.0
MOFFAT_BETA = 3.5
STEP_DN = 0.25  # rounding of the pixels, well below the noise: halves the compressed size
HOST_COLOUR = {"g": 0.65, "r": 0.0, "i": -0.3}  # early spirals

_AXIS = np.arange(STAMP_PIXELS, dtype=np.float64) - STAMP_PIXELS // 2


@dataclass(frozen=True)
class Stamps:
    """The three images of an alert, each as gzip-compressed FITS."""

    science: bytes
    reference: bytes
    difference: bytes


def fits_gz(image_dn: Floats, *, step_dn: float = STEP_DN) -> bytes:
    """Write an image as compressed FITS.

    Parameters
    ----------
    image_dn : ndarray, shape (ny, nx)
        Pixels in DN, first row at the bottom.
    step_dn : float
        Pixels are rounded to multiples of it; 0 leaves them as they are.

    Returns
    -------
    bytes
        Gzip of a FITS file with 32-bit floats; the same image gives the same bytes.
    """
    rows, columns = image_dn.shape
    cards = [
        f"SIMPLE  = {'T':>20}",
        f"BITPIX  = {-32:>20}",
        f"NAXIS   = {2:>20}",
        f"NAXIS1  = {columns:>20}",
        f"NAXIS2  = {rows:>20}",
        "BUNIT   = 'DN      '",
        "ORIGIN  = 'SIMULATED'          / no telescope has taken this image",
        "END",
    ]
    header = "".join(card.ljust(80) for card in cards).encode("ascii").ljust(2880)
    rounded = np.round(image_dn / step_dn) * step_dn if step_dn else image_dn
    pixels = rounded.astype(">f4").tobytes()
    padding = b"\0" * (-len(pixels) % 2880)
    return gzip.compress(header + pixels + padding, compresslevel=6, mtime=0)


def _star(x_pixel: float, y_pixel: float, seeing_pixels: float) -> Floats:
    """Return a Moffat profile of flux 1, centred on an offset from the middle of the stamp."""
    alpha = seeing_pixels / (2 * np.sqrt(2 ** (1 / MOFFAT_BETA) - 1))
    radius2 = (_AXIS[None, :] - x_pixel) ** 2 + (_AXIS[:, None] - y_pixel) ** 2
    return np.asarray((MOFFAT_BETA - 1) / (np.pi * alpha**2) * (1 + radius2 / alpha**2) ** -MOFFAT_BETA)


def _galaxy(history: History, seeing_pixels: float) -> Floats:
    """Return the host's profile of flux 1, an inclined disc widened by the seeing; zeros without a host."""
    host = history.source.host
    if host is None:
        return np.zeros((STAMP_PIXELS, STAMP_PIXELS))
    east = -_AXIS[None, :] - host.east_arcsec / sky.PIXEL_ARCSEC
    north = _AXIS[:, None] - host.north_arcsec / sky.PIXEL_ARCSEC
    angle = np.radians(host.position_angle_deg)
    major = north * np.cos(angle) + east * np.sin(angle)
    minor = north * np.sin(angle) - east * np.cos(angle)
    seeing = 0.35 * seeing_pixels
    long_scale = np.hypot(host.radius_arcsec / sky.PIXEL_ARCSEC, seeing)
    short_scale = np.hypot(host.radius_arcsec / sky.PIXEL_ARCSEC * host.axis_ratio, seeing)
    radius = np.sqrt((major / long_scale) ** 2 + (minor / short_scale) ** 2 + 0.15)
    return np.asarray(np.exp(-radius) / (2 * np.pi * long_scale * short_scale))


def _field_stars(
    history: History, rng: np.random.Generator, seeing_pixels: float, zero_point: float
) -> Floats:
    """Return the image of unrelated stars in DN; more of them near the Milky Way."""
    latitude = abs(sky.galactic_latitude_deg(history.source.ra_deg, history.source.dec_deg))
    image = np.zeros((STAMP_PIXELS, STAMP_PIXELS))
    for _ in range(rng.poisson(1.5 + 16.0 * np.exp(-latitude / 12.0))):
        x_pixel, y_pixel = rng.uniform(-34, 34, 2)
        mag = np.log10(rng.uniform(10 ** (0.3 * 14.5), 10 ** (0.3 * 21.5))) / 0.3
        if np.hypot(x_pixel, y_pixel) > 4:
            image += 10 ** (0.4 * (zero_point - mag)) * _star(x_pixel, y_pixel, seeing_pixels)
    return image


def make_stamps(history: History, row: int, rng: np.random.Generator) -> Stamps:
    """Render the three images of one alert.

    Parameters
    ----------
    history : History
        Measurements of the object.
    row : int
        Row of the alert.
    rng : numpy.random.Generator
        Source of random numbers.

    Returns
    -------
    Stamps
        North up, east left, 1.01 arcsec a pixel; the difference is the science image minus the reference.
    """
    exposures, source = history.exposures, history.source
    band = BANDS[exposures.band[row]]
    zero_point = float(exposures.zero_point_mag[row])
    seeing = float(exposures.seeing_pixels[row])
    noise = sky.pixel_noise_dn(float(exposures.limit_mag[row]), zero_point, seeing)
    dn_per_njy = 10 ** (0.4 * (zero_point - AB_ZERO_POINT_NJY))
    x_centre, y_centre = rng.uniform(-0.5, 0.5, 2)
    centre = _star(x_centre, y_centre, seeing)
    surroundings = _field_stars(history, rng, seeing, zero_point)
    host_mag = source.host.r_mag + HOST_COLOUR[band] if source.host else np.inf
    surroundings += float(mag_to_njy(host_mag)) * dn_per_njy * _galaxy(history, seeing)
    reference_mag = source.light_curve.reference_mag(band) if source.light_curve else None
    surroundings += 0.0 if reference_mag is None else float(mag_to_njy(reference_mag)) * dn_per_njy * centre
    change = history.flux_njy[row] * dn_per_njy * centre
    residual = 0.01 * rng.standard_normal() * surroundings

    def pixel_noise(scale: float, light: Floats) -> Floats:
        photons = np.maximum(light, 0.0) / sky.GAIN_ELECTRONS_PER_DN
        return np.asarray(scale * np.sqrt(noise**2 + photons) * rng.standard_normal(light.shape))

    science_noise = pixel_noise(1.0, surroundings + change)
    reference_noise = pixel_noise(REFERENCE_NOISE, surroundings)
    background = SKY_DN[band]
    return Stamps(
        science=fits_gz(np.minimum(background + surroundings + change + science_noise, SATURATION_DN)),
        reference=fits_gz(np.minimum(background + surroundings + reference_noise, SATURATION_DN)),
        difference=fits_gz(change + residual + science_noise - reference_noise),
    )
