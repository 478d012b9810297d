"""Positions as people type, paste or name them, with a radius perhaps: what a search box has to understand.

Called by the one-box search, by filters and by the cross-match of pasted text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tom_common.astro.angles import parse_position

_MAX_LENGTH = 200
_UNITS = {"arcsec": 1.0, "as": 1.0, "arcmin": 60.0, "am": 60.0, "deg": 3600.0, "": 1.0}
_UNITS |= {'"': 1.0, "″": 1.0, "'": 60.0, "′": 60.0, "°": 3600.0}
_UNIT = r"arcsec|arcmin|arcseconds?|arcminutes?|deg|degrees?|as|am|[\"″'′°]"
_NUMBER = r"\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?"
_RADIUS = re.compile(
    rf"""(?: \s*[,;]?\s* \b(?:radius|rad|r|within)\s*[=:]?\s* (?P<named>{_NUMBER})\s*(?P<named_unit>{_UNIT})?
          |  \s+ (?P<after>{_NUMBER})\s*(?P<after_unit>arcsec|arcmin|arcseconds?|arcminutes?|deg|degrees?)
          |  \s*[,;]\s* (?P<comma>{_NUMBER})\s*(?P<comma_unit>{_UNIT})) \s*$""",
    re.IGNORECASE | re.VERBOSE,
)
_SIGNED = re.compile(rf"\s+(?P<number>{_NUMBER})\s*(?P<unit>[\"″'′°])$", re.IGNORECASE)
_LABELS = re.compile(
    r"\b(?:ra|r\.a\.|dec|decl|icrs|fk5|j2000(?:\.0)?|right ascension|declination)\b\.?\s*[=:]?|[αδ()]",
    re.IGNORECASE,
)
_NUMBERS_ALONE = re.compile(r"[+-]?\d(?:[\d\s:.,;|/+'\"°′″-]|(?<=\d)[hmsd])*", re.IGNORECASE)  # noqa: RUF001
_MARK = re.compile(r"\d:\d|\d\.\d.*\d\.\d|[\s,;|/][+-]\s?\d")
_IAU = re.compile(
    r"""^ (?P<prefix>[A-Za-z][\w+-]*\s+|[A-Za-z][A-Za-z0-9]*(?=J))? J
        (?P<ra>\d{4}|\d{6}) (?P<ra_part>\.\d+)? (?P<sign>[+\-−])
        (?P<dec>\d{4}|\d{6}) (?P<dec_part>\.\d+)? [a-z]? $""",
    re.VERBOSE,
)


class TypedPosition(NamedTuple):
    """A position that was understood: ICRS degrees, the radius in arcsec or None, and how it was written."""

    ra_deg: float
    dec_deg: float
    radius_arcsec: float | None
    is_iau_name: bool = False


def read_position(text: str) -> TypedPosition | None:
    """Read a position and perhaps a radius behind it.

    Parameters
    ----------
    text : str
        Right ascension and declination in degrees or sexagesimal, with blanks, commas, colons, semicolons,
        slashes, bars, unit letters or signs between them, with or without words such as ``RA`` and ``Dec``;
        or an IAU-style name (``SDSS J123456.78+012345.6``, ``J1234-0123``). Behind it a radius:
        ``30 arcsec``, ``r=0.5 deg``, ``2'``; a number alone behind a comma is arcsec.

    Returns
    -------
    TypedPosition or None
        None for what is no position.
    """
    if len(text) > _MAX_LENGTH:
        return None
    text = " ".join(text.replace("−", "-").split())
    if plain := parse_position(text):
        return TypedPosition(*plain)
    rest, radius = _without_radius(text)
    found = _place(rest, radius)
    if found is None and radius is None and (last := _SIGNED.search(text)):
        # A last number with a sign of minutes or seconds, where the position is whole without it.
        found = _place(text[: last.start()], float(last["number"]) * _UNITS[last["unit"]])
    return found


def is_meant_as_position(text: str) -> bool:
    """Tell whether a text can only be meant as a position, be it one or a slip.

    Parameters
    ----------
    text : str

    Returns
    -------
    bool
        True for two numbers or more, with nothing beside them but what positions are written with and perhaps
        a radius, where a colon stands between two, two have a decimal point, or the second has a sign.
    """
    place, _ = _without_radius(text.replace("−", "-"))
    plain = " ".join(_LABELS.sub(" ", place).split())
    return bool(
        _NUMBERS_ALONE.fullmatch(plain) and _MARK.search(plain) and len(re.findall(r"\d+", plain)) > 1
    )


def not_understood(text: str) -> str:
    """Return the sentence that tells that a text is no position, and what was expected."""
    return f"{text} is not understood as a position: expected for example 150.1 2.2, or 10:00:24 +02:12:00."


def _place(text: str, radius_arcsec: float | None) -> TypedPosition | None:
    """Read a position without its radius, or with one that is a third number."""
    if iau := _iau(text):
        return TypedPosition(*iau, radius_arcsec, True)
    text = " ".join(_LABELS.sub(" ", text).split()).strip(" ,;")
    plain = parse_position(re.sub(r"\s*[;|/]\s*", ", ", text))
    if plain is None:
        return None
    return TypedPosition(plain[0], plain[1], plain[2] if radius_arcsec is None else radius_arcsec)


def _without_radius(text: str) -> tuple[str, float | None]:
    found = _RADIUS.search(text)
    if not found:
        return text, None
    kind = next(kind for kind in ("named", "after", "comma") if found[kind])
    unit = (found[f"{kind}_unit"] or "").lower()
    unit = next((known for known in ("arcsec", "arcmin", "deg") if unit.startswith(known)), unit)
    return text[: found.start()], float(found[kind]) * _UNITS[unit]


def _iau(text: str) -> tuple[float, float] | None:
    """Read the position in an IAU-style name, as far as its digits go."""
    found = _IAU.match(text)
    if not found:
        return None
    sign = -1.0 if found["sign"] in "-−" else 1.0
    ra, dec = _sexagesimal(found["ra"], found["ra_part"]), _sexagesimal(found["dec"], found["dec_part"])
    if ra is None or dec is None or ra >= 24.0 or dec > 90.0:
        return None
    return ra * 15.0, sign * dec


def _sexagesimal(digits: str, part: str | None) -> float | None:
    pairs = [float(digits[place : place + 2]) for place in range(0, len(digits), 2)]
    pairs[-1] += float(part or 0.0)
    if any(pair >= 60.0 for pair in pairs[1:]):
        return None
    return sum(pair / 60.0**place for place, pair in enumerate(pairs))
