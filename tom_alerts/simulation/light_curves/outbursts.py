"""Light curves of fast or recurring outbursts: dwarf novae, novae, flares of M dwarfs, kilonovae."""

from dataclasses import dataclass

import numpy as np

from tom_alerts.simulation.light_curves.base import (
    Floats,
    black_body_mag_offset,
    interpolate_mag,
    mag_to_njy,
)

# AT 2017gfo at 40 Mpc: AB magnitudes against days since merger, read to about 0.2 mag.
# fmt: off
KILONOVA_TEMPLATE: dict[str, tuple[tuple[float, float], ...]] = {
    "g": (
        (0.02, 20.0), (0.2, 17.9), (0.5, 17.4), (1.5, 18.6), (2.5, 20.1), (3.5, 21.1), (4.5, 21.8),
        (7.5, 23.5),
    ),
    "r": (
        (0.02, 20.1), (0.2, 17.9), (0.5, 17.3), (1.5, 17.9), (2.5, 18.8), (3.5, 19.6), (4.5, 20.2),
        (7.5, 21.9),
    ),
    "i": (
        (0.02, 20.3), (0.2, 18.1), (0.5, 17.4), (1.5, 17.7), (2.5, 18.4), (3.5, 18.9), (4.5, 19.5),
        (7.5, 20.9),
    ),
}
# fmt: on
KILONOVA_TEMPLATE_MODULUS = 33.0

FLARE_TEMPERATURE_K = 10_000.0


@dataclass(frozen=True)
class DwarfNova:
    """Cataclysmic variable with outbursts at regular times.

    Rise within about a day, a plateau, and an exponential decline in flux. The quiescent system is in the
    reference image. The disc in outburst is blue (12,000 K).

    Parameters
    ----------
    outburst_mjd : float
        UTC MJD at which one outburst starts.
    recurrence_days : float
        Time between the starts of outbursts.
    quiescent_r_mag : float
        AB magnitude in r in quiescence.
    amplitude_mag : float
        Brightening in r; `dwarf_nova_amplitude` gives the usual value.
    plateau_days, decline_days_per_mag : float
        Length of the plateau; days in which it then fades by one mag.

    References
    ----------
    Warner (1995), Cataclysmic Variable Stars, doi:10.1017/CBO9780511586491, relations 3.1 and 3.5.
    """

    outburst_mjd: float
    recurrence_days: float
    quiescent_r_mag: float
    amplitude_mag: float
    plateau_days: float = 3.0
    decline_days_per_mag: float = 1.0

    def difference_njy(self, mjd_utc: Floats, band: str) -> Floats:
        """Return the flux density above quiescence in nJy; see the class for units."""
        days = np.mod(np.asarray(mjd_utc, dtype=np.float64) - self.outburst_mjd, self.recurrence_days)
        rising = np.minimum(days / 1.0, 1.0)
        fading_mag = np.maximum(days - 1.0 - self.plateau_days, 0.0) / self.decline_days_per_mag
        brightening = self.amplitude_mag * rising - fading_mag
        total = mag_to_njy(self.quiescent_r_mag - np.maximum(brightening, 0.0))
        colour = black_body_mag_offset(12_000.0, band)
        return (total - mag_to_njy(self.quiescent_r_mag)) * 10 ** (-0.4 * colour)

    def reference_mag(self, band: str) -> float | None:
        """Return the quiescent AB magnitude; a faint disc has g - r = 0.2 and r - i = 0.2."""
        return self.quiescent_r_mag + {"g": 0.2, "r": 0.0, "i": -0.2}[band]


def dwarf_nova_amplitude(recurrence_days: float) -> float:
    """Return the amplitude of normal outbursts that belongs to a recurrence time.

    Parameters
    ----------
    recurrence_days : float
        Time between outbursts in days.

    Returns
    -------
    float
        Amplitude in mag.

    References
    ----------
    Warner (1995), relation of Kukarkin and Parenago: 0.70 + 1.90 log10(days).
    """
    return float(0.70 + 1.90 * np.log10(recurrence_days))


def dwarf_nova_decline(orbital_hours: float) -> float:
    """Return the decline time of dwarf nova outbursts.

    Parameters
    ----------
    orbital_hours : float
        Orbital period in hours.

    Returns
    -------
    float
        Days in which the outburst fades by one mag.

    References
    ----------
    Warner (1995), relation of Bailey: 0.53 P^0.84.
    """
    return float(0.53 * orbital_hours**0.84)


