"""Light curves of galactic nuclei: tidal disruption events and active nuclei."""

from dataclasses import dataclass

import numpy as np

from tom_alerts.simulation.light_curves.base import Floats, black_body_mag_offset, mag_to_njy


@dataclass(frozen=True)
class TidalDisruption:
    """Tidal disruption event: Gaussian rise, power-law decline, a hot black body that stays blue.

    Parameters
    ----------
    peak_mjd : float
        UTC MJD of maximum.
    peak_r_mag : float
        AB magnitude in r at maximum.
    redshift : float
        Stretches the time axis.
    rise_days, decline_days : float
        Standard deviation of the rise; time scale t0 of the decline ((t + t0) / t0)^(-5/3). Rest frame.
    temperature_k : float
        Temperature of the black body in K.

    References
    ----------
    van Velzen et al. (2021), doi:10.3847/1538-4357/abc258 (rise 5 to 30 d, t0 20 to 200 d, 12,000 to 40,000
    K, no cooling).
    """

    peak_mjd: float
    peak_r_mag: float
    redshift: float
    rise_days: float = 12.0
    decline_days: float = 60.0
    temperature_k: float = 20_000.0

    def difference_njy(self, mjd_utc: Floats, band: str) -> Floats:
        """Return the flux density in nJy; the reference holds the quiet galaxy only."""
        days = (np.asarray(mjd_utc, dtype=np.float64) - self.peak_mjd) / (1 + self.redshift)
        rise = np.exp(-0.5 * (np.minimum(days, 0.0) / self.rise_days) ** 2)
        decline = (1 + np.maximum(days, 0.0) / self.decline_days) ** (-5 / 3)
        colour = black_body_mag_offset(self.temperature_k, band)
        return mag_to_njy(self.peak_r_mag + colour) * rise * decline

    def reference_mag(self, band: str) -> float | None:
        """Return None: the galaxy is the host, not the event."""
        return None


@dataclass(frozen=True)
class ActiveNucleus:
    """Active galactic nucleus: a damped random walk in magnitude, stronger in the blue.

    Parameters
    ----------
    grid_mjd, walk : ndarray, shape (n,)
        UTC MJD and the walk there in units of its final standard deviation; see `damped_random_walk`.
    mean_r_mag : float
        Mean AB magnitude in r; the nucleus has g - r = 0.25 and r - i = 0.1.
    sigma_r_mag : float
        Standard deviation of the walk in r after a long time, in mag. The structure function at long lags is
        sqrt(2) of it, about 0.2 mag for quasars; radio-loud ones vary more.
    reference_offset : float
        Value of the walk at which the reference was taken, in the same units.

    References
    ----------
    Kelly et al. (2009), doi:10.1088/0004-637X/698/1/895; MacLeod et al. (2010),
    doi:10.1088/0004-637X/721/2/1014 (amplitude falls with wavelength^-0.479, damping time about 200 days).
    """

    grid_mjd: Floats
    walk: Floats
    mean_r_mag: float
    sigma_r_mag: float
    reference_offset: float = 0.0

    def _mag(self, walk: Floats | float, band: str) -> Floats:
        amplitude = self.sigma_r_mag * {"g": 1.15, "r": 1.0, "i": 0.905}[band]
        return np.asarray(
            self.mean_r_mag + {"g": 0.25, "r": 0.0, "i": -0.1}[band] + amplitude * np.asarray(walk)
        )

    def difference_njy(self, mjd_utc: Floats, band: str) -> Floats:
        """Return the flux density minus that of the reference in nJy."""
        walk = np.interp(mjd_utc, self.grid_mjd, self.walk)
        return mag_to_njy(self._mag(walk, band)) - mag_to_njy(self._mag(self.reference_offset, band))

    def reference_mag(self, band: str) -> float | None:
        """Return the AB magnitude of the nucleus in the reference."""
        return float(self._mag(self.reference_offset, band))


def damped_random_walk(rng: np.random.Generator, grid_days: Floats, *, damping_days: float) -> Floats:
    """Draw a damped random walk with mean 0 and final standard deviation 1.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of random numbers.
    grid_days : ndarray, shape (n,)
        Times in days, increasing.
    damping_days : float
        Damping time in days.

    Returns
    -------
    ndarray, shape (n,)
        The walk.

    References
    ----------
    Kelly et al. (2009), doi:10.1088/0004-637X/698/1/895, exact updating of the process.
    """
    memory = np.exp(-np.diff(grid_days) / damping_days)
    steps = rng.standard_normal(len(grid_days))
    values = np.empty(len(grid_days))
    values[0] = steps[0]
    for index, kept in enumerate(memory, start=1):
        values[index] = kept * values[index - 1] + np.sqrt(1 - kept**2) * steps[index]
    return values
