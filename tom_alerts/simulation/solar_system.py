"""Moving objects: asteroids on two-body orbits, where they stand in the sky and how bright they are."""

from dataclasses import dataclass

import numpy as np

from tom_alerts.simulation.light_curves.base import Floats
from tom_alerts.simulation.sky import earth_position_au

GAUSS_DEG_PER_DAY = 0.9856076686  # mean motion at 1 au
OBLIQUITY_DEG = 23.4392911  # ecliptic of J2000
LIGHT_TIME_DAYS_PER_AU = 0.0057755183
TT_MINUS_UTC_DAYS = 69.184 / 86400.0  # since 2017
SLOPE_G = 0.15

# Mean colours of asteroids of type S: Ivezic et al. (2001), doi:10.1086/323452, AB with V = g - 0.3.
ASTEROID_COLOUR = {"g": 0.3, "r": -0.25, "i": -0.4}


@dataclass(frozen=True)
class Elements:
    """Osculating elements: ecliptic and equinox J2000, angles in degrees, au, epoch as TDB MJD."""

    epoch_mjd_tdb: float
    semimajor_axis_au: float
    eccentricity: float
    inclination_deg: float
    lng_asc_node_deg: float
    arg_of_perihelion_deg: float
    mean_anomaly_deg: float
    absolute_mag: float  # H in V

    def as_target_fields(self) -> dict[str, float | str]:
        """Return the elements under the field names of a non-sidereal target.

        Returns
        -------
        dict
            Scheme ``MPC_MINOR_PLANET``; degrees, degrees per day, au, MJD.
        """
        return {
            "scheme": "MPC_MINOR_PLANET",
            "epoch_of_elements": self.epoch_mjd_tdb,
            "mean_anomaly": self.mean_anomaly_deg,
            "arg_of_perihelion": self.arg_of_perihelion_deg,
            "eccentricity": self.eccentricity,
            "lng_asc_node": self.lng_asc_node_deg,
            "inclination": self.inclination_deg,
            "mean_daily_motion": GAUSS_DEG_PER_DAY / self.semimajor_axis_au**1.5,
            "semimajor_axis": self.semimajor_axis_au,
            "perihdist": self.semimajor_axis_au * (1 - self.eccentricity),
            "abs_mag": self.absolute_mag,
            "slope": SLOPE_G,
        }


@dataclass(frozen=True)
class Ephemeris:
    """Geocentric places; the arrays share the shape (n,)."""

    ra_deg: Floats  # ICRS, corrected for light time
    dec_deg: Floats
    v_mag: Floats
    elongation_deg: Floats


def solve_kepler(mean_anomaly_rad: Floats, eccentricity: float) -> Floats:
    """Return the eccentric anomaly.

    Parameters
    ----------
    mean_anomaly_rad : ndarray, shape (n,)
        Mean anomaly in radians.
    eccentricity : float
        Below 0.9.

    Returns
    -------
    ndarray, shape (n,)
        Eccentric anomaly in radians, to 1e-12 after ten steps of Newton's method.
    """
    anomaly = mean_anomaly_rad + eccentricity * np.sin(mean_anomaly_rad)
    for _ in range(10):
        anomaly = anomaly - (anomaly - eccentricity * np.sin(anomaly) - mean_anomaly_rad) / (
            1 - eccentricity * np.cos(anomaly)
        )
    return anomaly


def heliocentric_au(elements: Elements, mjd_tdb: Floats) -> Floats:
    """Return heliocentric positions on the two-body orbit.

    Parameters
    ----------
    elements : Elements
        The orbit.
    mjd_tdb : ndarray, shape (n,)
        TDB MJD.

    Returns
    -------
    ndarray, shape (n, 3)
        Equatorial ICRS coordinates in au.
    """
    axis, eccentricity = elements.semimajor_axis_au, elements.eccentricity
    motion = GAUSS_DEG_PER_DAY / axis**1.5
    mean = np.radians(elements.mean_anomaly_deg + motion * (mjd_tdb - elements.epoch_mjd_tdb))
    anomaly = solve_kepler(mean, eccentricity)
    along = axis * (np.cos(anomaly) - eccentricity)
    across = axis * np.sqrt(1 - eccentricity**2) * np.sin(anomaly)
    node, tilt, perihelion = np.radians(
        [elements.lng_asc_node_deg, elements.inclination_deg, elements.arg_of_perihelion_deg]
    )
    to_perihelion = _rotate_about_z(node) @ _rotate_about_x(tilt) @ _rotate_about_z(perihelion)
    rotation = _rotate_about_x(np.radians(OBLIQUITY_DEG)) @ to_perihelion
    return np.asarray(np.stack([along, across, np.zeros_like(along)], axis=-1) @ rotation.T)


