"""When the simulated survey looks: the two months before a night, and that night, with weather and Moon.

Public names: `SurveyPlan` (made once for the fields that hold objects) and `Exposures` (those of one field).
"""

import datetime
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from tom_alerts.simulation import sky
from tom_alerts.simulation.light_curves.base import BANDS, Floats
from tom_common.astro.night import night_at
from tom_common.astro.time import JD_OF_MJD_0

HISTORY_NIGHTS = 60
EXPOSURE_S = 30.0
SLOT_DAYS = 40.0 / 86400.0  # exposure, read-out and slew
GRID_DAYS = 5.0 / 1440.0
LOWEST_ALTITUDE_DEG = 23.0
CADENCE_NIGHTS = 3

# Spells of bad weather: chance that a night is lost after a good one and after a lost one; 29% in the long
# run.
LOST_AFTER_GOOD = 0.17
LOST_AFTER_LOST = 0.58

MJD_OF_ORDINAL_ZERO = -678576
MJD_OF_NIGHT_ZERO = 57754  # ZTF counts its nights from 2017-01-01
FIRST_NIGHT_NUMBER, LAST_NIGHT_NUMBER = 1000, 9222  # so that alert numbers have 19 digits and fit in 64 bits


@dataclass(frozen=True)
class Exposures:
    """Exposures of one field, sorted by time; the arrays share the shape (n,)."""

    mjd_utc: Floats  # start of the exposure
    band: NDArray[np.int64]  # index into light_curves.BANDS
    limit_mag: Floats  # 5 sigma
    seeing_pixels: Floats  # full width at half maximum
    zero_point_mag: Floats  # magnitude of 1 DN
    airmass: Floats

    def __len__(self) -> int:
        return len(self.mjd_utc)

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> "Exposures":
        """Return the exposures chosen by an index or mask."""
        return Exposures(*(getattr(self, item.name)[index] for item in fields(self)))

    @staticmethod
    def joined(parts: "list[Exposures]") -> "Exposures":
        """Return the exposures of several fields in one, sorted by time."""
        columns = [np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(Exposures)]
        return Exposures(*columns).take(np.argsort(columns[0], kind="stable"))


def mjd_of_night(night: datetime.date) -> int:
    """Return the MJD of 0h UT of the date of a night.

    Parameters
    ----------
    night : datetime.date
        UT date; at Palomar the whole night falls in one.

    Returns
    -------
    int
        UTC MJD.

    Raises
    ------
    ValueError
        If the night is before 2019-09-28 or after 2042-04-01: alert numbers need their 19 digits.
    """
    mjd = night.toordinal() + MJD_OF_ORDINAL_ZERO
    if (
        not FIRST_NIGHT_NUMBER
        <= mjd - HISTORY_NIGHTS - MJD_OF_NIGHT_ZERO
        <= LAST_NIGHT_NUMBER - HISTORY_NIGHTS
    ):
        raise ValueError(
            f"cannot simulate the night {night.isoformat()}: choose one between 2019-12 and 2042-03"
        )
    return mjd


@dataclass(frozen=True)
class Darkness:
    """When it is dark in one night."""

    times: Floats  # UTC MJD, every five minutes between the nautical twilights, shape (n,)
    moon_illuminated: float  # 0 to 1


def darkness(mjd: int) -> Darkness:
    """Return when it is dark at the site.

    Parameters
    ----------
    mjd : int
        MJD of 0h UT.

    Returns
    -------
    Darkness
        The dark time of the night that runs at 8h UT, midnight at Palomar.
    """
    almanac = night_at(mjd + 8 / 24, latitude_deg=sky.SITE_LATITUDE_DEG, longitude_deg=sky.SITE_LONGITUDE_DEG)
    if almanac.nautical_dusk is None or almanac.nautical_dawn is None:
        raise ValueError(f"it does not get dark in the night of MJD {mjd}")
    return Darkness(
        np.arange(almanac.nautical_dusk, almanac.nautical_dawn, GRID_DAYS), almanac.moon_illuminated
    )


