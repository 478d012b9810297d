"""Two-body orbits around the Sun: where what moves on them is seen, for many bodies and times at once.

Pure: called by ``visibility`` and by the pages and endpoints that show a position at a date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from tom_common.astro.observer import C_AU_PER_DAY

Array = NDArray[np.float64]

GAUSS_K = 0.01720209895
"""Square root of the Sun's GM in au^1.5 per day."""
_OBLIQUITY = np.radians(84381.448 / 3600.0)  # IAU 1976, as Horizons' and the MPC's ecliptic of J2000
_ROUNDS = 60
_ENOUGH = 1e-13


@dataclass(frozen=True)
class Orbits:
    """Heliocentric orbits, all arrays of shape (n,): ecliptic and equinox J2000, degrees, au, MJD (TT).

    `pace` is the motion in units of that of a massless body: 1 but where a mean daily motion is given.
    """

    perihelion_au: Array
    eccentricity: Array
    inclination_deg: Array
    node_deg: Array
    argument_deg: Array
    perihelion_mjd: Array
    pace: Array

    @classmethod
    def from_perihelion(cls, *, perihelion_au: Array, perihelion_mjd: Array, **angles: Array) -> Orbits:
        """Return orbits given as for comets: perihelion distance and epoch of perihelion.

        `angles`: `eccentricity`, `inclination_deg`, `node_deg`, `argument_deg`.
        """
        arrays = {name: _floats(values) for name, values in angles.items()}
        q = _floats(perihelion_au)
        return cls(perihelion_au=q, perihelion_mjd=_floats(perihelion_mjd), pace=np.ones_like(q), **arrays)

    @classmethod
    def from_mean_anomaly(
        cls,
        *,
        semimajor_axis_au: Array,
        mean_anomaly_deg: Array,
        epoch_mjd: Array,
        daily_motion_deg: Array | None = None,
        **angles: Array,
    ) -> Orbits:
        """Return orbits given as for planets: semimajor axis, mean anomaly at an epoch.

        With `daily_motion_deg` (NaN where not known) bodies move at that pace; `angles` as above.
        """
        arrays = {name: _floats(values) for name, values in angles.items()}
        axis = np.abs(_floats(semimajor_axis_au))
        eccentricity = arrays["eccentricity"]
        axis = np.where(axis > 0, axis, np.nan)
        massless = np.degrees(GAUSS_K) / axis**1.5
        motion = massless if daily_motion_deg is None else _floats(daily_motion_deg)
        motion = np.where(np.isfinite(motion) & (motion > 0), motion, massless)
        anomaly = _floats(mean_anomaly_deg)
        anomaly = np.where(eccentricity < 1, (anomaly + 180.0) % 360.0 - 180.0, anomaly)
        return cls(
            perihelion_au=axis * np.abs(1 - eccentricity),
            perihelion_mjd=_floats(epoch_mjd) - anomaly / motion,
            pace=motion / massless,
            **arrays,
        )

    @classmethod
    def joined(cls, parts: Sequence[Orbits]) -> Orbits:
        """Return the orbits of several sets, one set after the other."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})

    def __len__(self) -> int:
        """How many orbits."""
        return len(self.perihelion_au)

    def heliocentric_au(self, mjd_tt: Array) -> Array:
        """Return where the bodies are, from the Sun.

        Parameters
        ----------
        mjd_tt : ndarray, shape (t,) or (n, t)

        Returns
        -------
        ndarray, shape (n, t, 3)
            ICRS axes, au; NaN for elements that describe no orbit.
        """
        days = (np.asarray(mjd_tt, dtype=float) - self.perihelion_mjd[:, None]) * self.pace[:, None]
        q, e = self.perihelion_au[:, None], self.eccentricity[:, None]
        along, across = _in_plane(q, e, days)
        towards_perihelion, ahead = self._axes()
        return along[..., None] * towards_perihelion[:, None] + across[..., None] * ahead[:, None]

    def _axes(self) -> tuple[Array, Array]:
        """Return the unit vectors towards the perihelion and along the motion there, shape (n, 3), ICRS."""
        node, tilt, argument = (
            np.radians(values) for values in (self.node_deg, self.inclination_deg, self.argument_deg)
        )
        cos_n, sin_n, cos_i, sin_i = np.cos(node), np.sin(node), np.cos(tilt), np.sin(tilt)
        cos_w, sin_w = np.cos(argument), np.sin(argument)
        along = (cos_w * cos_n - sin_w * sin_n * cos_i, cos_w * sin_n + sin_w * cos_n * cos_i, sin_w * sin_i)
        ahead = (
            -sin_w * cos_n - cos_w * sin_n * cos_i,
            -sin_w * sin_n + cos_w * cos_n * cos_i,
            cos_w * sin_i,
        )
        return _equatorial(along), _equatorial(ahead)

    def seen_from(self, observer_heliocentric_au: Array, mjd_tt: Array) -> tuple[Array, Array]:
        """Return where the bodies are seen: light-time is taken off, aberration is not applied (astrometric).

        Parameters
        ----------
        observer_heliocentric_au : ndarray, shape (t, 3)
            ICRS axes.
        mjd_tt : ndarray, shape (t,)

        Returns
        -------
        from_observer_au, from_sun_au : ndarray, shape (n, t, 3)
            The body when the light left it, from the observer now, and from the Sun.
        """
        times = np.broadcast_to(np.asarray(mjd_tt, dtype=float), (len(self), len(mjd_tt)))
        delay = np.zeros_like(times)
        for _ in range(3):  # the third round changes nothing above 1e-9 au
            from_sun = self.heliocentric_au(times - delay)
            from_observer = from_sun - observer_heliocentric_au
            delay = np.linalg.norm(from_observer, axis=-1) / C_AU_PER_DAY
        return from_observer, from_sun


def _floats(values: Array) -> Array:
    return np.atleast_1d(np.asarray(values, dtype=float))


def _equatorial(ecliptic: tuple[Array, Array, Array]) -> Array:
    x, y, z = ecliptic
    cos_e, sin_e = np.cos(_OBLIQUITY), np.sin(_OBLIQUITY)
    return np.stack([x, cos_e * y - sin_e * z, sin_e * y + cos_e * z], axis=-1)


def _in_plane(q: Array, e: Array, days: Array) -> tuple[Array, Array]:
    """Return the place in the plane of the orbit: towards the perihelion, and along the motion there.

    Kepler's equation in the universal variable, one formula for ellipse, parabola and hyperbola:
    k t = q x + e x^3 c3(alpha x^2), alpha = (1 - e) / q.

    References
    ----------
    Danby, Fundamentals of Celestial Mechanics (2nd ed., 1988), sections 6.9 (universal variables) and
    6.6 (Laguerre's method).
    """
    q, e, days = np.broadcast_arrays(q, e, np.asarray(days, dtype=float))
    with np.errstate(all="ignore"):  # elements that describe no orbit give NaN
        usable = (q > 0) & (e >= 0) & np.isfinite(days)
        alpha = np.where(usable, (1 - e) / q, np.nan)
        period = np.where(alpha > 0, 2 * np.pi / (GAUSS_K * np.abs(alpha) ** 1.5), np.inf)
        wrapped = np.where(np.isfinite(period), (days + period / 2) % period - period / 2, days)
        x = _solve(q, e, alpha, GAUSS_K * wrapped)
        c2, c3 = _stumpff(alpha * x * x)
        f = 1 - x * x * c2 / q
        g = GAUSS_K * wrapped - x**3 * c3  # times k
        return f * q, g * np.sqrt((1 + e) / q)


def _solve(q: Array, e: Array, alpha: Array, kt: Array) -> Array:
    """Return the universal anomaly by Laguerre's method."""
    size = np.sqrt(np.abs(alpha))
    # Ellipse: Danby's start. Else the least of three bounds: near the perihelion, parabola, asymptote.
    mean = kt * size**3
    ellipse = (mean + 0.85 * e * np.sign(mean)) / size
    reach = np.abs(kt)
    asymptote = np.where(alpha < 0, np.maximum(2.2, np.arcsinh(2 * reach * size**3 / e)) / size, np.inf)
    bounds = np.minimum(np.minimum(reach / q, np.cbrt(6 * reach / e)), asymptote)
    limit = np.where(alpha > 0, np.pi / size, np.inf)
    x = np.clip(np.where(alpha > 0, ellipse, np.sign(kt) * bounds), -limit, limit)
    for _ in range(_ROUNDS):
        z = alpha * x * x
        c2, c3 = _stumpff(z)
        value = q * x + e * x**3 * c3 - kt
        slope = q + e * x * x * c2
        bend = e * x * (1 - z * c3)
        root = np.sqrt(np.abs(16 * slope**2 - 20 * value * bend))
        step = 5 * value / (slope + root)
        x = np.clip(x - step, -limit, limit)
        if np.nanmax(np.abs(step) / (1 + np.abs(x)), initial=0.0) < _ENOUGH:
            break
    return x


def _stumpff(z: Array) -> tuple[Array, Array]:
    """Return Stumpff's functions c2 and c3."""
    root = np.sqrt(np.abs(z))
    with np.errstate(all="ignore"):
        c2 = np.where(z > 0, 2 * np.sin(root / 2) ** 2, 2 * np.sinh(root / 2) ** 2) / np.abs(z)
        c3 = np.where(z > 0, root - np.sin(root), np.sinh(root) - root) / root**3
    small = np.abs(z) < 0.05
    near = np.where(small, z, 0.0)
    c2_near = 1 / 2 - near / 24 * (1 - near / 30 * (1 - near / 56 * (1 - near / 90)))
    c3_near = 1 / 6 - near / 120 * (1 - near / 42 * (1 - near / 72 * (1 - near / 110)))
    return np.where(small, c2_near, c2), np.where(small, c3_near, c3)


def phase_magnitude(
    abs_mag: float, slope: float | None, *, r_au: float, delta_au: float, phase_deg: float
) -> float:
    """Return the V magnitude of an asteroid in the H, G system (G is 0.15 where not known).

    References
    ----------
    Bowell et al. (1989), Asteroids II, p. 524.
    """
    g = 0.15 if slope is None else slope
    half = np.tan(np.radians(phase_deg) / 2)
    phi = (1 - g) * np.exp(-3.33 * half**0.63) + g * np.exp(-1.87 * half**1.22)
    return float(abs_mag + 5 * np.log10(r_au * delta_au) - 2.5 * np.log10(max(phi, 1e-12)))


def comet_magnitude(abs_mag: float, slope: float | None, *, r_au: float, delta_au: float) -> float:
    """Return the total magnitude of a comet, M1 + 5 log delta + k1 log r (k1 is 10 where not known)."""
    return float(abs_mag + 5 * np.log10(delta_au) + (10.0 if slope is None else slope) * np.log10(r_au))
