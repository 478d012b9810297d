"""The dispersion of IRAF's multispec spectra, written into the header over many cards.

References
----------
IRAF, help page ``specwcs`` of the package ``onedspec`` (F. Valdes): ``ap beam dtype w1 dw nw z aplow aphigh
[functions]``; dtype 0 linear, 1 log-linear, 2 nonlinear: Chebyshev (1), Legendre (2), cubic and linear
spline (3, 4), pixel coordinates (5), sampled (6).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tom_dataproducts.formats.recognition import FormatError
from tom_dataproducts.formats.results import Floats

_SPEC = re.compile(r'spec(\d+)\s*=\s*"([^"]*)"')


def dispersion_axes(header: Any, apertures: int, count: int) -> Floats:
    """Return the wavelengths of each aperture.

    Parameters
    ----------
    header : fits.Header
    apertures, count : int
        Size of the spectra.

    Returns
    -------
    ndarray, shape (apertures, count)

    Raises
    ------
    FormatError
        If an aperture has no dispersion, or one that we do not know.
    """
    # Each card is 68 characters; blanks at its end are lost by FITS and have to come back.
    cards = "".join(str(header[key]).ljust(68) for key in header if re.fullmatch(r"WAT2_\d{3}", key))
    told = {int(number): words.split() for number, words in _SPEC.findall(cards)}
    axes = np.empty((apertures, count))
    for aperture in range(1, apertures + 1):
        if aperture not in told:
            raise FormatError(f"The header tells no dispersion of aperture {aperture}.")
        try:
            axes[aperture - 1] = _axis([float(word) for word in told[aperture]], count)
        except (ValueError, IndexError) as error:
            raise FormatError(f"The dispersion of aperture {aperture} cannot be read: {error}") from error
    return axes


def _axis(words: list[float], count: int) -> Floats:
    kind, first, step, length, redshift = int(words[2]), words[3], words[4], int(words[5]), words[6]
    place = np.arange(count, dtype=np.float64)
    if kind == 0:
        axis = first + place * step
    elif kind == 1:
        axis = 10.0 ** (first + place * step)
    elif kind == 2:
        axis = _nonlinear(words[9:], np.arange(1, count + 1, dtype=np.float64))
    else:
        raise ValueError(f"a dispersion of type {kind} is not known")
    if length < count:
        axis[length:] = np.nan
    return axis / (1.0 + redshift)


def _nonlinear(words: list[float], pixel: Floats) -> Floats:
    total = np.zeros_like(pixel)
    place = 0
    while place < len(words):
        weight, shift, kind = words[place], words[place + 1], int(words[place + 2])
        place += 3
        if kind in (1, 2):
            order, low, high = int(words[place]), words[place + 1], words[place + 2]
            coefficients = words[place + 3 : place + 3 + order]
            place += 3 + order
            scaled = (2.0 * pixel - (high + low)) / (high - low)
            polynomial = np.polynomial.chebyshev.chebval if kind == 1 else np.polynomial.legendre.legval
            total += weight * (shift + polynomial(scaled, coefficients))
        elif kind in (3, 4):
            pieces, low, high = int(words[place]), words[place + 1], words[place + 2]
            order = 3 if kind == 3 else 1
            knots = np.array(words[place + 3 : place + 3 + pieces + order])
            place += 3 + pieces + order
            total += weight * (shift + _spline((pixel - low) / (high - low) * pieces, knots, order))
        elif kind == 6:
            size = int(words[place])
            total += weight * (shift + np.array(words[place + 1 : place + 1 + len(pixel)]))
            place += 1 + size
        else:
            raise ValueError(f"a dispersion function of type {kind} is not known")
    return total


def _spline(scaled: Floats, coefficients: Floats, order: int) -> Floats:
    """Return a linear or cubic spline of IRAF: `scaled` counts its pieces."""
    piece = np.clip(np.floor(scaled).astype(int), 0, len(coefficients) - order - 1)
    b = scaled - piece
    a = 1.0 - b
    if order == 1:
        return coefficients[piece] * a + coefficients[piece + 1] * b
    parts = (a**3, 1 + 3 * a * (1 + a * b), 1 + 3 * b * (1 + a * b), b**3)
    return np.asarray(sum(coefficients[piece + number] * part for number, part in enumerate(parts)))
