"""Wavelengths in air and in vacuum, and the units in which spectra are written. Pure.

All wavelengths are in Angstrom; above 2,000 Angstrom the literature means air unless it says vacuum.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

SHORTEST_AIR_A = 2000.0
"""Below this wavelength everybody gives vacuum wavelengths, since air is opaque."""
LIGHT_A_PER_S = 2.99792458e18
"""Speed of light in Angstrom per second."""

_WAVELENGTH_UNITS_A = {
    "": 1.0,
    "a": 1.0,
    "å": 1.0,
    "aa": 1.0,
    "ang": 1.0,
    "angstrom": 1.0,
    "angstroms": 1.0,
    "0.1nm": 1.0,
    "nm": 10.0,
    "nanometer": 10.0,
    "nanometers": 10.0,
    "nanometre": 10.0,
    "um": 1e4,
    "µm": 1e4,
    "μm": 1e4,
    "micron": 1e4,
    "microns": 1e4,
    "micrometer": 1e4,
    "m": 1e10,
}


def refraction(vacuum_a: ArrayLike) -> Floats:
    """Return the refractive index of standard air (15 C, 101,325 Pa, 450 ppm CO2).

    Parameters
    ----------
    vacuum_a : array_like
        Wavelength in vacuum, in Angstrom, above 2,000.

    References
    ----------
    Ciddor (1996), doi:10.1364/AO.35.001566, equation 1.
    """
    wavenumber_squared = (1e4 / np.asarray(vacuum_a, dtype=np.float64)) ** 2  # in 1/um2
    ultraviolet = 5_792_105.0 / (238.0185 - wavenumber_squared)
    infrared = 167_917.0 / (57.362 - wavenumber_squared)
    return np.asarray(1.0 + 1e-8 * (ultraviolet + infrared), dtype=np.float64)


def vacuum_to_air_a(vacuum_a: ArrayLike) -> Floats:
    """Return wavelengths in standard air; those below 2,000 Angstrom stay as they are.

    Parameters
    ----------
    vacuum_a : array_like
        In Angstrom.
    """
    vacuum = np.asarray(vacuum_a, dtype=np.float64)
    is_long = vacuum > SHORTEST_AIR_A
    return np.where(is_long, vacuum / refraction(np.where(is_long, vacuum, 5000.0)), vacuum)


def air_to_vacuum_a(air_a: ArrayLike) -> Floats:
    """Return wavelengths in vacuum of those in standard air; below 2,000 Angstrom they stay as they are.

    The inverse of `vacuum_to_air_a`, to a part in 10^12.

    Parameters
    ----------
    air_a : array_like
        In Angstrom.
    """
    air = np.asarray(air_a, dtype=np.float64)
    is_long = air > SHORTEST_AIR_A
    base = np.where(is_long, air, 5000.0)
    vacuum = base
    for _ in range(3):
        vacuum = base * refraction(vacuum)
    return np.where(is_long, vacuum, air)


def wavelength_unit_a(unit: str | None) -> float | None:
    """Return the size of a unit of wavelength in Angstrom; none means Angstrom, None is not known."""
    return _WAVELENGTH_UNITS_A.get("".join((unit or "").split()).lower())


@dataclass(frozen=True)
class FluxScale:
    """What a flux of a spectrum is.

    Attributes
    ----------
    kind : str
        ``flam`` (per wavelength), ``fnu`` (per frequency), or ``relative``: counts, normalised, not known.
    size : float
        Of the unit, in erg/s/cm2/Angstrom or erg/s/cm2/Hz; 1 for relative fluxes.
    """

    kind: str
    size: float


RELATIVE = FluxScale("relative", 1.0)
_TEN_TO = re.compile(
    r"(?:(?P<mantissa>\d+(?:\.\d+)?)\s*[x*]\s*)?10\s*(?:\^|\*\*)?\s*\(?(?P<power>[+-]\d+)\)?[\s*.]*"
)
_EXPONENT = re.compile(r"(?P<number>\d+(?:\.\d+)?e[+-]?\d+)[\s*]*")
_CGS_PER_JY = 1e-23
_FNU = {"jy": 1.0, "mjy": 1e-3, "ujy": 1e-6, "µjy": 1e-6, "μjy": 1e-6, "njy": 1e-9}


def flux_scale(unit: str | None) -> FluxScale:
    """Return what a unit of flux means, however it is written.

    ``erg/s/cm2/A``, ``erg / (Angstrom cm2 s)``, ``10^-17 erg cm^-2 s^-1 A^-1``, ``W m-2 um-1``, ``mJy`` and
    alike are known; anything else, and nothing at all, is a relative flux.

    Parameters
    ----------
    unit : str or None
    """
    text = "".join((unit or "").split())
    if text.lower() in _FNU:
        return FluxScale("fnu", _FNU[text.lower()] * _CGS_PER_JY)
    factor, rest = _leading_power(unit or "")
    found = _dimensions(rest)
    if found is None:
        return RELATIVE
    kind, size = found
    return FluxScale(kind, factor * size)


def _leading_power(unit: str) -> tuple[float, str]:
    """Split ``10^-17 erg ...`` or ``1e-17 erg ...`` into its factor and the unit."""
    text = unit.strip().lower()
    match = _TEN_TO.match(text)
    if match:
        return float(match["mantissa"] or 1.0) * 10.0 ** int(match["power"]), text[match.end() :]
    match = _EXPONENT.match(text)
    if match:
        return float(match["number"]), text[match.end() :]
    return 1.0, text


def _dimensions(text: str) -> tuple[str, float] | None:
    """Return kind and size of a unit without a factor; None where it is no flux density."""
    powers: dict[str, int] = {}
    sign, around = 1, [1]
    for part in re.findall(r"[()/]|[a-zåµμ]+\^?[+-]?\d*|\S", text.replace("**", "^")):
        if part == "/":
            sign = -1
        elif part == "(":
            around.append(sign * around[-1])
            sign = 1
        elif part == ")" and len(around) > 1:
            around.pop()
        elif part not in "*.·":
            match = re.fullmatch(r"([a-zåµμ]+)\^?([+-]?\d+)?", part)
            if match is None:
                return None
            powers[match[1]] = powers.get(match[1], 0) + sign * around[-1] * int(match[2] or 1)
            sign = 1
    return _flux_density(powers)


# Of each unit its dimensions (energy, time, length, wavelength, frequency) and its size in cgs and Angstrom.
_ANGSTROM = ((0, 0, 0, 1, 0), 1.0)
_DIMENSIONS = {
    "erg": ((1, 0, 0, 0, 0), 1.0),
    "ergs": ((1, 0, 0, 0, 0), 1.0),
    "w": ((1, -1, 0, 0, 0), 1e7),
    "watt": ((1, -1, 0, 0, 0), 1e7),
    "s": ((0, 1, 0, 0, 0), 1.0),
    "sec": ((0, 1, 0, 0, 0), 1.0),
    "cm": ((0, 0, 1, 0, 0), 1.0),
    "m": ((0, 0, 1, 0, 0), 1e2),
    "hz": ((0, 0, 0, 0, 1), 1.0),
    "nm": ((0, 0, 0, 1, 0), 10.0),
    **dict.fromkeys(("um", "µm", "μm", "micron"), ((0, 0, 0, 1, 0), 1e4)),
    **dict.fromkeys(("a", "å", "aa", "ang", "angstrom", "angstroms"), _ANGSTROM),
}
_KINDS: dict[tuple[int, ...], str] = {(1, -1, -2, -1, 0): "flam", (1, -1, -2, 0, -1): "fnu"}


def _flux_density(powers: dict[str, int]) -> tuple[str, float] | None:
    size, dimensions = 1.0, [0, 0, 0, 0, 0]
    for name, power in powers.items():
        if name not in _DIMENSIONS:
            return None
        known, unit = _DIMENSIONS[name]
        size *= unit**power
        dimensions = [total + power * one for total, one in zip(dimensions, known, strict=True)]
    kind = _KINDS.get(tuple(dimensions))
    return None if kind is None else (kind, size)