@dataclass(frozen=True)
class Nova:
    """Classical nova: rise in a day or two, then a linear decline in magnitude.

    Parameters
    ----------
    peak_mjd : float
        UTC MJD of maximum.
    peak_r_mag : float
        AB magnitude in r at maximum; `nova_absolute_mag` gives the absolute one.
    decline_2_days : float
        Days in which it fades by two mag.

    References
    ----------
    Della Valle & Livio (1995), doi:10.1086/176342.
    """

    peak_mjd: float
    peak_r_mag: float
    decline_2_days: float

    def difference_njy(self, mjd_utc: Floats, band: str) -> Floats:
        """Return the flux density in nJy; the progenitor is too faint for the reference."""
        days = np.asarray(mjd_utc, dtype=np.float64) - self.peak_mjd
        fading = np.where(days > 0, 2.0 * days / self.decline_2_days, -2.5 * days)
        # H alpha keeps r bright while the continuum fades.
        slower = {"g": 1.0, "r": 0.85, "i": 0.95}[band]
        mag = (
            self.peak_r_mag + {"g": 0.1, "r": 0.0, "i": 0.0}[band] + np.where(days > 0, slower, 1.0) * fading
        )
        return mag_to_njy(np.where(days < -3.0, np.inf, mag))

    def reference_mag(self, band: str) -> float | None:
        """Return None: the progenitor is below the limit."""
        return None


def nova_absolute_mag(decline_2_days: float) -> float:
    """Return the absolute magnitude at maximum of a nova of this speed.

    Parameters
    ----------
    decline_2_days : float
        Days in which it fades by two mag.

    Returns
    -------
    float
        Absolute V magnitude in mag.

    References
    ----------
    Della Valle & Livio (1995), doi:10.1086/176342.
    """
    return float(-7.92 - 0.81 * np.arctan((1.32 - np.log10(decline_2_days)) / 0.23))


@dataclass(frozen=True)
class DwarfFlare:
    """White-light flare of an M dwarf: a steep rise and a decay in two exponentials.

    Parameters
    ----------
    peak_mjd : float
        UTC MJD of the flare's peak.
    half_width_days : float
        Full width at half maximum of the flare, the unit of time of the template; minutes to an hour.
    quiescent_r_mag : float
        AB magnitude in r outside the flare; the star has g - r = 1.5 and r - i = 1.3 (about M4).
    peak_ratio_g : float
        Flux of the flare at its peak over that of the quiet star, in g.

    References
    ----------
    Davenport et al. (2014), doi:10.1088/0004-637X/797/2/122, equations 1 and 4; the light is that of a black
    body of about 10,000 K, Hawley & Fisher (1992), doi:10.1086/191640.
    """

    peak_mjd: float
    half_width_days: float
    quiescent_r_mag: float
    peak_ratio_g: float

    def difference_njy(self, mjd_utc: Floats, band: str) -> Floats:
        """Return the flux density of the flare in nJy."""
        t = (np.asarray(mjd_utc, dtype=np.float64) - self.peak_mjd) / self.half_width_days
        late = np.maximum(t, 0.0)
        early = np.clip(t, -1.0, 0.0)
        decay = 0.6890 * np.exp(-1.600 * late) + 0.3030 * np.exp(-0.2783 * late)
        rise = 1 + 1.941 * early - 0.175 * early**2 - 2.246 * early**3 - 1.125 * early**4
        shape = np.where(t >= 0, decay, np.where(t > -1, np.maximum(rise, 0.0), 0.0))
        peak_g = float(mag_to_njy(self.quiescent_r_mag + 1.5)) * self.peak_ratio_g
        colour = black_body_mag_offset(FLARE_TEMPERATURE_K, band, reference_band="g")
        return np.asarray(peak_g * 10 ** (-0.4 * colour) * shape)

    def reference_mag(self, band: str) -> float | None:
        """Return the AB magnitude of the quiet star."""
        return self.quiescent_r_mag + {"g": 1.5, "r": 0.0, "i": -1.3}[band]


@dataclass(frozen=True)
class Kilonova:
    """Kilonova like AT 2017gfo, at another distance.

    Fades by more than one mag a day in g and reddens by about a mag within three days.

    Parameters
    ----------
    merger_mjd : float
        UTC MJD of the merger.
    modulus : float
        Distance modulus in mag; AT 2017gfo has 33.0 (40 Mpc).

    References
    ----------
    Villar et al. (2017), doi:10.3847/2041-8213/aa9c84 (collected photometry).
    """

    merger_mjd: float
    modulus: float

    def difference_njy(self, mjd_utc: Floats, band: str) -> Floats:
        """Return the flux density in nJy."""
        days = np.asarray(mjd_utc, dtype=np.float64) - self.merger_mjd
        return mag_to_njy(
            interpolate_mag(days, KILONOVA_TEMPLATE[band]) + self.modulus - KILONOVA_TEMPLATE_MODULUS
        )

    def reference_mag(self, band: str) -> float | None:
        """Return None: nothing but the host is in the reference."""
        return None
