"""Whether the wavelengths of a FITS file are those in air or in vacuum."""

from __future__ import annotations

import re

from tom_dataproducts.formats.lazy_astropy import fits


def medium_of(hdus: fits.HDUList) -> str:
    """Return ``air`` or ``vacuum`` where a file says it: by a card, its axis, a column, its survey."""
    for hdu in hdus[:3]:
        header = hdu.header
        kind = str(header.get("CTYPE1", "")).strip().upper()
        told = str(header.get("AIRORVAC") or header.get("MEDIUM") or "").strip().lower()
        if told.startswith("air") or kind.startswith("AWAV") or header.get("VACUUM") is False:
            return "air"
        if told.startswith("vac") or re.fullmatch(r"WAVE(-.*)?", kind) or header.get("VACUUM") is True:
            return "vacuum"
        for column in getattr(hdu, "columns", None) or ():
            name = str(column.name).lower()
            if name in ("awav", "wave_air", "wavelength_air", "lambda_air"):
                return "air"
            if name in ("wave_vac", "wavelength_vac", "wavelength_vacuum", "lambda_vac"):
                return "vacuum"
    # DESI and SDSS write vacuum, the latter without a word in its spec-lite files.
    names = {str(hdu.name).upper() for hdu in hdus}
    is_sdss = str(hdus[0].header.get("TELESCOP", "")).strip().upper().startswith("SDSS")
    return "vacuum" if is_sdss or any(name.endswith("_WAVELENGTH") for name in names) else ""
