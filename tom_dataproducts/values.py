"""What the JSON of a measurement means: keys in the wild, units, and the numbers behind them.

The only module that opens ``value`` of a measurement. Photometry of our own lies in typed columns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

# Accepted keys of each model field, first found wins.
PHOTOMETRY_KEYS: dict[str, tuple[str, ...]] = {
    "brightness": ("brightness", "magnitude", "mag"),
    "brightness_error": ("brightness_error", "error", "magnitude_error", "mag_err", "mag_error"),
    "bandpass": ("bandpass", "filter", "band", "f"),
    "limit": ("limit",),
    "unit": ("unit",),
    "exposure_time": ("exposure_time",),
}
SPECTROSCOPY_KEYS: dict[str, tuple[str, ...]] = {
    "flux": ("flux", "f"),
    "wavelength": ("wavelength", "wave", "wl", "lambda"),
    "error": ("error", "err", "flux_error", "f_error"),
    "flux_unit": ("flux_unit", "flux_units", "f_unit", "f_units"),
    "wavelength_unit": (
        "wavelength_unit",
        "wavelength_units",
        "w_unit",
        "w_units",
        "lambda_unit",
        "lambda_units",
    ),
    "setup": ("setup",),
    "exposure_time": ("exposure_time",),
}
ASTROMETRY_KEYS: dict[str, tuple[str, ...]] = {
    "ra": ("ra", "right_ascension", "ra_deg"),
    "dec": ("dec", "declination", "dec_deg"),
    "ra_error": ("ra_error", "right_ascension_error", "ra_err"),
    "dec_error": ("dec_error", "declination_error", "dec_err"),
    "ra_error_units": ("ra_error_units", "ra_err_units"),
    "dec_error_units": ("dec_error_units", "dec_err_units"),
}

NEGATIVE_KEY = "negative"
"""True in ``value`` of a magnitude whose source is fainter than in the reference image."""

_NJY = {"njy": 1.0, "ujy": 1e3, "µjy": 1e3, "μjy": 1e3, "microjy": 1e3, "mjy": 1e6, "jy": 1e9}
FLUX_UNITS = tuple(_NJY)
"""Names of the flux units that we know, in lower case."""
_AB = {"", "mag", "ab", "abmag", "mag(ab)", "magab", "ab_mag", "magnitude"}


@dataclass(frozen=True)
class BrightnessUnit:
    """What a unit of brightness is: a flux density, an AB magnitude, or another magnitude.

    Attributes
    ----------
    flux_njy : float or None
        Size of the unit in nJy; None for magnitudes and for units that we do not know.
    is_magnitude : bool
    is_ab : bool
        Whether a magnitude may be turned into a flux density.
    """

    flux_njy: float | None
    is_magnitude: bool
    is_ab: bool


def brightness_unit(unit: str | None) -> BrightnessUnit:
    """Return what a unit's name means; no name means an AB magnitude.

    Case and blanks do not matter, but for ``mJy``: milli, not mega.
    """
    name = "".join((unit or "").split()).lower()
    if name in _NJY:
        return BrightnessUnit(_NJY[name], False, False)
    is_ab = name in _AB
    return BrightnessUnit(None, is_ab or "mag" in name or name in {"vega", "st"}, is_ab)


@dataclass(frozen=True)
class PhotometryValue:
    """One point as the JSON of a generic measurement tells it.

    Numbers are in the unit that ``unit`` names; NaN where there is none.
    """

    brightness: float
    error: float
    limit: float
    band: str
    unit: str
    telescope: str
    instrument: str
    is_negative: bool

    @classmethod
    def from_json(cls, value: Any) -> PhotometryValue | None:
        """Return the point, or None where the JSON holds neither a brightness nor a limit."""
        if not isinstance(value, dict):
            return None
        brightness, limit = _number(value, "brightness"), _number(value, "limit")
        if math.isnan(brightness) and math.isnan(limit):
            return None
        return cls(
            brightness=brightness,
            error=_number(value, "brightness_error"),
            limit=limit,
            band=str(_first(value, "bandpass") or ""),
            unit=str(_first(value, "unit") or ""),
            telescope=str(value.get("telescope") or ""),
            instrument=str(value.get("instrument") or ""),
            is_negative=bool(value.get(NEGATIVE_KEY)),
        )


@dataclass(frozen=True)
class SpectrumValue:
    """One piece of a spectrum as the JSON of a generic measurement tells it; columns as they stand there."""

    wavelength: Any
    flux: Any
    error: Any
    wavelength_unit: str
    flux_unit: str
    telescope: str
    instrument: str

    @classmethod
    def pieces(cls, value: Any) -> list[SpectrumValue]:
        """Return the pieces: one of ``{flux, wavelength, ...}``, many of ``{"1": {flux, ...}, ...}``."""
        if not isinstance(value, dict):
            return []
        if _first(value, "flux", SPECTROSCOPY_KEYS) is None:
            inner = [item for item in value.values() if isinstance(item, dict)]
            if inner and not all("flux" in item or "f" in item for item in inner):
                return []
            # Old files hold one entry for each point.
            if inner and not isinstance(_first(inner[0], "flux", SPECTROSCOPY_KEYS), list):
                value = {
                    field: [_first(item, field, SPECTROSCOPY_KEYS) for item in inner]
                    for field in ("flux", "wavelength")
                }
                return [cls._piece(value)]
            return [cls._piece(item) for item in inner]
        return [cls._piece(value)]

    @classmethod
    def _piece(cls, value: dict[str, Any]) -> SpectrumValue:
        return cls(
            **{name: _first(value, name, SPECTROSCOPY_KEYS) for name in ("wavelength", "flux", "error")},
            **{
                name: str(_first(value, name, SPECTROSCOPY_KEYS) or "")
                for name in ("wavelength_unit", "flux_unit")
            },
            telescope=str(value.get("telescope") or ""),
            instrument=str(value.get("instrument") or ""),
        )


def _first(value: dict[str, Any], field: str, known: dict[str, tuple[str, ...]] = PHOTOMETRY_KEYS) -> Any:
    for key in known[field]:
        if value.get(key) is not None:
            return value[key]
    return None


def _number(value: dict[str, Any], field: str) -> float:
    found = _first(value, field)
    try:
        number = float(found) if found is not None and not isinstance(found, bool) else math.nan
    except (TypeError, ValueError):
        return math.nan
    return number if math.isfinite(number) else math.nan
