"""The fields that filters know: common terms for every survey, and the surveys' own paths.

The common terms are documented in ``docs/how-to/filter-alerts.md``; what a packet holds besides is reached by
``extras.NAME`` (``fink.NAME`` is short for ``extras.fink_NAME``).
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from .tree import ANY, NUMBER, TEXT, TRUTH

EXTRAS = "extras."
_EXTRA = re.compile(r"(?:extras|fink)\.\w+")


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes
    ----------
    name : str
    kind : str
        ``number``, ``text``, ``truth`` or ``any``.
    unit : str
        Empty for texts and pure numbers.
    text : str
        What it is, for the page.
    ztf, rubin : str
        The surveys' own paths of it; empty where it is computed, or the survey has none.
    """

    name: str
    kind: str
    unit: str
    text: str
    ztf: str = ""
    rubin: str = ""


FIELDS: tuple[Field, ...] = (
    Field("object", TEXT, "", "Name of the object, as its target is called.", "objectId", ""),
    Field("survey", TEXT, "", "ZTF, LSST, ELAsTiCC, DECam or WINTER."),
    Field("simulated", TRUTH, "", "The survey says that the alert is made up."),
    Field("mag", NUMBER, "mag (AB)", "Magnitude of the difference at this alert.", "candidate.magpsf", ""),
    Field("mag_err", NUMBER, "mag", "Its 1-sigma error.", "candidate.sigmapsf", ""),
    Field("flux_njy", NUMBER, "nJy", "Flux of the difference at this alert.", "", "diaSource.psfFlux"),
    Field("flux_err_njy", NUMBER, "nJy", "Its 1-sigma error.", "", "diaSource.psfFluxErr"),
    Field("snr", NUMBER, "", "Signal-to-noise ratio of the difference.", "", "diaSource.snr"),
    Field("band", TEXT, "", "Passband of this alert: u g r i z y.", "candidate.fid", "diaSource.band"),
    Field(
        "is_negative",
        TRUTH,
        "",
        "Fainter than in the reference image.",
        "candidate.isdiffpos",
        "diaSource.isNegative",
    ),
    Field(
        "real_bogus",
        NUMBER,
        "0 to 1",
        "How sure the survey is that it is real (ZTF drb, or rb; Rubin reliability).",
        "candidate.drb",
        "diaSource.reliability",
    ),
    Field("ra", NUMBER, "deg", "Right ascension, ICRS.", "candidate.ra", "diaSource.ra"),
    Field("dec", NUMBER, "deg", "Declination, ICRS.", "candidate.dec", "diaSource.dec"),
    Field("gal_lon", NUMBER, "deg", "Galactic longitude."),
    Field("gal_lat", NUMBER, "deg", "Galactic latitude."),
    Field("mjd", NUMBER, "d (UTC)", "Time of this alert, MJD.", "candidate.jd", "diaSource.midpointMjdTai"),
    Field(
        "mjd_first",
        NUMBER,
        "d (UTC)",
        "Time of the first detection, MJD.",
        "candidate.jdstarthist",
        "diaObject.firstDiaSourceMjdTai",
    ),
    Field("duration_d", NUMBER, "d", "From the first detection to this alert."),
    Field(
        "n_detections",
        NUMBER,
        "",
        "Detections of the object so far.",
        "candidate.ndethist",
        "diaObject.nDiaSources",
    ),
    Field("n_limits", NUMBER, "", "Non-detections in the packet."),
    Field(
        "rate_mag_per_d",
        NUMBER,
        "mag/d",
        "Change since the last detection in this band half a day ago or earlier; negative is brightening.",
    ),
    Field("mag_peak", NUMBER, "mag (AB)", "Brightest detection in the packet."),
    Field("below_peak_mag", NUMBER, "mag", "How much fainter than its peak it is now."),
    Field("last_limit_mag", NUMBER, "mag (AB)", "Newest non-detection before the first detection."),
    Field("last_limit_age_d", NUMBER, "d", "How long before the first detection that was."),
    Field("class", TEXT, "", "Class that a broker gives."),
    Field("class_prob", NUMBER, "0 to 1", "Probability of that class."),
    Field("is_solar_system", TRUTH, "", "A moving object, or within 2 arcsec of a known one."),
    Field(
        "solar_system_name",
        TEXT,
        "",
        "Nearest known solar-system object.",
        "candidate.ssnamenr",
        "",
    ),
    Field("star_score", NUMBER, "0 to 1", "Nearest source: 1 is a star.", "candidate.sgscore1", ""),
    Field("star_dist_arcsec", NUMBER, "arcsec", "Distance to that source.", "candidate.distpsnr1", ""),
    Field(
        "extendedness",
        NUMBER,
        "0 to 1",
        "How extended it is: 0 is a point.",
        "",
        "diaSource.extendedness",
    ),
)
_BY_NAME = {field.name: field for field in FIELDS}

