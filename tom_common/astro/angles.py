"""Positions as people type and read them: decimal degrees, or sexagesimal hours, minutes and seconds."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import erfa

_MARKS = re.compile(r"[:hdms°º'′\"″,]+|(?<=[^\s])\s+", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)
_HOURS = re.compile(r"^[^:]*?h", re.IGNORECASE)
_DEGREES = re.compile(r"^[^:hms]*?[d°]", re.IGNORECASE)
_MAX_LENGTH = 100
# What people's keyboards, papers and catalogues write for the same signs.
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("−–—‐‑﹣－", "-"),
        **dict.fromkeys("′’‘´ʹ", "'"),
        **dict.fromkeys("″”“ʺ", '"'),
        **dict.fromkeys("º˚", "°"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f\t|", " "),
        **dict.fromkeys("()[]{}", " "),
        "ʰ": "h",
        "ᵐ": "m",
        "ˢ": "s",
        "ᵈ": "d",
        ";": ",",
    }
)
_FRAMES = re.compile(r"\b(?:ICRS|FK5|[Jj]?2000\.0|J2000|equ?inox)\b", re.IGNORECASE)
_HEADS = re.compile(r"\b(?:R\.?\s?A\.?|Decl?\.?|DE)(?![a-z])\s*[:=]?|[αδ]\s*[:=]?", re.IGNORECASE)
_WORDS = (
    (re.compile(r"(?<=\d)\s*(?:hours?|hrs?)(?![a-z])\.?", re.IGNORECASE), "h"),
    (re.compile(r"(?<=\d)\s*(?:degrees?|degs?)(?![a-z])\.?", re.IGNORECASE), "°"),
    (re.compile(r"(?<=\d)\s*(?:minutes?|mins?)(?![a-z])\.?", re.IGNORECASE), "m"),
    (re.compile(r"(?<=\d)\s*(?:seconds?|secs?)(?![a-z])\.?", re.IGNORECASE), "s"),
    # Decimals behind the unit, as older papers print them: 56s.7
    (re.compile(r"([hmsd°'\"])\.(\d+)", re.IGNORECASE), r".\2\1"),
)
_IAU = re.compile(
    r"(?:^|[\s_]|(?<=[A-Za-z])(?=J))(?P<system>[JB])(?P<ra>\d{4,9}(?:\.\d+)?)"
    r"(?P<sign>[+-])(?P<dec>\d{2,8}(?:\.\d+)?)[A-Za-z]?\s*$"
)
_PAIR = re.compile(
    r"""^\s*(?P<ra>[+]?\d[\d.:hdms°\s'′"″]*?)     # right ascension starts with a digit
        \s*(?:,\s*(?=[+-]?[\d.])|(?=[+-]))
        (?P<dec>[+-]?[\d.][\d.:dms°\s'′"″]*?)
        (?:\s*,\s*(?P<radius>[\d.]+)\s*(?P<unit>arcsec|arcmin|deg|["″'′°])?)?\s*$""",
    re.IGNORECASE | re.VERBOSE,
)


def parse_ra_deg(text: str) -> float:
    """Read a right ascension.

    Parameters
    ----------
    text : str
        Decimal degrees (``188.737``), or hours, minutes and seconds with colons, blanks or unit letters
        (``12:34:56.7``, ``12 34 56.7``, ``12h34m56.7s``). A single number with ``h`` is hours; what begins
        with degrees is degrees (``188d44m10.5s``).

    Returns
    -------
    float
        Degrees, 0 <= ra < 360.

    Raises
    ------
    ValueError
        If it is no right ascension; the text says why.
    """
    plain = plain_signs(text)
    value, is_sexagesimal = _parse(plain, "right ascension")
    in_degrees = bool(_DEGREES.search(plain))
    if not in_degrees and (is_sexagesimal or _HOURS.search(plain)):
        if not 0.0 <= value < 24.0:
            raise ValueError(f"a right ascension lies between 0h and 24h, {text.strip()} does not")
        return value * 15.0
    if not 0.0 <= value <= 360.0:
        raise ValueError(f"a right ascension lies between 0 and 360 degrees, {text.strip()} does not")
    return value % 360.0


def parse_dec_deg(text: str) -> float:
    """Read a declination.

    Parameters
    ----------
    text : str
        Decimal degrees (``-5.25``), or degrees, minutes and seconds with colons, blanks or unit letters
        (``-05:15:00``, ``-5d15m``).

    Returns
    -------
    float
        Degrees, -90 to 90.

    Raises
    ------
    ValueError
        If it is no declination; the text says why.
    """
    plain = plain_signs(text)
    if _HOURS.search(plain):
        raise ValueError(f"a declination is in degrees, {text.strip()} is in hours")
    value, _ = _parse(plain, "declination")
    if not -90.0 <= value <= 90.0:
        raise ValueError(f"a declination lies between -90 and 90 degrees, {text.strip()} does not")
    return value


def plain_signs(text: str) -> str:
    """Return a position as it would be typed: plain signs, letters for units, no words about the frame."""
    plain = _HEADS.sub(" ", _FRAMES.sub(" ", text.translate(_SIGNS)))
    for pattern, letter in _WORDS:
        plain = pattern.sub(letter, plain)
    return re.sub(r"\s*([,:])\s*$", "", " ".join(plain.split()))


def _parse(text: str, kind: str) -> tuple[float, bool]:
    stripped = text.strip()
    if _PLAIN.fullmatch(stripped):
        value = float(stripped)
        if not math.isfinite(value):
            raise ValueError(f"{text.strip()} is not a {kind}")
        return value, False
    sign = -1.0 if stripped.startswith("-") else 1.0
    parts = [part for part in _MARKS.split(stripped.lstrip("+-").strip()) if part]
    if len(parts) == 2 and _DECIMAL_COMMA.fullmatch(stripped):
        raise ValueError(f"{text.strip()} has a decimal comma: write {stripped.replace(',', '.')}")
    if not 1 <= len(parts) <= 3 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise ValueError(f"{text.strip() or 'nothing'} is not a {kind}: expected degrees, or h:m:s")
    if any("." in part for part in parts[:-1]):
        raise ValueError(f"only the last part of {text.strip()} may have decimals")
    numbers = [float(part) for part in parts] + [0.0, 0.0]
    if numbers[1] >= 60.0 or numbers[2] >= 60.0:
        raise ValueError(f"minutes and seconds of {text.strip()} must be below 60")
    return sign * (numbers[0] + numbers[1] / 60.0 + numbers[2] / 3600.0), len(parts) > 1


def parse_position(text: str) -> tuple[float, float, float | None] | None:
    """Read a position as people paste it, and perhaps a radius behind it.

    Parameters
    ----------
    text : str
        Right ascension and declination, each as `parse_ra_deg` and `parse_dec_deg` take it, with a comma,
        blanks or a sign between them; then perhaps a comma and a radius in arcsec, or with ``arcmin``,
        ``deg``, ``'``, ``"``.

    Returns
    -------
    (float, float, float or None) or None
        Right ascension and declination in degrees, radius in arcsec if given. None for what is no position.
    """
    if len(text) > _MAX_LENGTH:
        return None
    found = _PAIR.match(_with_comma(plain_signs(text)))
    if not found:
        return None
    try:
        ra_deg, dec_deg = parse_ra_deg(found["ra"]), parse_dec_deg(found["dec"])
        radius = float(found["radius"]) if found["radius"] else None
    except ValueError:
        return None
    if radius is not None:
        radius *= {"arcmin": 60.0, "'": 60.0, "′": 60.0, "deg": 3600.0, "°": 3600.0}.get(
            (found["unit"] or "").lower(), 1.0
        )
    return ra_deg, dec_deg, radius


@dataclass(frozen=True)
class NamePosition:
    """A position read from a designation: ICRS degrees, and what its digits resolve, in arcsec."""

    ra_deg: float
    dec_deg: float
    resolution_arcsec: float


def parse_iau_name(text: str) -> NamePosition | None:
    """Read the position that a designation after the rules of the IAU carries.

    Parameters
    ----------
    text : str
        For example ``SDSS J123456.78-051530.4``, ``MAXI J1820+070``, ``4FGL J1234.5-0515``, ``PSR B1937+21``.

    Returns
    -------
    NamePosition or None
        None for a name without a position. The digits are taken as they stand, though the rules cut them off.
        Positions of B1950 are brought to J2000, for an object without proper motion.

    References
    ----------
    IAU, Specifications concerning designations for astronomical radiation sources,
    https://cds.unistra.fr/Dic/iau-spec.html (read 2026-11-21).
    """
    if len(text) > _MAX_LENGTH:
        return None
    found = _IAU.search(text.translate(_SIGNS))
    if found is None:
        return None
    ra, dec = _digits(found["ra"]), _digits(found["dec"])
    if ra is None or dec is None or ra[0] >= 24.0 or dec[0] > 90.0:
        return None
    dec_deg = -dec[0] if found["sign"] == "-" else dec[0]
    ra_deg = ra[0] * 15.0
    if found["system"] == "B":
        radians = erfa.fk45z(math.radians(ra_deg), math.radians(dec_deg), 1950.0)
        ra_deg, dec_deg = math.degrees(radians[0]) % 360.0, math.degrees(radians[1])
    across = ra[1] * 15.0 * math.cos(math.radians(dec_deg))
    return NamePosition(ra_deg, dec_deg, 3600.0 * max(across, dec[1]))


def _digits(text: str) -> tuple[float, float] | None:
    """Read ``hhmmss.s`` or shorter as hours or degrees; return the value and its last digit's worth."""
    whole, _, fraction = text.partition(".")
    pairs = [float(whole[i : i + 2]) for i in range(0, min(len(whole), 6) - 1, 2)]
    decimals = (whole[6:] if len(whole) > 6 else whole[-1] if len(whole) % 2 else "") + fraction
    if len(whole) % 2 and fraction:
        return None  # a decimal point behind an odd number of digits means nothing
    pairs[-1] += float(f"0.{decimals}") if decimals else 0.0
    if any(part >= 60.0 for part in pairs[1:]):
        return None
    value = sum(part / 60.0**i for i, part in enumerate(pairs))
    return value, 10.0 ** -len(decimals) / 60.0 ** (len(pairs) - 1)


def _with_comma(text: str) -> str:
    """Put a comma into the middle of an even number of blank-separated numbers without signs."""
    words = text.split()
    if "," in text or len(words) % 2 or any(word[0] in "+-" for word in words[1:]):
        return text
    half = len(words) // 2
    return f"{' '.join(words[:half])}, {' '.join(words[half:])}"


def ra_to_hms(ra_deg: float, *, decimals: int = 3) -> str:
    """Write a right ascension in degrees as ``hh:mm:ss.sss``; it never shows 60 seconds or 24 hours."""
    unit = 10**decimals
    ticks = round((ra_deg % 360.0) / 15.0 * 3600.0 * unit) % (86400 * unit)
    return _sexagesimal(ticks, decimals)


def dec_to_dms(dec_deg: float, *, decimals: int = 2) -> str:
    """Write a declination, or any angle in degrees, as ``+dd:mm:ss.ss``, always with its sign."""
    ticks = round(abs(dec_deg) * 3600.0 * 10**decimals)
    return ("-" if dec_deg < 0 and ticks else "+") + _sexagesimal(ticks, decimals)


def _sexagesimal(ticks: int, decimals: int) -> str:
    unit = 10**decimals
    seconds, fraction = divmod(ticks, unit)
    minutes, second = divmod(seconds, 60)
    whole, minute = divmod(minutes, 60)
    text = f"{whole:02d}:{minute:02d}:{second:02d}"
    return f"{text}.{fraction:0{decimals}d}" if decimals else text
