"""Tables of surveys and services that are known by the names of their columns, and what those mean.

References
----------
ATLAS: fallingstar-data.com/forcedphot/resultdesc; ZTF forced photometry: Masci et al. (2023),
arXiv:2305.16279; ZTF light curves: irsa.ipac.caltech.edu/docs/program_interface/ztf_lightcurve_api.html;
ALeRCE: Förster et al. (2021), doi:10.3847/1538-3881/abe9bc; SNANA: Kessler et al. (2009),
doi:10.1086/605984; PS1: MAST catalogs API (all read 2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tom_dataproducts.formats import meanings as m


@dataclass(frozen=True)
class Layout:
    """A table that is known.

    Attributes
    ----------
    name : str
    needed : frozenset of str
        Names of columns, in lower case, that tell it.
    meanings : dict of str to str
        What its columns mean, by name in lower case.
    options : dict
        How they are read.
    bands : dict of str to str
        What codes of bands stand for.
    """

    name: str
    needed: frozenset[str]
    meanings: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    bands: Mapping[str, str] = field(default_factory=dict)


_ZTF_BANDS = {"1": "g", "2": "r", "3": "i"}
_PS1_BANDS = {"1": "g", "2": "r", "3": "i", "4": "z", "5": "y"}
_ZTF_OPTIONS = {"telescope": "P48", "instrument": "ZTF", "source": "ZTF", "magnitude_system": "AB"}

LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "atlas",
        frozenset({"mjd", "ujy", "dujy", "f"}),
        {"mjd": m.TIME, "ujy": m.FLUX, "dujy": m.FLUX_ERROR, "f": m.BAND, "err": m.FLAG, "obs": m.NOTE},
        {
            "time_format": "mjd",
            "time_scale": "utc",
            "flux_unit": "uJy",
            "telescope": "ATLAS",
            "source": "ATLAS",
            "is_forced": True,
        },
    ),
    Layout(
        "ztf forced",
        frozenset({"forcediffimflux", "forcediffimfluxunc", "zpdiff", "jd", "filter"}),
        {
            "jd": m.TIME,
            "forcediffimflux": m.FLUX,
            "forcediffimfluxunc": m.FLUX_ERROR,
            "zpdiff": m.ZERO_POINT,
            "filter": m.BAND,
            "exptime": m.EXPOSURE,
            "procstatus": m.FLAG,
        },
        {
            **_ZTF_OPTIONS,
            "time_format": "jd",
            "time_scale": "utc",
            "flux_unit": "counts",
            "is_forced": True,
            "good_flags": "0,57",
        },
        {"ZTF_g": "g", "ZTF_r": "r", "ZTF_i": "i"},
    ),
    Layout(
        "ztf light curve",
        frozenset({"oid", "mjd", "mag", "magerr", "filtercode"}),
        {
            "mjd": m.TIME,
            "mag": m.MAGNITUDE,
            "magerr": m.MAGNITUDE_ERROR,
            "filtercode": m.BAND,
            "exptime": m.EXPOSURE,
            "catflags": m.FLAG,
            "oid": m.NOTE,
        },
        {**_ZTF_OPTIONS, "time_format": "mjd", "time_scale": "utc"},
        {"zg": "g", "zr": "r", "zi": "i"},
    ),
    Layout(
        "alerce",
        frozenset({"mjd", "fid", "magpsf", "sigmapsf"}),
        {
            "mjd": m.TIME,
            "magpsf": m.MAGNITUDE,
            "sigmapsf": m.MAGNITUDE_ERROR,
            "fid": m.BAND,
            "isdiffpos": m.SIGN,
            "diffmaglim": m.LIMIT,
            "candid": m.NOTE,
        },
        {**_ZTF_OPTIONS, "time_format": "mjd", "time_scale": "utc"},
        _ZTF_BANDS,
    ),
    Layout(
        "alerce",
        frozenset({"mjd", "fid", "mag", "e_mag"}),
        {
            "mjd": m.TIME,
            "mag": m.MAGNITUDE,
            "e_mag": m.MAGNITUDE_ERROR,
            "fid": m.BAND,
            "isdiffpos": m.SIGN,
            "candid": m.NOTE,
        },
        {**_ZTF_OPTIONS, "time_format": "mjd", "time_scale": "utc"},
        _ZTF_BANDS,
    ),
    Layout(
        "snana",
        frozenset({"mjd", "fluxcal", "fluxcalerr"}),
        {
            "mjd": m.TIME,
            "fluxcal": m.FLUX,
            "fluxcalerr": m.FLUX_ERROR,
            "flt": m.BAND,
            "band": m.BAND,
            "filter": m.BAND,
        },
        {"time_format": "mjd", "time_scale": "utc", "flux_unit": "counts", "zero_point": 27.5},
    ),
    Layout(
        "panstarrs detections",
        frozenset({"obstime", "filterid", "psfflux", "psffluxerr"}),
        {"obstime": m.TIME, "filterid": m.BAND, "psfflux": m.FLUX, "psffluxerr": m.FLUX_ERROR},
        {
            "time_format": "mjd",
            "time_scale": "tai",
            "flux_unit": "Jy",
            "telescope": "PS1",
            "instrument": "GPC1",
            "source": "PanSTARRS",
        },
        _PS1_BANDS,
    ),
    Layout(
        "panstarrs mean",
        frozenset({"ps1_time", "ps1_band", "ps1_mag", "ps1_mag_error"}),
        {
            "ps1_time": m.TIME,
            "ps1_band": m.BAND,
            "ps1_mag": m.MAGNITUDE,
            "ps1_mag_error": m.MAGNITUDE_ERROR,
        },
        {
            "time_format": "mjd",
            "time_scale": "utc",
            "magnitude_system": "AB",
            "telescope": "PS1",
            "instrument": "GPC1",
            "source": "PanSTARRS",
        },
    ),
    Layout(
        "tom export",
        frozenset({"time_utc", "band", "magnitude", "magnitude_error", "flux_njy", "flux_limit_njy"}),
        {
            "time_utc": m.TIME,
            "band": m.BAND,
            "magnitude": m.MAGNITUDE,
            "magnitude_error": m.MAGNITUDE_ERROR,
            "limit": m.LIMIT,
            "magnitude_system": m.MAGNITUDE_SYSTEM,
            "flux_njy": m.FLUX,
            "flux_error_njy": m.FLUX_ERROR,
            "flux_limit_njy": m.FLUX_LIMIT,
            "negative": m.SIGN,
            "exposure_s": m.EXPOSURE,
            "source": m.SOURCE,
            "telescope": m.TELESCOPE,
            "instrument": m.INSTRUMENT,
            "reduction_version": m.REDUCTION,
        },
        {"time_format": "iso", "time_scale": "utc", "magnitude_system": "AB", "flux_unit": "nJy"},
    ),
    Layout(
        "tom",
        frozenset({"time_utc", "band", "kind", "mag", "mag_err", "limit"}),
        {
            "time_utc": m.TIME,
            "band": m.BAND,
            "mag": m.MAGNITUDE,
            "mag_err": m.MAGNITUDE_ERROR,
            "limit": m.LIMIT,
            "negative": m.SIGN,
            "source": m.SOURCE,
            "telescope": m.TELESCOPE,
            "instrument": m.INSTRUMENT,
        },
        {"time_format": "iso", "time_scale": "utc", "magnitude_system": "AB"},
    ),
)


def bare(name: str) -> str:
    """Return the name of a column without its unit, in lower case."""
    return name.split("[")[0].strip().lower()


def layout_of(names: Sequence[str]) -> Layout | None:
    """Return the known layout of a table with these columns, None for others."""
    found = {bare(name) for name in names}
    return next((layout for layout in LAYOUTS if layout.needed <= found), None)


def layout_named(name: str, names: Sequence[str] = ()) -> Layout | None:
    """Return the known layout with a name; of several the one that has these columns."""
    of_name = [layout for layout in LAYOUTS if layout.name == name]
    found = {bare(column) for column in names}
    return next((layout for layout in of_name if layout.needed <= found), of_name[0] if of_name else None)
