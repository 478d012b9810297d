"""Light curves of supernovae: thermonuclear (Ia), hydrogen-rich (II) and stripped (Ibc)."""

from dataclasses import dataclass

import numpy as np

from tom_alerts.simulation.light_curves.base import Floats, interpolate_mag, mag_to_njy

# Magnitudes below maximum of each band against days from B maximum, rest frame, stretch 1. The rise before
# -10 d is the expanding fireball, flux growing with the square of the time since -17.4 d.
# fmt: off
SN_IA_TEMPLATE: dict[str, tuple[tuple[float, float], ...]] = {
    "g": (
        (-17.2, 8.5), (-16, 4.4), (-15, 3.2), (-14, 2.44), (-12, 1.44), (-10, 0.75), (-7, 0.28), (-4, 0.06),
        (0, 0.0), (5, 0.12), (10, 0.45), (15, 0.86), (20, 1.35), (25, 1.8), (30, 2.15), (40, 2.55),
        (50, 2.75), (70, 3.1),
    ),
    "r": (
        (-17.2, 8.5), (-16, 4.4), (-15, 3.2), (-14, 2.4), (-12, 1.4), (-10, 0.72), (-7, 0.27), (-4, 0.07),
        (0, 0.0), (5, 0.12), (10, 0.42), (15, 0.66), (20, 0.73), (25, 0.86), (30, 1.1), (40, 1.6),
        (50, 1.95), (70, 2.5),
    ),
    "i": (
        (-17.2, 8.5), (-16, 4.2), (-15, 3.0), (-14, 2.2), (-12, 1.2), (-10, 0.58), (-7, 0.14), (-3, 0.0),
        (0, 0.05), (5, 0.28), (10, 0.62), (14, 0.73), (18, 0.66), (24, 0.52), (30, 0.72), (40, 1.35),
        (50, 1.8), (70, 2.5),
    ),
}
# fmt: on
SN_IA_COLOUR = {"g": -0.05, "r": 0.0, "i": 0.45}

# fmt: off
SN_IBC_TEMPLATE: dict[str, tuple[tuple[float, float], ...]] = {
    "g": (
        (-18, 6.0), (-15, 2.3), (-10, 0.75), (-5, 0.15), (0, 0.0), (5, 0.2), (10, 0.62), (15, 1.05),
        (20, 1.5), (30, 2.1), (40, 2.35), (60, 2.65),
    ),
    "r": (
        (-18, 6.0), (-15, 2.2), (-10, 0.8), (-5, 0.2), (0, 0.0), (5, 0.11), (10, 0.37), (15, 0.67),
        (20, 0.97), (30, 1.45), (40, 1.72), (60, 2.1),
    ),
    "i": (
        (-18, 6.0), (-15, 2.2), (-10, 0.85), (-5, 0.25), (0, 0.0), (5, 0.08), (10, 0.28), (15, 0.52),
        (20, 0.78), (30, 1.22), (40, 1.48), (60, 1.88),
    ),
}
# fmt: on
SN_IBC_COLOUR = {"g": 0.25, "r": 0.0, "i": 0.05}


@dataclass(frozen=True)
class TypeIaSupernova:
    """Supernova of type Ia.

    Absolute magnitude at B maximum -19.3 at a decline of 1.1 mag in 15 days, fainter by 0.79 mag for each mag
    of faster decline; rise 17.4 days; second maximum in i about 24 days after the first. Neither K
    corrections nor dust are applied.

    Parameters
    ----------
    peak_mjd : float
        UTC MJD of B maximum, in the observer's frame.
    peak_r_mag : float
        AB magnitude in r at maximum.
    redshift : float
        Stretches the time axis.
    decline_15_mag : float
        Decline of B within 15 days after maximum, in mag; 0.8 to 1.7 in nature.

    References
    ----------
    Hamuy et al. (1996), doi:10.1086/118190 (brightness and decline); Hayden et al. (2010),
    doi:10.1088/0004-637X/712/1/350 (rise); Hsiao et al. (2007), doi:10.1086/518232 (shape, read to about 0.1
    mag).
    """

    peak_mjd: float
    peak_r_mag: float
    redshift: float
    decline_15_mag: float = 1.1

    def mag(self, mjd_utc: Floats, band: str) -> Floats:
        """Return AB magnitudes, infinite before the explosion; see the class for units."""
        stretch = 1.0 - 0.33 * (self.decline_15_mag - 1.1)
        phase = (np.asarray(mjd_utc) - self.peak_mjd) / (1 + self.redshift) / stretch
        return self.peak_r_mag + SN_IA_COLOUR[band] + interpolate_mag(phase, SN_IA_TEMPLATE[band])

    def difference_njy(self, mjd_utc: Floats, band: str) -> Floats:
        """Return the flux density in nJy; the reference was taken before the explosion."""
        return mag_to_njy(self.mag(mjd_utc, band))

    def reference_mag(self, band: str) -> float | None:
        """Return None: nothing but the host is in the reference."""
        return None


