"""One drawing function per class of object: parameters from the ranges that the literature gives.

Each takes the random numbers and the circumstances of the object and returns its light curve and
surroundings. The numbers and their sources stand in the docstrings of the light-curve models.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tom_alerts.simulation import light_curves as lc
from tom_alerts.simulation.light_curves.base import Floats

# Absolute r magnitudes of hosts and their half-light radii in kpc: bright spirals and ellipticals.
HOST_MAG, HOST_MAG_SCATTER, HOST_RADIUS_KPC = -20.3, 1.0, 4.0


@dataclass(frozen=True)
class Host:
    """Galaxy behind a transient."""

    r_mag: float
    east_arcsec: float  # of its centre, seen from the transient
    north_arcsec: float
    radius_arcsec: float  # exponential scale length
    axis_ratio: float
    position_angle_deg: float  # east of north


@dataclass(frozen=True)
class Circumstances:
    """What a drawing function may know of the object's place."""

    exposure_mjd: Floats  # UTC MJD of its field's exposures, sorted
    modulus: float | None = None  # of a named galaxy, mag
    is_young: bool = False  # a transient to be found in the last night
    is_bright: bool = False

    @property
    def tonight_mjd(self) -> float:
        """UTC MJD of the last exposure."""
        return float(self.exposure_mjd[-1])


@dataclass(frozen=True)
class Draw:
    """A light curve with what belongs to it."""

    light_curve: lc.LightCurve
    host: Host | None = None
    redshift: float | None = None


Drawing = Callable[[np.random.Generator, Circumstances], Draw]


def _host(rng: np.random.Generator, redshift: float, *, nuclear: bool = False) -> Host:
    """Draw the galaxy of a transient: the offset grows with its scale length, zero for a nuclear event."""
    mag = HOST_MAG + rng.normal(0, HOST_MAG_SCATTER) + lc.distance_modulus(redshift)
    arcsec_per_kpc = 206.265 / (10 ** ((lc.distance_modulus(redshift) - 25) / 5) / (1 + redshift) ** 2)
    radius = float(np.clip(HOST_RADIUS_KPC / 1.68 * arcsec_per_kpc * 10 ** (-0.15 * (mag - 15)), 0.7, 12.0))
    distance = 0.0 if nuclear else float(rng.gamma(2.0, 0.6) * radius)
    direction = rng.uniform(0, 2 * np.pi)
    return Host(
        r_mag=float(np.clip(mag, 11.5, 22.0)),
        east_arcsec=distance * float(np.sin(direction)),
        north_arcsec=distance * float(np.cos(direction)),
        radius_arcsec=radius,
        axis_ratio=float(rng.uniform(0.35, 1.0)),
        position_angle_deg=float(rng.uniform(0, 180)),
    )


def _peak_and_redshift(
    rng: np.random.Generator, circumstances: Circumstances, absolute_mag: float
) -> tuple[float, float]:
    """Return an apparent peak magnitude and the redshift that goes with it."""
    if circumstances.modulus is not None:
        return absolute_mag + circumstances.modulus, lc.redshift_of_modulus(circumstances.modulus)
    peak = lc.draw_from_counts(rng, bright=14.8, faint=18.5 if circumstances.is_young else 19.5, slope=0.35)
    return peak, lc.redshift_of_modulus(peak - absolute_mag)


def _phase(
    rng: np.random.Generator,
    circumstances: Circumstances,
    *,
    young: tuple[float, float],
    rising: tuple[float, float],
    past: tuple[float, float],
) -> float:
    """Return the days since maximum, from a given range: a third of the transients is still rising."""
    if circumstances.is_young:
        return float(rng.uniform(*young))
    return float(rng.uniform(*(rising if rng.random() < 0.33 else past)))


def draw_type_ia(rng: np.random.Generator, circumstances: Circumstances) -> Draw:
    """Draw a supernova Ia."""
    decline = float(np.clip(rng.normal(1.1, 0.2), 0.8, 1.7))
    absolute = lc.type_ia_absolute_mag(decline) + rng.normal(0, 0.15)
    peak, redshift = _peak_and_redshift(rng, circumstances, absolute)
    phase = _phase(rng, circumstances, young=(-16.0, -11.0), rising=(-15.0, -2.0), past=(-2.0, 48.0))
    curve = lc.TypeIaSupernova(circumstances.tonight_mjd - phase, peak, redshift, decline)
    return Draw(curve, _host(rng, redshift), redshift)


