"""What a column of a file may mean, and the options that say how to read it: keys, words and choices."""

from __future__ import annotations

IGNORE = "ignore"
TIME, BAND = "time", "band"
MAGNITUDE, MAGNITUDE_ERROR = "magnitude", "magnitude_error"
FLUX, FLUX_ERROR = "flux", "flux_error"
LIMIT, FLUX_LIMIT, IS_LIMIT = "limit", "flux_limit", "is_limit"
TELESCOPE, INSTRUMENT, EXPOSURE = "telescope", "instrument", "exposure_time"
SOURCE, REDUCTION = "source", "reduction_version"
MAGNITUDE_SYSTEM, ZERO_POINT, SIGN, FLAG, NOTE = "magnitude_system", "zero_point", "sign", "flag", "note"
WAVELENGTH, MASK = "wavelength", "mask"

PHOTOMETRY_MEANINGS: dict[str, str] = {
    IGNORE: "Not used",
    TIME: "Time",
    BAND: "Band",
    MAGNITUDE: "Magnitude",
    MAGNITUDE_ERROR: "Error of the magnitude",
    LIMIT: "Upper limit (magnitude)",
    FLUX: "Flux",
    FLUX_ERROR: "Error of the flux",
    FLUX_LIMIT: "Upper limit (flux)",
    IS_LIMIT: "Says whether it is a limit",
    TELESCOPE: "Telescope",
    INSTRUMENT: "Instrument",
    EXPOSURE: "Exposure time (s)",
    SOURCE: "Source",
    REDUCTION: "Version of the reduction",
    MAGNITUDE_SYSTEM: "Magnitude system",
    ZERO_POINT: "Zero point (mag)",
    SIGN: "Sign of the difference",
    FLAG: "Quality flag (bad rows are left out)",
    NOTE: "Kept as a note with the point",
}
"""Meanings of the columns of photometry, with words for a select."""
SPECTRUM_MEANINGS: dict[str, str] = {
    IGNORE: "Not used",
    WAVELENGTH: "Wavelength",
    FLUX: "Flux",
    FLUX_ERROR: "Error of the flux",
    MASK: "Marks bad points (not 0)",
}
"""Meanings of the columns of a spectrum, with words for a select."""
MEANINGS = {"photometry": PHOTOMETRY_MEANINGS, "spectroscopy": SPECTRUM_MEANINGS}
"""Meanings by kind of file."""

REPEATABLE = frozenset({IGNORE, NOTE, FLAG})
"""What several columns may mean at once."""

TIME_FORMATS = {"mjd": "MJD", "jd": "JD", "iso": "Date and time (ISO)", "unix": "Seconds since 1970"}
TIME_SCALES = {"utc": "UTC", "tai": "TAI", "tt": "TT", "tdb": "TDB"}
MAGNITUDE_SYSTEMS = {"AB": "AB", "Vega": "Vega", "ST": "ST", "unknown": "Not known"}
FLUX_UNITS = {
    "nJy": "nJy",
    "uJy": "µJy",
    "mJy": "mJy",
    "Jy": "Jy",
    "counts": "Counts with a zero point",
}
WAVELENGTH_UNITS = {"Angstrom": "Angstrom", "nm": "nm", "um": "µm", "log10(Angstrom)": "log10(Angstrom)"}
MEDIA = {"air": "Air", "vacuum": "Vacuum"}
FRAMES = {"observed": "Observed", "rest": "At rest"}
OPTION_CHOICES: dict[str, dict[str, str]] = {
    "time_format": TIME_FORMATS,
    "time_scale": TIME_SCALES,
    "magnitude_system": MAGNITUDE_SYSTEMS,
    "flux_unit": FLUX_UNITS,
    "wavelength_unit": WAVELENGTH_UNITS,
    "medium": MEDIA,
    "frame": FRAMES,
}
"""Choices of those options that have some; the unit of a spectrum's flux is free text."""

PHOTOMETRY_OPTIONS: dict[str, str] = {
    "time_format": "Format of the time",
    "time_scale": "Time scale",
    "time_offset": "Days added to each time",
    "magnitude_system": "Magnitude system",
    "flux_unit": "Unit of the flux",
    "zero_point": "Zero point of the flux (mag, AB)",
    "band": "Band, where no column says it",
    "telescope": "Telescope, where no column says it",
    "instrument": "Instrument, where no column says it",
    "source": "Source, where no column says it",
    "reduction_version": "Version of the reduction",
    "is_forced": "Forced photometry",
    "good_flags": "Quality flags that are good",
    "rows": "Rows to read, first-last",
    "decimal_comma": "Decimal comma",
}
SPECTRUM_OPTIONS: dict[str, str] = {
    "wavelength_unit": "Unit of the wavelength",
    "medium": "Wavelengths are those in",
    "frame": "Frame of the wavelengths",
    "flux_unit": "Unit of the flux",
    "observed_at": "Time of the observation (UTC)",
    "telescope": "Telescope",
    "instrument": "Instrument",
    "exposure_time": "Exposure time (s)",
    "reduction_version": "Version of the reduction",
    "decimal_comma": "Decimal comma",
}
OPTIONS = {"photometry": PHOTOMETRY_OPTIONS, "spectroscopy": SPECTRUM_OPTIONS}
"""Options by kind of file, with words."""
BOOLEAN_OPTIONS = frozenset({"is_forced", "decimal_comma"})
NUMBER_OPTIONS = frozenset({"time_offset", "zero_point", "exposure_time"})

SPECTRUM_FLUX_UNIT = "erg/cm2/s/A"
"""Unit of a spectrum's flux where the file names none."""


def meanings_of(kind: str) -> dict[str, str]:
    """Return the meanings of the columns of a kind of file, by key, with words."""
    return MEANINGS.get(kind, {})