def type_ia_absolute_mag(decline_15_mag: float) -> float:
    """Return the mean absolute magnitude of a supernova Ia at maximum.

    Parameters
    ----------
    decline_15_mag : float
        Decline of B within 15 days after maximum, in mag.

    Returns
    -------
    float
        Absolute magnitude in mag.

    References
    ----------
    Hamuy et al. (1996), doi:10.1086/118190, relation of B.
    """
    return -19.3 + 0.79 * (decline_15_mag - 1.1)


@dataclass(frozen=True)
class TypeIISupernova:
    """Hydrogen-rich supernova with a plateau.

    Rises within about 8 days, declines slowly (1.27 +- 0.93 mag in 100 days in V) until about 84 +- 17 days
    after the explosion, drops by nearly 2 mag and then follows the decay of cobalt (0.98 mag in 100 days). It
    reddens from g - r = -0.1 to about 0.9 along the plateau. The mean peak is -16.7 +- 1.0 in V.

    Parameters
    ----------
    explosion_mjd : float
        UTC MJD of the explosion.
    peak_r_mag : float
        AB magnitude in r at maximum.
    redshift : float
        Stretches the time axis.
    plateau_days, plateau_slope, rise_days : float
        Rest-frame days from explosion to the middle of the drop, decline on the plateau in mag per 100 days,
        rise.

    References
    ----------
    Anderson et al. (2014), doi:10.1088/0004-637X/786/1/67; Gonzalez-Gaitan et al. (2015),
    doi:10.1093/mnras/stv1097 (rise).
    """

    explosion_mjd: float
    peak_r_mag: float
    redshift: float
    plateau_days: float = 84.0
    plateau_slope: float = 0.9
    rise_days: float = 8.0

    def mag(self, mjd_utc: Floats, band: str) -> Floats:
        """Return AB magnitudes, infinite before the explosion; see the class for units."""
        days = (np.asarray(mjd_utc, dtype=np.float64) - self.explosion_mjd) / (1 + self.redshift)
        exploded = days > 0.02
        safe = np.where(exploded, days, 1.0)
        growth = 1.0 - (1.0 - np.minimum(safe / self.rise_days, 1.0)) ** 2
        drop = 1.8 / (1 + np.exp(-(safe - self.plateau_days) / 6.0))
        slope = np.where(safe < self.plateau_days, self.plateau_slope, 0.98) / 100
        decline = slope * (safe - self.plateau_days) + self.plateau_slope / 100 * (
            self.plateau_days - self.rise_days
        )
        r_mag = (
            self.peak_r_mag - 2.5 * np.log10(growth) + np.where(safe > self.rise_days, decline, 0.0) + drop
        )
        cooling = 1 - np.exp(-safe / 45.0)
        colour = {"g": -0.1 + 1.2 * cooling, "r": 0.0 * cooling, "i": 0.1 - 0.2 * cooling}[band]
        return np.where(exploded, r_mag + colour, np.inf)

    def difference_njy(self, mjd_utc: Floats, band: str) -> Floats:
        """Return the flux density in nJy; the reference was taken before the explosion."""
        return mag_to_njy(self.mag(mjd_utc, band))

    def reference_mag(self, band: str) -> float | None:
        """Return None: nothing but the host is in the reference."""
        return None


@dataclass(frozen=True)
class StrippedSupernova:
    """Supernova of type Ib or Ic.

    Mean absolute magnitude about -18 +- 0.8 in R (corrected for dust), decline of about 0.67 mag in R within
    15 days after maximum, faster in the blue, redder than a Ia at maximum.

    Parameters
    ----------
    peak_mjd : float
        UTC MJD of maximum.
    peak_r_mag : float
        AB magnitude in r at maximum.
    redshift : float
        Stretches the time axis.
    stretch : float
        Further factor on the time axis.

    References
    ----------
    Drout et al. (2011), doi:10.1088/0004-637X/741/2/97 (shape read to about 0.1 mag).
    """

    peak_mjd: float
    peak_r_mag: float
    redshift: float
    stretch: float = 1.0

    def mag(self, mjd_utc: Floats, band: str) -> Floats:
        """Return AB magnitudes, infinite before the explosion; see the class for units."""
        phase = (np.asarray(mjd_utc) - self.peak_mjd) / (1 + self.redshift) / self.stretch
        return self.peak_r_mag + SN_IBC_COLOUR[band] + interpolate_mag(phase, SN_IBC_TEMPLATE[band])

    def difference_njy(self, mjd_utc: Floats, band: str) -> Floats:
        """Return the flux density in nJy; the reference was taken before the explosion."""
        return mag_to_njy(self.mag(mjd_utc, band))

    def reference_mag(self, band: str) -> float | None:
        """Return None: nothing but the host is in the reference."""
        return None
