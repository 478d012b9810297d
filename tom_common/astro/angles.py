"""Positions as people type and read them: decimal degrees, or sexagesimal hours, minutes and seconds."""

from __future__ import annotations

import math
import re

_MARKS = re.compile(r"[:hdms°º'′\"″,]+|(?<=[^\s])\s+", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+")
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)
_HOURS = re.compile(r"^[^:]*?h", re.IGNORECASE)
_MAX_LENGTH = 100
_PAIR = re.compile(
    r"""^\s*(?P<ra>[+]?\d[\d.:hms°\s'′"″]*?)     # right ascension starts with a digit
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
        (``12:34:56.7``, ``12 34 56.7``, ``12h34m56.7s``). A single number with ``h`` is hours.

    Returns
    -------
    float
        Degrees, 0 <= ra < 360.

    Raises
    ------
    ValueError
        If it is no right ascension; the text says why.
    """
    value, is_sexagesimal = _parse(text, "right ascension")
    if is_sexagesimal or _HOURS.search(text.strip()):
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
    value, _ = _parse(text, "declination")
    if not -90.0 <= value <= 90.0:
        raise ValueError(f"a declination lies between -90 and 90 degrees, {text.strip()} does not")
    return value


def _parse(text: str, kind: str) -> tuple[float, bool]:
    stripped = text.strip().replace("−", "-")  # the typographic minus of papers
    if _PLAIN.fullmatch(stripped):
        value = float(stripped)
        if not math.isfinite(value):
            raise ValueError(f"{text.strip()} is not a {kind}")
        return value, False
    sign = -1.0 if stripped.startswith("-") else 1.0
    parts = [part for part in _MARKS.split(stripped.lstrip("+-").strip()) if part]
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
    found = _PAIR.match(_with_comma(text.replace("−", "-")))
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
