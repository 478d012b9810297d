"""Reads spectra: FITS and text of any kind that ``formats`` knows. Public."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.functional import classproperty

from tom_common.astro.time import unix_us_to_datetime
from tom_dataproducts.data_processor import DataProcessor
from tom_dataproducts.formats import FormatError, Mapping, SpectraFound, Spectrum, read_spectra
from tom_dataproducts.formats.lazy_astropy import units


class SpectroscopyProcessor(DataProcessor):
    """Reads spectra. The two constants are what is assumed where a file names no unit."""

    kind = "spectroscopy"

    @classproperty
    def DEFAULT_WAVELENGTH_UNITS(cls) -> Any:  # made at its first use, which imports astropy
        """Angstrom."""
        return units.angstrom

    @classproperty
    def DEFAULT_FLUX_CONSTANT(cls) -> Any:
        """Erg / cm2 / s / angstrom."""
        return units.erg / units.cm**2 / units.second / units.angstrom

    def read(self, data_product: Any, mapping: Mapping | None = None) -> SpectraFound:
        """Return the spectra of a file.

        Raises
        ------
        FormatError
        """
        with data_product.data.open("rb") as file:
            return read_spectra(file, data_product.get_file_name(), mapping)

    def process_data(self, data_product: Any) -> list[Any]:
        """Return the spectra as triples (time, value, source); see ``DataProcessor``.

        Raises
        ------
        FormatError
            If the file, or one of its rows, cannot be read.
        """
        found = self.read(data_product)
        if found.bad_rows:
            raise FormatError(f"{found.bad_rows:,} rows cannot be read; the first: {found.errors[0]}.")
        return [(time_of(spectrum), value_of(spectrum), "") for spectrum in found.spectra]


def time_of(spectrum: Spectrum) -> Any:
    """Return when a spectrum was taken; now where that is not known."""
    return unix_us_to_datetime(spectrum.time_us) if spectrum.time_us is not None else timezone.now()


def value_of(spectrum: Spectrum) -> dict[str, Any]:
    """Return a spectrum as a dict of plain values."""
    value: dict[str, Any] = {
        "flux": spectrum.flux.tolist(),
        "wavelength": spectrum.wavelength.tolist(),
        "flux_unit": spectrum.flux_unit,
        "wavelength_unit": spectrum.wavelength_unit,
    }
    if len(spectrum.error):
        # A column of numbers has no gaps: 0 is no error, as for whoever draws it.
        value["error"] = [0.0 if number != number else number for number in spectrum.error.tolist()]
    for name in ("telescope", "instrument", "setup", "reduction_version"):
        if text := getattr(spectrum, name):
            value[name] = text
    for name, text in (("wavelength_medium", spectrum.medium), ("frame", spectrum.frame)):
        if text:
            value[name] = text
    if len(spectrum.mask):
        value["mask"] = spectrum.mask.astype(int).tolist()
    if spectrum.exposure_s is not None:
        value["exposure_time"] = spectrum.exposure_s
    return value
