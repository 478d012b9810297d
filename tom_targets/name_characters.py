"""Which characters no name may hold: forms, the REST API and imports ask here."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError

# Control characters, the ends of lines and paragraphs, and what turns the direction of writing round: with
# these a name breaks lists and files, or reads as another.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


def wrong_characters(name: str) -> str:
    """Return a sentence with the first character of a name that none may hold, or ''."""
    if name.isprintable():
        return ""
    found = _FORBIDDEN.search(name)
    return f"A name is one line of text; this one holds the character {ascii(found[0])}." if found else ""


def check_characters(name: str) -> None:
    """Refuse a name of several lines, or with other characters that nobody can type or see.

    Raises
    ------
    ValidationError
        With the character.
    """
    if problem := wrong_characters(name):
        raise ValidationError(problem)
