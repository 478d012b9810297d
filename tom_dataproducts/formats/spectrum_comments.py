"""What the comments of a spectrum in text tell: when, with what, in which units."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tom_common.astro.time import mjd_utc_to_datetime, parse_mjd_utc, unix_us_to_datetime
from tom_dataproducts.formats.meanings import (
    FRAMES,
    MEDIA,
    SPECTRUM_FLUX_UNIT,
    WAVELENGTH_UNITS,
)
from tom_dataproducts.formats.raw_tables import RawTable, numbers_of
from tom_dataproducts.formats.times import iso_to_us

_KEYS: dict[str, str] = {
    "date-obs": "observed_at",
    "date_obs": "observed_at",
    "dateobs": "observed_at",
    "obsdate": "observed_at",
    "date": "observed_at",
    "facility": "telescope",
    "telescope": "telescope",
    "telescop": "telescope",
    "instrument": "instrument",
    "instrume": "instrument",
    "exptime": "exposure_time",
    "exposure": "exposure_time",
    "exposure_time": "exposure_time",
    "bunit": "flux_unit",
    "flux_unit": "flux_unit",
    "flux_units": "flux_unit",
    "cunit1": "wavelength_unit",
    "wavelength_unit": "wavelength_unit",
    "wavelength_units": "wavelength_unit",
    "airorvac": "medium",
    "medium": "medium",
    "wavelength_medium": "medium",
    "wavelength medium": "medium",
    "frame": "frame",
    "spectral_frame": "frame",
    "wavelength_frame": "frame",
    "wavelength frame": "frame",
}
_WAVE_WORDS = ("wave", "lam", "wl")
_LINE = re.compile(r"^[#%!/\\\s]*([A-Za-z][\w \-]{1,30}?)\s*[:=]\s*(.+)$")


def comment_options(table: RawTable) -> tuple[dict[str, Any], list[str]]:
    """Return the options that comments, and the metadata of a table, tell; and what was assumed."""
    told = {str(key): str(value) for key, value in table.meta.items()}
    for comment in table.comments:
        if found := _LINE.match(comment):
            told.setdefault(found[1], found[2])
    return told_options(told, table)


def told_options(told: dict[str, str], table: RawTable) -> tuple[dict[str, Any], list[str]]:
    """Return options of ``key: value`` pairs, whatever their case."""
    options: dict[str, Any] = {}
    problems: list[str] = []
    for key, value in told.items():
        name = _KEYS.get(key.strip().lower())
        plain = value.split(" / ")[0].strip().strip("'\"").strip()
        if name is None or name in options or not plain or len(plain) > 200:
            continue
        found = _value(name, plain)
        if found is not None:
            options[name] = found
        elif name == "observed_at" and key.strip().lower() != "date":
            problems.append(f"{key}: {plain!r} is no time; expected 2026-11-21T03:30:00 (UTC) or an MJD.")
    _take_units(table, options)
    if "wavelength_unit" not in options:
        options["wavelength_unit"] = unit = _unit_by_size(table)
        words = "is assumed" if unit == "Angstrom" else "is taken, by the size of the numbers"
        problems.append(f"No unit of the wavelength is named; {WAVELENGTH_UNITS[unit]} {words}.")
    if "flux_unit" not in options:
        options["flux_unit"] = SPECTRUM_FLUX_UNIT
        problems.append(f"No unit of the flux is named; {SPECTRUM_FLUX_UNIT} is assumed.")
    if "observed_at" not in options:
        problems.append("The file does not tell when the spectrum was taken (a comment DATE-OBS: would).")
    return options, problems


def _value(name: str, text: str) -> Any:
    """Return the value of an option, None where the text is none."""
    if name == "observed_at":
        return observed_at(text)
    if name == "exposure_time":
        found = re.match(r"\d+(?:\.\d+)?", text)
        return float(found[0]) if found else None
    if name in ("medium", "frame"):
        return one_of(text, tuple(MEDIA if name == "medium" else FRAMES))
    return (wavelength_unit(text) or "Angstrom") if name == "wavelength_unit" else text


def _take_units(table: RawTable, options: dict[str, Any]) -> None:
    for name, unit in zip(table.names, table.units, strict=True):
        lowered = name.lower()
        if lowered.startswith(("wave", "lam", "wl", "awav", "rest")):
            if "vac" in lowered:
                options.setdefault("medium", "vacuum")
            elif "air" in lowered or lowered.startswith("awav"):
                options.setdefault("medium", "air")
            if "rest" in lowered:
                options.setdefault("frame", "rest")
        if "log" in lowered and "lam" in lowered:
            options["wavelength_unit"] = "log10(Angstrom)"
        elif lowered.startswith(_WAVE_WORDS) and (
            found := wavelength_unit(unit) or wavelength_unit(lowered.rpartition("_")[2])
        ):
            options["wavelength_unit"] = found
        elif lowered.startswith("flux") and unit and "err" not in lowered:
            options.setdefault("flux_unit", unit)


def _unit_by_size(table: RawTable) -> str:
    """Return the unit that wavelengths of the optical and near infrared have by their size."""
    name = next((name for name in table.names if name.lower().startswith(_WAVE_WORDS)), None)
    if not table.names:
        return "Angstrom"
    values = numbers_of(table.column(name or table.names[0])).values
    values = values[np.isfinite(values)]
    middle = float(np.median(values)) if len(values) else 0.0
    if 0.2 < middle < 30:
        return "um"
    return "nm" if 250 < middle < 1100 and values.min() < 800 else "Angstrom"


def wavelength_unit(text: str) -> str | None:
    """Return our name of a unit of wavelength, None for one that we do not know."""
    word = re.sub(r"[^a-zµμå]", "", text.lower())
    if word.startswith(("ang", "å")) or word in ("a", "aa"):
        return "Angstrom"
    if word in ("nm", "nanometer", "nanometers", "nanometre", "nanometres"):
        return "nm"
    if word in ("um", "µm", "μm", "micron", "microns", "micrometer", "micrometers"):
        return "um"
    return "log10(Angstrom)" if word.startswith("log") else None


def observed_at(text: str) -> str | None:
    """Return a time as ISO text in UTC, None where it is none; numbers are taken for MJD or JD."""
    try:
        return unix_us_to_datetime(iso_to_us(text)).isoformat()
    except (ValueError, OverflowError):
        pass
    try:
        return mjd_utc_to_datetime(parse_mjd_utc(text)).isoformat()
    except (ValueError, OverflowError):
        return None


def one_of(text: str, known: tuple[str, ...]) -> str | None:
    """Return the known word that a text begins with (``vac`` is vacuum), None for anything else."""
    word = text.strip().lower()
    return next((name for name in known if word and (word.startswith(name) or name.startswith(word))), None)
