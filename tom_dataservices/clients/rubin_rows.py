"""Rows of Rubin's sources as brokers hand them on: fluxes in nJy at TAI times. Shared by their clients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tom_common.astro.photometry import flux_njy_to_ab_mag
from tom_dataservices.clients.broker import id_text, number, point, text

Row = dict[str, Any]

NAME_PREFIX = "LSST-P-DO-"
OBJECT_PATTERN = r"(?:LSST-(?:P|AP)-DO-)?(\d{9,19})"
"""Names under which a target may bear a diaObjectId."""


def error_of_flux(value: Any) -> float | None:
    """Return the uncertainty of a flux, None where it is not positive."""
    found = number(value)
    return found if found is not None and found > 0 else None


def is_withdrawn(row: Row, prefix: str = "") -> bool:
    """Tell whether the survey has taken a source back."""
    return bool(number(row.get(f"{prefix}timeWithdrawnMjdTai")))


def ab_magnitude(flux_njy: float | None, noise_njy: float | None) -> tuple[float | None, float | None]:
    """Return AB magnitude and error of a flux of at least 3 sigma; None for others and for negative ones."""
    if flux_njy is None or flux_njy <= 0:
        return None, None
    noise = float("nan") if noise_njy is None else noise_njy
    mag, error = flux_njy_to_ab_mag([flux_njy], [noise])
    return number(float(mag[0])), number(float(error[0]))


def flux_points(
    rows: Iterable[Row],
    measurement: str,
    *,
    prefix: str = "",
    time: str = "midpointMjdTai",
    bands: dict[str, str] | None = None,
    forced: bool = False,
    withdrawn: bool = False,
) -> Iterator[dict[str, Any]]:
    """Yield points of rows; what the survey has withdrawn is left out, or with `withdrawn` the rest.

    Parameters
    ----------
    rows : iterable of dict
    measurement : str
        Key of the survey's number of the measurement, without the prefix.
    prefix : str
        Before each key.
    time : str
        Key of the MJD (TAI).
    bands : dict, optional
        What the rows write for a band.
    forced, withdrawn : bool
    """
    for row in rows:
        if is_withdrawn(row, prefix) is not withdrawn:
            continue
        band = text(row.get(f"{prefix}band"))
        flux_njy = number(row.get(f"{prefix}psfFlux"))
        made = point(
            mjd=number(row.get(f"{prefix}{time}")),
            tai=True,
            band=(bands or {}).get(band or "", band),
            flux_njy=0.0 if withdrawn and flux_njy is None else flux_njy,
            flux_err_njy=error_of_flux(row.get(f"{prefix}psfFluxErr")),
            forced=forced,
            measurement=id_text(row.get(f"{prefix}{measurement}")),
            ra_deg=number(row.get(f"{prefix}ra")),
            dec_deg=number(row.get(f"{prefix}dec", row.get(f"{prefix}decl"))),
        )
        if made is not None:
            yield made
