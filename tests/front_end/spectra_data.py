"""Spectra for the pages of the harness, written as the endpoint writes them."""

from datetime import UTC, datetime, timedelta

import numpy as np

from tom_dataproducts.spectra import SpectrumFacts, spectrum
from tom_dataproducts.spectra_formats import spectra_json
from tom_dataproducts.spectra_selectors import SpectraPage


def ten_spectra(points: int = 5000) -> bytes:
    """Make ten spectra with errors and a few bad points; the last has no unit of flux."""
    chance = np.random.default_rng(7)
    wave = np.linspace(3500.0, 10000.0, points)
    facts, shown = [], {}
    for number in range(10):
        is_relative = number == 9
        level = 3e-16 * np.exp(-number / 5) * (wave / 6000.0) ** -2
        flux = level * (1 - 0.5 * np.exp(-0.5 * ((wave - 6150.0) / 80.0) ** 2)) + chance.normal(
            0, 5e-18, points
        )
        mask = np.zeros(points)
        mask[1000:1010] = 1
        facts.append(
            SpectrumFacts(
                key=f"s{number + 1}",
                time=datetime(2026, 9, 1, tzinfo=UTC) + timedelta(days=5 * number),
                telescope="NTT",
                instrument="EFOSC2",
                flux_unit="" if is_relative else "erg/s/cm2/A",
                medium="" if number == 3 else "air",
                frame="observed",
            )
        )
        shown[facts[-1].key] = spectrum(
            wave, flux, error=np.full(points, 5e-18), mask=mask, flux_unit=facts[-1].flux_unit
        )
    return spectra_json("SN 2026abc", SpectraPage(facts[::-1], shown, ""), redshift=0.02)
