"""Packed designations of minor planets, as Rubin's packets up to version 9 hold them, written out."""

from __future__ import annotations

import re
import string

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CENTURIES = {"I": 18, "J": 19, "K": 20}
_PROVISIONAL = re.compile(r"([IJK])(\d\d)([A-HJ-Y])([0-9A-Za-z])(\d)([A-HJ-Z])")
_SURVEY = re.compile(r"(PL|T1|T2|T3)S(\d{4})")
_NUMBER = re.compile(r"([0-9A-Za-z])(\d{4})")
_LARGE_NUMBER = re.compile(r"~([0-9A-Za-z]{4})")
_FIRST_LARGE_NUMBER = 620_000


def unpacked_designation(packed: str) -> str:
    """Write a packed designation out; what is not packed is given back.

    Parameters
    ----------
    packed : str
        Such as ``K04J12Q``, ``PLS2040``, ``A0345``, ``~000z``.

    Returns
    -------
    str
        ``2004 JQ12``, ``2040 P-L``, ``100345``, ``620061``.

    References
    ----------
    Minor Planet Center, "Packed Provisional and Permanent Designations".
    """
    text = packed.strip()
    if found := _PROVISIONAL.fullmatch(text):
        century, year, half_month, tens, units, letter = found.groups()
        cycle = _DIGITS.index(tens) * 10 + int(units)
        return f"{_CENTURIES[century]}{year} {half_month}{letter}{cycle or ''}"
    if found := _SURVEY.fullmatch(text):
        return f"{int(found[2])} {found[1][0]}-{found[1][1]}"
    if found := _NUMBER.fullmatch(text):
        return str(_DIGITS.index(found[1]) * 10_000 + int(found[2]))
    if found := _LARGE_NUMBER.fullmatch(text):
        number = 0
        for digit in found[1]:
            number = number * 62 + _DIGITS.index(digit)
        return str(_FIRST_LARGE_NUMBER + number)
    return text