def draw_weather(rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw which nights are clear.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of random numbers.

    Returns
    -------
    ndarray of bool, shape (HISTORY_NIGHTS + 1,)
        True where the dome was open; always in the last night.
    """
    clear = np.ones(HISTORY_NIGHTS + 1, dtype=bool)
    for index in range(1, HISTORY_NIGHTS):
        clear[index] = rng.random() >= (LOST_AFTER_GOOD if clear[index - 1] else LOST_AFTER_LOST)
    return clear


@dataclass(frozen=True)
class _NightQuality:
    transparency_mag: float
    zenith_seeing: float  # pixels
    moonlight: float  # 0 to 1


class SurveyPlan:
    """Exposures of all fields within two months.

    Parameters
    ----------
    night : datetime.date
        UT date of the last night.
    rng : numpy.random.Generator
        Source of random numbers.
    """

    def __init__(self, night: datetime.date, rng: np.random.Generator) -> None:
        self.last_mjd = mjd_of_night(night)
        self.night_mjds = np.arange(self.last_mjd - HISTORY_NIGHTS, self.last_mjd + 1)
        self.clear = draw_weather(rng)
        self._rng = rng
        self._dark = [darkness(int(mjd)) for mjd in self.night_mjds]

    def is_up(self, ra_deg: float, dec_deg: float) -> bool:
        """Return whether a position is well above the horizon for a while in the last night.

        Parameters
        ----------
        ra_deg, dec_deg : float
            ICRS position in degrees.

        Returns
        -------
        bool
            True if it stands above 30 degrees for two hours of darkness.
        """
        altitude = sky.altitude_deg(ra_deg, dec_deg, self._dark[-1].times)
        return bool(np.count_nonzero(altitude > LOWEST_ALTITUDE_DEG + 7) * GRID_DAYS > 2.0 / 24.0)

    def observe(self, field_numbers: set[int]) -> dict[int, Exposures]:
        """Plan all exposures of these fields; call it once.

        Parameters
        ----------
        field_numbers : set of int
            Fields, see `sky.field_at`.

        Returns
        -------
        dict of int to Exposures
            Exposures of each field, at least 40 s apart over all fields, two bands (rarely three) a visit.
        """
        rows: dict[int, list[tuple[float, ...]]] = {number: [] for number in sorted(field_numbers)}
        for night_index in np.flatnonzero(self.clear):
            self._observe_night(int(night_index), rows)
        planned = {}
        for number, exposures in rows.items():
            columns = np.array(exposures, dtype=np.float64).reshape(-1, len(fields(Exposures))).T
            planned[number] = Exposures(columns[0], columns[1].astype(np.int64), *columns[2:])
        return planned

    def _observe_night(self, night_index: int, rows: dict[int, list[tuple[float, ...]]]) -> None:
        dark = self._dark[night_index].times
        is_last = night_index == HISTORY_NIGHTS
        wishes: list[tuple[float, int, int]] = []
        for number in rows:
            if not is_last and (night_index + number) % CADENCE_NIGHTS:
                continue
            ra_deg, dec_deg = sky.field_centre(number)
            altitude = sky.altitude_deg(ra_deg, dec_deg, dark)
            best = dark[np.argmax(altitude)]
            spread = self._rng.uniform(-0.06, 0.06)
            start = np.clip(best + spread, dark[0], dark[-1] - 0.09)
            first, second = (0, 1) if (night_index // CADENCE_NIGHTS + number) % 2 else (1, 0)
            wishes.append((start, number, first))
            wishes.append((start + 0.035 + 0.015 * self._rng.random(), number, second))
            if (night_index // CADENCE_NIGHTS + number) % 3 == 0:
                wishes.append((start + 0.065, number, 2))
        quality = _NightQuality(
            transparency_mag=min(self._rng.normal(0.0, 0.12), 0.15),
            zenith_seeing=1.9 * float(np.exp(self._rng.normal(0.0, 0.15))),
            moonlight=self._dark[night_index].moon_illuminated ** 2,
        )
        last_start = -np.inf
        for wish, number, band in sorted(wishes):
            last_start = max(wish, last_start + SLOT_DAYS)
            exposure = self._expose(last_start, number, band, quality)
            if exposure is not None and last_start <= dark[-1]:
                rows[number].append(exposure)

    def _expose(
        self, mjd: float, number: int, band_index: int, quality: "_NightQuality"
    ) -> tuple[float, ...] | None:
        """Return one row of `Exposures`, None where the field stands too low."""
        altitude = float(sky.altitude_deg(*sky.field_centre(number), np.array(mjd)))
        if altitude < LOWEST_ALTITUDE_DEG:
            return None
        airmass = 1.0 / np.sin(np.radians(altitude))
        band = BANDS[band_index]
        loss = 0.25 * (airmass - 1) + sky.MOON_LOSS_MAG[band] * quality.moonlight
        scatter = self._rng.normal(0.0, 0.08)
        limit = sky.LIMIT_MAG[band] + 0.2 + quality.transparency_mag - loss + scatter
        seeing = quality.zenith_seeing * airmass**0.6 * float(np.exp(self._rng.normal(0.0, 0.05)))
        zero_point = sky.ZERO_POINT_MAG[band] - 0.15 * (airmass - 1) + self._rng.normal(0.0, 0.02)
        # Seven digits of a day, as the survey writes them.
        start = round(mjd + JD_OF_MJD_0, 7) - JD_OF_MJD_0
        return (
            start,
            float(band_index),
            limit,
            seeing,
            zero_point,
            airmass,
        )
