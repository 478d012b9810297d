"""What the columns of an unknown table probably mean: by their names, units and values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tom_dataproducts.formats import meanings as m
from tom_dataproducts.formats.raw_tables import RawTable, numbers_of

_JD = (2_300_000.0, 2_600_000.0)
_MJD = (10_000.0, 100_000.0)
_UNIX = (1e8, 5e9)
_NAMELESS = re.compile(r"column \d+")
_REDUCED_JD = re.compile(r"^[hb]?jd[^\d]*-(24\d{5}(?:\.5)?)\b")
_ISO = re.compile(r"\d{4}-\d\d-\d\d|\d{4}/\d\d/\d\d|\d{8}T\d")

# In the order of preference; letters and digits of the name in lower case.
_NAMES: dict[str, list[str]] = {
    m.TIME: (
        "mjdutc mjd mjdobs obsmjd mjdmid midmjd mjdstart expmjd mjdtai mjdtdb midpointmjdtai midpointtai"
        " jd jdutc jdobs obsjd jdmid bjd bjdtdb bjdtt hjd hjdutc timemjd timejd timeutc obstime time"
        " timestamp datetime dateobs obsdate dateutc utdate date ut utc epoch t"
    ).split(),
    m.BAND: "band filter flt bandpass passband filt filtercode filtername photfilter filterid fid f".split(),
    m.MAGNITUDE: (
        "mag magnitude magab abmag magvega vegamag magpsf psfmag magapp apmag appmag magauto mags"
        " averagemag meanmag brightness m"
    ).split(),
    m.MAGNITUDE_ERROR: (
        "magerr magerror magnitudeerror magnitudeerr emag magunc maguncertainty dmag errmag sigmamag magsigma"
        " sigmapsf psfmagerr magaberr magerrab brightnesserror merr dm"
    ).split(),
    m.FLUX: (
        "flux fluxnjy fluxujy fluxmjy fluxjy psfflux psdiffflux psfdiffflux fluxcal forcedflux fluxdensity"
        " fnu totflux ujy njy mjy jy counts"
    ).split(),
    m.FLUX_ERROR: (
        "fluxerr fluxerror fluxunc fluxuncertainty fluxerrnjy fluxnjyerr fluxerrujy fluxujyerr fluxmjyerr"
        " fluxerrmjy psffluxerr psfdifffluxerr fluxcalerr eflux dflux errflux fluxsigma sigmaflux dujy dnjy"
        " dmjy fluxdensityerror countserr countserror"
    ).split(),
    m.LIMIT: (
        "limit limmag limitmag maglim maglimit limitingmag limitingmagnitude upperlimit uplim diffmaglim"
        " mag5sig depth ul lim limiting5sigma"
    ).split(),
    m.FLUX_LIMIT: "fluxlimit limitflux fluxlim fluxul fluxupperlimit".split(),
    m.IS_LIMIT: "islimit isupperlimit nondetection isul limitflag ulflag isnondetection".split(),
    m.TELESCOPE: "telescope tel telescop telname".split(),
    m.INSTRUMENT: "instrument instrume inst camera instr".split(),
    m.EXPOSURE: "exptime exposuretime exposure texp expsec exposures".split(),
    m.SOURCE: "source sourcename survey observer origin".split(),
    m.REDUCTION: "reductionversion pipelineversion version reduction".split(),
    m.MAGNITUDE_SYSTEM: "magsys magsystem magnitudesystem system".split(),
    m.ZERO_POINT: "zp zeropoint magzp zpmag zpt zpab".split(),
    m.SIGN: "isdiffpos isnegative negative".split(),
}
_ERRORS = ("error", "err", "unc", "uncertainty", "sigma", "e")
_SPECTRUM_NAMES: dict[str, list[str]] = {
    m.WAVELENGTH: (
        "wavelength wave wl lambda lam loglam loglambda logwave wavelengthaa wavelengthangstrom angstrom"
        " wavelengthnm wavelengthum wavevac waveair obswave"
        " wavelengthvac wavelengthvacuum wavelengthair lambdavac lambdaair awav restwave waverest"
        " wavelengthrest wavenm waveum waveaa lambdanm lambdaum"
    ).split(),
    m.FLUX: "flux flam flambda fluxlambda fluxdensity spectrum spec counts f fluxcorr intensity".split(),
    m.FLUX_ERROR: (
        "fluxerr fluxerror error err sigma fluxunc unc uncertainty eflux ferror ivar noise std stdev fluxivar"
    ).split(),
    m.MASK: "mask dq qual quality badpix ismasked bad".split(),
}


def plain(name: str) -> str:
    """Return the letters and digits of a name in lower case, without a unit in brackets."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"[\[(].*", "", name.lower()).replace("µ", "u").replace("μ", "u"))


def _by_names(names: Sequence[str], known: dict[str, Any]) -> dict[str, str]:
    by_plain: dict[str, str] = {}
    for name in names:
        by_plain.setdefault(plain(name), name)
    found: dict[str, str] = {}
    for meaning, accepted in known.items():
        for word in accepted:
            if word in by_plain and by_plain[word] not in found:
                found[by_plain[word]] = meaning
                break
    return found


def photometry_meanings(table: RawTable) -> dict[str, str]:
    """Return what the columns of a table of photometry probably mean, by name."""
    if all(map(_NAMELESS.fullmatch, table.names)):
        return _by_values(table)
    found = _by_names(table.names, _NAMES)
    if m.TIME not in found.values():
        reduced = next((name for name in table.names if _offset_in(name) is not None), None)
        if reduced is not None:
            found[reduced] = m.TIME
    taken = set(found.values())
    if m.MAGNITUDE in taken and m.FLUX in taken:  # one point a row: the magnitude
        for name in [name for name, meaning in found.items() if meaning in (m.FLUX, m.FLUX_ERROR)]:
            del found[name]
        taken -= {m.FLUX, m.FLUX_ERROR}
    _take_error(table, found, m.MAGNITUDE_ERROR if m.MAGNITUDE in taken else m.FLUX_ERROR)
    for name in [name for name, meaning in found.items() if meaning == m.BAND and plain(name) == "f"]:
        if _is_numeric(table, name):  # f is a flux as often as a filter
            del found[name]
            if not {m.FLUX, m.MAGNITUDE} & taken:
                found[name] = m.FLUX
    return found


def _take_error(table: RawTable, found: dict[str, str], meaning: str) -> None:
    """Take a column that is called an error for that of what was found."""
    if meaning not in found.values():
        name = next((name for name in table.names if name not in found and plain(name) in _ERRORS), None)
        if name is not None:
            found[name] = meaning


def _by_values(table: RawTable) -> dict[str, str]:
    """Return what columns without names mean: a time, a magnitude, perhaps its error; and a band."""
    found: dict[str, str] = {}
    wanted = [m.TIME, m.MAGNITUDE, m.MAGNITUDE_ERROR]
    for name in table.names:
        head = table.column(name)[:200]
        numbers = numbers_of(head)
        known = numbers.values[np.isfinite(numbers.values)]
        if numbers.wrong.any():
            texts = {text.strip() for text in head if isinstance(text, str)}
            if m.BAND not in found.values() and 0 < len(texts) <= 12 and max(map(len, texts)) <= 10:
                found[name] = m.BAND
        elif wanted and len(known) and _fits(wanted[0], known):
            found[name] = wanted.pop(0)
    return found if not wanted[1:] else {}


def _fits(meaning: str, known: Any) -> bool:
    middle = float(np.median(known))
    if meaning == m.TIME:
        return _JD[0] < middle < _JD[1] or _MJD[0] < middle < _MJD[1]
    if meaning == m.MAGNITUDE:
        return bool(-5 < known.min() and known.max() < 100 and 0 < middle < 32)
    return bool(known.min() >= 0 and middle < 3)


def _offset_in(name: str) -> float | None:
    """Return the days that a name says were subtracted: 2450000 of ``HJD-2450000``, 2457000 of ``BTJD``."""
    if plain(name) == "btjd":
        return 2_457_000.0
    found = _REDUCED_JD.search(name.lower().replace(" ", "").replace("_", "-"))
    return float(found[1]) if found else None


def spectrum_meanings(table: RawTable) -> dict[str, str]:
    """Return what the columns of a spectrum probably mean, by name; by their order where they have none."""
    found = _by_names(table.names, _SPECTRUM_NAMES)
    if set(found.values()) >= {m.WAVELENGTH, m.FLUX}:
        return found
    if m.WAVELENGTH not in found.values() and not looks_like_wavelengths(table):
        return found
    places = (m.WAVELENGTH, m.FLUX, m.FLUX_ERROR)
    if len(table.names) in (2, 3, 4) and not found:
        return dict(zip(table.names, places, strict=False))
    return found


def looks_like_wavelengths(table: RawTable) -> bool:
    """Tell whether the first column rises like wavelengths do, and is no time."""
    if len(table) < 10 or not 2 <= len(table.columns) <= 4:
        return False
    if not all(_is_numeric(table, name) for name in table.names):
        return False
    values = numbers_of(table.columns[0]).values
    steps = np.diff(values)
    if not np.isfinite(values).all() or not ((steps > 0).all() or (steps < 0).all()):
        return False
    sizes = np.abs(steps)
    if (values == np.rint(values)).all() and values.max() < 900:
        return False  # numbers of rows
    is_even = bool(sizes.max() <= 20 * np.median(sizes))
    return is_even and 0.1 <= values.min() and values.max() < 60_000 and not _JD[0] < values.max() < _JD[1]


def _is_numeric(table: RawTable, name: str) -> bool:
    column = table.column(name)[:50]
    return not numbers_of(column).wrong.any()


def time_options(table: RawTable, name: str) -> tuple[dict[str, Any], list[str]]:
    """Return format and scale of a column of times, and what was assumed."""
    column = table.column(name)
    head = column[:200]
    numbers = numbers_of(head)
    if numbers.wrong.all():
        with_commas = numbers_of(head, decimal_comma=True)
        numbers = numbers if with_commas.wrong.any() else with_commas
    problems: list[str] = []
    options: dict[str, Any] = {}
    known = numbers.values[np.isfinite(numbers.values)]
    if numbers.wrong.all() or numbers.wrong.any() and any(_ISO.match(str(text).strip()) for text in head):
        options["time_format"] = "iso"
    elif (offset := _offset_in(name)) is not None:
        options |= {"time_format": "jd", "time_offset": offset}
    elif not len(known):
        problems.append(f"The column {name!r} holds no times.")
        options["time_format"] = "mjd"
    else:
        options["time_format"] = _format_of(float(np.median(known)), plain(name), name, options, problems)
    scale, said = _scale_of(name, table)
    options["time_scale"] = scale
    if said:
        problems.append(said)
    return options, problems


def _format_of(middle: float, word: str, name: str, options: dict[str, Any], problems: list[str]) -> str:
    if _JD[0] < middle < _JD[1]:
        return "jd"
    if _MJD[0] < middle < _MJD[1]:
        if word.startswith(("jd", "hjd", "bjd")) and "mjd" not in word:
            if middle < 20_000:
                options["time_offset"] = 2_450_000.0
                problems.append(f"{name!r} is taken for JD - 2450000.")
                return "jd"
            problems.append(f"{name!r} is called JD, but its numbers are MJD.")
        return "mjd"
    if _UNIX[0] < middle < _UNIX[1]:
        return "unix"
    if word.startswith(("jd", "hjd", "bjd")) and 0 < middle < 20_000:
        options["time_offset"] = 2_450_000.0
        problems.append(f"{name!r} is taken for JD - 2450000.")
        return "jd"
    problems.append(f"The numbers in {name!r} are neither MJD nor JD.")
    return "mjd"


def _scale_of(name: str, table: RawTable) -> tuple[str, str]:
    """Return the time scale, and what was assumed."""
    word = plain(name)
    told = str(table.meta.get("time_scale") or "").lower()
    if told in m.TIME_SCALES:
        return told, ""
    for scale in ("tdb", "tai"):
        if scale in word:
            return scale, ""
    if "bjd" in word:
        return "tdb", f"{name!r} is barycentric: times are those at the barycentre, up to 8 minutes off."
    if "hjd" in word:
        return "utc", f"{name!r} is heliocentric: times are those at the Sun, up to 8 minutes off."
    if "utc" in word or "utdate" in word:
        return "utc", ""
    for comment in table.comments:
        found = re.search(r"(?:time\s*(?:sys(?:tem)?|scale)|timesys)\W+(utc|tai|tdb|tt)\b", comment, re.I)
        if found:
            return found[1].lower(), ""
    return "utc", "No time scale is named; UTC is assumed."


_FLUX_NAMES = {
    "njy": "nJy",
    "nanojansky": "nJy",
    "ujy": "uJy",
    "microjansky": "uJy",
    "microjy": "uJy",
    "mjy": "mJy",
    "millijansky": "mJy",
    "jy": "Jy",
    "jansky": "Jy",
}


def flux_options(unit: str, name: str) -> tuple[dict[str, Any], list[str]]:
    """Return unit and zero point of a flux, and what was assumed."""
    word = plain(unit.replace("[", "").replace("(", ""))
    if word in _FLUX_NAMES:
        return {"flux_unit": _FLUX_NAMES[word]}, []
    if word in ("nmgy", "nanomaggy", "nanomaggies"):
        return {"flux_unit": "counts", "zero_point": 22.5}, []
    for part, found in _FLUX_NAMES.items():
        if part in plain(name):
            return {"flux_unit": found}, []
    if word in ("ct", "cts", "count", "counts", "adu", "dn", "electron", "e"):
        return {"flux_unit": "counts"}, []
    if word:
        return {"flux_unit": "counts"}, [f"The flux unit {unit!r} is not known here; say the zero point."]
    return {"flux_unit": "uJy"}, ["No unit of the flux is named; µJy is assumed."]


_UNIT_COLUMNS = frozenset({"unit", "units", "fluxunit", "fluxunits", "brightnessunit"})


def told_unit(table: RawTable, meanings: dict[str, str]) -> tuple[str, list[str]]:
    """Return the unit that a column tells for all rows, '' where none does, and what is odd.

    A brightness in a unit of flux becomes a flux, in the meanings too.
    """
    name = next((name for name in table.names if plain(name) in _UNIT_COLUMNS), None)
    if name is None:
        return "", []
    units = sorted({text for text in table.texts(name) if text})
    if len(units) != 1:
        return "", [f"The column {name!r} tells several units ({', '.join(units[:5])}); one is expected."]
    if plain(units[0]) in _FLUX_NAMES:
        turned = {m.MAGNITUDE: m.FLUX, m.MAGNITUDE_ERROR: m.FLUX_ERROR, m.LIMIT: m.FLUX_LIMIT}
        if any(plain(one) == "brightness" for one, found in meanings.items() if found == m.MAGNITUDE):
            meanings.update({one: turned.get(found, found) for one, found in meanings.items()})
    return units[0], []


def magnitude_system_of(texts: Iterable[str]) -> str | None:
    """Return the magnitude system that units or names tell, None where they tell none."""
    for text in texts:
        lowered = text.lower()
        if "vega" in lowered:
            return "Vega"
        if re.search(r"\bab\b|abmag|mag_?ab|ab_?mag|\(ab\)", lowered):
            return "AB"
        if re.search(r"\bst\b|stmag|\(st\)", lowered):
            return "ST"
    return None