def draw_type_ii(rng: np.random.Generator, circumstances: Circumstances) -> Draw:
    """Draw a supernova II."""
    absolute = float(np.clip(rng.normal(-16.9, 0.8), -18.5, -15.0))
    peak, redshift = _peak_and_redshift(rng, circumstances, absolute)
    age = _phase(rng, circumstances, young=(0.2, 3.0), rising=(1.0, 7.0), past=(7.0, 85.0))
    curve = lc.TypeIISupernova(
        explosion_mjd=circumstances.tonight_mjd - age,
        peak_r_mag=peak,
        redshift=redshift,
        plateau_days=float(np.clip(rng.normal(84, 15), 50, 120)),
        plateau_slope=float(np.clip(rng.normal(0.9, 0.5), 0.0, 2.5)),
        rise_days=float(rng.uniform(5.5, 11.0)),
    )
    return Draw(curve, _host(rng, redshift), redshift)


def draw_stripped(rng: np.random.Generator, circumstances: Circumstances) -> Draw:
    """Draw a supernova Ibc."""
    peak, redshift = _peak_and_redshift(rng, circumstances, rng.normal(-17.7, 0.7))
    phase = _phase(rng, circumstances, young=(-17.0, -11.0), rising=(-13.0, -2.0), past=(-2.0, 40.0))
    curve = lc.StrippedSupernova(circumstances.tonight_mjd - phase, peak, redshift, rng.uniform(0.8, 1.3))
    return Draw(curve, _host(rng, redshift), redshift)


def draw_tidal_disruption(rng: np.random.Generator, circumstances: Circumstances) -> Draw:
    """Draw a tidal disruption event, in the centre of its galaxy."""
    peak, redshift = _peak_and_redshift(rng, circumstances, rng.normal(-19.3, 0.7))
    phase = _phase(rng, circumstances, young=(-30.0, -15.0), rising=(-20.0, -3.0), past=(-3.0, 50.0))
    curve = lc.TidalDisruption(
        peak_mjd=circumstances.tonight_mjd - phase,
        peak_r_mag=peak,
        redshift=redshift,
        rise_days=rng.uniform(6, 20),
        decline_days=rng.uniform(30, 120),
        temperature_k=rng.uniform(15_000, 35_000),
    )
    return Draw(curve, _host(rng, redshift, nuclear=True), redshift)


def draw_kilonova(rng: np.random.Generator, circumstances: Circumstances) -> Draw:
    """Draw a kilonova that merged in the days before."""
    modulus = circumstances.modulus or rng.uniform(33.0, 34.6)
    redshift = lc.redshift_of_modulus(modulus)
    curve = lc.Kilonova(merger_mjd=circumstances.tonight_mjd - rng.uniform(0.6, 1.6), modulus=modulus)
    return Draw(curve, _host(rng, redshift), redshift)


def draw_nova(rng: np.random.Generator, circumstances: Circumstances) -> Draw:
    """Draw a nova in a named galaxy."""
    decline = float(10 ** rng.uniform(0.9, 1.6))
    peak = lc.nova_absolute_mag(decline) + (24.4 if circumstances.modulus is None else circumstances.modulus)
    curve = lc.Nova(circumstances.tonight_mjd - rng.uniform(0.5, 12.0), peak, decline)
    return Draw(curve)


def draw_dwarf_nova(rng: np.random.Generator, circumstances: Circumstances) -> Draw:
    """Draw a dwarf nova with an outburst in the two months."""
    recurrence = float(10 ** rng.uniform(1.0, 2.2))
    amplitude = lc.dwarf_nova_amplitude(recurrence) + rng.normal(0, 0.4)
    decline = lc.dwarf_nova_decline(rng.uniform(1.3, 6.0))
    plateau = rng.uniform(1.5, 7.0)
    latest = rng.uniform(0.3, 2.5 if circumstances.is_young else min(recurrence, 45.0))
    faint = 16.5 if circumstances.is_bright else 18.8
    outburst_mag = lc.draw_from_counts(rng, bright=13.6, faint=faint, slope=0.3)
    curve = lc.DwarfNova(
        outburst_mjd=circumstances.tonight_mjd - latest,
        recurrence_days=recurrence,
        quiescent_r_mag=outburst_mag + amplitude,
        amplitude_mag=amplitude,
        plateau_days=plateau,
        decline_days_per_mag=decline,
    )
    return Draw(curve)


