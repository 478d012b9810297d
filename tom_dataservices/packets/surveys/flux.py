"""Points measured as flux in nJy at TAI times: what Rubin's packets and those in its image have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tom_common.astro.bands import canonical_band
from tom_common.astro.photometry import flux_limit_ab_mag
from tom_common.astro.time import NO_TIME, mjd_tai_to_unix_us, mjd_utc_to_unix_us

from ..batch import PointColumns, PointKind
from ..table import Table

NOISE_SIGMAS = 5.0
"""A non-detection's noise is turned into a limit of as many sigmas."""


class FluxPoints:
    """Gathers the points of one batch and the bands they are in.

    Parameters
    ----------
    number_of : ndarray of int64
        Number of the object of each packet, -1 where there is none.
    is_tai : bool
        The scale of the times; else they are UTC.
    flux_scale : float
        Factor that makes nJy of the packets' fluxes.
    """

    def __init__(self, number_of: np.ndarray, *, is_tai: bool = True, flux_scale: float = 1.0) -> None:
        self.bands: list[str] = []
        self.left_out = 0
        self._number_of = number_of
        self._to_us = mjd_tai_to_unix_us if is_tai else mjd_utc_to_unix_us
        self._flux_scale = flux_scale
        self._parts: list[PointColumns] = []

    def points(self) -> PointColumns:
        """Give all points gathered."""
        return PointColumns.joined(self._parts)

    def add_fluxes(
        self,
        rows: Table,
        owner: np.ndarray,
        kind: PointKind,
        *,
        number: str = "",
        names: tuple[str, str, str, str],
    ) -> None:
        """Add detections or forced points; those without flux, time or band and the withdrawn are left out.

        Parameters
        ----------
        rows : Table
            Measurements.
        owner : ndarray of int64
            Packet that each belongs to.
        kind : PointKind
            Detection or forced.
        number : str
            Field with the survey's number of the measurement, empty for none.
        names : tuple of str
            Fields of time (MJD), band, flux and its error (nJy).
        """
        time, band, flux, error = names
        noise = rows.floats(error) * self._flux_scale
        self._add(
            rows,
            owner,
            time,
            band,
            np.isfinite(rows.floats(flux)) & ~is_withdrawn(rows),
            kind=kind,
            brightness=rows.floats(flux) * self._flux_scale,
            brightness_error=np.where(noise > 0, noise, np.nan),
            is_flux=True,
            survey_id=rows.ints(number) if number else 0,
            exposure_s=rows.floats("exposureTime"),
            ra_deg=rows.floats("ra"),
            dec_deg=rows.floats("dec", "decl"),
        )

    def add_limits(self, rows: Table, owner: np.ndarray, *, names: tuple[str, str, str]) -> None:
        """Add non-detections as 5-sigma limits; `names` are the fields of time, band and noise (nJy)."""
        time, band, noise = names
        limit = flux_limit_ab_mag(rows.floats(noise) * self._flux_scale, n_sigma=NOISE_SIGMAS)
        self._add(rows, owner, time, band, np.isfinite(limit), kind=PointKind.LIMIT, limit=limit)

    def _add(
        self, rows: Table, owner: np.ndarray, time: str, band: str, usable: np.ndarray, **columns: ArrayLike
    ) -> None:
        codes, texts = rows.categories(band)
        places = np.array([self._band_number(text) for text in texts], dtype=np.int64)
        number = self._number_of[owner]
        time_us = self._to_us(rows.floats(time))
        taken = usable & (number >= 0) & (time_us != NO_TIME) & (places[codes] >= 0)
        self.left_out += int((number >= 0).sum() - taken.sum())
        points = PointColumns.of(
            rows.rows, object_index=number, time_us=time_us, band=places[codes], **columns
        )
        self._parts.append(points.take(taken))

    def _band_number(self, text: str) -> int:
        name = canonical_band(text)
        if not name:
            return -1
        if name not in self.bands:
            self.bands.append(name)
        return self.bands.index(name)


def is_withdrawn(rows: Table) -> np.ndarray:
    """Tell which measurements the survey has taken back: those with a time of withdrawal."""
    return rows.floats("timeWithdrawnMjdTai") > 0
