"""Names of minor planets and comets as the Minor Planet Center packs them, which ATLAS asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CENTURIES = {18: "I", 19: "J", 20: "K"}
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NUMBERED = re.compile(r"\(?(\d{1,6})\)?(?:\s+\D.*)?")
_PROVISIONAL = re.compile(r"(18|19|20)(\d\d)\s+([A-HJ-Y])([A-HJ-Z])(\d{0,3})")
_NUMBERED_PROVISIONAL = re.compile(r"\(?(\d{1,6})\)?\s+\(?(?:18|19|20)\d\d\s+[A-Z]{2}\d*\)?")
_COMET = re.compile(r"([CPDXAI])/(18|19|20)(\d\d)\s+([A-HJ-Y])(\d{1,2})(?:-([A-Z]))?(?:\s.*)?")
_PACKED = re.compile(r"[IJK]\d\d[A-HJ-Y][0-9A-Za-z]\d[A-HJ-Z]|[CPDXAI][IJK]\d\d[A-HJ-Y]\d\d[0-9a-z]")


def mpc_name(name: str) -> str | None:
    """Return a name as ATLAS takes it; None for one that is no designation.

    Parameters
    ----------
    name : str
        A number (``12267``, ``(12267) Donarumma``), a provisional designation (``2022 WO1``), one of a comet
        (``C/2021 Y1 (ATLAS)``), or any of them packed.

    Returns
    -------
    str or None
        A number in brackets, ``(12267)``, or the packed designation: ``K22W01O``, ``CK21Y010``.

    References
    ----------
    https://www.minorplanetcenter.net/iau/info/PackedDes.html, https://fallingstar-data.com/forcedphot/
    (as contracts/services.md tells them, read 2026-11-21).
    """
    text = " ".join(name.split())
    if _PACKED.fullmatch(text):
        return text
    if found := _NUMBERED_PROVISIONAL.fullmatch(text):
        return f"({found[1]})"
    if found := _PROVISIONAL.fullmatch(text):
        century, year, half_month, letter, cycle = found.groups()
        return f"{_CENTURIES[int(century)]}{year}{half_month}{_cycle(int(cycle or 0))}{letter}"
    if found := _COMET.fullmatch(text):
        kind, century, year, half_month, number, fragment = found.groups()
        packed = f"{kind}{_CENTURIES[int(century)]}{year}{half_month}{int(number):02d}"
        return f"{packed}{(fragment or '0').lower()}"
    if found := _NUMBERED.fullmatch(text):
        return f"({found[1]})"
    return None


def first_mpc_name(names: Iterable[str]) -> str:
    """Return the first of some names that is a designation, as ATLAS takes it; empty if none is."""
    return next((found for name in names if (found := mpc_name(name))), "")


def _cycle(number: int) -> str:
    """Return a cycle count of 0 to 619 in two characters."""
    return f"{_DIGITS[number // 10]}{number % 10}"
