"""Spectra of astropy quantities to JSON and back; public, used by processors of plugins."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from tom_dataproducts.formats.lazy_astropy import units


@dataclass(frozen=True)
class QuantitySpectrum:
    """A spectrum where ``specutils`` is not installed: two quantities of one length."""

    flux: units.Quantity
    spectral_axis: units.Quantity

    @property
    def wavelength(self) -> units.Quantity:
        """The spectral axis."""
        return self.spectral_axis


class SpectrumSerializer:
    """Writes a spectrum as a dict of plain values, and makes a spectrum of one."""

    def serialize(self, spectrum: Any) -> dict[str, Any]:
        """Return a spectrum as a dict.

        Parameters
        ----------
        spectrum : object
            With quantities ``flux`` and ``wavelength`` (or ``spectral_axis``), as of ``specutils``.

        Returns
        -------
        dict
            ``flux``, ``flux_units``, ``wavelength``, ``wavelength_units``.

        Raises
        ------
        TypeError
            If it has no flux.
        """
        flux = getattr(spectrum, "flux", None)
        axis = getattr(spectrum, "wavelength", None)
        if axis is None:
            axis = getattr(spectrum, "spectral_axis", None)
        if flux is None or axis is None:
            raise TypeError(f"a spectrum has flux and wavelength; this is a {type(spectrum).__name__}")
        return {
            "flux": np.asarray(flux.value, dtype=float).tolist(),
            "flux_units": flux.unit.to_string(),
            "wavelength": np.asarray(axis.value, dtype=float).tolist(),
            "wavelength_units": axis.unit.to_string(),
        }

    def deserialize(self, spectrum: dict[str, Any]) -> Any:
        """Return the spectrum of a dict: of ``specutils`` if that is installed, else a `QuantitySpectrum`.

        Raises
        ------
        ValueError
            If there is no flux, or units are none.
        """
        if not spectrum or "flux" not in spectrum or "wavelength" not in spectrum:
            raise ValueError("a serialized spectrum has flux and wavelength")
        flux = np.asarray(spectrum["flux"], dtype=float) * units.Unit(spectrum.get("flux_units") or "")
        axis = np.asarray(spectrum["wavelength"], dtype=float) * units.Unit(
            spectrum.get("wavelength_units") or "Angstrom"
        )
        try:
            specutils: Any = import_module("specutils")
        except ImportError:
            return QuantitySpectrum(flux, axis)
        maker = getattr(specutils, "Spectrum", None) or specutils.Spectrum1D
        return maker(flux=flux, spectral_axis=axis)
