"""Bands: how they are called, in which order they stand, and how they are drawn, the same on every plot.

Colours are those of the house (``ui.md``, Plots): readable for colour-blind eyes, and with a marker shape of
its own for each band, so that colour is never the only difference.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Band:
    """How a band is drawn.

    Attributes
    ----------
    name : str
        Plain name (``g``, ``W1``).
    colour, dark_colour : str
        ``#rrggbb`` on a light and on a dark ground.
    marker : str
        Shape, under plotly's name. The triangle pointing down is kept for limits.
    order : float
        Place among bands: the effective wavelength, nm; unknown bands stand last.
    """

    name: str
    colour: str
    dark_colour: str
    marker: str
    order: float


LIMIT_MARKER = "triangle-down-open"

_KNOWN = (
    # name, colour, colour on dark, marker, effective wavelength in nm
    Band("u", "#7b4fc9", "#7b4fc9", "diamond", 368.0),
    Band("B", "#3366cc", "#3366cc", "hexagon", 436.0),
    Band("g", "#2a9d5b", "#2a9d5b", "circle", 480.0),
    Band("c", "#17a2b8", "#17a2b8", "pentagon", 533.0),
    Band("V", "#5a9e1f", "#5a9e1f", "hexagon2", 545.0),
    Band("G", "#33658a", "#33658a", "octagon", 622.0),
    Band("r", "#d1495b", "#d1495b", "square", 622.5),
    Band("o", "#f28e2b", "#f28e2b", "star-square", 679.0),
    Band("i", "#b07d00", "#b07d00", "triangle-up", 754.0),
    Band("z", "#8c564b", "#8c564b", "cross", 869.0),
    Band("y", "#4d4d4d", "#b5b5b5", "x", 971.0),
    Band("W1", "#9c27b0", "#9c27b0", "star", 3353.0),
    Band("W2", "#e377c2", "#e377c2", "hexagram", 4603.0),
)
BANDS: dict[str, Band] = {band.name: band for band in _KNOWN}

_SPARE_COLOURS = (
    ("#1f77b4", "#5fa8dd"),
    ("#a05d00", "#d99a3d"),
    ("#00796b", "#3fb8a8"),
    ("#9e3d6e", "#d77fad"),
    ("#5c6b00", "#a5b43d"),
    ("#6a4c93", "#a98bd1"),
    ("#7a5230", "#b98f6b"),
    ("#37618e", "#7ba5d1"),
)
_SPARE_MARKERS = ("star-triangle-up", "star-diamond", "diamond-tall", "diamond-wide", "hourglass", "bowtie")
_LAST = 1e9

_ALIASES = {
    "Y": "y",
    "y1": "y",
    "C": "c",
    "cyan": "c",
    "orange": "o",
    "w1": "W1",
    "w2": "W2",
}
_SURVEY_PREFIXES = ("sdss", "ztf", "lsst", "ps1", "atlas", "gaia", "des", "wise", "johnson", "bessell")


def canonical_band(name: str) -> str:
    """Give the plain name of a band as surveys and brokers spell it.

    Parameters
    ----------
    name : str
        Such as ``Y``, ``ztfr``, ``sdss::g``, ``r'``, ``lsst_i``.

    Returns
    -------
    str
        ``y``, ``r``, ``g``, ``r``, ``i``; a name that is not known is given back without outer blanks.
    """
    text = name.strip()
    if text in BANDS:
        return text
    if text in _ALIASES:
        return _ALIASES[text]
    bare = text.rstrip("'p") if text.rstrip("'p") in BANDS else text
    low = bare.lower()
    for prefix in _SURVEY_PREFIXES:
        if low.startswith(prefix) and len(bare) > len(prefix):
            rest = bare[len(prefix) :].lstrip(":-_. ").rstrip("'")
            return rest if rest in BANDS else _ALIASES.get(rest, text)
    return bare


def band_style(name: str) -> Band:
    """Give how a band is drawn; a name that is not known always gets the same look of a fixed list.

    Parameters
    ----------
    name : str
        Any spelling that `canonical_band` takes.
    """
    plain = canonical_band(name)
    known = BANDS.get(plain)
    if known is not None:
        return known
    number = zlib.crc32(plain.encode())
    colour, dark_colour = _SPARE_COLOURS[number % len(_SPARE_COLOURS)]
    marker = _SPARE_MARKERS[number // len(_SPARE_COLOURS) % len(_SPARE_MARKERS)]
    return Band(plain, colour, dark_colour, marker, _LAST)


def sorted_bands(names: list[str]) -> list[str]:
    """Give band names from blue to red, unknown ones last and by name."""
    return sorted(names, key=lambda name: (band_style(name).order, name))
