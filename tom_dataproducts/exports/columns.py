"""The columns of an export: names, units, what they hold. Our own readers know them (``formats.layouts``)."""

from __future__ import annotations

from dataclasses import dataclass

TEXT, FLOAT, INTEGER, FLOATS = "text", "float", "integer", "floats"
"""What a column holds; `FLOATS` are lists of numbers."""


@dataclass(frozen=True)
class Column:
    """A column: its name, what it holds, its unit as astropy writes it, in words what it is."""

    name: str
    holds: str
    unit: str
    words: str
    ucd: str = ""


_TARGET = Column("target", TEXT, "", "Name of the target", "meta.id;src")
_TIMES = (
    Column("time_utc", TEXT, "", "Time, ISO 8601, UTC, to the microsecond", "time.epoch"),
    Column("mjd_utc", FLOAT, "d", "Time, MJD, UTC", "time.epoch"),
)
_ORIGIN = (
    Column("telescope", TEXT, "", "Telescope"),
    Column("instrument", TEXT, "", "Instrument", "instr"),
    Column("source", TEXT, "", "Who or what brought the measurement"),
    Column(
        "reduction_version", TEXT, "", "Version of the reduction; begins with forced for forced photometry"
    ),
)

PHOTOMETRY = (
    _TARGET,
    *_TIMES,
    Column("band", TEXT, "", "Passband", "instr.filter"),
    Column("kind", TEXT, "", "detection, limit or forced"),
    Column("magnitude", FLOAT, "mag", "Magnitude as stored, in its system", "phot.mag"),
    Column("magnitude_error", FLOAT, "mag", "1-sigma error of the magnitude", "stat.error;phot.mag"),
    Column("limit", FLOAT, "mag", "Limiting magnitude of a limit", "phot.mag;stat.max"),
    Column("magnitude_system", TEXT, "", "System of the magnitudes of this row"),
    Column("flux_njy", FLOAT, "nJy", "Flux density, signed, where stored as flux", "phot.flux.density"),
    Column("flux_error_njy", FLOAT, "nJy", "1-sigma error of the flux", "stat.error;phot.flux.density"),
    Column("flux_limit_njy", FLOAT, "nJy", "Limiting flux of a limit", "phot.flux.density;stat.max"),
    Column("negative", INTEGER, "", "1: fainter than in the reference image"),
    Column("exposure_s", FLOAT, "s", "Exposure time", "time.duration;obs.exposure"),
    *_ORIGIN,
    Column("stored_unit", TEXT, "", "Unit in which the brightness is stored"),
    Column("other_brightness", FLOAT, "", "Brightness in a stored unit that is no magnitude and no flux"),
    Column("other_error", FLOAT, "", "Its 1-sigma error"),
)
SPECTROSCOPY = (
    _TARGET,
    *_TIMES,
    *_ORIGIN,
    Column("setup", TEXT, "", "Setup of the instrument"),
    Column("exposure_s", FLOAT, "s", "Exposure time", "time.duration;obs.exposure"),
    Column("samples", INTEGER, "", "Samples of the spectrum", "meta.number"),
    Column("wavelength_min", FLOAT, "", "Shortest wavelength, in wavelength_unit", "em.wl;stat.min"),
    Column("wavelength_max", FLOAT, "", "Longest wavelength, in wavelength_unit", "em.wl;stat.max"),
    Column("wavelength_unit", TEXT, "", "Unit of the wavelengths", "meta.unit"),
    Column("flux_unit", TEXT, "", "Unit of fluxes and errors", "meta.unit"),
    Column("file", TEXT, "", "Address of the file that the spectrum was read from", "meta.ref.url"),
)
ARRAYS = (
    Column("wavelength", FLOATS, "", "Wavelengths, in wavelength_unit", "em.wl"),
    Column("flux", FLOATS, "", "Fluxes, in flux_unit", "phot.flux.density"),
    Column("flux_error", FLOATS, "", "Their 1-sigma errors; empty where not known", "stat.error"),
)
ASTROMETRY = (
    _TARGET,
    *_TIMES,
    Column("ra", FLOAT, "deg", "Right ascension, ICRS", "pos.eq.ra;meta.main"),
    Column("dec", FLOAT, "deg", "Declination, ICRS", "pos.eq.dec;meta.main"),
    Column("ra_error", FLOAT, "", "1-sigma error of the right ascension", "stat.error;pos.eq.ra"),
    Column("ra_error_unit", TEXT, "", "Its unit", "meta.unit"),
    Column("dec_error", FLOAT, "", "1-sigma error of the declination", "stat.error;pos.eq.dec"),
    Column("dec_error_unit", TEXT, "", "Its unit", "meta.unit"),
    *_ORIGIN,
)

KINDS = {"photometry": "Photometry", "spectroscopy": "Spectra", "astrometry": "Measured positions"}
"""Kinds of exports with words."""
_COLUMNS = {"photometry": PHOTOMETRY, "spectroscopy": SPECTROSCOPY, "astrometry": ASTROMETRY}
_META = {
    "photometry": {
        "magnitude_system": "as the column magnitude_system says; AB where it is AB",
        "flux_zero_point": "m_AB = 31.4 - 2.5 log10(flux_njy)",
    },
    "spectroscopy": {"spectral_axis": "as observed, not shifted"},
    "astrometry": {"frame": "ICRS"},
}


def columns_of(kind: str, *, with_arrays: bool) -> list[Column]:
    """Return the columns of a kind of measurements; spectra with their samples or without."""
    return [*_COLUMNS[kind], *(ARRAYS if kind == "spectroscopy" and with_arrays else ())]


def meta_of(kind: str) -> dict[str, str]:
    """Return what holds for a whole file: time scale, frame, magnitude system."""
    return {"content": KINDS[kind], "time_scale": "UTC", **_META[kind]}
