"""Corrections that the viewer asks for: extinction per band, distance modulus. Pure; reads typed values."""

from __future__ import annotations

import math
from typing import Any

from django.http import QueryDict

from tom_common.astro.distance import (
    H0_KM_S_MPC,
    OMEGA_MATTER,
    Modulus,
    modulus_of_distance,
    modulus_of_parallax,
    modulus_of_redshift,
)
from tom_common.astro.extinction import DEFAULT_LAW, DEFAULT_R_V, LAWS, band_wavelength_nm, extinction_mag

MAX_BANDS = 200


class CorrectionError(ValueError):
    """A correction cannot be computed; the text says why."""


def corrections(asked: QueryDict) -> dict[str, Any]:
    """Return what corrects a light curve.

    Parameters
    ----------
    asked : QueryDict
        ``ebv`` (mag), ``law``, ``rv`` and ``band`` (several) for the extinction; for the distance one of
        ``z`` (with ``h0`` and ``om``), ``pc`` (with ``pc_err``), ``plx`` (mas) and ``mu`` (mag).

    Returns
    -------
    dict
        ``extinction`` is None or ``{"ebv", "law", "law_words", "rv", "a": {band: mag or null}, "nm"}``;
        ``distance`` is None or ``{"modulus", "error", "mpc", "how"}``.

    Raises
    ------
    CorrectionError
    """
    try:
        return {"extinction": _extinction(asked), "distance": _distance(asked)}
    except ValueError as error:
        text = str(error)
        raise CorrectionError(f"{text[:1].upper()}{text[1:].rstrip('.')}.") from error


def _extinction(asked: QueryDict) -> dict[str, Any] | None:
    if not asked.get("ebv"):
        return None
    ebv, r_v = _number(asked, "ebv", "E(B-V)"), _number(asked, "rv", "R_V", DEFAULT_R_V)
    law, bands = asked.get("law") or DEFAULT_LAW, asked.getlist("band")
    if len(bands) > MAX_BANDS:
        raise CorrectionError(f"{len(bands)} bands are too many; at most {MAX_BANDS}")
    found = extinction_mag(bands, ebv, law=law, r_v=r_v)
    return {
        "ebv": ebv,
        "rv": r_v,
        "law": law,
        "law_words": LAWS[law][0],
        "a": {band: None if mag is None else round(mag, 4) for band, mag in found.items()},
        "nm": {band: band_wavelength_nm(band) for band in bands},
    }


def _distance(asked: QueryDict) -> dict[str, Any] | None:
    found: Modulus | None = None
    if asked.get("z"):
        found = modulus_of_redshift(
            _number(asked, "z", "the redshift"),
            h0_km_s_mpc=_number(asked, "h0", "the Hubble constant", H0_KM_S_MPC),
            omega_matter=_number(asked, "om", "the matter density", OMEGA_MATTER),
        )
    elif asked.get("pc"):
        error = _number(asked, "pc_err", "the error of the distance", 0.0)
        found = modulus_of_distance(_number(asked, "pc", "the distance"), error)
    elif asked.get("plx"):
        found = modulus_of_parallax(_number(asked, "plx", "the parallax"))
    elif asked.get("mu"):
        value = _number(asked, "mu", "the distance modulus")
        if not -10.0 <= value <= 60.0:
            raise CorrectionError(f"the distance modulus is {value:g} mag; expected -10 to 60")
        found = Modulus(value, None, 10.0 ** (value / 5.0 - 5.0), f"distance modulus {value:g} mag as given")
    if found is None:
        return None
    return {
        "modulus": round(found.value, 4),
        "error": None if found.error is None else round(found.error, 4),
        "mpc": found.distance_mpc,
        "how": found.how,
    }


def _number(asked: QueryDict, name: str, words: str, default: float | None = None) -> float:
    text = asked.get(name) or ""
    if not text and default is not None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise CorrectionError(f"{words} is {text[:30]!r}, which is no number")
    return value
