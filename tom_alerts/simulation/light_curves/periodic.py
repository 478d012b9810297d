"""Light curves of stars that vary with a period: RR Lyrae, eclipsing binaries, Miras."""

from dataclasses import dataclass

import numpy as np

from tom_alerts.simulation.light_curves.base import Floats, mag_to_njy

# Shape of an RRab in magnitudes, 0 at maximum light (phase 0), 1 at minimum.
RR_LYRAE_PHASES = (0.0, 0.03, 0.08, 0.15, 0.25, 0.35, 0.5, 0.65, 0.78, 0.85, 0.9, 0.94, 0.97, 1.0)
RR_LYRAE_SHAPE = (0.0, 0.02, 0.12, 0.3, 0.5, 0.65, 0.82, 0.93, 1.0, 0.99, 0.8, 0.45, 0.12, 0.0)
RR_LYRAE_AMPLITUDE = {"g": 1.0, "r": 0.72, "i": 0.57}


@dataclass(frozen=True)
class RRLyrae:
    """RR Lyrae star of type ab: steep rise, slow decline, bluest at maximum.

    Parameters
    ----------
    maximum_mjd : float
        UTC MJD of a maximum.
    period_days : float
        0.4 to 0.9 days.
    mean_r_mag : float
        AB magnitude in r half way between the extremes; there g - r = 0.25 and r - i = 0.1.
    amplitude_g_mag : float
        Peak to peak in g; r and i have 0.72 and 0.57 of it.

    References
    ----------
    Sesar et al. (2010), doi:10.1088/0004-637X/708/1/717 (amplitudes in g, r, i; shape read to about 0.05).
    """

    maximum_mjd: float
    period_days: float
    mean_r_mag: float
    amplitude_g_mag: float

    def mag(self, mjd_utc: Floats, band: str) -> Floats:
        """Return AB magnitudes."""
        phase = np.mod((np.asarray(mjd_utc) - self.maximum_mjd) / self.period_days, 1.0)
        shape = np.interp(phase, RR_LYRAE_PHASES, RR_LYRAE_SHAPE) - 0.5
        amplitude = self.amplitude_g_mag * RR_LYRAE_AMPLITUDE[band]
        return np.asarray(self._middle(band) + amplitude * shape)

    def _middle(self, band: str) -> float:
        return self.mean_r_mag + {"g": 0.25, "r": 0.0, "i": -0.1}[band]

    def difference_njy(self, mjd_utc: Floats, band: str) -> Floats:
        """Return the flux density minus that of the reference, a mean of many epochs, in nJy."""
        return mag_to_njy(self.mag(mjd_utc, band)) - mag_to_njy(float(self.reference_mag(band)))

    def reference_mag(self, band: str) -> float:
        """Return the AB magnitude of the mean flux; a star spends most of its time faint."""
        return self._middle(band) + 0.12 * self.amplitude_g_mag * RR_LYRAE_AMPLITUDE[band]


@dataclass(frozen=True)
class EclipsingBinary:
    """Detached or contact binary: nearly the same depth in all bands.

    Parameters
    ----------
    minimum_mjd : float
        UTC MJD of a primary minimum.
    period_days : float
        0.25 to several days.
    outside_r_mag : float
        AB magnitude in r outside eclipse; g - r = 0.6, r - i = 0.25 (about G8).
    depth_mag, second_depth_mag : float
        Depths of the two minima.
    width_phase : float
        Standard deviation of the minima in phase; 0.1 and more makes a contact binary (EW).

    References
    ----------
    Prsa et al. (2011), doi:10.1088/0004-6256/141/3/83 (periods, morphology), Rucinski (1993),
    doi:10.1086/133326 (contact binaries: amplitudes up to about 1 mag, nearly equal minima).
    """

    minimum_mjd: float
    period_days: float
    outside_r_mag: float
    depth_mag: float
    second_depth_mag: float
    width_phase: float = 0.04

    def difference_njy(self, mjd_utc: Floats, band: str) -> Floats:
        """Return the flux density minus that outside eclipse, in nJy: never positive."""
        phase = np.mod((np.asarray(mjd_utc) - self.minimum_mjd) / self.period_days, 1.0)
        first = np.minimum(phase, 1 - phase)
        second = np.abs(phase - 0.5)
        dimming = self.depth_mag * np.exp(-0.5 * (first / self.width_phase) ** 2)
        dimming = dimming + self.second_depth_mag * np.exp(-0.5 * (second / self.width_phase) ** 2)
        outside = self.reference_mag(band)
        return mag_to_njy(outside + dimming) - mag_to_njy(outside)

    def reference_mag(self, band: str) -> float:
        """Return the AB magnitude outside eclipse."""
        return self.outside_r_mag + {"g": 0.6, "r": 0.0, "i": -0.25}[band]


@dataclass(frozen=True)
class Mira:
    """Long-period variable: hundreds of days, several magnitudes, very red.

    Parameters
    ----------
    maximum_mjd : float
        UTC MJD of a maximum.
    period_days : float
        100 to 500 days.
    mean_r_mag : float
        AB magnitude in r half way; g - r = 1.8 and r - i = 1.5 there.
    amplitude_g_mag : float
        Peak to peak in g, above 2.5 for a Mira; r and i have 0.8 and 0.5 of it.
    reference_phase : float
        Phase at which the reference was taken.

    References
    ----------
    Samus et al. (2017), doi:10.1134/S1063772917010085 (definition of Miras: amplitude above 2.5 mag in V, 80
    to 1000 days).
    """

    maximum_mjd: float
    period_days: float
    mean_r_mag: float
    amplitude_g_mag: float
    reference_phase: float = 0.25

    def _mag(self, phase: Floats | float, band: str) -> Floats:
        middle = self.mean_r_mag + {"g": 1.8, "r": 0.0, "i": -1.5}[band]
        amplitude = self.amplitude_g_mag * {"g": 1.0, "r": 0.8, "i": 0.5}[band]
        return np.asarray(middle - 0.5 * amplitude * np.cos(2 * np.pi * np.asarray(phase)))

    def difference_njy(self, mjd_utc: Floats, band: str) -> Floats:
        """Return the flux density minus that of the reference, in nJy."""
        phase = (np.asarray(mjd_utc, dtype=np.float64) - self.maximum_mjd) / self.period_days
        return mag_to_njy(self._mag(phase, band)) - mag_to_njy(self._mag(self.reference_phase, band))

    def reference_mag(self, band: str) -> float:
        """Return the AB magnitude in the reference."""
        return float(self._mag(self.reference_phase, band))
