"""Cards of a FITS header as rows of a table. Pure; called by the view."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """One card: keyword, value as it is written, comment."""

    keyword: str
    value: str
    comment: str

    def has(self, words: str) -> bool:
        """Tell whether each of some words occurs in the card, in any case."""
        text = f"{self.keyword} {self.value} {self.comment}".lower()
        return all(word in text for word in words.lower().split())


def cards_of(header: str) -> list[Card]:
    """Return the cards of a header, one a line; long values that go on in ``CONTINUE`` cards are joined."""
    cards: list[Card] = []
    for line in header.split("\n"):
        keyword = line[:8].strip()
        if keyword == "CONTINUE" and cards:
            value, comment = _value(line[8:])
            last = cards.pop()
            joined = last.value.rstrip("'").removesuffix("&") + value.lstrip("'")
            cards.append(Card(last.keyword, joined, f"{last.comment} {comment}".strip()))
        elif keyword == "HIERARCH" and "=" in line:
            name, _, rest = line[8:].partition("=")
            cards.append(Card(name.strip(), *_value(rest)))
        elif line[8:10] == "= ":
            cards.append(Card(keyword, *_value(line[10:])))
        elif line.strip():
            cards.append(Card(keyword, line[8:].strip(), ""))
    return cards


def _value(text: str) -> tuple[str, str]:
    """Split what follows the keyword into value and comment; a slash within quotes is part of the value."""
    text = text.strip()
    if not text.startswith("'"):
        value, _, comment = text.partition("/")
        return value.strip(), comment.strip()
    end = 1
    while end < len(text):
        if text[end] == "'":
            if text[end + 1 : end + 2] != "'":
                break
            end += 1
        end += 1
    value, rest = text[1:end].replace("''", "'").rstrip(), text[end + 1 :]
    return f"'{value}'", rest.partition("/")[2].strip()
