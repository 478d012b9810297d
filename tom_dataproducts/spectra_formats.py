"""Spectra as the JSON of their endpoint; called by the views.

Digits: wavelengths to 0.0001 Angstrom, fluxes and errors in single precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
from django.urls import reverse
from numpy.typing import NDArray

from tom_common.astro.spectral_lines import LINE_GROUPS, TELLURIC_BANDS, lines_as_columns
from tom_common.astro.time import datetime_to_mjd_utc
from tom_dataproducts.spectra import Floats, Spectrum, SpectrumError, SpectrumFacts
from tom_dataproducts.spectra_selectors import SpectraPage

_SINGLE_LEAST, _SINGLE_MOST = 1e-36, 1e36


def spectra_json(name: str, page: SpectraPage, *, redshift: float | None) -> bytes:
    """Return spectra as the JSON of the endpoint.

    Returns
    -------
    bytes
        ``{"target", "redshift", "spectra": [facts, newest first], "lines": {"groups", "group", "name", "air",
        "vacuum"}, "telluric": [[name, from, to (air)]]}``. The facts of those that are sent with their points
        hold ``points``: ``{"kind" (flam: erg/s/cm2/A, fnu: erg/s/cm2/Hz, relative), "wave" (Angstrom),
        "flux", "error" (null where there is none), "masked" (numbers of bad points)}``, or ``problem``.
    """
    content: dict[str, Any] = {
        "target": name,
        "redshift": redshift,
        "spectra": [_entry(one, page.shown.get(one.key)) for one in page.facts],
        "lines": {"groups": LINE_GROUPS, **lines_as_columns()},
        "telluric": [[band.name, band.from_a, band.to_a] for band in TELLURIC_BANDS],
    }
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


def _entry(facts: SpectrumFacts, points: Spectrum | SpectrumError | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "key": facts.key,
        "label": spectrum_label(facts),
        "time": f"{facts.time:%Y-%m-%d %H:%M:%S}",
        "mjd": round(datetime_to_mjd_utc(facts.time), 5),
        "telescope": facts.telescope,
        "instrument": facts.instrument,
        "setup": facts.setup,
        "exposure_s": facts.exposure_s,
        "source": facts.source,
        "version": facts.version,
        "superseded": facts.is_superseded,
        "medium": facts.medium,
        "frame": facts.frame,
        "wavelength_unit": facts.wavelength_unit,
        "flux_unit": facts.flux_unit,
        "file": "" if facts.product_pk is None else reverse("dataproducts:download", args=[facts.product_pk]),
    }
    if isinstance(points, Spectrum):
        has_errors = bool(np.isfinite(points.error).any())
        entry["points"] = {
            "kind": points.scale.kind,
            "wave": np.round(points.wave_a, 4),
            "flux": short(points.flux),
            "error": short(points.error) if has_errors else None,
            "masked": np.flatnonzero(points.is_masked),
        }
    elif points is not None:
        entry["problem"] = str(points)
    return entry


def spectrum_label(facts: SpectrumFacts) -> str:
    """Return when and with what a spectrum was taken: ``2026-11-02 P60 SEDM``."""
    words = [f"{facts.time:%Y-%m-%d %H:%M}", facts.telescope, facts.instrument]
    if facts.version:
        words.append(f"({facts.version})")
    return " ".join(word for word in words if word)


def short(column: Floats) -> NDArray[np.floating]:
    """Return numbers in single precision, written with 7 to 9 digits; as they are if they do not fit in."""
    size = np.abs(column[np.isfinite(column) & (column != 0.0)])
    fits = not len(size) or (size.max() < _SINGLE_MOST and size.min() > _SINGLE_LEAST)
    return column.astype(np.float32) if fits else column