def draw_active_nucleus(rng: np.random.Generator, circumstances: Circumstances) -> Draw:
    """Draw an active nucleus."""
    grid = np.arange(circumstances.exposure_mjd[0] - 1.0, circumstances.tonight_mjd + 2.0, 0.5)
    damping = float(10 ** rng.normal(2.1, 0.3))
    curve = lc.ActiveNucleus(
        grid_mjd=grid,
        walk=lc.damped_random_walk(rng, grid, damping_days=damping),
        mean_r_mag=lc.draw_from_counts(
            rng, bright=14.5, faint=16.0 if circumstances.is_bright else 19.2, slope=0.35
        ),
        sigma_r_mag=float(rng.uniform(0.12, 0.35)),
        reference_offset=float(rng.normal(0, 1)),
    )
    redshift = float(rng.uniform(0.03, 0.25))
    return Draw(curve, _host(rng, redshift, nuclear=True), redshift)


def draw_rr_lyrae(rng: np.random.Generator, circumstances: Circumstances) -> Draw:
    """Draw an RR Lyrae star of type ab; short periods go with large amplitudes."""
    period = float(np.clip(rng.normal(0.57, 0.07), 0.42, 0.85))
    amplitude = float(np.clip(1.15 - 2.2 * (period - 0.55) + rng.normal(0, 0.12), 0.35, 1.5))
    mean = lc.draw_from_counts(rng, bright=13.8, faint=18.6, slope=0.2)
    return Draw(lc.RRLyrae(circumstances.tonight_mjd - rng.uniform(0, period), period, mean, amplitude))


def draw_eclipsing_binary(rng: np.random.Generator, circumstances: Circumstances) -> Draw:
    """Draw an eclipsing binary, half of them in contact."""
    outside = lc.draw_from_counts(rng, bright=13.6, faint=17.5, slope=0.3)
    if rng.random() < 0.5:
        depth = rng.uniform(0.25, 0.8)
        shape = rng.uniform(0.25, 0.5), depth, depth * rng.uniform(0.8, 1.0), rng.uniform(0.09, 0.12)
    else:
        shape = (
            10 ** rng.uniform(0.0, 0.6),
            rng.uniform(0.4, 1.5),
            rng.uniform(0.05, 0.3),
            rng.uniform(0.02, 0.04),
        )
    period, first, second, width = (float(value) for value in shape)
    minimum = circumstances.tonight_mjd - rng.uniform(0, period)
    return Draw(lc.EclipsingBinary(minimum, period, outside, first, second, width))


def draw_mira(rng: np.random.Generator, circumstances: Circumstances) -> Draw:
    """Draw a Mira star."""
    period = float(rng.uniform(150, 450))
    curve = lc.Mira(
        maximum_mjd=circumstances.tonight_mjd - rng.uniform(0, period),
        period_days=period,
        mean_r_mag=float(rng.uniform(14.6, 17.5)),
        amplitude_g_mag=float(rng.uniform(2.6, 5.0)),
        reference_phase=float(rng.uniform(0, 1)),
    )
    return Draw(curve)


def draw_flare(rng: np.random.Generator, circumstances: Circumstances) -> Draw:
    """Draw a flare of an M dwarf that is caught by one exposure."""
    recent = circumstances.exposure_mjd[circumstances.exposure_mjd > circumstances.tonight_mjd - 25.0]
    half_width = float(10 ** rng.uniform(-2.3, -1.6))
    curve = lc.DwarfFlare(
        peak_mjd=float(rng.choice(recent)) - half_width * float(rng.uniform(0.0, 0.8)),
        half_width_days=half_width,
        quiescent_r_mag=lc.draw_from_counts(rng, bright=15.5, faint=19.5, slope=0.3),
        peak_ratio_g=float(10 ** rng.uniform(0.3, 1.5)),
    )
    return Draw(curve)