OWN_FIELDS: tuple[Field, ...] = (
    Field("objectId", TEXT, "", "Name of the object."),
    Field("candid", TEXT, "", "Number of the alert."),
    Field("candidate.jd", NUMBER, "d (UTC)", "Time of this alert, Julian date (not MJD)."),
    Field("candidate.jdstarthist", NUMBER, "d (UTC)", "Time of the first detection, Julian date (not MJD)."),
    Field("candidate.fid", NUMBER, "", "Passband: 1 is g, 2 is r, 3 is i."),
    Field("candidate.isdiffpos", TEXT, "", "'t' where brighter than in the reference image, else 'f'."),
    Field("candidate.rb", NUMBER, "0 to 1", "How sure the older classifier is that it is real."),
    Field("candidate.magnr", NUMBER, "mag (AB)", "Nearest source in the reference image."),
    Field("candidate.programid", NUMBER, "", "1 is public, 2 the partnership, 3 Caltech."),
    Field("candidate.ssdistnr", NUMBER, "arcsec", "Distance to the nearest known solar-system object."),
    Field("candidate.ssmagnr", NUMBER, "mag (V)", "Predicted magnitude of that object."),
    Field("diaSourceId", TEXT, "", "Number of the alert."),
    Field(
        "diaSource.midpointMjdTai",
        NUMBER,
        "d (TAI)",
        "Time of this alert, MJD in TAI: 37 s more than in UTC.",
    ),
    Field("diaObject.firstDiaSourceMjdTai", NUMBER, "d (TAI)", "First detection, MJD in TAI."),
    Field("diaObject.lastDiaSourceMjdTai", NUMBER, "d (TAI)", "Newest detection, MJD in TAI."),
)
"""What a survey's own path gives otherwise than the common field, or besides."""
PATHS: dict[str, Field] = {}
for _field in FIELDS:
    for _path, _survey in ((_field.ztf, "ZTF"), (_field.rubin, "LSST")):
        if _path:
            PATHS[_path] = Field(_path, _field.kind, _field.unit, f"{_field.text} Of {_survey} alone.")
PATHS.update((_field.name, _field) for _field in OWN_FIELDS)
SURVEY_OF_PATH = {path: "ZTF" if path[:4] in ("cand", "obje") else "LSST" for path in PATHS}


def field_named(name: str) -> Field | None:
    """Return a field by its name or path; None if there is none."""
    name = name.removeprefix("derived.")
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name in PATHS:
        return PATHS[name]
    if _EXTRA.fullmatch(name):
        key = name.removeprefix(EXTRAS) if name.startswith(EXTRAS) else "fink_" + name.removeprefix("fink.")
        return Field(EXTRAS + key, ANY, "", "As the packet gives it.")
    return None


def like(name: str) -> str:
    """Return a field whose name is like one that does not exist; empty if there is none."""
    near = difflib.get_close_matches(name, [*_BY_NAME, *PATHS], n=1, cutoff=0.6)
    return near[0] if near else ""