def _rotate_about_z(angle: float) -> Floats:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def _rotate_about_x(angle: float) -> Floats:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])


def ephemeris(elements: Elements, mjd_utc: Floats) -> Ephemeris:
    """Return where an asteroid stands, seen from the centre of the Earth.

    Parameters
    ----------
    elements : Elements
        The orbit.
    mjd_utc : ndarray, shape (n,)
        UTC MJD.

    Returns
    -------
    Ephemeris
        Astrometric places (the parallax of the site, up to 8 arcsec, is left out) and V magnitudes in the H,
        G system.

    References
    ----------
    Bowell et al. (1989), in Asteroids II, 524 (magnitudes).
    """
    mjd_tdb = np.atleast_1d(np.asarray(mjd_utc, dtype=np.float64)) + TT_MINUS_UTC_DAYS
    earth = earth_position_au(mjd_tdb)
    delay = np.zeros_like(mjd_tdb)
    for _ in range(3):
        body = heliocentric_au(elements, mjd_tdb - delay)
        line = body - earth
        distance = np.linalg.norm(line, axis=-1)
        delay = LIGHT_TIME_DAYS_PER_AU * distance
    sun_distance = np.linalg.norm(body, axis=-1)
    earth_sun = np.linalg.norm(earth, axis=-1)
    phase = np.arccos(np.clip(np.sum(body * line, axis=-1) / (sun_distance * distance), -1, 1))
    elongation = np.arccos(np.clip(-np.sum(earth * line, axis=-1) / (earth_sun * distance), -1, 1))
    half = np.tan(phase / 2)
    dimming = (1 - SLOPE_G) * np.exp(-3.33 * half**0.63) + SLOPE_G * np.exp(-1.87 * half**1.22)
    v_mag = elements.absolute_mag + 5 * np.log10(sun_distance * distance) - 2.5 * np.log10(dimming)
    return Ephemeris(
        ra_deg=np.degrees(np.arctan2(line[:, 1], line[:, 0])) % 360.0,
        dec_deg=np.degrees(np.arcsin(line[:, 2] / distance)),
        v_mag=v_mag,
        elongation_deg=np.degrees(elongation),
    )


def draw_asteroid(rng: np.random.Generator, *, mjd_utc: float) -> Elements:
    """Draw a main-belt asteroid that stands near opposition on a given night.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of random numbers.
    mjd_utc : float
        UTC MJD of the night.

    Returns
    -------
    Elements
        An orbit of the main belt, placed within about 35 degrees of opposition, V between 15.5 and 19.
    """
    shape = Elements(
        epoch_mjd_tdb=float(np.floor(mjd_utc)),
        semimajor_axis_au=float(rng.uniform(2.2, 3.2)),
        eccentricity=float(rng.uniform(0.03, 0.22)),
        inclination_deg=float(abs(rng.normal(0.0, 7.0)) + 0.5),
        lng_asc_node_deg=float(rng.uniform(0, 360)),
        arg_of_perihelion_deg=float(rng.uniform(0, 360)),
        mean_anomaly_deg=0.0,
        absolute_mag=0.0,
    )
    # Changing the time of perihelion moves the body along its orbit: find where it stands opposite to the
    # Sun.
    trials = np.arange(0.0, 360.0, 4.0)
    elongations = [
        ephemeris(_with(shape, mean_anomaly_deg=float(trial)), np.array([mjd_utc])).elongation_deg[0]
        for trial in trials
    ]
    anomaly = float((trials[int(np.argmax(elongations))] + rng.uniform(-25, 25)) % 360.0)
    placed = _with(shape, mean_anomaly_deg=anomaly)
    at_zero = ephemeris(placed, np.array([mjd_utc])).v_mag[0]
    return _with(placed, absolute_mag=float(round(rng.uniform(15.5, 19.0) - at_zero, 2)))


def _with(elements: Elements, **changes: float) -> Elements:
    return Elements(**{**elements.__dict__, **changes})
