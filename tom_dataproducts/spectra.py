"""Spectra as columns: wavelength in Angstrom, flux density in cgs, error, and which points are bad. Pure.

Called by ``spectra_selectors`` with what it read; ``spectra_formats`` writes what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tom_common.astro.wavelengths import FluxScale, flux_scale, wavelength_unit_a
from tom_dataproducts.superseding import version_key

Floats = NDArray[np.float64]
MEDIA = ("air", "vacuum")
FRAMES = ("observed", "rest")


class SpectrumError(ValueError):
    """A spectrum cannot be drawn; the text says why in a few words."""


@dataclass(frozen=True)
class SpectrumFacts:
    """What is known of a spectrum without its points.

    Attributes
    ----------
    key : str
        ``s`` and the primary key of a typed row, ``r`` and that of a generic one.
    time : datetime
        UTC.
    medium, frame : str
        One of `MEDIA` and one of `FRAMES`, empty where nobody has said it.
    exposure_s : float or None
    is_superseded : bool
        Whether there is a later reduction of the same exposure.
    """

    key: str
    time: datetime
    telescope: str = ""
    instrument: str = ""
    setup: str = ""
    exposure_s: float | None = None
    source: str = ""
    version: str = ""
    product_pk: int | None = None
    wavelength_unit: str = ""
    flux_unit: str = ""
    medium: str = ""
    frame: str = ""
    is_superseded: bool = False


@dataclass(frozen=True)
class Spectrum:
    """Points of one spectrum, sorted by wavelength; the arrays share the shape (n,).

    Attributes
    ----------
    wave_a : float64
        Angstrom, in the medium and frame of its facts.
    flux, error : float64
        erg/s/cm2/Angstrom for the scale ``flam``, erg/s/cm2/Hz for ``fnu``, any unit else. NaN where there
        is none; a row of NaN parts two pieces. `error` is 1 sigma.
    is_masked : bool
        Points that were marked as bad.
    scale : FluxScale
    """

    wave_a: Floats
    flux: Floats
    error: Floats
    is_masked: NDArray[np.bool_]
    scale: FluxScale

    def __len__(self) -> int:
        return len(self.wave_a)


def spectrum(
    wavelength: Any,
    flux: Any,
    *,
    error: Any = None,
    mask: Any = None,
    wavelength_unit: str = "",
    flux_unit: str = "",
) -> Spectrum:
    """Return a spectrum in our units of what is stored.

    Parameters
    ----------
    wavelength, flux, error : sequence of float
        In the units that are named; an error that is not positive is none.
    mask : sequence, optional
        True (or any number but 0) for bad points.
    wavelength_unit, flux_unit : str
        As stored; no unit of wavelength means Angstrom.

    Raises
    ------
    SpectrumError
        If the columns have not the same length, are no numbers, or the unit of wavelength is not known.
    """
    step = wavelength_unit_a(wavelength_unit)
    if step is None:
        raise SpectrumError(f"the unit of wavelength {wavelength_unit!r} is not known")
    wave, fluxes = _column("wavelength", wavelength), _column("flux", flux)
    if not len(wave):
        raise SpectrumError("no points")
    errors = _column("error", error) if _has(error) else np.full(len(wave), np.nan)
    bad = _column("mask", mask) if _has(mask) else np.zeros(len(wave))
    for name, column in (("flux", fluxes), ("error", errors), ("mask", bad)):
        if len(column) != len(wave):
            raise SpectrumError(f"{len(wave)} wavelengths, but {len(column)} values of {name}")
    scale = flux_scale(flux_unit)
    rows = np.flatnonzero(np.isfinite(wave) & (wave > 0.0))
    rows = rows[np.argsort(wave[rows], kind="stable")]
    return Spectrum(
        wave_a=wave[rows] * step,
        flux=_finite(fluxes[rows]) * scale.size,
        error=np.where(errors[rows] > 0.0, _finite(errors[rows]), np.nan) * scale.size,
        is_masked=~((bad[rows] == 0) | np.isnan(bad[rows])) & np.isfinite(fluxes[rows]),
        scale=scale,
    )


def joined(parts: list[Spectrum]) -> Spectrum:
    """Return the pieces of one spectrum (orders, arms) as one, a row of NaN between two pieces.

    Raises
    ------
    SpectrumError
        If there is none, or they are not in units of the same kind.
    """
    if not parts:
        raise SpectrumError("no points")
    if len({part.scale.kind for part in parts}) > 1:
        raise SpectrumError("its pieces are in different kinds of flux")
    gap = np.array([np.nan])
    pieces = []
    for part in sorted(parts, key=lambda one: one.wave_a[0] if len(one) else np.inf):
        pieces += [part, Spectrum(gap, gap, gap, np.array([False]), part.scale)]
    pieces.pop()
    columns = {
        name: np.concatenate([getattr(piece, name) for piece in pieces])
        for name in ("wave_a", "flux", "error", "is_masked")
    }
    return Spectrum(**columns, scale=parts[0].scale)


def _has(column: Any) -> bool:
    return column is not None and len(column) > 0


def _column(name: str, values: Any) -> Floats:
    try:
        column = np.asarray(values if values is not None else [], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SpectrumError(f"the column {name} holds something that is no number") from error
    if column.ndim != 1:
        raise SpectrumError(f"the column {name} is no list of numbers")
    return column


def _finite(column: Floats) -> Floats:
    return np.where(np.isfinite(column), column, np.nan)


def with_superseded(facts: Iterable[SpectrumFacts]) -> list[SpectrumFacts]:
    """Mark the spectra of which there is a later reduction: same time, telescope, instrument and set-up.

    Versions are compared as people count: ``v9`` before ``v10``; no version is before any.
    """
    found = list(facts)
    newest: dict[tuple, tuple] = {}
    for one in found:
        exposure, rank = _exposure(one), version_key(one.version)
        newest[exposure] = max(newest.get(exposure, rank), rank)
    return [replace(one, is_superseded=version_key(one.version) < newest[_exposure(one)]) for one in found]


def _exposure(facts: SpectrumFacts) -> tuple:
    return facts.time, facts.telescope, facts.instrument, facts.setup


def one_of(text: Any, known: tuple[str, ...]) -> str:
    """Return the known word that a text begins with (``vac`` is vacuum), empty for anything else."""
    word = str(text or "").strip().lower()
    return next((name for name in known if word and (name.startswith(word) or word.startswith(name))), "")
