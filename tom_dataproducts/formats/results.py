"""What a file holds once it is read: columns of photometry, spectra, and the rows that are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MAX_ERRORS = 1000
"""Wrong rows that are told one by one; beyond, they are counted."""


@dataclass(frozen=True)
class RowError:
    """What is wrong with one row.

    Attributes
    ----------
    line : int
        Line of the text, from 1; in a binary table the row.
    column : str
        Name of the column, '' where it is the whole row.
    value : str
        What stands there, at most 80 characters.
    reason : str
        A sentence.
    """

    line: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        place = f"line {self.line}" + (f", {self.column}" if self.column else "")
        return f"{place}: {self.value!r}: {self.reason}"

    def as_json(self) -> dict[str, Any]:
        """Return the error as JSON holds it."""
        return {"line": self.line, "column": self.column, "value": self.value, "reason": self.reason}


@dataclass
class PhotometryTable:
    """Points of photometry as they are stored; columns share the length n, NaN where there is no number.

    Attributes
    ----------
    line : ndarray of int
        Line of each row in the file.
    time_us : ndarray of int64
        Microseconds since 1970-01-01 UTC.
    brightness, error, limit : ndarray of float64
        Magnitudes, or signed flux densities in nJy, as ``unit`` says; ``limit`` on limits only.
    negative : ndarray of bool
        Magnitudes of sources that are fainter than in the reference image.
    exposure_s : ndarray of float64
    unit, band, telescope, instrument, source, reduction_version : sequence of str
    notes : dict of str to sequence of str
        Columns that are kept with the points.
    errors : list of RowError
        At most `MAX_ERRORS`.
    bad_rows : int
        Rows that are wrong, and not among the columns above.
    left_out : int
        Rows that hold no measurement, or are flagged as bad by the file itself.
    """

    line: NDArray[np.int64]
    time_us: NDArray[np.int64]
    brightness: Floats
    error: Floats
    limit: Floats
    negative: NDArray[np.bool_]
    exposure_s: Floats
    unit: Sequence[str]
    band: Sequence[str]
    telescope: Sequence[str]
    instrument: Sequence[str]
    source: Sequence[str]
    reduction_version: Sequence[str]
    notes: dict[str, Sequence[str]] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)
    bad_rows: int = 0
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.time_us)


@dataclass(frozen=True)
class Spectrum:
    """One spectrum; the arrays share the shape (n,), wavelength rises.

    Attributes
    ----------
    wavelength : ndarray of float64
        In ``wavelength_unit``.
    flux, error : ndarray of float64
        In ``flux_unit``; error is empty where the file has none.
    time_us : int or None
        Microseconds since 1970 (UTC) of the observation, None where the file does not say.
    medium, frame : str
        ``air`` or ``vacuum``, ``observed`` or ``rest``; '' where nobody has said it.
    mask : ndarray of bool
        Points that are marked as bad; empty where there is no mark.
    """

    wavelength: Floats
    flux: Floats
    error: Floats
    wavelength_unit: str = "Angstrom"
    flux_unit: str = ""
    time_us: int | None = None
    telescope: str = ""
    instrument: str = ""
    exposure_s: float | None = None
    setup: str = ""
    name: str = ""
    reduction_version: str = ""
    medium: str = ""
    frame: str = ""
    mask: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))


@dataclass
class SpectraFound:
    """Spectra of a file, and the rows that are wrong."""

    spectra: list[Spectrum] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    bad_rows: int = 0
