"""Text into tokens, each with its place, and the error that names a place."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_LENGTH = 4000
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<name>[A-Za-z_]\w*(?:\.\w+)*)"
    r"|(?P<sign><=|>=|!=|<>|==|[<>=+\-*/(),\[\]])"
)
_FOREIGN = {
    "&": "; write and",
    "|": "; write or",
    "!": "; write not",
    "~": "; write not, or contains",
    "“": "; quotation marks are straight: 'g'",
    "”": "; quotation marks are straight: 'g'",
    "‘": "; quotation marks are straight: 'g'",
    "’": "; quotation marks are straight: 'g'",
    "−": "; the minus is the sign - of the keyboard",
    "≤": "; write <=",
    "≥": "; write >=",
}
WORDS = frozenset("and or not in between is missing null true false contains".split())


class ExpressionError(ValueError):
    """An expression that cannot be used.

    Attributes
    ----------
    place : int
        Character of the expression at which it fails, from 1.
    reason : str
        What was found and what was expected.
    """

    def __init__(self, reason: str, place: int) -> None:
        super().__init__(f"At character {place}: {reason}")
        self.reason = reason
        self.place = place


@dataclass(frozen=True)
class Token:
    """One word, sign, number or text; `kind` is ``end`` behind the last."""

    kind: str
    value: str
    place: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"“{self.value}”"


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of an expression, the last of them being the end.

    Raises
    ------
    ExpressionError
        At a character that begins nothing, or if the text is too long.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"the expression has {len(text):,} characters, at most {MAX_LENGTH:,} are read", MAX_LENGTH + 1
        )
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            if text[place] in "'\"":
                raise ExpressionError("the text that begins here has no closing quotation mark", place + 1)
            raise ExpressionError(
                f"“{text[place]}” means nothing here; expected a field, a number, a text in quotation marks"
                f" or an operator{_FOREIGN.get(text[place], '')}",
                place + 1,
            )
        kind = match.lastgroup or ""
        if kind != "space":
            value = match.group()
            if kind == "name" and value.lower() in WORDS:
                kind, value = "word", value.lower()
            found.append(Token(kind, value, place + 1))
        place = match.end()
    found.append(Token("end", "", len(text) + 1))
    return found


def text_of(token: Token) -> str:
    """Return what stands between the quotation marks of a text."""
    return re.sub(r"\\(.)", r"\1", token.value[1:-1])


def quoted(text: str) -> str:
    """Return a text as an expression writes it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
