"""How asteroids and comets are named: what a typed name asks for, and the names that a full one holds."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_DESIGNATION = (
    r"(?:1[89]|20)\d\d [A-HJ-Y][A-HJ-Z]\d{0,3}|A\d{3} [A-HJ-Y][A-HJ-Z]\d{0,3}|\d{4} (?:P-L|T-[123])"
)
_COMET_DESIGNATION = r"[PCDXAI]/-?\d{1,4} [A-HJ-Y]{1,2}\d{1,3}(?:-[A-Z]{1,2}\d?)?"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        # 67P, 67P/Churyumov-Gerasimenko, 73P-B/Schwassmann-Wachmann 3, 3I/ATLAS (C/2025 N1)
        rf"(?P<comet>\d{{1,4}}[PDI](?:-[A-Z]{{1,2}}\d?)?)(?:/(?P<name>[^()]+?))?"
        rf"(?: \((?P<designation>{_COMET_DESIGNATION})\))?",
        # C/2012 S1, C/2012 S1 (ISON)
        rf"(?P<designation>{_COMET_DESIGNATION})(?: \((?P<name>[^()]+)\))?",
        # ISON (C/2012 S1), as JPL Horizons writes it
        rf"(?P<name>[^()]+?) \((?P<designation>{_COMET_DESIGNATION})\)",
        # 2024 YR4, (2024 YR4)
        rf"\(?(?P<designation>{_DESIGNATION})\)?",
        # 700000 (1994 UX10), (700000) 1994 UX10
        rf"\(?(?P<number>\d{{1,7}})\)? \(?(?P<designation>{_DESIGNATION})\)?",
        # 433, (433), 1 Ceres, (1) Ceres, 1 Ceres (A801 AA)
        rf"\(?(?P<number>\d{{1,7}})\)?"
        rf"(?: (?P<name>[^\d\s()][^()]*?)(?: \((?P<designation>{_DESIGNATION})\))?)?",
    )
)


@dataclass(frozen=True)
class SmallBody:
    """An asteroid or comet by what is known of its number (with its letter, if a comet's), name, designation.

    References
    ----------
    https://www.minorplanetcenter.net/iau/info/OldDesDoc.html and CometNamingGuidelines, read in 2026-11.
    """

    number: str = ""
    name: str = ""
    designation: str = ""

    @property
    def is_comet(self) -> bool:
        """Whether it is named as comets are; so are interstellar bodies."""
        return self.number[-1:].isalpha() or "-" in self.number or "/" in self.designation

    @property
    def asked_for(self) -> str:
        """By what services know it for sure: the number, else the designation."""
        return self.number or self.designation

    @property
    def full_name(self) -> str:
        """Its name as the Minor Planet Center writes it."""
        if not self.is_comet:
            number = f"({self.number})" if self.number else ""
            return " ".join(part for part in (number, self.name or self.designation) if part)
        if self.number:
            return f"{self.number}/{self.name}" if self.name else self.number
        return f"{self.designation} ({self.name})" if self.name else self.designation

    @property
    def aliases(self) -> tuple[str, ...]:
        """Further names; a comet's name alone is none, since its discoverers found others, too."""
        parts = (self.number, "" if self.is_comet else self.name, self.designation)
        return tuple(dict.fromkeys(part for part in parts if part and part != self.full_name))


def read_small_body(text: str) -> SmallBody | None:
    """Return what a text says of an asteroid or comet; None for a name alone, and for anything else."""
    text = " ".join(text.split())
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is None:
            continue
        parts = found.groupdict(default="")
        number = (parts.get("comet") or parts.get("number") or "").upper()
        return SmallBody(number, parts.get("name") or "", (parts.get("designation") or "").upper())
    return None


def asked_for(term: str) -> str:
    """Return what services are asked for: number or designation of a body, else the term as it is."""
    found = read_small_body(term)
    return found.asked_for if found else " ".join(term.split())


def is_surely_small_body(term: str) -> bool:
    """Tell whether a typed term can be nothing else: a number before a word may be a star's name (61 Cyg)."""
    found = read_small_body(term)
    return found is not None and (not _is_number_and_word(found) or term.lstrip().startswith("("))


def is_meant(term: str, name: str) -> bool:
    """Tell whether the body of an answer may be the one that was typed, where that was a number and a word.

    The number alone was asked for, so the word has to be the body's name: 61 Cyg is not (61) Danae. Capitals,
    accents and signs do not count.
    """
    typed = read_small_body(term)
    if typed is None or not _is_number_and_word(typed):
        return True
    found = read_small_body(name)
    return found is not None and _letters(found.name) == _letters(typed.name)


def _is_number_and_word(body: SmallBody) -> bool:
    return bool(body.number.isdigit() and body.name and not body.designation)


def _letters(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(one for one in plain if one.isalnum())
